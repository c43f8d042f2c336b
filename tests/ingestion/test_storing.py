from dataclasses import dataclass, field
from functools import cache, partial
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import ndimage

from app.errors import FileError, StorageUnavailable
from app.ingestion import storing
from app.ingestion.readers import Chunk, FoundImage, Metadata, open_file
from app.ingestion.row_groups import ascending_groups, descending_groups
from app.ingestion.storing import store_image
from app.storage.arrays.local_store import LocalStore
from app.storage.arrays.reading import RowReader
from app.storage.arrays.writing import ImageWriter
from app.storage.rounding import round_mantissa
from tests import builders
from tests.builders import Float64, ingest, settings_in, write_csv

IMAGE_ID = 7

image_rows = cache(builders.image_rows)


@dataclass
class Rows:
    """A `Source` of rows in memory. Line numbers begin at 2."""

    depths: Float64
    pixels: Float64
    chunk_rows: list[int] = field(default_factory=lambda: [8192])
    depth_name: str = "depth"
    depth_unit: str | None = None
    row_word: str = "row"
    dropped_rows: int = 0
    integers8: bool = False

    @property
    def width(self):
        return self.pixels.shape[1]

    def chunks(self, rows=8192):
        start, lengths = 0, iter(self.chunk_rows)
        while start < len(self.depths):
            part = slice(start, start + next(lengths, rows))
            start = part.stop
            depths = self.depths[part]
            yield Chunk(depths, self.pixels[part], 2 + part.start + np.arange(len(depths)))


class Store:
    def __init__(self, folder, **changes):
        self.settings = settings_in(folder, source_width="any", **changes)
        self.arrays = LocalStore(folder / "arrays")
        self.progress = []

    def store(self, open_again):
        return store_image(open_again, self.begin, self.settings, self.progress.append)

    def begin(self):
        return ImageWriter(self.arrays, IMAGE_ID)

    def level(self, level, rows):
        reader = RowReader(self.arrays, cache_bytes=0)
        values = reader.rows(IMAGE_ID, level, 0, rows).copy()
        reader.close()
        return values

    def depths(self, rows):
        reader = RowReader(self.arrays, cache_bytes=0)
        depths = reader.depths(IMAGE_ID, rows).copy()
        reader.close()
        return depths


@pytest.fixture
def exact(tmp_path):
    """A store that rounds nothing."""
    return Store(tmp_path, rounding="none")


def zoomed(rows):
    return ndimage.zoom(rows, (1, 150 / rows.shape[1]), order=3).astype(np.float32)


