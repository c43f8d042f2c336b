"""Images, picks and jobs without their catalog: as the files beside the arrays, and in data/, tell of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from app.admin.findings import NOT_STORED, Finding, Progress, Severity
from app.errors import StorageUnavailable
from app.ingestion.fingerprint import fingerprint
from app.pipeline.folders import DataFolders
from app.pipeline.names import ERROR_SUFFIX, SIDECAR_SUFFIX, printable
from app.storage.arrays.inventory import image_ids
from app.storage.arrays.layout import Layout
from app.storage.arrays.scanning import Scanner
from app.storage.catalog.tables import Base, Image, Job, JobState, Pick

Row = TypeVar("Row", bound=Base)


class Remains:
    """findings: what had to be left out, and why."""

    def __init__(self, layout: Layout, folders: DataFolders) -> None:
        self.layout = layout
        self.folders = folders
        self.findings: list[Finding] = []

    def images(self, progress: Progress) -> list[Image]:
        """Those that are described and whole; of two with the same content the later one.

        The earlier is what an attempt left that was cut off before it could be committed.
        """
        by_content: dict[tuple[str, str], Image] = {}
        scanner = Scanner(self.layout)
        lying = sorted(image_ids(self.layout))
        for done, image_id in enumerate(lying, start=1):
            progress("images", done, len(lying))
            image = self._image(image_id, scanner)
            if image is None:
                continue
            earlier = by_content.get((image.sha256, image.channel))
            if earlier is not None:
                self._leave_out(f"image {earlier.id}", f"holds the same as image {image.id}, which is later")
            by_content[image.sha256, image.channel] = image
        return sorted(by_content.values(), key=lambda image: image.id)

    def picks(self, images: list[Image]) -> list[Pick]:
        found: list[Pick] = []
        for image in images:
            file = self.layout.picks(image.id)
            try:
                said = json.loads(file.read_text()) if file.exists() else []
                found.extend(_row(Pick, pick) for pick in said)
            except (OSError, ValueError, KeyError) as error:
                self._leave_out(f"image {image.id}", f"its picks cannot be read: {error}")
        return found

    def jobs(self, images: list[Image], progress: Progress) -> list[Job]:
        """In the order in which they ended, as far as that can be told."""
        by_content: dict[str, list[Image]] = {}
        for image in images:
            by_content.setdefault(image.sha256, []).append(image)
        jobs = [*self._processed(by_content, progress), *self._failed()]
        return sorted(jobs, key=lambda job: job.finished_at or 0.0)

    def _image(self, image_id: int, scanner: Scanner) -> Image | None:
        subject = f"image {image_id}"
        try:
            image = _row(Image, json.loads(self.layout.description(image_id).read_text()))
        except FileNotFoundError:
            self._leave_out(subject, "has no description: an attempt that was not finished", Severity.NOTE)
            return None
        except (OSError, ValueError, KeyError) as error:
            self._leave_out(subject, f"its description cannot be read: {error}")
            return None
        try:
            rows = scanner.extent(image_id, 0)
        except StorageUnavailable as error:
            self._leave_out(subject, str(error))
            return None
        if (image.id, image.rows) != (image_id, rows):
            text = f"describes image {image.id} with {image.rows} rows; {rows} lie in the arrays"
            self._leave_out(subject, text)
            return None
        return image

    def _processed(self, images: dict[str, list[Image]], progress: Progress) -> Iterator[Job]:
        files = _files(self.folders.processed)
        taken: set[str] = set()
        contents: list[tuple[Path, list[Image]]] = []
        for done, file in enumerate(files, start=1):
            progress("files", done, len(files))
            try:
                contents.append((file, images.get(fingerprint(file).sha256, [])))
            except OSError as error:
                self._leave_out(self._where(file), str(error))
        # Of several files with one content, that with the image's name is the one it was made of.
        contents.sort(key=lambda found: (not found[1] or found[0].name != found[1][0].name, found[0].name))
        for file, made in contents:
            if not made:
                self._leave_out(self._where(file), NOT_STORED)
            elif made[0].sha256 in taken:
                yield self._duplicate(file, made)
            else:
                taken.add(made[0].sha256)
                yield self._stored(file, made)

    def _stored(self, file: Path, images: list[Image]) -> Job:
        moment, rows = images[-1].created_at, sum(image.rows for image in images)
        return self._job(
            file,
            state=JobState.STORED,
            name=images[0].name,
            created_at=moment,
            finished_at=moment,
            sha256=images[0].sha256,
            image_ids=[image.id for image in images],
            rows_done=rows,
            rows_total=rows,
        )

    def _duplicate(self, file: Path, images: list[Image]) -> Job:
        moment = max(images[-1].created_at, file.stat().st_mtime)
        image_ids = [image.id for image in images]
        return self._job(
            file,
            state=JobState.DUPLICATE,
            created_at=moment,
            finished_at=moment,
            sha256=images[0].sha256,
            image_ids=image_ids,
            message=f"the same content is already stored as image {', '.join(map(str, image_ids))}",
        )

    def _failed(self) -> Iterator[Job]:
        for file in _files(self.folders.failed):
            try:
                said = json.loads(file.with_name(file.name + ERROR_SUFFIX).read_text())
                moment = datetime.fromisoformat(said["when"]).timestamp()
                told = {name: said[name] for name in ("reason", "message", "row", "column", "value")}
                yield self._job(
                    file,
                    state=JobState.FAILED,
                    name=said["file"],
                    created_at=moment,
                    finished_at=moment,
                    **told,
                )
            except (OSError, ValueError, KeyError, TypeError) as error:
                text = f"its report cannot be read ({error}): the history will not tell of it"
                self._leave_out(self._where(file), text, Severity.NOTE)

    def _job(self, file: Path, **columns: Any) -> Job:
        known = {
            "name": printable(file.name),
            "size_bytes": file.stat().st_size,
            "target": self._where(file),
            "settled": True,
            "attempts": 1,
        }
        return Job(**known | columns)

    def _where(self, file: Path) -> str:
        return printable(str(file.relative_to(self.folders.data)))

    def _leave_out(self, subject: str, text: str, severity: Severity = Severity.ERROR) -> None:
        self.findings.append(Finding("left_out", subject, text, severity))


def _row(table: type[Row], said: dict[str, Any]) -> Row:
    """A row of what was written down of it. Raises KeyError where a column is missing that cannot be."""
    columns = table.__table__.columns
    for column in columns:
        if column.name not in said and not column.nullable and column.default is None:
            raise KeyError(f"{column.name} is missing")
    return table(**{column.name: said[column.name] for column in columns if column.name in said})


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        file
        for file in folder.iterdir()
        if file.is_file() and not file.name.startswith(".") and not file.name.endswith(SIDECAR_SUFFIX)
    )
