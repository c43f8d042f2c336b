"""The order of depths in a file: strictly downwards or strictly upwards, from its first row to its last."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from app.errors import FileError, Reason
from app.ingestion.readers import Chunk


class DepthOrder:
    """Checks the chunks of one file, one after the other.

    name: the depth's column, row_word: what the chunks' lines count; for errors to tell.
    descending: whether the file is read upwards; None until two depths have been seen.
    """

    def __init__(self, name: str, row_word: str) -> None:
        self.name = name
        self.row_word = row_word
        self.descending: bool | None = None
        self._last_depth: npt.NDArray[np.float64] = np.empty(0)
        self._last_line: npt.NDArray[np.int64] = np.empty(0, dtype=np.int64)

    def check(self, chunk: Chunk) -> None:
        """Raises FileError (infinite_value, depth_repeated, depth_not_monotonic) for the first row at fault."""
        depths = np.concatenate([self._last_depth, chunk.depths])
        lines = np.concatenate([self._last_line, chunk.lines])
        self._check_finite(depths, lines)
        before, after = depths[:-1], depths[1:]
        if self.descending is None and len(before):
            self.descending = bool(after[0] < before[0])
        in_order = after < before if self.descending else after > before
        if not in_order.all():
            at = int(np.argmin(in_order))
            raise self._out_of_order(before[at], after[at], lines[at], lines[at + 1])
        self._last_depth, self._last_line = depths[-1:], lines[-1:]

    def _check_finite(self, depths: npt.NDArray[np.float64], lines: npt.NDArray[np.int64]) -> None:
        finite = np.isfinite(depths)
        if not finite.all():
            at = int(np.argmin(finite))
            raise FileError(
                Reason.INFINITE_VALUE,
                f"{self._place(lines[at])}: the depth {depths[at]} is not a finite number.",
                row=int(lines[at]),
                column=self.name,
                value=str(depths[at]),
            )

    def _place(self, line: np.int64) -> str:
        return f"{self.row_word.capitalize()} {line}"

    def _out_of_order(
        self, before: np.float64, depth: np.float64, line_before: np.int64, line: np.int64
    ) -> FileError:
        if depth == before:
            return FileError(
                Reason.DEPTH_REPEATED,
                f"{self._place(line)}: the depth {depth} is also that of {self.row_word} {line_before}. Each row"
                " needs its own depth.",
                row=int(line),
                column=self.name,
                value=str(depth),
            )
        direction = "descend" if self.descending else "ascend"
        return FileError(
            Reason.DEPTH_NOT_MONOTONIC,
            f"{self._place(line)}: the depth {depth} follows {before} of {self.row_word} {line_before}, but depths"
            f" {direction} up to there. Sort the rows by depth, or split the file where it starts anew.",
            row=int(line),
            column=self.name,
            value=str(depth),
        )
