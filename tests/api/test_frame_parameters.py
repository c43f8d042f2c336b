from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.api.frame_parameters import ColourParameters, colormap_of
from app.errors import ColormapNotFound, InvalidParameter
from app.storage.catalog.tables import Image

IMAGE = Image(display_low=10.0, display_high=200.0)


@pytest.mark.parametrize(
    ("parameter", "name"),
    [("true", "blue-red"), ("True", "blue-red"), ("FALSE", "grey"), ("gray", "grey"), ("ylorbr", "YlOrBr")],
)
def test_colormap_is_a_switch_or_a_name(parameter, name):
    assert colormap_of(parameter) == name


@pytest.mark.parametrize("parameter", ["", "jet", "1", "true ", "none"])
def test_colormap_that_is_neither_is_told(parameter):
    with pytest.raises(ColormapNotFound):
        colormap_of(parameter)


def test_style_takes_the_images_display_range_unless_another_is_given():
    style = ColourParameters().style(IMAGE)
    assert (style.colormap, style.low, style.high, style.invert) == ("blue-red", 10.0, 200.0, False)
    style = ColourParameters("false", "-5.5,1e3", invert=True).style(IMAGE)
    assert (style.colormap, style.low, style.high, style.invert) == ("grey", -5.5, 1000.0, True)


@given(st.text(max_size=12) | st.tuples(st.floats(), st.floats()).map(lambda ends: f"{ends[0]},{ends[1]}"))
def test_rescale_is_a_finite_ascending_range_or_refused_with_what_would_be_right(text):
    try:
        style = ColourParameters(rescale=text).style(IMAGE)
    except InvalidParameter as refused:
        assert refused.details["parameter"] == "rescale"
        assert "0,255" in str(refused)
    else:
        assert math.isfinite(style.low)
        assert math.isfinite(style.high)
        assert style.low < style.high


@pytest.mark.parametrize("text", ["5", "5,", "1,2,3", "2,1", "1,1", "nan,1", "0,inf", "a,b", "0;255"])
def test_rescale_that_is_no_range_is_refused(text):
    with pytest.raises(InvalidParameter, match="rescale"):
        ColourParameters(rescale=text).style(IMAGE)
