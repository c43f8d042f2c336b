"""Who does what: hands steps to whoever is free, and takes in what came of them."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from functools import partial

from app.errors import LeaseLost
from app.pipeline.casualties import charge, count, give_back, give_up
from app.pipeline.crew import Ended, Fate, open_crew
from app.pipeline.divisions import Divisions
from app.pipeline.job import Unrecorded
from app.pipeline.steps import Shared, Step, WholeJob
from app.pipeline.workplace import Workplace
from app.storage.catalog.leases import LEASE_SECONDS, RENEWAL_SECONDS, Lease


class Foreman:
    """owner: the process in whose name jobs are leased."""

    def __init__(self, place: Workplace, owner: str) -> None:
        self.place = place
        self.owner = owner
        self.crew = open_crew(place.settings)
        self.divisions = Divisions()
        self.to_record: deque[tuple[Callable[[Workplace, Lease], None], Lease]] = deque()
        """What became of jobs, until the catalog knows it."""
        self.last_renewal = float("-inf")

    def look_after_workers(self) -> None:
        """Raises CatalogUnavailable."""
        for ended in self.crew.collect():
            self._take_in(ended)
        for step in self.crew.end_overdue(self.place.settings.file_seconds):
            self.divisions.drop(step.lease)
            self.to_record.append((give_up, step.lease))
        self._record()
        now = time.monotonic()
        if now - self.last_renewal >= RENEWAL_SECONDS:
            self.last_renewal = now
            self.place.jobs.renew(self._leases(), time.time())

    def dispatch(self) -> None:
        """Give whoever is free something to do, if there is anything. Raises CatalogUnavailable."""
        for _ in range(self.crew.free):
            step = self.divisions.next_step() or self._next_job()
            if step is None:
                return
            self.crew.submit(step)

    def stop(self, grace_seconds: float) -> None:
        """End the workers, and put back what they have not finished. Raises CatalogUnavailable."""
        self.to_record.extend((give_back, lease) for lease in self._at_work())
        self.crew.stop(grace_seconds)
        self._record()

    def _next_job(self) -> Step | None:
        landing_uri = self.place.settings.landing_uri
        found = self.place.jobs.lease_next(self.owner, LEASE_SECONDS, time.time(), landing_uri)
        return WholeJob(*found, workers=self.crew.size) if found is not None else None

    def _leases(self) -> list[Lease]:
        """Of all jobs that are ours now."""
        return [*self._at_work(), *(lease for _, lease in self.to_record)]

    def _at_work(self) -> list[Lease]:
        """Each once, however many workers share the job."""
        leases = [step.lease for step in self.crew.at_work] + self.divisions.leases
        return list({lease.token: lease for lease in leases}.values())

    def _record(self) -> None:
        while self.to_record:
            record, lease = self.to_record[0]
            record(self.place, lease)  # until this succeeds the job is ours, and nobody else's
            self.to_record.popleft()

    def _take_in(self, ended: Ended) -> None:
        step = ended.step
        if ended.fate is Fate.DIED and ended.deaths == 1 and self.divisions.put_back(step):
            self.to_record.append((count, step.lease))
        elif ended.fate is Fate.DIED:
            self.divisions.drop(step.lease)
            self.to_record.append((partial(charge, deaths=ended.deaths), step.lease))
        elif ended.fate is Fate.NEVER_BEGAN or isinstance(ended.result, Unrecorded):
            self.divisions.drop(step.lease)
            self.to_record.append((give_back, step.lease))
        elif isinstance(step, WholeJob):
            if ended.result is not None:
                self.divisions.begin(ended.result)
        else:
            self._take_part(step, ended)

    def _take_part(self, step: Shared, ended: Ended) -> None:
        progress = self.divisions.take(step, ended.result)
        if progress is not None:
            try:
                self.place.jobs.progress(step.lease, time.time(), *progress)
            except LeaseLost:
                self.divisions.drop(step.lease)