def means_by_hand(values, level):
    """Means over 4**level rows of what is not null, in float64."""
    rows = 4**level
    padded = np.full((-(-len(values) // rows) * rows, values.shape[1]), np.nan)
    padded[: len(values)] = values
    grouped = padded.reshape(-1, rows, values.shape[1])
    count = (~np.isnan(grouped)).sum(axis=1)
    return np.nansum(grouped, axis=1) / np.where(count, count, np.nan)


@pytest.mark.parametrize("decimals", [0, 3])
def test_stored_values_are_those_of_scipy_zoom_on_the_rows_of_the_file(exact, tmp_path, decimals):
    depths, pixels = image_rows(700, seed=3)
    pixels = pixels.round(decimals)
    path = write_csv(tmp_path / "well.csv", depths, pixels)
    image = exact.store(open_file(path, exact.settings).images[0].open)
    assert (image.rows, image.source_width, image.levels) == (700, 200, 0)
    np.testing.assert_allclose(exact.level(0, 700), zoomed(pixels), rtol=2e-7, atol=1e-10)
    np.testing.assert_array_equal(exact.depths(700), depths)


def test_resize_mode_wrap_is_scipy_zoom_around_the_wall(tmp_path):
    depths, pixels = image_rows(50, width=24)
    store = Store(tmp_path, rounding="none", resize_mode="wrap")
    store.store(lambda: Rows(depths, pixels))
    expected = ndimage.zoom(pixels, (1, 150 / 24), order=3, mode="grid-wrap", grid_mode=True)
    np.testing.assert_allclose(store.level(0, 50), expected, rtol=1e-6, atol=1e-6)


def test_rounding_rounds_rows_and_overviews_to_13_bits(tmp_path):
    depths, pixels = image_rows(1500, width=20, pad_gaps=True)
    plain, rounded = Store(tmp_path / "plain", rounding="none"), Store(tmp_path / "rounded")
    for store in (plain, rounded):
        store.store(lambda: Rows(depths, pixels))
    values = rounded.level(0, 1500)
    np.testing.assert_array_equal(values, round_mantissa(plain.level(0, 1500)))
    means = rounded.level(1, 375)
    np.testing.assert_array_equal(means, round_mantissa(means))
    np.testing.assert_allclose(means, means_by_hand(values, 1), rtol=2**-13)


GROUP = 32_768
ROWS = 2 * GROUP + 4500


@pytest.fixture(scope="module")
def long_image():
    """An image that takes three groups of 32,768 rows and four overview levels; some nulls, some rows of them."""
    random = np.random.default_rng(11)
    pixels = random.normal(100, 40, (ROWS, 4))
    pixels[random.random(ROWS) < 0.01] = np.nan
    pixels[:, 3][random.random(ROWS) < 0.05] = np.nan
    return 9000 + 0.125 * np.arange(ROWS), pixels


@pytest.mark.parametrize("descending", [False, True])
def test_an_image_of_several_row_groups_is_stored_as_one(monkeypatch, exact, long_image, descending):
    monkeypatch.setattr(storing, "ascending_groups", partial(ascending_groups, group_rows=GROUP))
    monkeypatch.setattr(storing, "descending_groups", partial(descending_groups, group_rows=GROUP))
    depths, pixels = long_image
    order = slice(None, None, -1 if descending else 1)
    image = exact.store(lambda: Rows(depths[order], pixels[order]))
    assert (image.rows, image.levels, image.descending) == (ROWS, 4, descending)
    assert (image.depth_min, image.depth_max, image.step) == (depths[0], depths[-1], 0.125)
    np.testing.assert_array_equal(exact.depths(ROWS), depths)

    values = exact.level(0, ROWS)
    for row in (0, GROUP - 100, 2 * GROUP - 100, ROWS - 200):
        here = slice(row, row + 200)
        whole = ~np.isnan(pixels[here]).any(axis=1)
        assert whole.sum() > 150
        np.testing.assert_allclose(values[here][whole], zoomed(pixels[here][whole]), rtol=1e-5, atol=1e-4)
    np.testing.assert_array_equal(np.isnan(values).all(axis=1), np.isnan(pixels).all(axis=1))
    for level in range(1, 5):
        expected = means_by_hand(values, level)
        np.testing.assert_allclose(exact.level(level, len(expected)), expected, rtol=1e-6)
    assert np.isnan(exact.level(4, 1024)[len(expected) :]).all()
    assert image.statistics["null_count"] == np.isnan(values).sum()
    assert image.statistics["mean"] == pytest.approx(np.nanmean(values.astype(float)), rel=1e-9)


def test_chunk_borders_change_no_bit(tmp_path):
    depths, pixels = image_rows(900, width=20, pad_gaps=True)
    stored = []
    for number, lengths in enumerate([[900], [1] * 60, [511, 3, 200], [1, 899]]):
        store = Store(tmp_path / str(number), rounding="none")
        image = store.store(lambda lengths=lengths: Rows(depths, pixels, list(lengths)))
        stored.append((store.level(0, 900).tobytes(), store.depths(900).tobytes(), image.display_range))
    assert stored[1:] == stored[:1] * 3


@pytest.mark.parametrize("chunk_rows", [[1], [1, 1], [2], [40]])
def test_a_file_read_upwards_is_stored_downwards_wherever_its_first_chunk_ends(exact, chunk_rows):
    depths, pixels = image_rows(40, width=20)
    image = exact.store(lambda: Rows(depths[::-1], pixels[::-1], list(chunk_rows)))
    assert image.descending
    np.testing.assert_array_equal(exact.depths(40), depths)
    np.testing.assert_allclose(exact.level(0, 40), zoomed(pixels), rtol=1e-6, atol=1e-6)


def test_an_image_of_one_row(exact):
    image = exact.store(lambda: Rows(np.array([1234.5]), np.array([[1.0, 2.0, 4.0]])))
    assert (image.rows, image.levels, image.step, image.descending) == (1, 0, 0.0, False)
    assert image.depth_min == image.depth_max == 1234.5


@pytest.mark.parametrize(
    ("said", "assumed", "unit"), [("ft", "m", "ft"), (None, "m", "m"), (None, None, None)]
)
def test_the_depth_unit_of_the_file_wins_over_that_of_the_settings(tmp_path, said, assumed, unit):
    store = Store(tmp_path, depth_unit=assumed)
    depths, pixels = image_rows(3, width=5)
    assert store.store(lambda: Rows(depths, pixels, depth_unit=said)).depth_unit == unit


@pytest.mark.parametrize("descending", [False, True])
def test_progress_counts_the_rows_and_shows_life_while_they_are_counted(exact, descending):
    depths, pixels = image_rows(1000, width=5)
    order = slice(None, None, -1 if descending else 1)
    exact.store(lambda: Rows(depths[order], pixels[order], [300, 300, 300, 100]))
    assert exact.progress == [0] * (4 if descending else 0) + [300, 600, 900, 1000]


@pytest.mark.parametrize(
    "pixels",
    [
        [1e39, 0, 0],
        [0, -1e39, np.nan],
        [-3.4e38, -3.4e38, -3.4e38, 3.4e38, 3.4e38, 3.4e38],  # the cubic overshoots
        [1.7e308, -1.7e308, 1.7e308],
        [np.nan, 1e200, np.nan],
    ],
)
def test_a_pixel_too_large_for_float32_is_refused(exact, pixels):
    rows = np.array([np.zeros(len(pixels)), pixels])
    with pytest.raises(FileError, match=r"Row 3 holds .* too large") as caught:
        exact.store(lambda: Rows(np.array([1.0, 2.0]), rows))
    largest = np.nanmax(np.abs(pixels))
    assert (caught.value.reason, caught.value.row, caught.value.value) == (
        "infinite_value",
        3,
        f"{largest:g}",
    )


def test_a_lone_huge_pixel_whose_place_is_null_is_refused_too(exact):
    pixels = np.full((1, 1000), np.nan)
    pixels[0, 503] = 1e200
    with pytest.raises(FileError, match="too large"):
        exact.store(lambda: Rows(np.array([1.0]), pixels))


def test_a_file_whose_first_chunk_is_at_fault_takes_no_image_id(tmp_path):
    path = tmp_path / "well.csv"
    path.write_text("depth,a,b\n1,2,3\n2,x,4\n")
    settings = settings_in(tmp_path, source_width="any")
    with pytest.raises(FileError):
        store_image(open_file(path, settings).images[0].open, pytest.fail, settings, lambda rows: None)


@pytest.mark.parametrize("wrong_row", [0, 63, 64, 65, 250, 499])
@pytest.mark.parametrize("descending", [False, True])
def test_the_first_wrong_row_anywhere_leaves_nothing_behind(
    monkeypatch, tmp_path, place, wrong_row, descending
):
    monkeypatch.setattr(storing, "ascending_groups", partial(ascending_groups, group_rows=64))
    monkeypatch.setattr(storing, "descending_groups", partial(descending_groups, group_rows=64))
    chunks = Rows.chunks
    held = SimpleNamespace(images=[FoundImage("", Metadata(), lambda: source)])
    monkeypatch.setattr("app.pipeline.attempt.open_file", lambda path, settings: held)
    depths, pixels = image_rows(500, width=20)
    order = slice(None, None, -1 if descending else 1)
    source = Rows(depths[order], pixels[order], [50] * 10)

    def failing(self, rows=8192):
        for chunk in chunks(self, rows):
            if wrong_row + 2 in chunk.lines:
                raise FileError("not_a_number", "wrong", row=wrong_row + 2)
            yield chunk

    monkeypatch.setattr(Rows, "chunks", failing)
    job = ingest(place, write_csv(tmp_path / "bad.csv", depths[:1], pixels[:1]))
    assert (job.state, job.row) == ("failed", wrong_row + 2)
    assert place.images.totals().images == 0
    for leftover in ("__fragments/*", "__commits/*"):
        assert not list((place.settings.db_dir / "arrays").glob(f"shard-*/*/{leftover}"))

    monkeypatch.setattr(Rows, "chunks", chunks)
    good = ingest(place, write_csv(tmp_path / "good.csv", depths[:2], pixels[:2]))
    assert good.state == "stored"
    reader = RowReader(place.arrays, cache_bytes=0)
    np.testing.assert_array_equal(reader.depths(good.image_ids[0], 500), depths)
    reader.close()


def test_a_storage_that_does_not_answer_is_not_the_fault_of_the_file(exact):
    depths, pixels = image_rows(10, width=5)
    (exact.arrays.layout.root / "shard-00000").mkdir(parents=True)  # a shard without arrays
    with pytest.raises(StorageUnavailable):
        exact.store(lambda: Rows(depths, pixels))
