"""A file in parts is the image that one process makes of it, or none."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import FileError
from app.ingestion import fingerprint, parts
from app.ingestion.fingerprint import line_ends
from app.ingestion.parts import PartsDiffer, divide, join_parts, store_part
from app.ingestion.readers import open_file
from app.ingestion.stored_image import StoredImage
from app.ingestion.storing import store_image
from app.settings import Settings
from app.storage.arrays.local_store import LocalStore
from app.storage.arrays.reading import RowReader
from app.storage.arrays.writing import ImageWriter
from tests.builders import settings_in

WIDTH = 3
GROUP = 64  # rows of the smallest part that makes whole overview levels of itself
ENDS_OF_PIECES = 700  # bytes, so that lines reach across


@dataclass
class Bench:
    """Stores files both ways, side by side in one place."""

    folder: Path
    settings: Settings

    def __post_init__(self):
        self.file = self.folder / "well.csv"
        self.arrays = LocalStore(self.folder / "arrays")
        self.ids = count(1)

    def by_one(self) -> StoredImage:
        return store_image(
            open_file(self.file, self.settings).images[0].open, self.writer, self.settings, lambda _: None
        )

    def divided(self, workers=2):
        return divide(self.file, line_ends(self.file), self.settings, workers)

    def in_parts(self, order=lambda parts: parts) -> StoredImage:
        division = self.divided()
        assert division is not None
        writer = self.writer()
        stored = [
            store_part(self.file, self.settings, division, part, writer) for part in order(division.parts)
        ]
        return join_parts(division, stored, writer, self.settings)

    def writer(self):
        return ImageWriter(self.arrays, next(self.ids))

    def content(self, image: StoredImage):
        """Depths, and the rows of each level."""
        reader = RowReader(self.arrays, cache_bytes=0)
        lengths = [-(-image.rows // 4**level) for level in range(image.levels + 1)]
        rows = [reader.rows(image.image_id, level, 0, length).copy() for level, length in enumerate(lengths)]
        depths = reader.depths(image.image_id, image.rows).copy()
        reader.close()
        return [depths, *rows]

    def assert_same(self, image: StoredImage, expected: StoredImage):
        for found, wanted in zip(self.content(image), self.content(expected), strict=True):
            np.testing.assert_array_equal(found, wanted)
        figures, wanted_figures = dict(image.statistics), dict(expected.statistics)
        for counted in ("histogram", "histogram_edges", "percentiles"):
            assert figures.pop(counted) == pytest.approx(wanted_figures.pop(counted), rel=1e-9)
        assert figures == pytest.approx(wanted_figures, rel=1e-9, abs=1e-9)
        assert replace(image, image_id=0, statistics={}) == replace(expected, image_id=0, statistics={})


@contextmanager
def parts_of(rows: int):
    """Files are divided into parts of this many rows."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(parts, "SMALLEST_GROUP", rows)
        patched.setattr(parts, "GROUP_ROWS", rows)
        patched.setattr(parts, "PIECE_BYTES", ENDS_OF_PIECES)
        patched.setattr(fingerprint, "PIECE_BYTES", ENDS_OF_PIECES)
        yield


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    return Bench(folder, settings_in(folder, source_width="any"))


def lines_of(rows: int, *, seed: int = 0, descending: bool = False, nulls: bool = False, bytes_only=True):
    random = np.random.default_rng(seed)
    values = random.integers(0, 256, (rows, WIDTH)).astype(float)
    if not bytes_only:
        values = (values * 1.5 - 40).round(2)
    texts = [["" if nulls and random.random() < 0.1 else f"{value:g}" for value in row] for row in values]
    depths = [f"{100 + 0.1 * row:.1f}" for row in range(rows)]
    if descending:
        depths.reverse()
    return [",".join([depth, *cells]) for depth, cells in zip(depths, texts, strict=True)]


def file_of(lines, *, end="\n", final=True) -> bytes:
    head = "depth," + ",".join(f"p{column}" for column in range(WIDTH))
    return (end.join([head, *lines]) + (end if final else "")).encode()


def depth_of(line: str) -> str:
    return line.split(",")[0]


def with_depth(line: str, depth: str) -> str:
    return ",".join([depth, *line.split(",")[1:]])


