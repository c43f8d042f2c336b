import json
import pickle
from dataclasses import asdict
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ingestion.resampling import Resampler
from app.ingestion.statistics import ImageStatistics
from tests.builders import image_rows

RNG = np.random.default_rng(11)


def statistics(source, stored=None, chunk=8192):
    """Of an image whose stored rows are, unless given, its source rows."""
    stored = np.asarray(source if stored is None else stored, dtype=np.float32)
    image = ImageStatistics()
    for start in range(0, len(source), chunk):
        image.add(np.asarray(source[start : start + chunk], float), stored[start : start + chunk])
    return image


def summary(source, stored=None, *, integers8=False):
    return statistics(source, stored).summary(integers8=integers8)


def with_nulls(values, share=0.2):
    values = values.copy()
    values[RNG.random(values.shape) < share] = np.nan
    return values


IMAGES = {
    "grey levels": RNG.uniform(0, 255, (2000, 150)),
    "resistivities over decades": RNG.lognormal(2, 2.5, (2000, 150)),
    "both signs": RNG.normal(0, 30, (2000, 150)),
    "all below zero": -RNG.lognormal(3, 1, (2000, 150)),
    "much the same": RNG.normal(1e6, 4e4, (2000, 150)),
    "with nulls": with_nulls(RNG.normal(100, 40, (2000, 150))),
    "whole numbers": RNG.integers(-3, 9, (2000, 150)).astype(float),
}


@pytest.fixture(params=IMAGES.values(), ids=IMAGES.keys())
def values(request):
    return request.param.astype(np.float32)


def test_figures_are_those_of_numpy(values):
    found = summary(values)
    exact = values.astype(float)
    assert found.rows == len(values)
    assert found.null_count == np.isnan(exact).sum()
    assert found.null_fraction == pytest.approx(np.isnan(exact).mean())
    assert (found.minimum, found.maximum) == (np.nanmin(values), np.nanmax(values))
    assert found.mean == pytest.approx(np.nanmean(exact), rel=1e-12, abs=1e-9)
    assert found.standard_deviation == pytest.approx(np.nanstd(exact), rel=1e-12)
    assert found.stored_variance == pytest.approx(np.nanvar(exact), rel=1e-12)


def test_display_range_is_within_a_five_hundredth_of_the_percentiles(values):
    expected = np.nanpercentile(values.astype(float), [2, 98])
    np.testing.assert_allclose(summary(values).display_range, expected, rtol=0.002)


@pytest.mark.parametrize("count", [2, 3, 10, 60])
def test_percentiles_of_few_values_lie_between_them_as_numpys_do(count):
    values = RNG.normal(100, 40, (count, 1)).astype(np.float32)
    np.testing.assert_allclose(summary(values).display_range, np.percentile(values, [2, 98]), rtol=0.003)


def test_display_range_of_an_eight_bit_source_is_0_to_255():
    assert summary(RNG.integers(20, 80, (100, 150)), integers8=True).display_range == (0.0, 255.0)


def test_percentiles_are_those_of_numpy(values):
    found = summary(values).percentiles
    shares = [1, 5, 10, 25, 50, 75, 90, 95, 99]
    assert list(found) == [str(share) for share in shares]
    size = np.nanmax(np.abs(values))
    expected = np.nanpercentile(values.astype(float), shares)
    np.testing.assert_allclose(list(found.values()), expected, rtol=0.002, atol=size * 1e-6)


def test_histogram_counts_every_value_in_256_bins_or_beyond_them(values):
    found = summary(values)
    present = values[~np.isnan(values)].astype(float)
    low, high = found.histogram_edges
    assert len(found.histogram) == 256
    assert found.histogram_below + sum(found.histogram) + found.histogram_above == present.size
    assert low <= found.display_range[0] < found.display_range[1] <= high
    assert found.histogram_below + found.histogram_above <= 0.0021 * present.size
    # Cumulated, it differs from the true one by no more than the keys that straddle a bound hold.
    bounds = np.linspace(low, high, 257)
    ordered = np.sort(present)
    true = np.searchsorted(ordered, bounds)
    reach = np.abs(bounds) * 2.0**-8
    straddling = np.searchsorted(ordered, bounds + reach, "right") - np.searchsorted(ordered, bounds - reach)
    counted = np.cumsum([found.histogram_below, *found.histogram])
    assert (np.abs(counted - true) <= straddling + 1).all()


def test_outliers_do_not_coarsen_the_histogram():
    values = RNG.normal(100, 10, (2000, 150))
    values[1000, :20] = 1e6
    values[1500, :30] = -1e6
    found = summary(values)
    low, high = found.histogram_edges
    assert (low, high) == (pytest.approx(69, abs=2), pytest.approx(131, abs=2))
    assert (found.histogram_below, found.histogram_above) == (pytest.approx(300, abs=8),) * 2
    assert np.count_nonzero(found.histogram) == 256


