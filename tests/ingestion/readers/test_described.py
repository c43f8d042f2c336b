import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ingestion.readers import Metadata
from app.ingestion.readers.described import described, pairs_in


@pytest.mark.parametrize(
    ("line", "pair"),
    [
        ("well: A-1", ("well", "A-1")),
        ("Service company =  ACME ,,,", ("Service company", "ACME")),
        ("date: 2024-01-01 12:30", ("date", "2024-01-01 12:30")),
        ("see https://example.com", None),
        ("no pair", None),
        ("empty:", None),
        ("= 7", None),
        ("12: 7", None),
    ],
)
def test_pairs_are_told_from_remarks(line, pair):
    assert pairs_in([line]) == ([pair] if pair else [])


@given(st.lists(st.text(max_size=50)))
def test_whatever_lines_hold_is_no_error(lines):
    described(pairs_in(lines), "m", None)


def test_what_has_a_place_of_its_own_is_found_under_its_usual_names():
    said = [("BOREHOLE", "A"), ("Unique_Well-ID", "1"), ("Tool Name", "T"), ("run.no", "3"), ("Units", "dB")]
    assert described(said, "m", None) == Metadata("A", "1", "T", "3", "dB", None, {})


def test_the_first_that_says_it_counts_and_the_rest_is_kept():
    found = described([("well", "A"), ("wellbore", "B"), ("field", "F"), ("unit", "dB")], None, "mV")
    assert (found.well, found.unit, found.other) == ("A", "mV", {"wellbore": "B", "field": "F"})


@pytest.mark.parametrize(
    ("text", "depth_unit", "diameter"),
    [
        ("0.2159", "m", 0.2159),
        ("0.2159", None, 0.2159),
        ("8.5 in", "m", 0.2159),
        ('8.5"', "ft", 0.708333333),
        ("216 mm", "m", 0.216),
        ("8.5 in", None, None),
        ("8.5 parsec", "m", None),
        ("about 8", "m", None),
        ("0", "m", None),
    ],
)
def test_the_hole_is_as_wide_as_said_in_the_unit_of_the_depth(text, depth_unit, diameter):
    found = described([("Hole diameter", text)], depth_unit, None)
    assert found.hole_diameter == diameter
    assert found.other == ({} if diameter else {"Hole diameter": text})
