import io
import struct

import numpy as np
import pytest

from app.errors import FileError
from app.ingestion.readers import open_file
from tests.builders import image_rows, settings_in

DEPTHS = np.array([3.0, 2.5, 2.0])
PIXELS = np.array([[1.5, np.nan], [3.0, -999.25], [5.0, 6.0]])
NULLED = np.where(PIXELS == -999.25, np.nan, PIXELS)


def records(fields, **columns):
    array = np.zeros(len(DEPTHS), dtype=fields)
    for name, values in columns.items():
        array[name] = values
    return array


def npy(array):
    held = io.BytesIO()
    np.save(held, array)
    return held.getvalue()


def opened(tmp_path, content, **changes):
    path = tmp_path / "well.npy"
    path.write_bytes(content if isinstance(content, bytes) else npy(content))
    return open_file(path, settings_in(tmp_path, **{"source_width": "any"} | changes))


def rows(source, at_most=8192):
    chunks = list(source.chunks(at_most))
    return [
        np.concatenate([getattr(chunk, part) for chunk in chunks]) for part in ("depths", "pixels", "lines")
    ]


TABLE = np.column_stack([DEPTHS, PIXELS])
GOOD = {
    "columns": (TABLE, 2),
    "columns of float32": (TABLE.astype("f4"), 2),
    "big-endian columns": (TABLE.astype(">f8"), 2),
    "columns in Fortran's order": (np.asfortranarray(TABLE), 2),
    "records with a row in each": (
        records([("depth", "f8"), ("pixels", "f4", 2)], depth=DEPTHS, pixels=PIXELS),
        "any",
    ),
    "records with a field for each pixel": (
        records(
            [("AMP[1]", "f4"), ("note", "U5"), ("MD", "f8"), ("gr", "i2"), ("AMP[0]", ">f2")],
            **{"MD": DEPTHS, "AMP[0]": PIXELS[:, 0], "AMP[1]": PIXELS[:, 1]},
        ),
        "any",
    ),
}


@pytest.mark.parametrize(("array", "width"), GOOD.values(), ids=GOOD)
@pytest.mark.parametrize("at_most", [1, 2, 8192])
def test_an_array_of_depths_and_pixels_is_an_image(tmp_path, array, width, at_most):
    (image,) = opened(tmp_path, array, source_width=width).images
    assert (image.channel, image.rows) == ("", 3)
    source = image.open()
    depths, pixels, lines = rows(source, at_most)
    np.testing.assert_array_equal(depths, DEPTHS)
    np.testing.assert_array_equal(pixels, NULLED)
    assert lines.tolist() == [1, 2, 3]
    assert (source.width, source.row_word, source.integers8) == (2, "row", False)


def test_fields_of_several_pixels_are_an_image_each(tmp_path):
    fields = [("depth_ft", "f8"), ("STAT", "u1", 3), ("DYN", "f4", 2)]
    array = records(fields, depth_ft=DEPTHS, STAT=[[0, 1, 2]] * 3, DYN=PIXELS)
    stat, dyn = opened(tmp_path, array).images
    assert (stat.channel, dyn.channel) == ("STAT", "DYN")
    source = stat.open()
    np.testing.assert_array_equal(rows(source)[1], [[0, 1, 2]] * 3)
    assert (source.depth_unit, source.integers8) == ("ft", True)
    np.testing.assert_array_equal(rows(dyn.open())[1], NULLED)


def test_rows_without_depth_are_dropped_and_the_others_keep_their_numbers(tmp_path):
    array = np.array([[1, 5, 6], [np.nan, 5, 6], [-999.25, 7, 8], [2, 9, 10]])
    source = opened(tmp_path, array, source_width=2).images[0].open()
    for _ in range(2):
        depths, pixels, lines = rows(source, 2)
        assert (depths.tolist(), pixels.tolist(), lines.tolist()) == ([1, 2], [[5, 6], [9, 10]], [1, 4])
        assert source.dropped_rows == 2


def test_a_long_array_is_read_in_blocks(tmp_path):
    depths, pixels = image_rows(3000, width=20, seed=3, pad_gaps=True)
    source = opened(tmp_path, np.column_stack([depths, pixels]), source_width=20).images[0].open()
    sizes = [len(chunk.depths) for chunk in source.chunks(700)]
    assert sizes == [700, 700, 700, 700, 200]
    np.testing.assert_array_equal(rows(source)[1], pixels)


def head(text, version=(1, 0)):
    """A file with this head and 72 bytes of values."""
    text = text.encode().ljust(118) + b"\n"
    size = struct.pack("<H" if version == (1, 0) else "<I", len(text))
    return b"\x93NUMPY" + bytes(version) + size + text + b"\0" * 72


