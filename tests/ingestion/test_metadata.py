from __future__ import annotations

from app.ingestion.metadata import Said, overridden, within_bounds
from app.ingestion.readers import Metadata


def test_what_somebody_says_wins_over_what_the_file_says():
    found = Metadata(well="A", tool="FMI", other={"field": "F", "company": "C"})
    said = Said(well="B", hole_diameter=0.2, other={"field": "G", "company": None, "note": "n"})
    assert overridden(found, said) == Metadata(
        well="B", tool="FMI", hole_diameter=0.2, other={"field": "G", "note": "n"}
    )


def test_what_a_header_says_is_cut_to_what_is_kept():
    found = Metadata(
        well=" A\x00B\n " + "x" * 300,
        uwi=" \t ",
        hole_diameter=float("nan"),
        other={"": "nothing", "empty": "", "long": "y" * 3000} | {f"k{number}": "v" for number in range(200)},
    )
    kept = within_bounds(found)
    assert kept.well == "A B " + "x" * 196
    assert (kept.uwi, kept.hole_diameter) == (None, None)
    assert len(kept.other) == 100
    assert len(kept.other["long"]) == 2000


def test_bounds_leave_alone_what_keeps_to_them():
    found = Metadata("w", "u", "t", "r", "g/cc", 0.3, {"field": "Größe"})
    assert within_bounds(found) == found
