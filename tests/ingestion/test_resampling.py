import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from app.ingestion.resampling import Resampler
from app.storage.rounding import round_mantissa
from tests.builders import image_rows

RNG = np.random.default_rng(20)
WIDTHS = [2, 3, 8, 16, 149, 150, 152, 180, 200, 256, 360, 1000]


def zoomed(rows, mode, width=150):
    """What the design asks for, a row at a time."""
    geometry = {"mode": "grid-wrap", "grid_mode": True} if mode == "wrap" else {}
    factor = (1, width / rows.shape[1])
    return np.concatenate([ndimage.zoom(row[np.newaxis], factor, order=3, **geometry) for row in rows])


def filled_by_hand(row, mode):
    """The gaps of one row filled as the rules say, pixel by pixel."""
    width = len(row)
    filled = row.copy()
    for pixel in range(width):
        if not np.isnan(row[pixel]):
            continue
        left, right = None, None
        for distance in range(1, width):
            before, after = pixel - distance, pixel + distance
            if mode == "wrap":
                before, after = before % width, after % width
            if left is None and before >= 0 and not np.isnan(row[before]):
                left = distance, row[before]
            if right is None and after < width and not np.isnan(row[after]):
                right = distance, row[after]
        if left is None or right is None:
            filled[pixel] = (left or right)[1]
        else:
            filled[pixel] = (left[1] * right[0] + right[1] * left[0]) / (left[0] + right[0])
    return filled


def null_by_hand(row, mode, width=150):
    """Which output pixels are null: nulls exceed half of what they cover."""
    source = len(row)
    result = []
    for j in range(width):
        if mode == "wrap":
            low, high = j * source / width - 0.5, (j + 1) * source / width - 0.5
        else:
            pitch = (source - 1) / (width - 1)
            low, high = max(j * pitch - pitch / 2, -0.5), min(j * pitch + pitch / 2, source - 0.5)
        nulls = sum(
            max(0.0, min(high, i + 0.5) - max(low, i - 0.5)) for i in range(source) if np.isnan(row[i])
        )
        result.append(nulls > (high - low) / 2 + 1e-9)
    return np.array(result)


def resampled_by_hand(rows, mode):
    out = np.full((len(rows), 150), np.nan)
    for index, row in enumerate(rows):
        if not np.isnan(row).all():
            out[index] = zoomed(filled_by_hand(row, mode)[np.newaxis], mode)[0]
            out[index, null_by_hand(row, mode)] = np.nan
    return out


@pytest.mark.parametrize("mode", ["zoom", "wrap"])
@pytest.mark.parametrize("source_width", WIDTHS)
def test_rows_without_nulls_equal_scipy_zoom(source_width, mode):
    rows = RNG.normal(100, 50, (20, source_width))
    np.testing.assert_allclose(
        Resampler(source_width, mode=mode)(rows), zoomed(rows, mode), rtol=0, atol=1e-9
    )


def test_other_output_widths_equal_scipy_zoom():
    rows = RNG.normal(100, 50, (5, 200))
    np.testing.assert_allclose(Resampler(200, 90)(rows), zoomed(rows, "zoom", 90), rtol=0, atol=1e-9)


def test_every_source_width_gives_exactly_150_columns():
    for source_width in [*range(2, 60), *range(97, 2000, 31)]:
        assert Resampler(source_width).matrix.shape == (source_width, 150)


def test_last_pixel_is_kept_where_scipy_zoom_loses_it_to_a_rounding_error():
    rows = np.full((1, 162), 7.0)
    assert zoomed(rows, "zoom")[0, -1] == 0
    np.testing.assert_allclose(Resampler(162)(rows), 7.0)


@pytest.mark.parametrize("mode", ["zoom", "wrap"])
def test_rows_of_the_stored_width_come_back_unchanged_nulls_included(mode):
    rows = RNG.normal(100, 50, (30, 150))
    rows[RNG.random(rows.shape) < 0.2] = np.nan
    np.testing.assert_array_equal(Resampler(150, mode=mode)(rows), rows)


@pytest.mark.parametrize(("source_width", "width"), [(1, 150), (0, 150), (200, 1)])
def test_widths_that_cannot_be_resampled_are_refused(source_width, width):
    with pytest.raises(ValueError, match="at least 2"):
        Resampler(source_width, width)


