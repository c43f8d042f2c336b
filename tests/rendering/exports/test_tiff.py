import io

import numpy as np
import tifffile
from PIL import Image

from app.rendering.exports import tiff
from tests.rendering.exports.builders import READERS, image, table_of, written


def test_beyond_4_gb_it_is_a_bigtiff(monkeypatch):
    depths, values = image(1300)
    table = table_of(depths, values)
    classic = written("tiff", table, values)
    assert not tifffile.TiffFile(io.BytesIO(classic)).is_bigtiff
    monkeypatch.setattr(tiff, "LARGEST_CLASSIC", 20_000)
    big = written("tiff", table, values)
    assert tifffile.TiffFile(io.BytesIO(big)).is_bigtiff
    assert tiff.tiff_length(table) == len(big)
    told_depths, told_values, about = READERS["tiff"](big)
    assert told_depths.tolist() == depths.tolist()
    np.testing.assert_array_equal(told_values, values)
    assert about == table.about


def test_offsets_of_a_file_beyond_4_gb_are_right(tmp_path):
    rows = 8_000_000
    depths = np.broadcast_to(1.0, rows)
    head = tiff._head(table_of(depths, np.zeros((1, 150), np.float32)))
    with (tmp_path / "sparse.tiff").open("w+b") as file:
        file.write(head)
        file.truncate(len(head) + rows * 608)
        file.seek(0)
        page = tifffile.TiffFile(file).pages[0]
        assert page.shape == (rows, 150)
        assert page.dataoffsets[0] == len(head)
        assert page.dataoffsets[-1] + page.databytecounts[-1] == len(head) + rows * 600
        assert page.tags[65000].valueoffset == len(head) + rows * 600


def test_pillow_reads_it_as_floats():
    depths, values = image(1300)
    picture = Image.open(io.BytesIO(written("tiff", table_of(depths, values), values)))
    assert picture.mode == "F"
    np.testing.assert_array_equal(np.asarray(picture), values)
