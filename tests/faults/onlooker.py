"""Somebody who looks at every image as soon as there is one."""

from __future__ import annotations

import threading

from tests.faults.cluster import Cluster


class Onlooker:
    """Asks for new images and for the picture of each; half of one would differ from the whole picture."""

    def __init__(self, cluster: Cluster, expected: dict[tuple[str, str], bytes]) -> None:
        self.cluster = cluster
        self.expected = expected
        self.seen: dict[int, tuple[str, str]] = {}
        self.half: list[int] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look_on, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()

    def _look_on(self) -> None:
        while not self._stop.wait(0.03):
            latest = max(self.seen, default=0)
            listed = self.cluster.ask(f"/images?after={max(0, latest - 20)}&limit=1000")
            for image in listed["images"] if listed else ():
                if image["image_id"] not in self.seen:
                    self._look_at(image["image_id"])

    def _look_at(self, image_id: int) -> None:
        details = self.cluster.ask(f"/images/{image_id}")
        png = self.cluster.ask(f"/frames/image?image_id={image_id}")
        if details is None or png is None:
            return
        self.seen[image_id] = details["sha256"], details["channel"]
        if png != self.expected.get(self.seen[image_id]):
            self.half.append(image_id)
