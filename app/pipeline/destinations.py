"""Where complete uploads go: into the data folder, or into the bucket where there is a landing zone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.pipeline.claiming import enqueue_upload
from app.pipeline.uploads_in_bucket import IntoBucket
from app.pipeline.workplace import Workplace


class Destination(Protocol):
    def queue(self, draft: Path, name: str) -> int:
        """The id of the job for a complete upload, which is not lost from here on. The draft may stay.

        Raises StorageUnavailable, CatalogUnavailable, OSError.
        """


@dataclass(frozen=True)
class IntoDataFolder:
    place: Workplace

    def queue(self, draft: Path, name: str) -> int:
        job_id = enqueue_upload(self.place, draft, name)
        if job_id is None:
            raise FileNotFoundError(f"{draft} was removed")
        return job_id


def destination_of_uploads(place: Workplace) -> Destination:
    uri = place.settings.landing_uri
    return IntoDataFolder(place) if uri is None else IntoBucket(place, uri)
