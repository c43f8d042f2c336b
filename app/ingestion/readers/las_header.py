"""What the head of a LAS file says, of version 1.2, 2.0 or 3.0, as lasio reads it."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import FileError, Reason
from app.ingestion.readers.las_sections import Section
from app.ingestion.readers.lengths import converted
from app.ingestion.readers.source import Metadata

LARGEST_HEADER = 2 * 1024 * 1024
LONGEST_LINE = 2000
MOST_CURVES = 20_000

logging.getLogger("lasio").setLevel(logging.ERROR)  # it warns of every line that is a little odd

_DELIMITERS = {"COMMA": ",", "TAB": "\t", "SPACE": None}
_REMARKS = {
    "COMP": "company",
    "FLD": "field",
    "LOC": "location",
    "SRVC": "service_company",
    "DATE": "date",
    "CTRY": "country",
    "PROV": "province",
    "STAT": "state",
    "CNTY": "county",
}


@dataclass(frozen=True)
class Curve:
    name: str
    unit: str
    description: str


@dataclass(frozen=True)
class LasHeader:
    """delimiter: None for blanks. null: the number that means null, None where none is named."""

    curves: Sequence[Curve]
    wrapped: bool
    delimiter: str | None
    null: float | None
    well: Mapping[str, str]
    parameters: Mapping[str, tuple[str, str]]
    """Values with their units."""

    def metadata(self, depth_unit: str | None) -> Metadata:
        """What is said of all images. depth_unit: in which the hole's diameter is wanted."""
        remarks = {name: self.well[key] for key, name in _REMARKS.items() if self.well.get(key)}
        return Metadata(
            well=self.well.get("WELL"),
            uwi=self.well.get("UWI") or self.well.get("API"),
            run=self.parameters.get("RUN", ("", ""))[0] or None,
            hole_diameter=self._bit_size(depth_unit),
            other=remarks,
        )

    def _bit_size(self, depth_unit: str | None) -> float | None:
        value, unit = self.parameters.get("BS", ("", ""))
        try:
            return converted(float(value), unit, depth_unit)
        except ValueError:
            return None


def read_header(path: Path, sections: Sequence[Section], curves: Section) -> LasHeader:
    """curves: the section that names the columns. Raises FileError."""
    wanted = (
        ("~Version", [each for each in sections if each.starts("V")]),
        ("~Well", [each for each in sections if each.starts("W")]),
        ("~Parameter", [each for each in sections if each.starts("P", "LOG_PARAMETER")]),
        ("~Curve", [curves]),
    )
    text = "".join(
        f"{title}\n{_text(path, each)}\n" for title, found in wanted for each in (found if found else ())
    )
    las = _parsed(text + "~ASCII\n")
    version = _values(las.version)
    header = LasHeader(
        curves=[
            Curve(item.original_mnemonic.strip(), item.unit.strip(), _without_format(str(item.descr)))
            for item in las.curves
        ],
        wrapped=version.get("WRAP", "").upper().startswith("Y"),
        delimiter=_DELIMITERS.get(version.get("DLM", "").upper()),
        null=_number(_values(las.well).get("NULL")),
        well=_values(las.well),
        parameters={
            item.original_mnemonic.upper(): (str(item.value).strip(), item.unit.strip())
            for item in las.params
        },
    )
    if not header.curves or len(header.curves) > MOST_CURVES:
        raise FileError(
            Reason.NO_HEADER,
            f"Section {curves.title} in line {curves.line - 1} names {len(header.curves)} curves.",
            row=curves.line - 1,
        )
    return header


def _text(path: Path, section: Section) -> str:
    with path.open("rb") as file:
        file.seek(section.offset)
        content = file.read(min(section.stop - section.offset, LARGEST_HEADER + 1))
    if len(content) > LARGEST_HEADER:
        raise FileError(
            Reason.NO_HEADER,
            f"Section {section.title} in line {section.line - 1} is longer than {LARGEST_HEADER >> 20} MiB.",
            row=section.line - 1,
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    return "\n".join(line[:LONGEST_LINE] for line in text.splitlines())


def _parsed(text: str) -> Any:
    import lasio  # only where files are read

    try:
        return lasio.read(
            io.StringIO(text), ignore_data=True, ignore_header_errors=True, mnemonic_case="preserve"
        )
    except Exception as error:  # whatever it stumbles over is in the file
        raise FileError(Reason.NO_HEADER, f"The head of this LAS file cannot be read: {error!r}") from error


def _values(items: Any) -> dict[str, str]:
    """The first of each name that says anything."""
    values: dict[str, str] = {}
    for item in items:
        values[item.original_mnemonic.upper()] = (
            values.get(item.original_mnemonic.upper()) or str(item.value).strip()
        )
    return values


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None


def _without_format(description: str) -> str:
    """Without the curve's number before it, and without what LAS 3.0 says after it of how values are written, as in
    "27 Echo Array {AF10.4;5ms}".
    """
    return re.sub(r"^\d+\s+", "", description.split("{")[0].strip())
