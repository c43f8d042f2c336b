import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import DepthRangeEmpty, InvalidParameter
from app.rendering.depth_range import RowRange, select_rows

STEP = 0.1


def depths(first: float = 9000.1, count: int = 100, step: float = STEP) -> np.ndarray:
    """As a file has them: decimal fractions, each the float64 nearest to it."""
    return np.round(first + step * np.arange(count), 6)


def with_gap() -> np.ndarray:
    """100.0 to 100.9, then nothing until 126.0."""
    return np.concatenate([depths(100.0, 10), depths(126.0, 10)])


def test_both_ends_are_included() -> None:
    assert select_rows(depths(), 9001.0, 9002.0, STEP) == RowRange(9, 20)


def test_the_contract_range_has_85_rows() -> None:
    start, stop = select_rows(depths(9000.1, 5460), 9201.9, 9210.3, STEP)

    assert stop - start == 85


def test_equal_ends_are_one_row() -> None:
    assert select_rows(depths(), 9000.1, 9000.1, STEP) == RowRange(0, 1)


def test_an_end_left_out_is_the_end_of_the_image() -> None:
    assert select_rows(depths(), None, None, STEP) == RowRange(0, 100)
    assert select_rows(depths(), 9001.0, None, STEP) == RowRange(9, 100)
    assert select_rows(depths(), None, 9001.0, STEP) == RowRange(0, 10)


def test_overhang_is_clipped() -> None:
    assert select_rows(depths(), 0.0, 1e6, STEP) == RowRange(0, 100)


def test_depths_made_by_arithmetic_lose_no_row() -> None:
    computed = 9000.1 + 0.1 * np.arange(5460)

    for first in range(0, 5000, 7):
        asked_min, asked_max = round(9000.1 + 0.1 * first, 1), round(9000.1 + 0.1 * (first + 84), 1)

        assert select_rows(computed, asked_min, asked_max, STEP) == RowRange(first, first + 85)


def test_the_tolerance_is_a_thousandth_of_a_step_and_no_more() -> None:
    assert select_rows(depths(), 9001.00009, 9001.99991, STEP) == RowRange(9, 20)
    assert select_rows(depths(), 9001.00011, 9001.99989, STEP) == RowRange(10, 19)


def test_an_image_of_one_row_has_no_step_and_still_answers() -> None:
    assert select_rows(np.array([5.0]), 5.0, 5.0, 0.0) == RowRange(0, 1)


@pytest.mark.parametrize(
    ("depth_min", "depth_max"), [(9600.0, 9610.0), (9600.0, None), (1.0, 2.0), (None, 2.0)]
)
def test_a_range_outside_the_image_tells_the_range_of_the_image(
    depth_min: float | None, depth_max: float | None
) -> None:
    with pytest.raises(DepthRangeEmpty) as raised:
        select_rows(depths(), depth_min, depth_max, STEP)

    assert raised.value.details == {
        "depth_min": 9000.1,
        "depth_max": 9010.0,
        "asked_depth_min": depth_min,
        "asked_depth_max": depth_max,
    }


def test_a_message_names_what_was_asked_and_what_there_is() -> None:
    with pytest.raises(DepthRangeEmpty) as raised:
        select_rows(depths(), 9600.0, 9610.5, STEP)

    assert (
        str(raised.value)
        == "No row lies within depth_min=9600, depth_max=9610.5; the image covers 9000.1 to 9010."
    )


def test_a_message_leaves_out_an_end_that_was_not_asked() -> None:
    with pytest.raises(DepthRangeEmpty, match=r"^No row lies within depth_max=12; "):
        select_rows(depths(), None, 12.0, STEP)


def test_a_range_in_a_gap_tells_the_nearest_depths() -> None:
    with pytest.raises(DepthRangeEmpty, match=r"nothing between its rows at 100\.9 and 126\.$") as raised:
        select_rows(with_gap(), 105.0, 110.0, STEP)

    assert raised.value.details["nearest_depths"] == [100.9, 126.0]


def test_a_range_between_two_samples_tells_both() -> None:
    with pytest.raises(DepthRangeEmpty) as raised:
        select_rows(depths(), 9001.02, 9001.08, STEP)

    assert raised.value.details["nearest_depths"] == [9001.0, 9001.1]


def test_a_range_across_a_gap_has_the_rows_of_both_sides() -> None:
    assert select_rows(with_gap(), 100.8, 126.1, STEP) == RowRange(8, 12)


def test_inverted_ends_are_refused_even_outside_the_image() -> None:
    with pytest.raises(InvalidParameter, match=r"depth_min=20 is greater than depth_max=10") as raised:
        select_rows(depths(), 20.0, 10.0, STEP)

    assert raised.value.details["parameter"] == "depth_min"


@pytest.mark.parametrize("parameter", ["depth_min", "depth_max"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_an_end_that_is_no_finite_number_is_refused_by_name(parameter: str, value: float) -> None:
    ends = {"depth_min": 1.0, "depth_max": 2.0, parameter: value}

    with pytest.raises(InvalidParameter, match=f"^{parameter}=") as raised:
        select_rows(depths(), ends["depth_min"], ends["depth_max"], STEP)

    assert raised.value.details == {"parameter": parameter, "value": str(value)}


ticks = st.integers(-2000, 2000)


@given(
    at=st.lists(ticks, min_size=1, max_size=40, unique=True).map(sorted),
    asked=st.tuples(st.none() | ticks, st.none() | ticks),
    step=st.sampled_from([0.0, 0.1, 500.0, 4000.0]),
)
def test_rows_are_those_a_look_at_every_depth_finds(
    at: list[int], asked: tuple[int | None, int | None], step: float
) -> None:
    image = np.array(at) / 8
    depth_min, depth_max = (None if end is None else end / 8 for end in asked)
    low = -math.inf if depth_min is None else depth_min - step / 1000
    high = math.inf if depth_max is None else depth_max + step / 1000
    expected = [row for row, depth in enumerate(image.tolist()) if low <= depth <= high]

    if depth_min is not None and depth_max is not None and depth_min > depth_max:
        with pytest.raises(InvalidParameter):
            select_rows(image, depth_min, depth_max, step)
    elif not expected:
        with pytest.raises(DepthRangeEmpty):
            select_rows(image, depth_min, depth_max, step)
    else:
        start, stop = select_rows(image, depth_min, depth_max, step)
        assert list(range(start, stop)) == expected
