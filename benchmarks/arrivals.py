"""Dropping a file into a server's data folder, and following it until it is stored."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks import samples
from benchmarks.client import Client
from benchmarks.servers import Server
from benchmarks.table import Invalid

POLL_SECONDS = 0.01
LONGEST_SECONDS = 900.0


@dataclass(frozen=True)
class Arrival:
    """Moments in seconds since the epoch."""

    image_id: int
    dropped: float
    queued: float
    """The server found it complete."""
    started: float
    finished: float
    visible: float
    """`/images/{id}` answered for the first time."""

    @property
    def working_seconds(self) -> float:
        """From stable to stored, as the server's own clock has it."""
        return self.finished - self.queued

    @property
    def waiting_seconds(self) -> float:
        """From stable to visible, as a client sees it."""
        return self.visible - self.queued


def arrive(server: Server, client: Client, file: Path, poll_seconds: float = POLL_SECONDS) -> Arrival:
    """Drop the file and wait until it is stored. Raises Invalid where it is not."""
    before = _newest(client)
    dropped = time.time()
    samples.drop(file, server.folder / "data")
    while time.time() - dropped < LONGEST_SECONDS:
        time.sleep(poll_seconds)
        job = _newest(client)
        if job is None or (before is not None and job["id"] == before["id"]):
            continue
        if job["state"] == "stored":
            client.get(f"/images/{job['image_id']}")
            return arrival_of(job, dropped, time.time())
        if job["state"] not in ("queued", "running"):
            raise Invalid(f"{file.name} is {job['state']}: {job['message']}")
    raise Invalid(f"{file.name} was not stored within {LONGEST_SECONDS:g} s")


def forget(client: Client, arrival: Arrival) -> None:
    """Delete the image, so that the same file can come again."""
    answer = client.ask(f"/images/{arrival.image_id}", "DELETE")
    if answer.status != 204:
        raise Invalid(f"the image could not be deleted: {answer.status}")


def arrival_of(job: dict[str, Any], dropped: float, visible: float) -> Arrival:
    """job: as `/pipeline/history` tells it."""
    queued, started, finished = (
        datetime.fromisoformat(job[name]).timestamp() for name in ("created_at", "started_at", "finished_at")
    )
    return Arrival(job["image_id"], dropped, queued, started, finished, visible)


def _newest(client: Client) -> dict[str, Any] | None:
    jobs = client.json("/pipeline/history?limit=1")["jobs"]
    return jobs[0] if jobs else None
