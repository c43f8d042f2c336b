import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ingestion.row_groups import GROUP_ROWS, RowBlock, ascending_groups, descending_groups


def test_groups_end_where_no_overview_row_up_to_level_7_is_cut():
    assert GROUP_ROWS % 4**7 == 0


def blocks_of(depths, cuts):
    values = np.column_stack([depths, depths + 0.5]).astype(np.float32)
    for part in np.split(np.arange(len(depths)), sorted(cuts)):
        if len(part):
            yield RowBlock(depths[part], values[part])


def joined(groups, group_rows, rows):
    """All rows by their place in the image; each exactly once, in groups that end at multiples of group_rows."""
    depths, values = np.full(rows, np.nan), np.full((rows, 2), np.nan, dtype=np.float32)
    for group in groups:
        assert group.start % group_rows == 0
        assert group.stop == min(group.start + group_rows, rows)
        assert np.isnan(depths[group.start : group.stop]).all()
        depths[group.start : group.stop] = group.depths
        values[group.start : group.stop] = group.values
    return depths, values


@given(rows=st.integers(1, 50), group_rows=st.integers(1, 20), cuts=st.sets(st.integers(0, 50)))
@pytest.mark.parametrize("descending", [False, True])
def test_every_row_comes_to_its_place_wherever_blocks_end(descending, rows, group_rows, cuts):
    ascending = np.arange(rows, dtype=float)
    if descending:
        groups = descending_groups(blocks_of(ascending[::-1], cuts), rows, group_rows)
    else:
        groups = ascending_groups(blocks_of(ascending, cuts), group_rows)
    depths, values = joined(groups, group_rows, rows)
    np.testing.assert_array_equal(depths, ascending)
    np.testing.assert_array_equal(values, np.column_stack([ascending, ascending + 0.5]))


def test_no_more_than_one_group_is_held():
    given_out = []

    def blocks():
        for row in range(100):
            given_out.append(row)
            yield RowBlock(np.array([row], dtype=float), np.zeros((1, 2), dtype=np.float32))

    groups = ascending_groups(blocks(), group_rows=8)
    first = next(groups)
    assert len(given_out) == 8
    assert next(groups).values.base is first.values.base
