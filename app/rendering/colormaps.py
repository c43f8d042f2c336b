"""The colormaps: which there are, their palettes and their legends."""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from app.errors import ColormapNotFound
from app.rendering.colouring import HIGHEST_INDEX, NULL_INDEX
from app.rendering.png import encode_png

Palette = npt.NDArray[np.uint8]

DEFAULT: Final = "blue-red"
GREY: Final = "grey"

# Position in the value range → colour. The hue only ever falls, from blue (233°) over cyan, green and yellow
# to red (0°), so higher is always redder; lightness rises up to yellow and falls again. The positions are the
# lengths of the path in OKLab: equal steps of value look about equally large, and none of them like a bed
# boundary that is not there. No colour is near white, which null pixels are on a page.
_BLUE_RED_ANCHORS: Final = (
    (0.00, (24, 36, 128)),  # navy
    (0.13, (28, 84, 200)),  # blue
    (0.26, (30, 144, 222)),  # azure
    (0.39, (64, 194, 200)),  # cyan
    (0.49, (124, 204, 120)),  # green
    (0.58, (206, 218, 74)),  # lime
    (0.64, (250, 204, 60)),  # yellow
    (0.75, (248, 146, 44)),  # orange
    (0.87, (228, 74, 36)),  # vermilion
    (1.00, (168, 20, 20)),  # red
)

# Name → the table's full name in the `cmap` library, which is imported (0.1 s) only when one of these is asked for.
_FROM_CMAP: Final = {
    "afmhot": "gnuplot:afmhot",
    "YlOrBr": "colorbrewer:YlOrBr",
    "copper": "matlab:copper",
    "hot": "matlab:hot",
    "viridis": "bids:viridis",
    "cividis": "cividis:cividis",
    "inferno": "bids:inferno",
    "magma": "bids:magma",
    "batlow": "crameri:batlow",
    "RdBu": "colorbrewer:RdBu",
}
_NAMES: Final = (DEFAULT, GREY, *_FROM_CMAP)
_BY_LOWER_CASE: Final = {name.lower(): name for name in _NAMES} | {"gray": GREY}


def colormap_names() -> tuple[str, ...]:
    """Every colormap's name, the default first."""
    return _NAMES


def canonical_name(name: str) -> str:
    """The name as `colormap_names` spells it; case does not matter, and `gray` is `grey`.

    Raises ColormapNotFound, listing the names.
    """
    try:
        return _BY_LOWER_CASE[name.lower()]
    except KeyError:
        raise ColormapNotFound(
            f"There is no colormap {name!r}; choose one of {', '.join(_NAMES)}.",
            colormap=name,
            colormaps=list(_NAMES),
        ) from None


def palette(name: str, invert: bool = False) -> Palette:
    """The RGBA palette of a colormap, uint8 (256, 4), read-only: entries 0 (low) to 254 (high), 255 for null.

    Null is white under alpha 0, so that a picture flattened without its alpha shows null as white.
    invert: the colours in reverse; null stays where it is. Raises ColormapNotFound.
    """
    return _palette(canonical_name(name), invert)


def legend_png(name: str, width: int = 256, height: int = 16) -> bytes:
    """A horizontal bar of the colormap as PNG, low on the left. Raises ColormapNotFound."""
    bar = np.rint(np.linspace(0, HIGHEST_INDEX, width)).astype(np.uint8)
    return encode_png(np.tile(bar, (height, 1)), palette(name), rows_repeat=True)


@cache
def _palette(name: str, invert: bool) -> Palette:
    colours = _colours(name)
    entries = np.full((256, 4), 255, dtype=np.uint8)
    entries[:NULL_INDEX, :3] = colours[::-1] if invert else colours
    entries[NULL_INDEX, 3] = 0
    entries.flags.writeable = False
    return entries


def _colours(name: str) -> npt.NDArray[np.uint8]:
    """uint8 (255, 3), from the colour of the lowest value to that of the highest."""
    if name == DEFAULT:
        positions = np.array([position for position, _ in _BLUE_RED_ANCHORS])
        return _between(positions, np.array([colour for _, colour in _BLUE_RED_ANCHORS]))
    if name == GREY:
        return _between(np.array([0, 1]), np.array([(0, 0, 0), (255, 255, 255)]))
    from cmap import Colormap

    table = np.asarray(Colormap(_FROM_CMAP[name]).lut(256))[:, :3] * 255
    return _between(np.linspace(0, 1, len(table)), table)


def _between(positions: npt.NDArray[np.float64], anchors: npt.NDArray[np.float64]) -> npt.NDArray[np.uint8]:
    """The 255 colours at equal steps from position 0 to 1, linear in sRGB between the anchors (k, 3)."""
    at = np.linspace(0, 1, NULL_INDEX)
    colours = np.empty((NULL_INDEX, 3), dtype=np.uint8)
    for channel in range(3):
        colours[:, channel] = np.rint(np.interp(at, positions, anchors[:, channel]))
    return colours
