"""How far a bulk ingestion is: a bar on a terminal, a line now and then in a log, and the sum of it at the end."""

from __future__ import annotations

import sys
import time
from collections import Counter

from tqdm import tqdm

LINE_SECONDS = 10.0
MEGABYTE = 1e6


class Progress:
    """files, size_bytes: of the whole listing.

    rows and bytes_read are of this run alone, and so is every speed; bytes_behind are those of all files that
    have come to an end, whenever that was.
    """

    def __init__(self, files: int, size_bytes: int) -> None:
        self.files = files
        self.size_bytes = size_bytes
        self.outcomes: Counter[str] = Counter()
        self.earlier = 0
        self.rows = self.bytes_read = self.bytes_behind = 0
        self.began = self.told_at = time.monotonic()
        self.noted: str | None = None
        self.bar = tqdm(total=files, unit=" files", smoothing=0.05) if sys.stderr.isatty() else None

    def file_ended(self, outcome: str, size_bytes: int, rows: int = 0, *, earlier: bool = False) -> None:
        """earlier: before this run, of which only the outcome counts."""
        self.outcomes[outcome] += 1
        self.bytes_behind += size_bytes
        if earlier:
            self.earlier += 1
        else:
            self.rows += rows
            self.bytes_read += size_bytes

    def left_out(self) -> None:
        self.outcomes["left out"] += 1

    @property
    def ended(self) -> int:
        """Files, those that were left out not among them."""
        return self.outcomes.total() - self.outcomes["left out"]

    def show(self) -> None:
        if self.bar is not None:
            self.bar.set_postfix_str(self._speeds(files=False), refresh=False)
            self.bar.update(self.ended - self.bar.n)
        elif time.monotonic() - self.told_at >= LINE_SECONDS:
            self.told_at = time.monotonic()
            self.say(f"{self._so_far()}; {self._speeds()}; {self._left()}")

    def note(self, text: str | None) -> None:
        """What keeps files from being read, told when it changes."""
        if text is not None and text != self.noted:
            self.say(f"waits: {text}")
        self.noted = text

    def say(self, line: str) -> None:
        tqdm.write(line, file=sys.stdout)
        sys.stdout.flush()

    def summary(self) -> None:
        self.close()
        outcomes = ", ".join(f"{count:,} {outcome}" for outcome, count in self.outcomes.items() if count)
        self.say(f"{outcomes or 'no files'}{f'; {self.earlier:,} of them earlier' if self.earlier else ''}")
        now = self.ended - self.earlier
        if now:
            in_time = duration(time.monotonic() - self.began)
            size = f"{self.bytes_read / MEGABYTE:,.1f} MB"
            self.say(f"{now:,} files, {self.rows:,} rows, {size} in {in_time}: {self._speeds()}")

    def close(self) -> None:
        if self.bar is not None:
            self.bar.update(self.ended - self.bar.n)
            self.bar.close()
            self.bar = None

    def _so_far(self) -> str:
        size = f"{self.bytes_behind / MEGABYTE:,.0f} of {self.size_bytes / MEGABYTE:,.0f} MB"
        return f"{self.ended:,} of {self.files:,} files, {size}, {self.outcomes['failed']:,} failed"

    def _speeds(self, *, files: bool = True) -> str:
        seconds = max(time.monotonic() - self.began, 1e-9)
        of_files = f"{(self.ended - self.earlier) / seconds:,.1f} files/s, " if files else ""
        return (
            f"{of_files}{self.rows / seconds:,.0f} rows/s, {self.bytes_read / MEGABYTE / seconds:,.1f} MB/s"
        )

    def _left(self) -> str:
        if not self.bytes_read:
            return "time left unknown"
        seconds = (self.size_bytes - self.bytes_behind) * (time.monotonic() - self.began) / self.bytes_read
        return f"{duration(max(seconds, 0.0))} left"


def duration(seconds: float) -> str:
    """`4.2 s`, `3 min 20 s`, `2 h 05 min`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"
