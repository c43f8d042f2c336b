import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import FileError
from app.ingestion.depths import DepthOrder
from app.ingestion.readers import Chunk


def check(depths, cuts=()):
    """Check depths that stand from line 10 on, in chunks cut at `cuts`; the order."""
    order = DepthOrder("MD", "line")
    for part in np.split(np.arange(len(depths)), sorted(cuts)):
        if len(part):
            values = np.array(depths, dtype=float)[part]
            order.check(Chunk(values, np.zeros((len(part), 2)), part + 10))
    return order


@pytest.mark.parametrize(
    ("depths", "descending"),
    [
        ([1.0], None),
        ([1, 2], False),
        ([2, 1], True),
        ([-1, 0, 5], False),
        ([0, -1], True),
        ([5, 5 + 1e-15], False),
    ],
)
def test_two_depths_tell_the_direction(depths, descending):
    assert check(depths).descending is descending


@given(
    steps=st.lists(st.floats(1e-3, 100), min_size=1, max_size=20),
    cuts=st.sets(st.integers(0, 20)),
    data=st.data(),
)
def test_the_first_row_out_of_order_is_told_wherever_chunks_end(steps, cuts, data):
    depths = np.cumsum(steps)
    sign = data.draw(st.sampled_from([1, -1]))
    assert check(sign * depths, cuts).descending is (None if len(depths) == 1 else sign < 0)
    if len(depths) < 3:
        return
    at = data.draw(st.integers(2, len(depths) - 1))
    broken = depths.copy()
    repeated = data.draw(st.booleans())
    broken[at] = depths[at - 1] if repeated else depths[at - 1] - 0.5
    with pytest.raises(FileError) as caught:
        check(sign * broken, cuts)
    error = caught.value
    assert error.reason == ("depth_repeated" if repeated else "depth_not_monotonic")
    assert (error.row, error.column, error.value) == (at + 10, "MD", str(float(sign * broken[at])))
    assert f"of line {at + 9}" in error.message


@pytest.mark.parametrize("value", [np.inf, -np.inf])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_infinite_depths_are_refused(value, at):
    depths = [1.0, 2.0, 3.0]
    depths[at] = value
    with pytest.raises(FileError) as caught:
        check(depths, cuts=[1])
    assert (caught.value.reason, caught.value.row) == ("infinite_value", at + 10)
