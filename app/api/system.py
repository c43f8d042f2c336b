"""Whether the server is well, what it holds, and what that costs."""

from __future__ import annotations

import shutil
import time
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from app import __version__
from app.api.problems import may_answer
from app.api.routing import StrictRoute
from app.api.services import Services, UsesServices
from app.api.times import iso
from app.errors import CatalogUnavailable, StorageUnavailable
from app.pipeline.control import PipelineStatus

router = APIRouter(tags=["server"], route_class=StrictRoute)

LEAST_FREE_BYTES = 256 * 1024 * 1024
SECONDS_TO_START = 10.0

_HEALTH_EXAMPLE = {
    "status": "ok",
    "version": __version__,
    "build": "4f0c2ab",
    "checks": {"catalog": "ok", "pipeline": "ok", "data_folder": "ok", "disk": "ok", "storage": "ok"},
    "images": 2,
    "pipeline_running": True,
}
_FAILING_EXAMPLE = _HEALTH_EXAMPLE | {
    "status": "failing",
    "checks": {
        "catalog": "ok",
        "pipeline": "ok",
        "data_folder": "ok",
        "disk": "only 87 MiB are free",
        "storage": "ok",
    },
}


class CacheView(BaseModel):
    capacity_bytes: int
    held_bytes: int
    hits: int
    misses: int


class Stats(BaseModel):
    images: int
    rows: int
    pixels: int
    source_bytes: int = Field(description="Of all files as they came.")
    row_bytes: int = Field(description="On disk, for the rows and their depths.")
    overview_bytes: int = Field(description="On disk, for the overviews.")
    bytes_per_pixel: float | None = Field(description="Of the rows alone.", examples=[1.61])
    bytes_per_pixel_with_overviews: float | None = Field(examples=[2.1])
    rgb_saving: float = Field(
        description="What storing intensities saves against three colour channels of the same type and "
        "compression: colour is applied when read.",
        examples=[0.667],
    )
    cache: CacheView
    jobs: dict[str, int]
    started_at: str | None


@router.get("/stats", summary="What is stored, and what it costs", responses=may_answer(503))
def stats(services: UsesServices) -> Stats:
    totals = services.place.images.totals()
    cache = services.reader.cache
    disk = totals.row_bytes + totals.overview_bytes
    return Stats(
        images=totals.images,
        rows=totals.rows,
        pixels=totals.pixels,
        source_bytes=totals.source_bytes,
        row_bytes=totals.row_bytes,
        overview_bytes=totals.overview_bytes,
        bytes_per_pixel=_ratio(totals.row_bytes, totals.pixels),
        bytes_per_pixel_with_overviews=_ratio(disk, totals.pixels),
        rgb_saving=round(1 - 1 / 3, 3),
        cache=CacheView(
            capacity_bytes=cache.capacity_bytes,
            held_bytes=cache.held_bytes,
            hits=cache.hits,
            misses=cache.misses,
        ),
        jobs=services.place.history.counts(),
        started_at=iso(services.started_at),
    )


@router.get("/health/live", summary="Whether the process answers")
async def live(services: UsesServices) -> dict[str, str]:
    return {"status": "ok", **_release(services)}


@router.get(
    "/health",
    summary="Whether everything works",
    responses={
        200: {"content": {"application/json": {"example": _HEALTH_EXAMPLE}}},
        503: {
            "description": "The check that fails says why.",
            "content": {"application/json": {"example": _FAILING_EXAMPLE}},
        },
    },
)
def health(services: UsesServices) -> JSONResponse:
    """503 where a check fails: the catalog, the data folder, the disk, the arrays, or the pipeline has no host."""
    body = _looked_at(services)
    return JSONResponse(body, status_code=200 if body["status"] == "ok" else 503)


@router.get("/health/ready", include_in_schema=False)
def ready(services: UsesServices) -> JSONResponse:
    """The same; for who needs no key, where reading needs one, only which checks fail."""
    body = _looked_at(services)
    if services.settings.reading_needs_key:
        checks = {name: "ok" if outcome == "ok" else "failing" for name, outcome in body["checks"].items()}
        body = {"status": body["status"], "checks": checks}
    return JSONResponse(body, status_code=200 if body["status"] == "ok" else 503)


def _looked_at(services: Services) -> dict[str, Any]:
    checks: dict[str, str] = {}
    known: dict[str, Any] = {}
    try:
        known["images"] = services.place.images.totals().images
        status = services.pipeline.status()
        known["pipeline_running"] = status.running
        checks["catalog"] = "ok"
        checks["pipeline"] = _pipeline(services, status)
    except CatalogUnavailable:
        checks["catalog"] = "the catalog does not answer"
    checks["data_folder"] = _data_folder(services)
    checks["disk"] = _disk(services)
    checks["storage"] = _storage(services)
    well = all(outcome == "ok" for outcome in checks.values())
    return {"status": "ok" if well else "failing", **_release(services), "checks": checks, **known}


def _release(services: Services) -> dict[str, str]:
    return {"version": __version__, "build": services.settings.build}


def _pipeline(services: Services, status: PipelineStatus) -> str:
    starting = 0 <= time.time() - services.started_at < SECONDS_TO_START
    if not status.host_alive and not starting:
        return "no process hosts the pipeline"
    return status.board.trouble or "ok"


def _data_folder(services: Services) -> str:
    folder = services.settings.data_dir
    try:
        return "ok" if folder.is_dir() else f"{folder} is not there"
    except OSError as error:  # a mount that went away
        return str(error)


def _disk(services: Services) -> str:
    try:
        free = shutil.disk_usage(services.settings.db_dir).free
    except OSError as error:
        return str(error)
    return "ok" if free >= LEAST_FREE_BYTES else f"only {free // 2**20} MiB are free"


def _storage(services: Services) -> str:
    try:
        services.place.arrays.check()
    except StorageUnavailable:
        return "the arrays' storage does not answer"
    return "ok"


def _ratio(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None
