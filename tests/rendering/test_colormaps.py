import colorsys
import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from app.errors import ColormapNotFound
from app.rendering.colormaps import DEFAULT, canonical_name, colormap_names, legend_png, palette


@pytest.mark.parametrize("name", colormap_names())
def test_a_palette_is_255_opaque_colours_and_a_transparent_white(name: str) -> None:
    entries = palette(name)

    assert (entries.shape, entries.dtype) == ((256, 4), np.uint8)
    assert (entries[:255, 3] == 255).all()
    assert entries[255].tolist() == [255, 255, 255, 0]


@pytest.mark.parametrize("name", colormap_names())
def test_neighbouring_colours_differ_little_and_hardly_any_twice_the_same(name: str) -> None:
    colours = palette(name)[:255, :3].astype(int)

    assert np.abs(np.diff(colours, axis=0)).max() <= 12
    assert len(np.unique(colours, axis=0)) >= 240


@pytest.mark.parametrize("name", colormap_names())
def test_inverted_is_the_same_colours_from_the_other_end_with_null_unmoved(name: str) -> None:
    inverted = palette(name, invert=True)

    np.testing.assert_array_equal(inverted[:255], palette(name)[254::-1])
    assert inverted[255].tolist() == [255, 255, 255, 0]


def hues(colours: np.ndarray) -> np.ndarray:
    return np.array([colorsys.rgb_to_hsv(*(rgb / 255))[0] * 360 for rgb in colours])


def test_the_default_goes_from_blue_to_red_and_never_back() -> None:
    hue = hues(palette(DEFAULT)[:255, :3])

    assert 220 < hue[0] < 250
    assert hue[-1] == 0
    assert np.diff(hue).max() < 1, "rounding to bytes moves a hue by less than a degree"


def test_the_default_has_blue_low_and_red_high() -> None:
    low, high = palette(DEFAULT)[[20, 234], :3].astype(int)

    assert low[2] > low[0] + 100
    assert high[0] > high[2] + 100


def oklab(colours: np.ndarray) -> np.ndarray:
    """Björn Ottosson, A perceptual color space for image processing (2020)."""
    linear = np.where(colours <= 10.3, colours / 255 / 12.92, ((colours / 255 + 0.055) / 1.055) ** 2.4)
    to_lms = [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566]]
    to_lms.append([0.0883024619, 0.2817188376, 0.6299787005])
    to_lab = [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099]]
    to_lab.append([0.0259040371, 0.7827717662, -0.8086757660])
    return np.cbrt(linear @ np.transpose(to_lms)) @ np.transpose(to_lab)


def test_equal_steps_of_value_look_about_equally_large_in_the_default() -> None:
    lab = oklab(palette(DEFAULT)[:255, :3].astype(float))
    steps = np.linalg.norm(lab[10:] - lab[:-10], axis=1)

    assert steps.max() / steps.min() < 1.6


def test_no_colour_of_the_default_could_be_taken_for_null() -> None:
    lightness = oklab(palette(DEFAULT)[:255, :3].astype(float))[:, 0]

    assert lightness.max() < 0.9, "white is 1"


def test_grey_is_black_to_white_in_even_steps() -> None:
    colours = palette("grey")[:255, :3].astype(int)

    assert colours[[0, 127, 254]].tolist() == [[0] * 3, [128] * 3, [255] * 3]
    assert set(np.diff(colours[:, 0])) == {1, 2}
    assert (colours == colours[:, :1]).all()


def test_a_table_is_the_published_one_from_end_to_end() -> None:
    viridis = palette("viridis")

    assert viridis[0, :3].tolist() == [0x44, 0x01, 0x54]
    assert viridis[254, :3].tolist() == [0xFD, 0xE7, 0x25]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("BLUE-RED", "blue-red"), ("ylorbr", "YlOrBr"), ("Gray", "grey"), ("GREY", "grey"), ("rdbu", "RdBu")],
)
def test_names_are_found_in_any_case_and_either_spelling_of_grey(typed: str, meant: str) -> None:
    assert canonical_name(typed) == meant
    assert palette(typed) is palette(meant)


def test_an_unknown_name_is_answered_with_the_names() -> None:
    with pytest.raises(
        ColormapNotFound, match=r"no colormap 'jet'; choose one of blue-red, grey, "
    ) as raised:
        palette("jet")

    assert raised.value.details == {"colormap": "jet", "colormaps": list(colormap_names())}


def test_a_palette_shared_by_all_requests_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        palette(DEFAULT)[0, 0] = 7


def test_the_default_and_grey_need_no_colormap_library() -> None:
    code = (
        "import sys; from app.rendering.colormaps import palette; palette('blue-red'); palette('grey');"
        "sys.exit('cmap' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_legend_runs_from_low_on_the_left_to_high_on_the_right() -> None:
    with Image.open(io.BytesIO(legend_png("blue-red", width=510, height=7))) as legend:
        pixels = np.asarray(legend.convert("RGBA"))

    assert pixels.shape == (7, 510, 4)
    np.testing.assert_array_equal(pixels[0, [0, -1]], palette("blue-red")[[0, 254]])
    assert (pixels == pixels[:1]).all()
    assert len(np.unique(pixels[0], axis=0)) == len(np.unique(palette("blue-red")[:255], axis=0))


def test_a_legend_is_256_by_16_unless_asked_otherwise() -> None:
    with Image.open(io.BytesIO(legend_png("grey"))) as legend:
        assert legend.size == (256, 16)