def test_the_histogram_of_an_eight_bit_source_holds_all_of_0_to_255():
    found = summary(RNG.integers(20, 80, (100, 150)), integers8=True)
    assert found.histogram_edges == (0.0, 255.0)
    assert (found.histogram_below, found.histogram_above) == (0, 0)


def test_histogram_of_evenly_spread_values_has_no_ripples():
    values = np.linspace(-20, 275, 1_500_000).reshape(-1, 150)
    counts = np.array(summary(values).histogram)
    assert counts.min() > 0.98 * counts.mean()
    assert counts.max() < 1.02 * counts.mean()


def test_variance_ratio_compares_stored_with_source():
    _, source = image_rows(500, pad_gaps=True)
    stored = Resampler(200)(source).astype(np.float32)
    found = summary(source, stored)
    assert found.source_variance == pytest.approx(np.nanvar(source))
    assert found.variance_ratio == pytest.approx(np.nanvar(stored.astype(float)) / np.nanvar(source))
    assert 0.9 < found.variance_ratio < 1.0


@pytest.mark.parametrize("level", [0.0, 100.0, 0.1, -7.3, 3e38])
def test_a_constant_image_has_a_usable_range_and_no_variance_ratio(level):
    found = summary(np.full((3000, 150), np.float32(level), dtype=float))
    low, high = found.display_range
    assert low < np.float32(level) < high
    assert (high - low) / max(abs(level), 1) > 1e-3
    assert (found.source_variance, found.stored_variance, found.variance_ratio) == (0.0, 0.0, None)
    assert max(found.histogram) == sum(found.histogram) == 3000 * 150
    assert (found.histogram_below, found.histogram_above) == (0, 0)


def test_an_image_that_is_constant_but_for_float32_rounding_is_not_blown_up_to_full_contrast():
    values = np.full((100, 150), 100, dtype=np.float32)
    values[::2] = np.nextafter(np.float32(100), np.float32(0))
    low, high = summary(values).display_range
    assert high - low > 0.5


def test_a_few_outliers_on_a_constant_image_span_the_display_range():
    values = np.zeros((1000, 150))
    values[500, :10] = 80
    assert summary(values).display_range == (0.0, 80.0)


def test_an_image_without_values_has_no_figures_and_a_usable_range():
    found = summary(np.full((10, 150), np.nan))
    assert (found.null_count, found.null_fraction) == (1500, 1.0)
    assert found.minimum is found.maximum is found.mean is found.standard_deviation is None
    assert found.source_variance is found.stored_variance is found.variance_ratio is None
    assert found.display_range == (0.0, 1.0)
    assert found.percentiles == {}
    assert sum(found.histogram) == found.histogram_below == found.histogram_above == 0


def test_before_any_row_there_is_a_summary_already():
    assert ImageStatistics().summary(integers8=False).rows == 0


def test_spread_is_found_far_from_zero():
    values = (1e8 + RNG.normal(0, 1, (5000, 150))).astype(float)
    found = statistics(values).summary(integers8=False)
    assert found.source_variance == pytest.approx(np.var(values), rel=1e-9)


@given(cuts=st.lists(st.integers(0, 2000), max_size=4))
def test_row_groups_merged_equal_the_whole(cuts):
    values = IMAGES["with nulls"].astype(np.float32)
    bounds = [0, *sorted(cuts), len(values)]
    merged = ImageStatistics()
    for start, stop in pairwise(bounds):
        merged.merge(statistics(values[start:stop], chunk=300))
    found, whole = asdict(merged.summary(integers8=False)), asdict(summary(values))
    for name in ("mean", "standard_deviation", "source_variance", "stored_variance", "variance_ratio"):
        assert found.pop(name) == pytest.approx(whole.pop(name), rel=1e-12)
    assert found == whole


def test_merging_is_associative():
    parts = [statistics(IMAGES["both signs"][start : start + 500]) for start in (0, 500, 1000)]
    first, second, third = (pickle.loads(pickle.dumps(part)) for part in parts)
    parts[0].merge(parts[1])
    parts[0].merge(parts[2])
    second.merge(third)
    first.merge(second)
    left, right = (asdict(image.summary(integers8=False)) for image in (parts[0], first))
    assert left["histogram"] == right["histogram"]
    assert left["stored_variance"] == pytest.approx(right["stored_variance"], rel=1e-12)
    assert left["mean"] == pytest.approx(right["mean"], abs=1e-12)


def test_statistics_travel_between_processes():
    image = statistics(IMAGES["with nulls"])
    again = pickle.loads(pickle.dumps(image))
    assert again.summary(integers8=False) == image.summary(integers8=False)


def test_summary_is_json_as_it_is(values):
    found = asdict(summary(values))
    assert json.loads(json.dumps(found, allow_nan=False)) == {
        **found,
        "display_range": list(found["display_range"]),
        "histogram": list(found["histogram"]),
        "histogram_edges": list(found["histogram_edges"]),
    }
