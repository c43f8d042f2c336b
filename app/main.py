"""The application: what is opened at its start and closed at its end, and which parts answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.concurrency import run_in_threadpool
from starlette.middleware.cors import CORSMiddleware

from app import __version__, logs
from app.api import (
    colormaps,
    depths,
    events,
    exports,
    frames,
    images,
    jobs,
    metrics,
    page,
    picks,
    pipeline,
    problems,
    session,
    statistics,
    system,
    tiles,
    uploads,
)
from app.api.access import ReadingNeedsKey
from app.api.answers import RecentAnswers
from app.api.compression import CompressText
from app.api.doorway import Doorway
from app.api.large_answers import LargeAnswers
from app.api.metering import Meter
from app.api.pictures import HEADERS
from app.api.quick_route import QuickAnswers
from app.api.rate_limit import RateLimit
from app.api.request_log import RequestLog
from app.api.routing import HeadAsGet
from app.api.services import Services
from app.memory import keep_what_is_freed
from app.pipeline.host import PipelineHost
from app.settings import Settings
from app.storage.local_disk import require_local_disk

LARGEST_BODY = 256 * 1024
"""Bytes of a request that is no upload: a pick or a description of an image take a few hundred."""

DESCRIPTION = """
Borehole images by depth range: drop a CSV into the data folder, then ask for the wall between two depths,
as a picture or as numbers.

* `GET /images` lists what there is, with depth ranges.
* `GET /frames/image?image_id=1&depth_min=9201.9&depth_max=9210.3` is a range as a picture,
  `GET /frames` the same as numbers.
* `GET /images/1/export?format=parquet` is a whole image as a file.
* `GET /pipeline/history` says what became of every file.

Errors are `application/problem+json` with a stable `code`.
"""


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings()
    meter = Meter()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        keep_what_is_freed()
        logs.configure(settings)
        require_local_disk(settings.db_dir)
        async with AsyncExitStack() as closing:
            services = app.state.services = await run_in_threadpool(Services.open, settings)
            closing.callback(services.close)
            cache = services.reader.cache
            meter.follow("block_cache_hits", "Blocks of rows found in memory.", lambda: cache.hits)
            meter.follow("block_cache_misses", "Blocks of rows read from the store.", lambda: cache.misses)
            host = PipelineHost(services.place)
            await run_in_threadpool(host.start)
            closing.push_async_callback(run_in_threadpool, host.stop)
            await closing.enter_async_context(services.news.running())
            yield

    app = FastAPIOffline(  # its pages need no network
        title="Borehole Image Server",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        telemetry={
            "tracing": False,
            "metrics": False,
        },  # /metrics has its own, and what asks whether to costs 4 µs
        swagger_ui_parameters={"defaultModelsExpandDepth": -1, "tryItOutEnabled": True},
    )
    for part in (
        frames,
        exports,
        images,
        tiles,
        depths,
        statistics,
        picks,
        uploads,
        colormaps,
        pipeline,
        jobs,
        events,
        system,
        metrics,
        session,
        page,
    ):
        # An upload is limited by what it is written to, as it comes in.
        app.include_router(part.router, max_body_size=None if part is uploads else LARGEST_BODY)
    app.mount("/viewer", page.ViewerFiles(), name="viewer")
    problems.install(app)
    app.state.meter = meter
    app.add_middleware(page.FramedNowhere)
    app.add_middleware(QuickAnswers, routes=[*frames.router.routes, *tiles.router.routes])
    app.add_middleware(CompressText, minimum_size=1000, compresslevel=1)
    app.add_middleware(
        RecentAnswers,
        capacity_bytes=settings.answer_cache_bytes,
        count_hit=meter.counter("answer_cache_hits", "Requests answered from memory by their address."),
    )
    app.add_middleware(LargeAnswers)
    if settings.reading_needs_key:
        app.add_middleware(ReadingNeedsKey)
    app.add_middleware(HeadAsGet)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "HEAD"],
            allow_headers=["X-API-Key", "Authorization", "If-None-Match"],
            expose_headers=[*HEADERS, "X-Request-Id"],
        )
    app.add_middleware(Doorway, settings=settings)
    if settings.requests_per_second is not None:
        app.add_middleware(RateLimit, per_second=settings.requests_per_second)
    app.add_middleware(
        RequestLog, meter=meter, lines=settings.access_log, headers=page.headers_of_all(settings)
    )
    return app
