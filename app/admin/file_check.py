"""The files in the data folder against the jobs, and what they hold against the images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from app.admin.findings import NOT_STORED, Finding, Severity
from app.errors import JobNotFound
from app.ingestion.fingerprint import fingerprint
from app.pipeline.buckets import SCHEME, bucket_at, split_uri
from app.pipeline.claiming import ORPHAN_SECONDS
from app.pipeline.names import SIDECAR_SUFFIX, printable
from app.pipeline.workplace import Workplace
from app.storage.catalog.tables import FINISHED, Job, JobState

UNDER_WAY = (JobState.QUEUED, JobState.RUNNING, JobState.RETRYING)


class FileCheck:
    def __init__(self, place: Workplace) -> None:
        self.place = place
        self.folders = place.folders

    def claims(self) -> Iterator[Finding]:
        """`.processing/`: every file there has a job, and every job under way its file."""
        orphans = self.folders.orphaned_claims(self.place.jobs.claims(), ORPHAN_SECONDS, remove_empty=False)
        for orphan in orphans:
            name = printable(orphan.path.name)
            text = f"{name} was taken by nobody; a running server puts it back into the data folder"
            yield Finding("file_without_job", f".processing/{orphan.token}", text)
        unsettled = [job for job in self.place.history.in_state(*FINISHED) if not job.settled]
        for job in [*self.place.history.in_state(*UNDER_WAY), *unsettled]:
            if not self._has_file(job) and self._is_as_it_was(job):
                where = job.path or f".processing/{job.claim}"
                yield Finding("job_without_file", f"job {job.id}", f"{job.name} is not in {where}")

    def kept(self, *, hashed: bool, told: Callable[[int, int], None]) -> Iterator[Finding]:
        """`processed/` and `failed/`: the files there are those their jobs put there.

        hashed: whether their content is compared, too. told: how many files are done, of how many.
        """
        jobs = self._by_target()
        files = [file for folder in (self.folders.processed, self.folders.failed) for file in _files(folder)]
        for done, file in enumerate(files):
            told(done, len(files))
            where = printable(str(file.relative_to(self.folders.data)))
            job = jobs.pop(where, None)
            if job is None:
                yield from self._unknown(file, where, hashed)
            elif hashed and job.state != JobState.FAILED and job.sha256 is not None:
                yield from _changed(file, where, job.sha256)
        told(len(files), len(files))
        for where, job in jobs.items():
            yield Finding("file_gone", where, f"the file of job {job.id} was taken away", Severity.NOTE)

    def _by_target(self) -> dict[str, Job]:
        """The job that filled each path of the data folder last; what lies in a bucket is not looked at."""
        jobs = [
            job
            for job in self.place.history.in_state(*FINISHED)
            if job.settled and job.target and not job.target.startswith(SCHEME)
        ]
        jobs.sort(key=lambda job: (job.finished_at or 0.0, job.id))
        return {printable(job.target or ""): job for job in jobs}

    def _unknown(self, file: Path, where: str, hashed: bool) -> Iterator[Finding]:
        text = "no job tells of it: history was pruned, or the file was put there by hand"
        if file.parent == self.folders.processed and hashed:
            try:
                if not self.place.images.knows_content(fingerprint(file).sha256):
                    yield Finding("not_stored", where, NOT_STORED)
                    return
            except OSError as error:
                yield Finding("unreadable", where, str(error))
                return
        yield Finding("file_without_job", where, text, Severity.NOTE)

    def _has_file(self, job: Job) -> bool:
        if job.claim is not None:
            return self.folders.claimed(job.claim) is not None
        if job.path is not None and job.path.startswith(SCHEME):
            bucket, key = split_uri(job.path)
            return bucket_at(bucket).has(key)
        return job.path is None or Path(job.path).is_file()

    def _is_as_it_was(self, job: Job) -> bool:
        """Whether nothing has become of the job since it was listed."""
        try:
            now = self.place.jobs.get(job.id)
        except JobNotFound:
            return False
        return (now.claim, now.settled, now.state) == (job.claim, job.settled, job.state)


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(file for file in folder.iterdir() if file.is_file() and not _is_ours(file.name))


def _is_ours(name: str) -> bool:
    return name.startswith(".") or name.endswith(SIDECAR_SUFFIX)


def _changed(file: Path, where: str, sha256: str) -> Iterator[Finding]:
    try:
        found = fingerprint(file)
    except OSError as error:
        yield Finding("unreadable", where, str(error))
        return
    # Its job reserves the name before the file comes: an empty one is on its way.
    if found.size_bytes and found.sha256 != sha256:
        yield Finding("source_changed", where, "is not the file that was stored: its hash is another")
