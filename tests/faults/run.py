"""Rounds of dropping files and killing processes, and the reckoning afterwards."""

from __future__ import annotations

import hashlib
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from app.pipeline.folders import ERROR_SUFFIX
from app.pipeline.sweeping import sweep
from app.pipeline.workplace import Workplace
from tests.builders import eventually, settings_in
from tests.faults.cluster import Cluster
from tests.faults.contents import Content, Contents
from tests.faults.onlooker import Onlooker

FILES_PER_ROUND = 3


@dataclass
class Outcome:
    rounds: int = 0
    killed_workers: int = 0
    killed_servers: int = 0
    killed_schedulers: int = 0
    files: int = 0
    images: int = 0
    duplicates: int = 0
    refused: int = 0
    revived: int = 0
    seconds: float = 0.0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    half_images_seen: list[int] = field(default_factory=list)
    left_over: list[str] = field(default_factory=list)

    @property
    def all_is_well(self) -> bool:
        return not (self.lost or self.doubled or self.wrong or self.half_images_seen or self.left_over)


def run(folder: Path, rounds: int, seed: int, tell: Callable[[str], None]) -> Outcome:
    """folder: empty. The schedule follows from the seed; the moments of death also from the machine."""
    chance = random.Random(seed)
    contents = Contents(folder / "clean", random.Random(seed + 1))
    cluster = Cluster(folder)
    expected: dict[tuple[str, str], bytes] = {}
    dropped: dict[str, Content] = {}
    onlooker = Onlooker(cluster, expected)
    outcome = Outcome()
    began = time.monotonic()
    data = folder / "data"
    data.mkdir()
    cluster.start()
    try:
        cluster.wait_until_up()
        onlooker.start()
        for number in range(rounds):
            for place in range(FILES_PER_ROUND):
                content = contents.next()
                for channel, picture in (content.pictures or {}).items():
                    expected[content.sha256, channel] = picture
                name = f"file {number}-{place} ü{content.suffix}"
                dropped[name] = content
                (data / f".{name}.part").write_bytes(content.text)
                (data / f".{name}.part").rename(data / name)
            _let_pass(chance.uniform(0.0, 1.6))
            died = cluster.kill(chance)
            outcome.killed_workers += died["workers"]
            outcome.killed_servers += died["servers"]
            cluster.start()
            outcome.rounds += 1
            if number % 10 == 9:
                tell(f"{number + 1} rounds, {len(dropped)} files, {len(onlooker.seen)} images seen")
        cluster.wait_until_up()
        wait_for_rest(cluster, outcome, 200 + rounds)
        eventually(lambda: len(onlooker.seen) >= len(expected), "every image is seen", 60)
    finally:
        onlooker.stop()
        cluster.stop()
    outcome.half_images_seen = onlooker.half
    outcome.seconds = round(time.monotonic() - began, 1)
    reckon(folder, dropped, outcome)
    return outcome


def _let_pass(seconds: float) -> None:
    """The moment of death is what is tried here: nothing is waited for."""
    time.sleep(seconds)


def wait_for_rest(cluster: Cluster, outcome: Outcome, seconds: float) -> None:
    """Until no file is under way. What was killed thrice is taken for poison, rightly: it is tried again."""

    def at_rest() -> bool:
        died = cluster.ask("/pipeline/history?state=failed&limit=1000")
        for job in died["jobs"] if died else ():
            if job["reason"] == "worker_died" and cluster.ask(f"/pipeline/jobs/{job['id']}/retry", "POST"):
                outcome.revived += 1
        status = cluster.ask("/pipeline/status")
        return bool(
            status
            and status["running"]
            and not (status["waiting"] or status["queued"] or status["active"] or status["unsettled"])
        )

    def still_at_rest() -> bool:
        """A claim without a job shows in no figure: it goes back into the data folder after a while."""
        return at_rest() and not any(Path(status_folder).iterdir())

    status_folder = (
        Path(eventually(lambda: cluster.ask("/pipeline/status"), "a status")["data_dir"]) / ".processing"
    )
    eventually(still_at_rest, "every file has come to its end", seconds)


def reckon(
    folder: Path, dropped: dict[str, Content], outcome: Outcome, database_url: str | None = None
) -> None:
    place = Workplace.open(settings_in(folder, database_url=database_url))
    outcome.files = len(dropped)
    wanted = Counter((name, content.sha256) for name, content in dropped.items())
    found: Counter[tuple[str, str]] = Counter()
    for directory, good in ((place.folders.processed, True), (place.folders.failed, False)):
        for file in directory.iterdir():
            if file.name.endswith(ERROR_SUFFIX):
                continue
            found[file.name, hashlib.sha256(file.read_bytes()).hexdigest()] += 1
            if (dropped[file.name].pictures is not None) != good:
                outcome.wrong.append(f"{file.name} in {directory.name}")
            outcome.refused += not good
    outcome.lost = [name for name, _ in wanted - found]
    outcome.doubled = [name for name, _ in found - wanted]

    images, _ = place.images.page(limit=1_000_000)
    outcome.images = len(images)
    by_content = Counter((image.sha256, image.channel) for image in images)
    outcome.doubled += [f"{sha} {channel}" for (sha, channel), count in by_content.items() if count > 1]
    good = {(content.sha256, channel) for content in dropped.values() for channel in content.pictures or ()}
    outcome.lost += [f"{sha} {channel}" for sha, channel in good if (sha, channel) not in by_content]
    outcome.duplicates = place.history.counts()["duplicate"]

    sweep(place, grace_seconds=0.0)
    place.arrays.sweep_drafts(0.0)
    named = {f"__{image.id}_{image.id}_" for image in images}
    for fragment in (place.settings.db_dir / "arrays").glob("shard-*/*/__fragments/*"):
        if not any(fragment.name.startswith(name) for name in named):
            outcome.left_over.append(str(fragment.relative_to(folder)))
    strays = [
        *place.folders.processing.iterdir(),
        *place.folders.uploads.iterdir(),
        *(place.settings.db_dir / "arrays").glob(".*"),
    ]
    outcome.left_over += [str(stray.relative_to(folder)) for stray in strays]
    place.catalog.close()
