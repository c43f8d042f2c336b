"""A bulk ingestion: what the listing has and the catalog has not gets jobs, a few hundred at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice

from app.errors import CommandRefused, Reason, TransientError
from app.pipeline.bulk.listing import LeftOut, Listing
from app.pipeline.bulk.progress import Progress
from app.pipeline.bulk.report import Report
from app.pipeline.workplace import Workplace
from app.storage.catalog.jobs_in_place import FileInPlace, JobsInPlace
from app.storage.catalog.tables import FINISHED, UNFINISHED, Job, JobState

WINDOW = 400
"""Files under way at a time: enough for many workers, few enough to be looked at twice a second."""
POLL_SECONDS = 0.5


class BulkIngestion:
    """The catalog is all the memory there is: killed at any moment, another run goes on where this one was.

    A file whose last job had the same version, and ended, is not read again. One that failed is only told of,
    unless `retry_failed`; one that was not found then is here now, and tried.
    """

    def __init__(
        self,
        place: Workplace,
        listing: Listing,
        progress: Progress,
        report: Report | None = None,
        *,
        retry_failed: bool = False,
    ) -> None:
        self.place = place
        self.jobs = JobsInPlace(place.catalog)
        self.listing = listing
        self.progress = progress
        self.report = report
        self.retry_failed = retry_failed
        self.to_compare: list[FileInPlace] = []
        self.being_written: list[FileInPlace] = []
        self.under_way: dict[int, FileInPlace] = {}
        self.listed_all = False

    def run(self) -> None:
        """Until every file has come to its end. Raises CommandRefused."""
        entries = self.listing.entries()
        while not (self.listed_all and not (self.to_compare or self.being_written or self.under_way)):
            try:
                self._follow()
                self._queue(entries)
                self._say_what_is_wrong()
            except TransientError as error:
                self.progress.note(str(error))
            self.progress.show()
            if self.to_compare or self.being_written or self.under_way:
                time.sleep(POLL_SECONDS)

    def _follow(self) -> None:
        jobs = {job.id: job for job in self.jobs.having(self.under_way)}
        for job_id, file in list(self.under_way.items()):
            job = jobs.get(job_id)
            if job is None:  # forgotten with the history, or with a catalog that was put back
                self.to_compare.append(self.under_way.pop(job_id))
            elif job.state in FINISHED:
                self._ended(job, file)
                del self.under_way[job_id]

    def _queue(self, entries: Iterator[FileInPlace | LeftOut]) -> None:
        """Go on in the listing until enough is under way."""
        self.to_compare += self.being_written
        self.being_written = []
        while True:
            self._take_up()
            room = WINDOW - len(self.under_way) - len(self.being_written)
            if self.listed_all or room <= 0:
                return
            self._list(entries, room)
            self.progress.show()

    def _list(self, entries: Iterator[FileInPlace | LeftOut], room: int) -> None:
        any_left = False
        for entry in islice(entries, room):
            any_left = True
            if isinstance(entry, LeftOut):
                self._leave_out(entry)
            else:
                self.to_compare.append(entry)
        self.listed_all = not any_left

    def _take_up(self) -> None:
        """What was listed is done already, or gets a job. Where the catalog does not answer it is compared anew:
        whether those jobs were made is not known."""
        if not self.to_compare:
            return
        known = self.jobs.newest_of([file.path for file in self.to_compare])
        unknown = [file for file in self.to_compare if not self._is_known(file, known.get(file.path))]
        self.to_compare = list(self._complete(unknown))
        if self.to_compare:
            job_ids = self.jobs.add(self.to_compare, time.time())
            self.under_way.update(zip(job_ids, self.to_compare, strict=True))
        self.to_compare = []

    def _is_known(self, file: FileInPlace, job: Job | None) -> bool:
        if job is None:
            return False
        if job.state in UNFINISHED:
            self.under_way[job.id] = file
            return True
        if job.file_version != file.version or self._is_to_be_tried_again(job):
            return False
        self._ended(job, file, earlier=True)
        return True

    def _is_to_be_tried_again(self, job: Job) -> bool:
        return job.state == JobState.FAILED and (self.retry_failed or job.reason == Reason.FILE_GONE)

    def _complete(self, files: list[FileInPlace]) -> Iterator[FileInPlace]:
        for file in files:
            now = self.listing.complete(file)
            if now is None:
                self.being_written.append(file)
            elif isinstance(now, LeftOut):
                self._leave_out(now)
            else:
                yield now

    def _ended(self, job: Job, file: FileInPlace, *, earlier: bool = False) -> None:
        if job.reason == Reason.FILE_GONE and self.listing.exists(file.path):
            raise CommandRefused(
                f"{file.path} is here, but whoever hosts the pipeline ({self.place.board.read().host}) does not "
                "find it: it has to see the files under the same path"
            )
        self.progress.file_ended(job.state, file.size_bytes, job.rows_done, earlier=earlier)
        if job.state == JobState.FAILED:
            self.progress.say(f"failed     {file.path}: {job.message}")
        if job.state != JobState.STORED and self.report is not None:
            self.report.tell_job(job)

    def _leave_out(self, entry: LeftOut) -> None:
        if entry.failed:
            self.progress.file_ended(JobState.FAILED, 0)
            self.progress.say(f"failed     {entry.path}: {entry.message}")
        else:
            self.progress.left_out()
        if self.report is not None:
            self.report.tell_left_out(entry)

    def _say_what_is_wrong(self) -> None:
        board = self.place.board.read()
        if not board.wanted:
            self.progress.note("the pipeline has been told to stop, and goes on after POST /pipeline/start")
        else:
            self.progress.note(board.trouble)
