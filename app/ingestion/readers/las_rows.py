"""The rows of a LAS file's data section, of which some columns are wanted."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import numpy.typing as npt

from app.errors import FileError, Reason
from app.ingestion.readers.csv_cells import read_cell, split_cells

Int64 = npt.NDArray[np.int64]
Float64 = npt.NDArray[np.float64]
Block = tuple[bytes, Int64]
"""Text of whole lines, a row each, and the line of the file where each row begins: int64 (n,)."""

_RUN_ON = re.compile(r"(?<=[\d.])-(?=[\d.])")
_BLANKS = tuple(map(ord, " \t\r"))
_LETTERS_OF_TRUTH = (b"r", b"R", b"s", b"S")


@dataclass(frozen=True)
class LasColumns:
    """names: of all columns. wanted: where those stand that are to be read. delimiter: None for blanks."""

    names: Sequence[str]
    wanted: Sequence[int]
    delimiter: str | None

    def parse(self, block: Block) -> Float64:
        """float64 (wanted columns, n), NaN where null. Raises FileError for the first row at fault."""
        text, lines = block
        fast = self._parse_fast(text, len(lines))
        if fast is not None:
            return fast
        rows = [
            self._parse_row(content.decode("latin-1"), int(line))
            for content, line in zip(text.split(b"\n"), lines, strict=False)
        ]
        return np.ascontiguousarray(np.array(rows, dtype=np.float64).reshape(len(rows), len(self.wanted)).T)

    def _parse_fast(self, text: bytes, rows: int) -> Float64 | None:
        """As pandas reads it; None where it may have read it wrongly."""
        import pandas as pd  # only where files are read

        if not text.isascii() or b'"' in text or any(letter in text for letter in _LETTERS_OF_TRUTH):
            return None
        if not self._is_even(text, rows):
            return None
        order = np.argsort(self.wanted)
        try:
            frame = pd.read_csv(
                BytesIO(text),
                sep=self.delimiter or r"\s+",
                header=None,
                usecols=[self.wanted[place] for place in order],
                engine="c",
                dtype="float64",
                na_filter=self.delimiter is not None or b"n" in text or b"N" in text,
                low_memory=False,
            )
        except ValueError:
            return None
        columns: Float64 = frame.to_numpy().T
        if columns.shape != (len(self.wanted), rows) or np.isinf(columns).any():
            return None
        return columns[np.argsort(order)]

    def _is_even(self, text: bytes, rows: int) -> bool:
        """Whether every row has as many cells as there are columns."""
        codes = np.frombuffer(text, dtype=np.uint8)
        ends = np.flatnonzero(codes == ord("\n"))
        if self.delimiter is None:
            blank = np.isin(codes, (*_BLANKS, ord("\n")))
            begins = ~blank
            begins[1:] &= blank[:-1]
            cells = np.diff(np.searchsorted(np.flatnonzero(begins), ends), prepend=0)
        else:
            delimiters = np.flatnonzero(codes == ord(self.delimiter))
            cells = np.diff(np.searchsorted(delimiters, ends), prepend=0) + 1
        return len(ends) == rows and bool((cells == len(self.names)).all())

    def _parse_row(self, text: str, line: int) -> list[float]:
        cells = self._split(text, line)
        if len(cells) < len(self.names) and self.delimiter is None:
            cells = _RUN_ON.sub(" -", text).split()  # columns of fixed width, full to the brim
        if len(cells) != len(self.names):
            raise FileError(
                Reason.RAGGED_ROW,
                f"Line {line} has {len(cells)} values, where the header names {len(self.names)} curves.",
                row=line,
            )
        return [read_cell(cells[position], line, self.names[position]) for position in self.wanted]

    def _split(self, text: str, line: int) -> list[str]:
        if self.delimiter is None:
            return text.split()
        try:
            return split_cells(text, self.delimiter)
        except csv.Error as error:
            raise FileError(
                Reason.RAGGED_ROW, f"Line {line} cannot be split into values ({error}).", row=line
            ) from None


def filled_lines(blocks: Iterable[tuple[bytes, int]]) -> Iterator[Block]:
    """Blocks without the lines that are blank or comments. blocks: with the number of their first line."""
    for text, first_line in blocks:
        text = text.replace(b"\r\n", b"\n").rstrip(b"\x1a")
        contents = text.removesuffix(b"\n").split(b"\n")
        kept = [
            (content, line)
            for line, content in enumerate(contents, start=first_line)
            if content.strip() and not content.lstrip().startswith(b"#")
        ]
        if kept:
            lines = np.array([line for _, line in kept], dtype=np.int64)
            yield b"\n".join(content for content, _ in kept) + b"\n", lines


def unwrapped(blocks: Iterable[Block], columns: int) -> Iterator[Block]:
    """Rows that go over several lines, each in one of its own. Raises FileError where a row ends within a line."""
    row: list[bytes] = []
    begun = cells = 0
    for text, lines in blocks:
        rows: list[bytes] = []
        starts: list[int] = []
        for content, line in zip(text.split(b"\n"), lines.tolist(), strict=False):
            if not row:
                begun = line
            row.append(content)
            cells += len(content.split())
            if cells > columns:
                raise FileError(
                    Reason.RAGGED_ROW,
                    f"The row that begins in line {begun} has {cells} values or more by line {line}, where the"
                    f" header names {columns} curves.",
                    row=line,
                )
            if cells == columns:
                rows.append(b" ".join(row))
                starts.append(begun)
                row, cells = [], 0
        if rows:
            yield b"\n".join(rows) + b"\n", np.array(starts, dtype=np.int64)
    if row:
        raise FileError(
            Reason.RAGGED_ROW,
            f"The row that begins in line {begun} ends with the file after {cells} of {columns} values: the file is"
            " not complete.",
            row=begun,
        )
