import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.rendering.row_extents import RowExtents, row_extents
from app.rendering.view import tile_view, view_of

Stretches = list[tuple[int, float, float]]


def extents(depths: list[float], level: int, start: int, stop: int) -> RowExtents:
    return row_extents(np.array(depths), view_of(level, start, stop, len(depths)), 1.0)


def continued(found: RowExtents) -> Stretches:
    parts = (found.continued_row, found.continued_top, found.continued_bottom)
    return list(zip(*(part.tolist() for part in parts), strict=True))


def test_a_row_of_the_image_is_at_its_depth() -> None:
    found = extents([1, 2, 3, 30], 0, 1, 4)

    assert found.top.tolist() == found.bottom.tolist() == [2, 3, 30]
    assert continued(found) == []


def test_an_overview_row_covers_its_rows_and_the_last_one_what_is_left() -> None:
    found = extents([1, 2, 3, 4, 5, 6], 1, 0, 2)

    assert found.top.tolist() == [1, 5]
    assert found.bottom.tolist() == [4, 6]


def test_a_gap_between_two_rows_breaks_neither() -> None:
    found = extents([1, 2, 3, 4, 50, 51, 52, 53], 1, 0, 2)

    assert found.bottom.tolist() == [4, 53]
    assert continued(found) == []


def test_a_row_ends_at_a_gap_and_goes_on_below_it() -> None:
    found = extents([1, 2, 3, 4, 5, 6, 50, 51, 52], 1, 0, 3)

    assert found.top.tolist() == [1, 5, 52]
    assert found.bottom.tolist() == [4, 6, 52]
    assert continued(found) == [(1, 50, 51)]


def test_a_row_with_two_gaps_has_three_stretches() -> None:
    found = extents([1, 2, 3, 4, 5, 20, 21, 50], 1, 1, 2)

    assert (found.top.tolist(), found.bottom.tolist()) == ([5], [5])
    assert continued(found) == [(1, 20, 21), (1, 50, 50)]


def test_three_steps_made_by_arithmetic_are_no_gap() -> None:
    depths = np.array([0.1, 0.1 + 3 * 0.1, 0.7, 1.0 + 1e-12])

    found = row_extents(depths, view_of(1, 0, 1, 4), 0.1)

    assert found.bottom.tolist() == [depths[-1]]


@settings(deadline=None)
@given(
    steps=st.lists(st.sampled_from([1.0, 1.0, 2.0, 3.0, 3.5, 40.0]), min_size=1, max_size=200),
    level=st.integers(0, 3),
    first=st.integers(0, 20),
)
def test_stretches_hold_every_row_once_and_bridge_no_gap(steps: list[float], level: int, first: int) -> None:
    depths = np.cumsum([10.0, *steps])
    rows = -(-len(depths) // 4**level)
    first = min(first, rows - 1)

    found = row_extents(depths, view_of(level, first, rows, len(depths)), 1.0)

    own = zip(range(first, rows), found.top.tolist(), found.bottom.tolist(), strict=True)
    held: list[float] = []
    for row, top, bottom in sorted([*own, *continued(found)]):
        stretch = depths[(depths >= top) & (depths <= bottom)]
        assert (np.diff(stretch) <= 3).all()
        assert set(np.searchsorted(depths, stretch) // 4**level) == {row}
        held += stretch.tolist()
    assert held == depths[first * 4**level :].tolist()


def test_tiles_cut_a_level_into_blocks_that_follow_each_other() -> None:
    views = [tile_view(1, index, 5460) for index in range(3)]

    assert [(view.start, view.stop) for view in views] == [(0, 512), (512, 1024), (1024, 1365)]
    assert [view.rows for view in views] == [(0, 2048), (2048, 4096), (4096, 5460)]