def described(descr="'<f8'", shape="(3, 3)", order="False"):
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}"


BAD = {
    "empty": (b"", "damaged", "no NumPy array"),
    "not an array": (b"depth,a,b\n1,2,3\n", "damaged", "no NumPy array"),
    "of the future": (head(described(), (9, 9)), "damaged", "format (9, 9)"),
    "cut in its head": (npy(TABLE)[:40], "damaged", "no NumPy array"),
    "cut short": (
        npy(TABLE)[:-1],
        "damaged",
        "should have 200 bytes for an array 3 × 3 of float64, and has 199",
    ),
    "longer than it says": (npy(TABLE) + b"\0", "damaged", "should have 200 bytes"),
    "no rows": (np.empty((0, 3)), "no_rows", "no rows"),
    "absurdly long": (head(described(shape="(10**9, 3)")), "damaged", "no NumPy array"),
    "absurdly long indeed": (head(described(shape="(9000000000000000000, 3)")), "damaged", "should have"),
    "absurdly wide": (head(described(shape="(1, 99999999999999999999999)")), "damaged", "should have"),
    "of negative length": (head(described(shape="(-3, -3)")), "damaged", "should have"),
    "of no length": (head(described(shape="(0, 3)")), "damaged", "should have"),
    "a head that is code": (head("__import__('os').system('true')"), "damaged", "no NumPy array"),
    "a head without shape": (head("{'descr': '<f8'}"), "damaged", "no NumPy array"),
    "a head that is deep": (head("(" * 100), "damaged", "no NumPy array"),
    "a head that lies about its size": (
        b"\x93NUMPY\2\0" + struct.pack("<I", 1 << 31) + b"{" * 300,
        "damaged",
        "no NumPy array",
    ),
    "objects": (np.array([{"a": 1}, None], dtype=object), "unsupported_format", "Python objects"),
    "objects in a field": (
        head(described("[('depth', '<f8'), ('p', '|O')]", "(4,)")),
        "unsupported_format",
        "objects",
    ),
    "words": (np.array([["a", "b", "c"]]), "no_depth_column", "of <U1"),
    "complex numbers": (TABLE.astype(complex), "no_depth_column", "of complex128"),
    "pixels alone": (np.zeros((3, 2)), "no_depth_column", "savez('well.npz', depth=depth, pixels=pixels)"),
    "one column too many": (np.zeros((3, 4)), "no_depth_column", "array 3 × 4 of float64"),
    "a cube": (np.zeros((2, 3, 3)), "no_depth_column", "2 × 3 × 3"),
    "records in two dimensions": (
        np.zeros((2, 2), dtype=[("depth", "f8"), ("p", "f8")]),
        "no_image",
        "2 dim",
    ),
    "records without depth": (
        records([("p1", "f8"), ("p2", "f8")]),
        "no_depth_column",
        "names no depth column",
    ),
    "records with two depths": (
        records([("depth", "f8"), ("MD", "f8")]),
        "duplicate_column",
        "2 depth columns",
    ),
    "records of words": (records([("depth", "U3"), ("p", "f8", 2)]), "no_depth_column", "names no columns"),
    "records of one pixel": (records([("depth", "f8"), ("p", "f8", 1)]), "wrong_width", "at least 2"),
    "records too wide": (records([("depth", "f8"), ("p", "u1", 20000)]), "wrong_width", "at most 16384"),
    "depths of nothing but NaN": (np.full((2, 3), np.nan), "depth_missing", "None of the 2 rows"),
}


@pytest.mark.parametrize(("content", "reason", "hint"), BAD.values(), ids=BAD)
def test_a_bad_array_fails_with_what_is_wrong(tmp_path, content, reason, hint):
    width = "any" if "record" in hint or reason == "wrong_width" else 2
    with pytest.raises(FileError) as caught:
        rows(opened(tmp_path, content, source_width=width).images[0].open())
    assert (caught.value.reason, hint in caught.value.message) == (reason, True), caught.value.message


def test_without_a_width_nothing_tells_a_first_column_from_a_pixel(tmp_path):
    with pytest.raises(FileError, match="nothing says where its depths are") as caught:
        opened(tmp_path, TABLE, source_width="any")
    assert caught.value.reason == "no_depth_column"


def test_a_file_cut_after_it_was_opened_is_damaged(tmp_path):
    source = opened(tmp_path, TABLE, source_width=2).images[0].open()
    (tmp_path / "well.npy").write_bytes(npy(TABLE)[:-30])
    with pytest.raises(FileError, match="ends before its array does"):
        rows(source)
