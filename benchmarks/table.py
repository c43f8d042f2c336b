"""Figures, goals, and the table that sets them side by side."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple


class Invalid(Exception):
    """A measurement that measured something else: requests failed, a file was not stored, windows ran out."""


class Pair(NamedTuple):
    """One measurement of the reference, 0 where there is none, and the one of ours that followed it."""

    reference: float
    ours: float


@dataclass(frozen=True)
class Goal:
    """A limit to ours ÷ reference, to how far that is from 1, to ours − reference, or to ours alone."""

    of: Literal["ratio", "deviation", "difference", "value"]
    side: Literal["≥", "≤"]
    limit: float

    def text(self, unit: str) -> str:
        if self.of == "deviation":
            return f"equal within {self.limit:.0%}"
        limit = f"{self.limit:g}"
        if self.of == "ratio":
            return f"{self.side} {limit} ×"
        return f"{self.side} {'reference + ' if self.of == 'difference' else ''}{limit} {unit}"

    def met(self, pairs: Sequence[Pair]) -> bool:
        figure = statistics.median(self._figure(pair) for pair in pairs)
        return figure >= self.limit if self.side == "≥" else figure <= self.limit

    def _figure(self, pair: Pair) -> float:
        if self.of == "ratio":
            return pair.ours / pair.reference
        if self.of == "deviation":
            return abs(pair.ours / pair.reference - 1)
        return pair.ours - pair.reference if self.of == "difference" else pair.ours


def at_least(times: float) -> Goal:
    return Goal("ratio", "≥", times)


def at_most(times: float) -> Goal:
    return Goal("ratio", "≤", times)


def equal(within: float) -> Goal:
    return Goal("deviation", "≤", within)


def within(difference: float) -> Goal:
    return Goal("difference", "≤", difference)


def below(value: float) -> Goal:
    return Goal("value", "≤", value)


@dataclass(frozen=True)
class Row:
    """pairs: in the order they were measured; empty where the first measurement was already invalid."""

    what: str
    reference_is: str
    unit: str
    goal: Goal
    pairs: Sequence[Pair]
    invalid: str | None = None

    @classmethod
    def broken(cls, what: str, reason: str) -> Row:
        """Where not even a row could be made."""
        return cls(what, "", "", below(0), [], reason)

    @property
    def met(self) -> bool:
        return self.invalid is None and self.goal.met(self.pairs)

    @property
    def cells(self) -> list[str]:
        goal = self.goal.text(self.unit)
        if self.invalid is not None:
            return [self.what, self.reference_is, goal, "", "", "", f"**invalid**: {self.invalid}"]
        reference = statistics.median(pair.reference for pair in self.pairs)
        ours = statistics.median(pair.ours for pair in self.pairs)
        return [
            self.what,
            self.reference_is,
            goal,
            f"{figure(reference)} {self.unit}" if reference else "",
            f"{figure(ours)} {self.unit}",
            self._ratio(),
            "met" if self.met else "**missed**",
        ]

    def _ratio(self) -> str:
        """The median of the pairs' ratios, which a machine that slows down on the way does not move."""
        ratios = [pair.ours / pair.reference for pair in self.pairs if pair.reference]
        if not ratios:
            return ""
        median = f"{statistics.median(ratios):.2f}"
        return median if len(ratios) == 1 else f"{median} ({min(ratios):.2f}–{max(ratios):.2f})"


HEADINGS = ["what", "reference", "goal", "reference's figure", "ours", "ratio (range)", ""]


def compared(
    what: str,
    reference_is: str,
    unit: str,
    goal: Goal,
    *,
    reference: Callable[[], float],
    ours: Callable[[], float],
    times: int,
) -> Row:
    """Reference, ours, reference, ours …, each `times` times."""
    pairs: list[Pair] = []
    try:
        for _ in range(times):
            pairs.append(Pair(reference(), ours()))  # noqa: PERF401 -- what was measured before a failure counts
    except Invalid as reason:
        return Row(what, reference_is, unit, goal, pairs, str(reason))
    return Row(what, reference_is, unit, goal, pairs)


def figure(value: float) -> str:
    """Three digits that count: 0.012, 4.56, 789, 12,300."""
    for least, decimals in ((100, 0), (10, 1), (1, 2), (0.1, 3)):
        if abs(value) >= least:
            return f"{value:,.{decimals}f}"
    return f"{value:.3g}"


def markdown(rows: Iterable[Row]) -> str:
    lines = [HEADINGS, ["---"] * len(HEADINGS), *(row.cells for row in rows)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
