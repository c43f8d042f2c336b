"""Everything that can be checked, in one pass; safe while a server runs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.admin.file_check import FileCheck
from app.admin.findings import Finding, Progress, Severity, silent
from app.admin.image_check import ImageCheck
from app.admin.store_check import store_findings
from app.pipeline.workplace import Workplace
from app.storage.catalog.attempts import Attempts
from app.storage.catalog.picks import Picks


@dataclass
class Verification:
    quick: bool
    findings: list[Finding] = field(default_factory=list)
    images: int = 0
    rows: int = 0
    seconds: float = 0.0

    @property
    def counts(self) -> dict[str, int]:
        """How many findings there are of each severity."""
        counted = Counter(finding.severity.value for finding in self.findings)
        return {severity.value: counted[severity.value] for severity in Severity}

    @property
    def well(self) -> bool:
        return self.counts[Severity.ERROR] == 0


def verify(place: Workplace, *, quick: bool, progress: Progress = silent) -> Verification:
    """quick: names and figures only, no row and no file is read. Raises CatalogUnavailable."""
    began = time.monotonic()
    outcome = Verification(quick)
    for finding in _findings(place, outcome, progress):
        outcome.findings.append(finding)
    outcome.seconds = round(time.monotonic() - began, 3)
    return outcome


def _findings(place: Workplace, outcome: Verification, progress: Progress) -> Iterator[Finding]:
    yield from _image_findings(place, outcome, progress)
    yield from store_findings(place.layout, Attempts(place.catalog), place.images, time.time())
    files = FileCheck(place)
    yield from files.claims()
    yield from files.kept(hashed=not outcome.quick, told=lambda done, all_: progress("files", done, all_))


def _image_findings(place: Workplace, outcome: Verification, progress: Progress) -> Iterator[Finding]:
    check, picks = ImageCheck(place.layout), Picks(place.catalog)
    total = place.images.totals().rows
    for image in place.images.every():
        found = [*check.quick(image), *check.picks(image, picks)]
        if not outcome.quick:
            found.extend(check.whole(image))
        if found and not place.images.exists(image.id):
            continue  # it was deleted meanwhile
        yield from found
        outcome.images += 1
        outcome.rows += image.rows
        progress("rows", outcome.rows, max(total, outcome.rows))
