"""The sections of a LAS file: where each begins and ends."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from app.ingestion.readers.csv_blocks import count_byte, line_blocks

BLOCK_BYTES = 1 << 20
LONGEST_TITLE = 1000
MOST_SECTIONS = 1000

_TITLE = re.compile(rb"^[ \t]*(~[^\r\n]*)", re.MULTILINE)


@dataclass(frozen=True)
class Section:
    """What follows the title: the bytes offset … stop − 1 of the file, `lines` lines of which the first is `line`.

    title: with its tilde, as "~Curve Information".
    """

    title: str
    offset: int
    stop: int
    line: int
    lines: int

    @property
    def is_data(self) -> bool:
        """~A or ~ASCII in any version, ~Log_Data in version 3."""
        name = re.split(r"[\s|\[]", self.title.upper(), maxsplit=1)[0]
        return name == "~A" or name.startswith(("~ASCII", "~LOG_DATA"))

    def starts(self, *names: str) -> bool:
        return self.title.upper().startswith(tuple(f"~{name}" for name in names))


def find_sections(path: Path) -> list[Section]:
    """In one pass over the file. Raises FileError for a line that is no line of text."""
    titles: list[tuple[str, int, int, int]] = []  # with offset and line, and the offset after it
    offset = line = 0
    with path.open("rb") as file:
        for block, first_line in line_blocks(file, 1, BLOCK_BYTES):
            if b"~" in block:
                for match in _TITLE.finditer(block):
                    if len(titles) == MOST_SECTIONS:
                        break
                    at = first_line + count_byte(block[: match.start(1)], b"\n")
                    end = block.find(b"\n", match.end()) + 1 or len(block)
                    title = match[1][:LONGEST_TITLE].decode("latin-1").strip()
                    titles.append((title, offset + match.start(), at, offset + end))
            offset += len(block)
            line = first_line + count_byte(block, b"\n")
    stops = [*((start, at) for _, start, at, _ in titles[1:]), (offset, line)]
    return [
        Section(title, begin, stop, at + 1, next_line - at - 1)
        for (title, _, at, begin), (stop, next_line) in zip(titles, stops, strict=False)
    ]
