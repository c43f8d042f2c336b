"""Hosting the pipeline: round after round, files are noticed, jobs handed out, and the house is kept."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.errors import CatalogUnavailable, TransientError
from app.pipeline.arrivals import Arrivals
from app.pipeline.bulletin import Bulletin, News
from app.pipeline.claiming import enqueue
from app.pipeline.clock import ClockWatch
from app.pipeline.data_folder import told_on_the_board
from app.pipeline.errands import Errand
from app.pipeline.foreman import Foreman
from app.pipeline.housekeeping import keep_house
from app.pipeline.image_ids import skip_ids_in_use
from app.pipeline.landing import LandingZone
from app.pipeline.names import printable
from app.pipeline.retrying import LONGEST_DELAY_SECONDS
from app.storage.catalog.clock import bound_waits, follow_the_clock
from app.storage.catalog.leases import LEASE_SECONDS, this_process

if TYPE_CHECKING:
    from app.pipeline.host import PipelineHost

log = logging.getLogger("borehole.pipeline")

TICK_SECONDS = 0.25
HOUSEKEEPING_SECONDS = 5.0
STOP_GRACE_SECONDS = 8.0


class Hosting:
    """The time during which `host` has the lock. To be used from one thread."""

    def __init__(self, host: PipelineHost) -> None:
        self.host = host
        self.place = host.place
        # Another name each time: what is still under way of an earlier one does not count.
        self.owner = host.owner = this_process()
        self.settings = settings = host.place.settings
        self.foreman = Foreman(self.place, self.owner)
        self.bulletin = Bulletin(self.place, self.owner)
        self.arrivals = Arrivals(
            self.place.folders, settings.stable_seconds, settings.rescan_seconds, host.wake
        )
        self.landing = (
            LandingZone(self.place, settings.landing_uri, settings.rescan_seconds, self.owner)
            if settings.landing_uri is not None
            else None
        )
        self.housekeeping = Errand(
            "housekeeping", lambda: keep_house(self.place, self.owner, LEASE_SECONDS), host.wake
        )
        self.learning_ids = Errand("image-ids", lambda: skip_ids_in_use(self.place), host.wake)
        self.landing_look = Errand("landing-zone", self._look_at_landing_zone, host.wake)
        self.scan_of_arrivals = self.scan_of_look = 0
        """The scan that was asked for when the data folder, and the landing zone, were last looked at."""
        self.running = self.lost = False
        self.trouble: str | None = None
        self.troubles: list[str] = []
        self.scans_done = 0
        self.last_housekeeping = float("-inf")
        self.clock = ClockWatch()

    def run(self) -> None:
        """Until the host is to stop, or another process has the lock."""
        try:
            while not (self.host.stopping or self.lost):
                self._tick()
                due_in = self.arrivals.due_in()
                self.host.wait(
                    self.foreman.crew, TICK_SECONDS if due_in is None else min(TICK_SECONDS, due_in + 0.005)
                )
        finally:
            self._end()

    def take_over(self, *, first: bool) -> None:
        """Go on where the last host left off; only a server that starts anew does as the settings say."""
        self.place.folders.ensure()
        board = self.place.board.read()
        if board.host is not None:
            log.warning("the host %s is gone; taking over", board.host)
            self.place.jobs.release_all_of(board.host)
        bound_waits(self.place.catalog, time.time(), LONGEST_DELAY_SECONDS, LEASE_SECONDS)
        self.place.history.recount()
        self.scans_done = board.scans_done
        asked = {"wanted": self.settings.pipeline_autostart} if first else {}
        self.place.board.update(
            host=self.owner,
            data_dir=told_on_the_board(self.place),
            running=False,
            workers=None,
            scheduler=self.settings.scheduler,
            seen_at=time.time(),
            **asked,
        )

    def _tick(self) -> None:
        """Every step for itself: what keeps one file from being taken must not keep others from being read."""
        self.troubles = []
        steps = (
            self._follow_clock,
            self.foreman.look_after_workers,
            self._have_house_kept,
            self._learn_ids,
            self._take_files,
        )
        for step in steps:
            with self._noting_trouble():
                if self._still_ours():
                    step()
        trouble = "; ".join(dict.fromkeys(self.troubles)) or None
        if trouble is not None and trouble != self.trouble:
            log.warning("the pipeline waits: %s", trouble)
        elif self.trouble is not None and trouble is None:
            log.info("the pipeline goes on")
        self.trouble = trouble
        try:
            self._report()
        except CatalogUnavailable as error:
            log.debug("the status could not be told: %s", error)

    def _still_ours(self) -> bool:
        """A lock can be lost with its connection to PostgreSQL; it is ours again if we are the first to ask."""
        if not self.lost and not self.host.lock.acquire():
            self._lose()
        return not self.lost

    def _lose(self) -> None:
        log.warning("another process hosts the pipeline by now")
        self.lost = True

    @contextmanager
    def _noting_trouble(self) -> Iterator[None]:
        try:
            yield
        except (OSError, TransientError) as error:
            self.troubles.append(str(error))

    def _follow_clock(self) -> None:
        """Before anything else: leases would have lapsed, and delays be over, or last for hours."""
        jump = self.clock.jump()
        if jump:
            follow_the_clock(self.place.catalog, jump, time.time(), LEASE_SECONDS)
            self.clock.accept(jump)
            self.bulletin.tell_again()
            log.warning("the clock was set by %+.0f s", jump)

    def _have_house_kept(self) -> None:
        now = time.monotonic()
        if not self.housekeeping.under_way and now - self.last_housekeeping >= HOUSEKEEPING_SECONDS:
            self.last_housekeeping = now
            self.housekeeping.start()
        self.housekeeping.raise_trouble()

    def _learn_ids(self) -> None:
        """Before any job begins. Until the arrays answer, files are taken and wait, and the status says why."""
        if not self.learning_ids.done:
            if not self.learning_ids.under_way:
                self.learning_ids.start()
            self.learning_ids.raise_trouble()

    def _dispatch(self) -> None:
        if self.learning_ids.done:
            self.foreman.dispatch()

    def _take_files(self) -> None:
        board = self.place.board.read()
        if board.host != self.owner:  # it has, or had, the lock that we lost and got back
            self._lose()
            return
        self.running = board.wanted
        if board.wanted:
            with self._noting_trouble():
                self.foreman.crew.start()
            self._dispatch()
            self._take_arrivals(scan_asked=board.scans_asked > self.scan_of_arrivals)
            self.scan_of_arrivals = board.scans_asked
            self.troubles.extend(self.arrivals.obstacles.values())
        else:
            self.arrivals.stop()
        if self.landing is None or not board.wanted:
            self.scans_done = board.scans_asked
        else:
            with self._noting_trouble():
                self._take_landed(self.landing, board.scans_asked)

    def _take_arrivals(self, *, scan_asked: bool) -> None:
        for name in self.arrivals.look(at_once=scan_asked):
            try:
                job_id = enqueue(self.place, name)
            except OSError as error:
                self.arrivals.postpone(name, f"{printable(name)} cannot be taken: {error.strerror}")
                continue
            if job_id is not None:
                log.info("%s is complete and queued", printable(name))
                self._dispatch()

    def _take_landed(self, landing: LandingZone, scan: int) -> None:
        """scan: the latest that was asked for, which is done once a look that began after it has ended."""
        if not self.landing_look.under_way:
            self.scans_done = max(self.scans_done, self.scan_of_look)
            if landing.is_due or scan > self.scans_done:
                self.scan_of_look = scan
                self.landing_look.start()
        self.landing_look.raise_trouble()

    def _look_at_landing_zone(self) -> None:
        assert self.landing is not None
        self.landing.look()

    def _report(self) -> None:
        watch = self.arrivals.watch
        self.bulletin.tell(
            News(
                running=self.running,
                mode=watch.mode if watch is not None else None,
                mode_reason=watch.reason if watch is not None else None,
                scans_done=self.scans_done,
                waiting=self.arrivals.waiting,
                trouble=self.trouble,
                workers=self.foreman.crew.size,
            )
        )

    def _end(self) -> None:
        self.arrivals.stop()
        grace = 0.0 if self.lost else STOP_GRACE_SECONDS
        deadline = time.monotonic() + grace
        try:
            self.foreman.stop(grace)
        finally:
            for errand in (self.housekeeping, self.learning_ids, self.landing_look):
                errand.wait(max(0.0, deadline - time.monotonic()))
        self.bulletin.tell_the_end()