@pytest.mark.parametrize("height", [1, 2, 7, 100, 511, 512, 513, 1000])
def test_result_has_the_same_bits_whatever_the_chunk_height(height):
    _, pixels = image_rows(1100, pad_gaps=True)
    resample = Resampler(200)
    whole = resample(pixels)
    chunked = np.concatenate([resample(pixels[start : start + height]) for start in range(0, 1100, height)])
    # A BLAS is free to differ in the last bit; what is stored must then still agree but for a rare tie.
    np.testing.assert_allclose(chunked, whole, rtol=1e-12)
    stored, again = (round_mantissa(values.astype(np.float32)) for values in (whole, chunked))
    assert np.count_nonzero((stored != again) & ~np.isnan(stored)) <= 2


@pytest.mark.parametrize("mode", ["zoom", "wrap"])
def test_rows_without_nulls_keep_their_bits_beside_rows_with_nulls(mode):
    _, pixels = image_rows(700)
    with_nulls = pixels.copy()
    with_nulls[::3, 40:60] = np.nan
    with_nulls[1::3, :] = np.nan
    resample = Resampler(200, mode=mode)
    np.testing.assert_array_equal(resample(with_nulls)[2::3], resample(pixels)[2::3])


@pytest.mark.parametrize("mode", ["zoom", "wrap"])
@pytest.mark.parametrize("source_width", WIDTHS[:9])
def test_nulls_follow_the_rules(source_width, mode):
    rows = RNG.normal(100, 50, (24, source_width))
    for index, row in enumerate(rows):
        if index % 3:
            row[RNG.random(source_width) < RNG.choice([0.02, 0.3, 0.9])] = np.nan
        else:
            first, length = RNG.integers(source_width), RNG.integers(1, source_width)
            row[np.arange(first, first + length) % source_width] = np.nan
    expected = resampled_by_hand(rows, mode)
    np.testing.assert_allclose(Resampler(source_width, mode=mode)(rows), expected, rtol=0, atol=1e-8)


@settings(max_examples=40, deadline=None)
@given(
    nulls=st.lists(st.lists(st.booleans(), min_size=24, max_size=24), min_size=1, max_size=6),
    mode=st.sampled_from(["zoom", "wrap"]),
)
def test_any_pattern_of_nulls_follows_the_rules(nulls, mode):
    rows = np.sin(np.arange(len(nulls) * 24)).reshape(-1, 24) * 100
    rows[np.array(nulls)] = np.nan
    np.testing.assert_allclose(
        Resampler(24, mode=mode)(rows), resampled_by_hand(rows, mode), rtol=0, atol=1e-9
    )


def test_a_gap_becomes_a_gap_of_the_same_share_and_the_rest_is_untouched_by_it():
    rows = np.full((1, 200), 50.0)
    rows[0, 80:120] = np.nan
    out = Resampler(200)(rows)
    assert np.isnan(out).sum() == 30
    np.testing.assert_allclose(out[~np.isnan(out)], 50.0)


def test_what_a_pixel_covers_ends_with_the_row():
    # A thousand source pixels: the outer pixels cover 3.85 of them, the others 6.7.
    rows = np.full((2, 1000), 50.0)
    rows[0, :2] = rows[1, -2:] = np.nan
    out = Resampler(1000)(rows)
    assert np.argwhere(np.isnan(out)).tolist() == [[0, 0], [1, 149]]


def test_a_gap_across_the_seam_is_filled_across_it_only_in_wrap_mode():
    rows = np.zeros((1, 300))
    rows[0, 150:] = 100.0
    rows[0, [0, 299]] = np.nan
    # Two source pixels make one: half of each end is null, which is not more than half.
    assert Resampler(300, mode="wrap")(rows)[0, 0] > 5
    assert Resampler(300, mode="zoom")(rows)[0, 1] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("mode", ["zoom", "wrap"])
def test_all_null_rows_stay_null_and_others_do_not(mode):
    _, pixels = image_rows(20)
    pixels[5] = np.nan
    out = Resampler(200, mode=mode)(pixels)
    assert np.isnan(out).all(axis=1).tolist() == [index == 5 for index in range(20)]
    assert np.isfinite(np.delete(out, 5, axis=0)).all()


def test_the_callers_pixels_are_left_alone():
    _, pixels = image_rows(1000, pad_gaps=True)
    before = pixels.copy()
    Resampler(200)(pixels)
    np.testing.assert_array_equal(pixels, before)


def test_pixels_laid_out_by_column_give_the_same_values():
    _, pixels = image_rows(600, pad_gaps=True)
    resample = Resampler(200)
    np.testing.assert_allclose(resample(np.asfortranarray(pixels)), resample(pixels), rtol=1e-12)


def test_no_rows_give_no_rows():
    assert Resampler(200)(np.empty((0, 200))).shape == (0, 150)
