"""What the head of a LAS file says, of version 1.2, 2.0 or 3.0, as lasio reads it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from app.errors import FileError, Reason
from app.ingestion.readers.las_sections import Section
from app.ingestion.readers.lengths import converted
from app.ingestion.readers.source import Metadata

LARGEST_SECTION = 1024 * 1024
LONGEST_LINE = 500
MOST_CURVES = 20_000

_VERSIONS = (1.2, 2.0, 3.0)
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

    def items(kind: str, version: float, *names: str) -> list[_Item]:
        found = [each for each in sections if each.starts(*names)]
        return [item for each in found for item in _items(path, each, kind, version)]

    about = _values(items("~Version", 2.0, "V"))
    version = _number(about.get("VERS")) or 2.0
    well = _values(items("~Well", version, "W"))
    header = LasHeader(
        curves=[
            Curve(item.name, item.unit, _without_format(item.description))
            for item in _items(path, curves, "~Curve", version)
        ],
        wrapped=about.get("WRAP", "").upper().startswith("Y"),
        delimiter=_DELIMITERS.get(about.get("DLM", "").upper()),
        null=_number(well.get("NULL")),
        well=well,
        parameters={
            item.name.upper(): (item.value, item.unit)
            for item in items("~Parameter", version, "P", "LOG_PARAMETER")
        },
    )
    if not header.curves or len(header.curves) > MOST_CURVES:
        raise FileError(
            Reason.NO_HEADER,
            f"Section {curves.title} in line {curves.line - 1} names {len(header.curves)} curves.",
            row=curves.line - 1,
        )
    return header


class _Item(NamedTuple):
    """One line of a section."""

    name: str
    unit: str
    value: str
    description: str


def _items(path: Path, section: Section, kind: str, version: float) -> list[_Item]:
    """The lines of a section, as lasio understands one; those it does not are passed over.

    Line by line: lasio as a whole takes a minute for five hundred curves of one name. Raises FileError.
    """
    from lasio.reader import SectionParser, read_line  # only where files are read

    parser = SectionParser(kind, version=version if version in _VERSIONS else 2.0)
    found = []
    for line in _text(path, section).splitlines():
        text = line[:LONGEST_LINE].strip()
        if not text or text.startswith("#"):
            continue
        try:
            item = parser(**read_line(text, section_name=parser.section_name2))
        except (ValueError, AttributeError, KeyError, IndexError):
            continue
        found.append(
            _Item(
                item.original_mnemonic.strip(),
                item.unit.strip(),
                str(item.value).strip(),
                str(item.descr).strip(),
            )
        )
    return found


def _text(path: Path, section: Section) -> str:
    with path.open("rb") as file:
        file.seek(section.offset)
        content = file.read(min(section.stop - section.offset, LARGEST_SECTION + 1))
    if len(content) > LARGEST_SECTION:
        raise FileError(
            Reason.NO_HEADER,
            f"Section {section.title} in line {section.line - 1} is longer than {LARGEST_SECTION >> 20} MiB.",
            row=section.line - 1,
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _values(items: Iterable[_Item]) -> dict[str, str]:
    """The first of each name that says anything."""
    values: dict[str, str] = {}
    for item in items:
        name = item.name.upper()
        values[name] = values.get(name) or item.value
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
