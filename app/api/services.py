"""What the endpoints call, made once for the process and reached through `request.app.state`."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from app.api.export_response import ExportSlots
from app.api.heavy_work import HeavyWork
from app.api.kept_pictures import KeptPictures
from app.api.news import News
from app.api.sessions import shared_secret
from app.pipeline.control import PipelineControl
from app.pipeline.workplace import Workplace
from app.settings import Settings
from app.storage.arrays.reading import RowReader
from app.storage.catalog.picks import Picks
from app.storage.known_images import KnownImages
from app.storage.recorded_picks import RecordedPicks


@dataclass(frozen=True)
class Services:
    settings: Settings
    place: Workplace
    known_images: KnownImages
    reader: RowReader
    pipeline: PipelineControl
    news: News
    kept_pictures: KeptPictures
    picks: RecordedPicks
    session_secret: bytes
    heavy_work: HeavyWork = field(default_factory=HeavyWork)
    exports: ExportSlots = field(default_factory=ExportSlots)
    started_at: float = field(default_factory=time.time)

    @classmethod
    def open(cls, settings: Settings) -> Services:
        place = Workplace.open(settings)
        return cls(
            settings=settings,
            place=place,
            known_images=KnownImages(place.images),
            reader=RowReader(place.arrays, settings.cache_bytes),
            pipeline=PipelineControl(place),
            news=News(place.events),
            kept_pictures=KeptPictures(settings.db_dir / "cache", settings.picture_cache_bytes),
            picks=RecordedPicks(Picks(place.catalog), place.arrays),
            session_secret=shared_secret(settings, place.catalog),
        )

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return time.time()

    def close(self) -> None:
        self.reader.close()
        self.place.catalog.close()


# `async` as every dependency here: FastAPI calls others in a thread, which takes longer than a warm frame does.
async def _services(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


UsesServices = Annotated[Services, Depends(_services)]
