from __future__ import annotations

import pytest

from app.ingestion.readers.curve_families import find_families


def families(*names, unit="V"):
    found = find_families(names, [unit] * len(names))
    return {family.name: [names[position] for position in family.positions] for family in found}


@pytest.mark.parametrize(
    ("pattern", "name"),
    [("ABDC{}M", "ABDC"), ("AWBK[{}]", "AWBK"), ("IMG({})", "IMG"), ("GR_{}", "GR"), ("Amp{}", "Amp")],
)
@pytest.mark.parametrize("first", [0, 1])
def test_curves_numbered_from_0_or_1_are_an_image_in_the_order_of_their_numbers(pattern, name, first):
    names = [pattern.format(number) for number in range(first, first + 12)]
    assert families("DEPT", *reversed(names), "GR") == {name: names}


@pytest.mark.parametrize(
    "names",
    [
        ["AT10", "AT20", "AT30", "AT60", "AT90"],  # depths of investigation
        ["C1", "C2", "C3"],
        ["X0", "X1", "X2", "X4"],
        ["X2", "X3", "X4", "X5"],
        ["GR", "RHOB", "NPHI", "DT"],
    ],
)
def test_other_curves_are_none(names):
    assert families("DEPT", *names) == {}


def test_curves_of_different_units_are_not_one_image():
    names = [f"X{number}" for number in range(8)]
    assert find_families(names, ["V", "mV"] * 4) == []


def test_images_that_begin_alike_are_told_apart_by_what_follows_the_number():
    names = [f"GR{number}{after}" for after in ("A", "B", "B_") for number in range(4)]
    assert list(families(*names)) == ["GR", "GR_B", "GR_B_"]


def test_images_that_only_their_unit_tells_apart_are_numbered():
    names = [f"GR{number}" for number in range(4)] + [f"GR[{number}]" for number in range(4)]
    assert list(families(*names)) == ["GR", "GR_2"]
