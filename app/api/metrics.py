"""`/metrics`: what Prometheus asks for. What the catalog knows is asked for when it does, of any process alike."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.responses import Response

from app import __version__
from app.api.metering import Meter
from app.api.routing import StrictRoute
from app.api.services import Services, UsesServices
from app.errors import CatalogUnavailable
from app.pipeline.control import PipelineStatus

router = APIRouter(tags=["server"], route_class=StrictRoute)


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"example": 'borehole_jobs{state="stored"} 12.0'}}}},
)
def metrics(request: Request, services: UsesServices) -> Response:
    """Requests and caches of all workers together, jobs, the watcher, disks."""
    meter: Meter = request.app.state.meter
    own = CollectorRegistry()
    own.register(ServerFigures(services))
    text = generate_latest(meter.registry()) + generate_latest(own)
    return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})


class ServerFigures(Collector):
    """What is so at this moment, whichever process looks."""

    def __init__(self, services: Services) -> None:
        self.services = services

    def collect(self) -> Iterator[Metric]:
        settings = self.services.settings
        yield _gauge("build_info", "The version that runs.", 1, version=__version__)
        try:
            from_catalog = [*self._stored(), *self._pipeline(self.services.pipeline.status())]
        except CatalogUnavailable:
            yield _gauge("catalog_up", "Whether the catalog answers; where not, what it knows is missing.", 0)
        else:
            yield _gauge("catalog_up", "Whether the catalog answers; where not, what it knows is missing.", 1)
            yield from from_catalog
        free = GaugeMetricFamily(
            "borehole_disk_free_bytes",
            "Where the catalog and the arrays lie, and the files.",
            labels=["folder"],
        )
        for name, folder in (("db", settings.db_dir), ("data", settings.data_dir)):
            if (known := _free_bytes(folder)) is not None:
                free.add_metric([name], known)
        yield free

    def _stored(self) -> Iterator[Metric]:
        totals = self.services.place.images.totals()
        yield _gauge("images", "Images stored.", totals.images)
        yield _gauge("image_rows", "Rows of all images.", totals.rows)
        stored = GaugeMetricFamily("borehole_stored_bytes", "On disk, for all images.", labels=["kind"])
        stored.add_metric(["rows"], totals.row_bytes)
        stored.add_metric(["overviews"], totals.overview_bytes)
        yield stored

    def _pipeline(self, status: PipelineStatus) -> Iterator[Metric]:
        history, now = self.services.place.history, time.time()
        jobs = GaugeMetricFamily(
            "borehole_jobs", "Files in the history, by what became of them.", labels=["state"]
        )
        for state, count in status.counts.items():
            jobs.add_metric([state], count)
        yield jobs
        waiting = history.waiting_since()
        yield _gauge(
            "queue_age_seconds",
            "How long the file that waits longest has been waiting; 0 where none does.",
            0 if waiting is None else max(0.0, now - waiting),
        )
        stored_at = history.last_stored_at()
        if stored_at is not None:
            yield _gauge("last_stored_timestamp_seconds", "When a file was last stored.", stored_at)
        yield _gauge("pipeline_hosted", "Whether a process hosts the pipeline.", status.host_alive)
        yield _gauge("pipeline_running", "Whether files are taken.", status.running)
        yield _gauge(
            "pipeline_trouble",
            "Whether the host says that something is wrong.",
            status.board.trouble is not None,
        )
        if status.board.mode is not None:
            yield _gauge("watcher_info", "How the data folder is watched.", 1, mode=status.board.mode)


def _gauge(name: str, text: str, value: float, **labels: str) -> Metric:
    family = GaugeMetricFamily(f"borehole_{name}", text, labels=list(labels))
    family.add_metric(list(labels.values()), value)
    return family


def _free_bytes(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:  # a mount that went away
        return None
