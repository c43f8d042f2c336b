"""Jobs that several workers share: what is still to be given out, and what came back. Pure bookkeeping."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.ingestion.fingerprint import Fingerprint
from app.ingestion.parts import StoredPart
from app.pipeline.attempt import Divided
from app.pipeline.steps import EndOfJob, HashOfJob, PartOfJob, Shared, Step, WholeJob
from app.storage.catalog.leases import Lease


@dataclass
class _UnderWay:
    divided: Divided
    waiting: list[Shared]
    out: int = 0
    content: Fingerprint | None = None
    parts: dict[int, StoredPart] = field(default_factory=dict)
    failed: bool = False
    put_back: bool = False
    """Whether a share had to be done again."""

    def next_step(self) -> Step | None:
        """The step is out from here on; None while others must come back first."""
        step: Step | None = None
        if self.waiting and not self.failed:
            step = self.waiting.pop(0)
        elif self.out:
            return None
        elif self.failed or self.content is None:
            step = WholeJob(self.divided.job, self.divided.lease, abandoned=self.divided.image_id)
        else:
            # In the order of the file, not of coming back: sums of floats depend on it.
            parts = tuple(self.parts[number] for number in sorted(self.parts))
            step = EndOfJob(self.divided, self.content, parts)
        self.out += 1
        return step

    def take(self, step: Shared, result: object) -> None:
        self.out -= 1
        if isinstance(step, PartOfJob) and isinstance(result, StoredPart):
            self.parts[step.number] = result
        elif isinstance(result, Fingerprint):
            self.content = result
        else:
            self.failed = True


class Divisions:
    def __init__(self) -> None:
        self._under_way: dict[str, _UnderWay] = {}

    @property
    def leases(self) -> list[Lease]:
        return [each.divided.lease for each in self._under_way.values()]

    def begin(self, divided: Divided) -> None:
        parts = [PartOfJob(divided, number) for number in range(len(divided.division.parts))]
        to_hash = [HashOfJob(divided)] if divided.original.content is None else []
        self._under_way[divided.lease.token] = _UnderWay(
            divided, [*to_hash, *parts], content=divided.original.content
        )

    def drop(self, lease: Lease) -> None:
        """The job is no longer ours, or begins anew; what still comes back of it is ignored."""
        self._under_way.pop(lease.token, None)

    def put_back(self, step: Step) -> bool:
        """Whether a share whose worker died is done again by itself: only the first, or the file may be poison."""
        job = self._under_way.get(step.lease.token)
        if (
            job is None
            or job.put_back
            or job.divided.job.crashes
            or not isinstance(step, PartOfJob | HashOfJob)
        ):
            return False
        job.put_back = True
        job.out -= 1
        job.waiting.insert(0, step)
        return True

    def next_step(self) -> Step | None:
        """Something to do for a worker, of the job that was divided first."""
        for each in list(self._under_way.values()):
            step = each.next_step()
            if isinstance(step, WholeJob):
                self.drop(each.divided.lease)
            if step is not None:
                return step
        return None

    def take(self, step: Shared, result: object) -> tuple[int, int] | None:
        """Take in what a step came to; rows done and rows in all, while the job goes on.

        result: what the step returned: falsy where one process has to read the file after all.
        """
        job = self._under_way.get(step.lease.token)
        if job is None:
            return None
        if isinstance(step, EndOfJob) and result:
            self.drop(step.lease)
            return None
        job.take(step, result)
        return sum(len(part.group.depths) for part in job.parts.values()), job.divided.division.rows
