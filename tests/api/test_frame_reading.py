from __future__ import annotations

import re

import numpy as np

from app.api.frame_reading import Selection, Stopwatch
from app.rendering.depth_range import RowRange
from app.rendering.view import View
from app.storage.catalog.tables import Image


def test_a_selection_tells_its_rows_and_their_depths():
    depths = np.arange(100.0, 200.0)
    selection = Selection(Image(id=1), View(1, 2, 5, RowRange(8, 20)), depths)
    assert (selection.depth_min, selection.depth_max, selection.row_count) == (108.0, 119.0, 12)
    assert isinstance(selection.depth_min, float)
    np.testing.assert_array_equal(selection.row_depths, np.arange(108.0, 120.0))


def test_laps_are_told_as_server_timing(monkeypatch):
    moments = iter([1.0, 1.0025, 1.1])
    monkeypatch.setattr("time.perf_counter", lambda: next(moments))
    watch = Stopwatch()
    watch.lap("read")
    watch.lap("render")
    assert re.fullmatch(r"read;dur=2\.50, render;dur=97\.50", watch.header)
