import io
import json
import zipfile

import numpy as np
import pytest

from app.errors import FileError
from app.ingestion.readers import Metadata, open_file, packed
from tests.builders import ingest, settings_in
from tests.ingestion.readers.test_npy_file import DEPTHS, NULLED, PIXELS, npy, rows
from tests.ingestion.readers.test_packed import open_files, zipped


def npz(save=np.savez, **arrays):
    held = io.BytesIO()
    save(held, **arrays)
    return held.getvalue()


def opened(tmp_path, content, **changes):
    path = tmp_path / "well.npz"
    path.write_bytes(content)
    return open_file(path, settings_in(tmp_path, **{"source_width": "any"} | changes))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("order", [np.ascontiguousarray, np.asfortranarray])
def test_depths_and_rows_are_an_image(tmp_path, save, order):
    (image,) = opened(tmp_path, npz(save, depth=DEPTHS, pixels=order(PIXELS))).images
    assert (image.channel, image.rows, image.metadata) == ("", 3, Metadata())
    source = image.open()
    for at_most in (1, 2, 8192):
        depths, pixels, _ = rows(source, at_most)
        np.testing.assert_array_equal(depths, DEPTHS)
        np.testing.assert_array_equal(pixels, NULLED)


def test_several_arrays_are_several_images(tmp_path):
    content = npz(
        MD=DEPTHS, STAT=PIXELS, DYN=np.ones((3, 5), dtype="u1"), gr=np.zeros(3), cube=np.ones((1, 1, 1))
    )
    stat, dyn = opened(tmp_path, content).images
    assert (stat.channel, dyn.channel) == ("STAT", "DYN")
    assert rows(dyn.open())[1].tolist() == [[1] * 5] * 3
    np.testing.assert_array_equal(rows(stat.open())[1], NULLED)


def test_texts_say_what_the_image_is(tmp_path):
    about = json.dumps({"well": "A", "depth_unit": "FEET", "hole_diameter": 0.7, "x": [1], "field": "F"})
    content = npz(depth=DEPTHS, pixels=PIXELS, about=about, tool="FMI", remark="[1]", long="x" * 70_000)
    (image,) = opened(tmp_path, content).images
    assert image.open().depth_unit == "ft"
    assert image.metadata == Metadata(
        well="A", tool="FMI", hole_diameter=0.7, other={"field": "F", "remark": "[1]"}
    )


@pytest.mark.usefixtures("no_garbage")
def test_what_was_unpacked_is_gone_at_once_when_nobody_reads_it(tmp_path):
    images = opened(tmp_path, npz(depth=DEPTHS, STAT=PIXELS, DYN=PIXELS)).images
    before = open_files()
    source = images[0].open()
    assert open_files() == before + 2
    rows(source)
    del source
    assert open_files() == before


@pytest.mark.parametrize(("name", "unit"), [("depth_m", "m"), ("depth", None)])
def test_the_unit_may_stand_in_the_name_of_the_depth(tmp_path, name, unit):
    (image,) = opened(tmp_path, npz(**{name: DEPTHS, "pixels": PIXELS})).images
    assert image.open().depth_unit == unit


def lying(**sizes):
    """An archive whose member `pixels.npy` is said to be of another size."""
    held = io.BytesIO(npz(depth=DEPTHS))
    with zipfile.ZipFile(held, "a") as archive:
        archive.writestr("pixels.npy", npy(PIXELS))
        for field, value in sizes.items():
            setattr(archive.filelist[-1], field, value)
    return held.getvalue()


def twice(name, **arrays):
    """An archive in which another array has this name, too."""
    return npz(**arrays).replace(b"depti.npy", f"{name}.npy".encode())


BAD = {
    "empty": (b"", "damaged", "cannot be unpacked"),
    "no archive": (npy(PIXELS), "unsupported_format", "a NumPy array"),
    "cut short": (npz(depth=DEPTHS, pixels=PIXELS)[:-40], "damaged", "cannot be unpacked"),
    "no arrays": (zipped(("readme.txt", "x")), "no_depth_column", "names no columns"),
    "no depth": (npz(x=DEPTHS, pixels=PIXELS), "no_depth_column", "it names 'x'"),
    "two depths": (npz(depth=DEPTHS, MD=DEPTHS, pixels=PIXELS), "duplicate_column", "2 depth columns"),
    "the same depth twice": (
        twice("depth", depth=DEPTHS, depti=DEPTHS, pixels=PIXELS),
        "duplicate_column",
        "2 columns 'depth'",
    ),
    "no pixels": (npz(depth=DEPTHS), "no_image", "no array of numbers in two dimensions"),
    "pixels in words": (
        npz(depth=DEPTHS, pixels=np.array([["a", "b"]] * 3)),
        "no_image",
        "no array of numbers",
    ),
    "depths too many": (
        npz(depth=np.arange(4.0), pixels=PIXELS),
        "ragged_row",
        "3 rows, 'depth' has 4 depths",
    ),
    "turned over": (npz(depth=DEPTHS, pixels=np.ones((5, 3))), "ragged_row", "Turn it over"),
    "too narrow": (npz(depth=DEPTHS, pixels=np.ones((3, 1))), "wrong_width", "at least 2"),
    "no rows": (npz(depth=DEPTHS[:0], pixels=PIXELS[:0]), "no_rows", "no rows"),
    "objects": (npz(depth=DEPTHS, pixels=np.array([[None]])), "unsupported_format", "Python objects"),
    "an array cut short": (
        zipped(("depth.npy", npy(DEPTHS)), ("pixels.npy", npy(PIXELS)[:-8])),
        "damaged",
        "pixels in well.npz should have 176 bytes",
    ),
    "a size that lies": (lying(file_size=1 << 40), "damaged", "has 1099511627776"),
    "a sum that lies": (lying(CRC=1), "damaged", "Bad CRC"),
    "encrypted": (lying(flag_bits=1), "unsupported_format", "without a password"),
    "depths of NaN": (npz(depth=DEPTHS * np.nan, pixels=PIXELS), "depth_missing", "None of the 3 rows"),
}


@pytest.mark.parametrize(("content", "reason", "hint"), BAD.values(), ids=BAD)
def test_a_bad_archive_fails_with_what_is_wrong(tmp_path, content, reason, hint):
    with pytest.raises(FileError) as caught:
        rows(opened(tmp_path, content).images[0].open())
    assert (caught.value.reason, hint in caught.value.message) == (reason, True), caught.value.message


def test_a_bomb_is_not_unpacked_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "FREE_BYTES", 1 << 20)
    content = npz(
        np.savez_compressed, depth=np.arange(100_000.0), pixels=np.zeros((100_000, 500), dtype="u1")
    )
    image = opened(tmp_path, content).images[0]
    with pytest.raises(FileError, match="over 200 times its size"):
        image.open()


def test_images_of_one_archive_are_stored_together(tmp_path, place):
    place = place.open(settings_in(tmp_path, source_width="any"))
    path = tmp_path / "well.npz"
    path.write_bytes(npz(depth=DEPTHS, STAT=PIXELS, DYN=PIXELS * 2))
    job = ingest(place, path)
    assert job.state == "stored", job.message
    assert [place.images.get(image_id).channel for image_id in job.image_ids] == ["STAT", "DYN"]
    place.catalog.close()