DAMAGES = {
    "blank line": lambda lines, at: [*lines[:at], "", *lines[at:]],
    "row without depth": lambda lines, at: [*lines[:at], with_depth(lines[at], ""), *lines[at + 1 :]],
    "bad cell": lambda lines, at: [*lines[:at], lines[at] + "x", *lines[at + 1 :]],
    "short row": lambda lines, at: [*lines[:at], depth_of(lines[at]), *lines[at + 1 :]],
    "open quote": lambda lines, at: [*lines[:at], lines[at] + '"', *lines[at + 1 :]],
    "repeated depth": lambda lines, at: [
        *lines[:at],
        with_depth(lines[at], depth_of(lines[at - 1])),
        *lines[at + 1 :],
    ],
    "depths turn": lambda lines, at: [*lines[:at], *reversed(lines[at:])],
    "rest comes first": lambda lines, at: [*lines[at:], *lines[:at]],
}


@given(
    group=st.sampled_from([GROUP, 2 * GROUP, 4 * GROUP]),
    more_rows=st.integers(0, 3 * GROUP),
    seed=st.integers(0, 99),
    descending=st.booleans(),
    nulls=st.booleans(),
    bytes_only=st.booleans(),
    end=st.sampled_from(["\n", "\r\n"]),
    final=st.booleans(),
    backwards=st.booleans(),
)
@settings(max_examples=20)
def test_parts_make_the_image_that_one_process_makes(bench, group, more_rows, backwards, end, final, **kinds):
    lines = lines_of(2 * group + more_rows, **kinds)
    bench.file.write_bytes(file_of(lines, end=end, final=final))
    with parts_of(group):
        division = bench.divided()
        image = bench.in_parts(lambda parts: parts[::-1] if backwards else parts)
    assert len(division.parts) == -(-len(lines) // group)
    bench.assert_same(image, bench.by_one())


@pytest.mark.parametrize("tail", [[""], ["", " ", ""], [",1,2,3"], [",,,", ",,,"]])
@pytest.mark.parametrize("rows", [3 * GROUP - 20, 3 * GROUP - 4])
def test_an_ascending_file_may_end_in_lines_without_a_row(bench, rows, tail):
    bench.file.write_bytes(file_of(lines_of(rows) + tail))
    with parts_of(GROUP):
        image = bench.in_parts()
    bench.assert_same(image, bench.by_one())


@given(
    damage=st.sampled_from(sorted(DAMAGES)),
    at=st.one_of(
        st.integers(1, 3 * GROUP + 9), st.sampled_from([GROUP - 1, GROUP, GROUP + 1, 2 * GROUP, 3 * GROUP])
    ),
    descending=st.booleans(),
    end=st.sampled_from(["\n", "\r\n"]),
)
@settings(max_examples=50)
def test_what_does_not_fit_together_never_makes_a_wrong_image(bench, damage, at, descending, end):
    lines = DAMAGES[damage](lines_of(3 * GROUP + 10, descending=descending), at)
    bench.file.write_bytes(file_of(lines, end=end))
    with parts_of(GROUP):
        try:
            image = bench.in_parts()
        except (PartsDiffer, FileError):
            return
    bench.assert_same(image, bench.by_one())


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("damage", ["repeated depth", "depths turn", "rest comes first"])
def test_depths_out_of_order_just_between_two_parts_are_noticed(bench, damage, descending):
    rows = 3 * GROUP
    border = 2 * GROUP if not descending else GROUP
    lines = DAMAGES[damage](lines_of(rows, descending=descending), border)
    bench.file.write_bytes(file_of(lines))
    with parts_of(GROUP), pytest.raises(PartsDiffer):
        bench.in_parts()
    with pytest.raises(FileError):
        bench.by_one()


@pytest.mark.parametrize("at", [1, GROUP, 2 * GROUP + 5])
def test_a_line_without_a_row_leaves_a_descending_file_to_one_process(bench, at):
    bench.file.write_bytes(file_of(DAMAGES["blank line"](lines_of(3 * GROUP, descending=True), at)))
    with parts_of(GROUP), pytest.raises(PartsDiffer):
        bench.in_parts()


def test_short_files_and_single_workers_are_not_divided(bench):
    bench.file.write_bytes(file_of(lines_of(2 * GROUP - 2)))
    with parts_of(GROUP):
        assert bench.divided() is None
        bench.file.write_bytes(file_of(lines_of(2 * GROUP)))
        assert bench.divided(workers=1) is None
        assert bench.divided() is not None


def test_a_file_whose_first_rows_have_no_depth_to_compare_is_not_divided(bench):
    bench.file.write_bytes(file_of(lines_of(1) + ["" for _ in range(4 * GROUP)]))
    with parts_of(GROUP):
        assert bench.divided() is None
