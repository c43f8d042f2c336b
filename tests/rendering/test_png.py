import io
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from app.rendering.colormaps import palette
from app.rendering.png import encode_png


def decode(png: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(png))
    image.load()
    return image


def wall(rows: int = 84, width: int = 150) -> np.ndarray:
    """Dipping beds: a sinusoid along the pixels that drifts with depth, as a borehole image has them."""
    depth, azimuth = np.mgrid[0:rows, 0:width]
    beds = np.sin(depth / 6 + 2 * np.sin(azimuth / width * 2 * np.pi))
    noise = np.random.default_rng(1).normal(scale=0.02, size=beds.shape)
    return np.clip(np.rint((beds + noise + 1) * 127), 0, 254).astype(np.uint8)


@pytest.mark.parametrize("name", ["blue-red", "grey", "viridis"])
def test_every_pixel_comes_back_in_its_colour_with_null_transparent(name: str) -> None:
    indices = wall()
    indices[10:14] = 255
    indices[::5, 3:40] = 255

    image = decode(encode_png(indices, palette(name)))

    assert image.mode == "P"
    np.testing.assert_array_equal(np.asarray(image.convert("RGBA")), palette(name)[indices])


shapes = hnp.array_shapes(min_dims=2, max_dims=2, max_side=20)


@given(
    indices=hnp.arrays(np.uint8, shapes, elements=st.integers(0, 255)),
    repeats=st.integers(1, 3),
    told=st.booleans(),
)
def test_any_indices_come_back(indices: np.ndarray, repeats: int, told: bool) -> None:
    indices = indices.repeat(repeats, axis=0)

    png = encode_png(indices, palette("grey"), rows_repeat=told)

    np.testing.assert_array_equal(np.asarray(decode(png)), indices)


def test_indices_that_are_a_view_come_back() -> None:
    indices = wall()[::-2, ::3]

    np.testing.assert_array_equal(np.asarray(decode(encode_png(indices, palette("grey")))), indices)


def test_a_picture_is_a_quarter_smaller_than_pillow_makes_it() -> None:
    expected = io.BytesIO()
    image = Image.fromarray(wall())
    image.putpalette(palette("grey")[:, :3].tobytes())
    image.save(expected, "PNG", compress_level=9, transparency=255)

    assert len(encode_png(wall(), palette("grey"))) < 0.75 * len(expected.getvalue())


def test_repeating_each_row_costs_hardly_a_byte() -> None:
    once, ten_times = (
        encode_png(wall().repeat(n, axis=0), palette("grey"), rows_repeat=True) for n in (1, 10)
    )

    assert len(ten_times) < 1.25 * len(once)


def test_the_same_picture_is_the_same_bytes() -> None:
    assert encode_png(wall(), palette("grey")) == encode_png(wall(), palette("grey"))


def chunks(png: bytes) -> list[tuple[bytes, bytes, int]]:
    found, at = [], 8
    while at < len(png):
        length = int.from_bytes(png[at : at + 4])
        name, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        found.append((name, data, int.from_bytes(png[at + 8 + length : at + 12 + length])))
        at += 12 + length
    return found


def test_the_file_is_laid_out_as_the_specification_says() -> None:
    png = encode_png(wall(84, 150), palette("blue-red"))

    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert [name for name, _, _ in chunks(png)] == [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"]
    assert all(zlib.crc32(name + data) == crc for name, data, crc in chunks(png))
    assert chunks(png)[2][1] == b"\xff" * 255 + b"\x00"
