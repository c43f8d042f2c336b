"""What a check found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

NOT_STORED = (
    "no image holds its content: move it into the data folder to have it stored, or away if it is not wanted"
)


class Severity(StrEnum):
    ERROR = "error"
    """Something is lost, damaged, or not as the catalog says."""
    NOTE = "note"
    """Worth knowing; nothing has to be done."""


@dataclass(frozen=True)
class Finding:
    """check: what kind it is, made for scripts. subject: what it is about, such as `image 7`."""

    check: str
    subject: str
    text: str
    severity: Severity = Severity.ERROR


Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, of how much."""


def silent(_what: str, _done: int, _total: int) -> None:
    """No progress is told."""
