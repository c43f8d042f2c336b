import numpy as np
import pandas as pd
import pytest

from app.ingestion.demo import write_demo_csv
from app.ingestion.synthetic_wall import BLOCK_ROWS, synthetic_rows
from tests.builders import image_rows, write_csv


def test_the_same_seed_gives_the_same_image_and_another_seed_another():
    depths, pixels = image_rows(300, pad_gaps=True)
    again_depths, again = image_rows(300, pad_gaps=True)
    np.testing.assert_array_equal(depths, again_depths)
    np.testing.assert_array_equal(pixels, again)
    assert not np.array_equal(pixels, image_rows(300, seed=1, pad_gaps=True)[1], equal_nan=True)


def test_a_shorter_image_is_the_beginning_of_a_longer_one():
    depths, pixels = image_rows(BLOCK_ROWS + 500, width=40, pad_gaps=True)
    short_depths, short = image_rows(BLOCK_ROWS + 3, width=40, pad_gaps=True)
    np.testing.assert_array_equal(depths[: len(short)], short_depths)
    np.testing.assert_array_equal(pixels[: len(short)], short)


def test_chunks_are_small_however_long_the_image():
    depths, pixels = next(synthetic_rows(1_200_000))
    assert depths.shape == (BLOCK_ROWS,)
    assert pixels.shape == (BLOCK_ROWS, 200)
    assert depths.dtype == pixels.dtype == np.float64


def test_every_row_differs():
    _, pixels = image_rows(3 * BLOCK_ROWS, width=50)
    assert len(np.unique(pixels, axis=0)) == len(pixels)


def test_no_stretch_of_the_well_repeats():
    _, pixels = image_rows(12_000)
    beds = pixels.mean(axis=1)
    for lag in (1600, 3200, BLOCK_ROWS):
        assert np.corrcoef(beds[lag:], beds[:-lag])[0, 1] < 0.7


def test_values_are_grey_levels_of_good_contrast():
    _, pixels = image_rows(12_000)
    assert pixels.min() >= 0
    assert pixels.max() <= 255
    assert pixels.std() > 25


def test_no_seam_shows_where_one_block_ends():
    _, pixels = image_rows(3 * BLOCK_ROWS)
    change = np.abs(np.diff(pixels, axis=0)).mean(axis=1)
    for border in (BLOCK_ROWS, 2 * BLOCK_ROWS):
        assert change[border - 1] < 3 * np.median(change)


def test_pad_gaps_are_stripes_whose_azimuth_turns_with_depth():
    _, pixels = image_rows(12_000, pad_gaps=True)
    null = np.isnan(pixels)
    stripes = (null & ~np.roll(null, 1, axis=1)).sum(axis=1)
    assert set(stripes) == {8}
    assert 0.15 < null.mean() < 0.25
    assert null.mean(axis=0).min() > 0.05
    assert (null[1:] == null[:-1]).mean() > 0.99


def test_without_pad_gaps_there_are_no_nulls():
    assert not np.isnan(image_rows(BLOCK_ROWS)[1]).any()


@pytest.mark.parametrize(("top", "step"), [(1500.0, 0.0025), (1500.0, 0.01), (9000.1, 0.1), (0.0, 0.1524)])
def test_depths_are_the_float64_of_their_decimals(top, step):
    depths = np.concatenate([depths for depths, _ in synthetic_rows(5000, width=2, top=top, step=step)])
    assert (np.diff(depths) > 0).all()
    assert all(depth == float(f"{depth:.4f}") for depth in depths.tolist())
    np.testing.assert_allclose(depths, top + step * np.arange(5000), rtol=1e-14)


@pytest.mark.parametrize("decimals", [0, 2, 3])
def test_csv_holds_the_image_to_its_decimals(tmp_path, decimals):
    path = tmp_path / "demo.csv"
    write_demo_csv(path, BLOCK_ROWS + 10, width=30, seed=3, decimals=decimals)
    table = pd.read_csv(path)
    depths, pixels = image_rows(BLOCK_ROWS + 10, width=30, seed=3, pad_gaps=True)
    assert list(table.columns) == ["depth_m", *(f"col{column}" for column in range(1, 31))]
    np.testing.assert_array_equal(table["depth_m"], depths)
    np.testing.assert_allclose(table.iloc[:, 1:], pixels, rtol=0, atol=0.5001 * 10.0**-decimals)
    assert np.isnan(pixels).any()


def test_csv_is_plain_text_without_float_noise(tmp_path):
    path = tmp_path / "demo.csv"
    write_demo_csv(path, 3, width=3, step=0.01, pad_gaps=False)
    lines = path.read_text().splitlines()
    assert lines[0] == "depth_m,col1,col2,col3"
    assert [line.split(",")[0] for line in lines[1:]] == ["1500.0", "1500.01", "1500.02"]
    assert all(cell.isdigit() for line in lines[1:] for cell in line.split(",")[1:])
    assert path.read_bytes().endswith(b"\n")


def test_csv_nulls_are_written_as_asked(tmp_path):
    path = tmp_path / "demo.csv"
    write_demo_csv(path, 50, null="-999.25")
    cells = path.read_text().replace("\n", ",").split(",")
    nulls = np.isnan(image_rows(50, pad_gaps=True)[1]).sum()
    assert cells.count("-999.25") == nulls > 0


def test_written_csv_reads_back_to_the_same_floats(tmp_path):
    depths, pixels = image_rows(20, width=12, pad_gaps=True)
    path = write_csv(tmp_path / "image.csv", depths, pixels)
    rows = [line.split(",") for line in path.read_text().splitlines()[1:]]
    table = np.array([[float(cell or "nan") for cell in row] for row in rows])
    np.testing.assert_array_equal(table, np.column_stack([depths, pixels]))


def test_written_csv_takes_the_shape_asked_for(tmp_path):
    path = write_csv(
        tmp_path / "image.csv",
        np.array([1.0, 1.5]),
        np.array([[3.0, np.nan], [4.25, 5.0]]),
        delimiter=";",
        header=["DEPT", "A", "B"],
        units_row=["M", "OHMM", "OHMM"],
        null="NaN",
        line_end="\r\n",
        bom=True,
    )
    assert path.read_bytes() == b"\xef\xbb\xbfDEPT;A;B\r\nM;OHMM;OHMM\r\n1;3;NaN\r\n1.5;4.25;5\r\n"
