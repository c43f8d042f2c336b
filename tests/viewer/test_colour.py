"""Colours, their range, and the way around the hole."""

from __future__ import annotations

import numpy as np
import pytest


@pytest.fixture
def rows(viewer, wells):
    """Ten rows of image 1 in grey; the server's answer for them."""
    viewer.open(f"{wells.url}/?image=1&min=9200.05&max=9201.05&colormap=grey")
    return wells.get("/frames", image_id=1, depth_min=9200.1, depth_max=9201.0)["frames"]


def grey(value, low, high):
    """As the README says colours are made: 255 steps from low to high."""
    return round(min(max((value - low) / (high - low), 0), 1) * 254) * 255 / 254


def test_a_colormap_is_chosen(viewer, wells):
    viewer.open(wells.url)
    before = viewer.colour(0.5, 0.5)
    viewer["#colormap"].select_option("grey")
    viewer.wait_until_drawn()
    red, green, blue, _ = viewer.colour(0.5, 0.5)
    assert red == green == blue
    assert viewer.colour(0.5, 0.5) != before
    assert viewer.query["colormap"] == "grey"


def test_a_typed_range_and_its_reset(viewer, rows):
    value = rows[4]["pixels"][75]
    assert viewer.colour(0.5, 0.45)[0] == pytest.approx(grey(value, 0, 255), abs=1.1)
    viewer["#range-low"].fill("50")
    viewer["#range-high"].fill("150")
    viewer["#range-high"].press("Enter")
    viewer.until("location.search.includes('low=50&high=150')")
    viewer.wait_until_drawn()
    viewer.until(f"Math.abs({_red(0.5, 0.45)} - {grey(value, 50, 150)}) < 1.1")
    viewer["#range-reset"].click()
    viewer.until(f"Math.abs({_red(0.5, 0.45)} - {grey(value, 0, 255)}) < 1.1")
    assert "low" not in viewer.query


def test_an_impossible_range_is_refused_in_words(viewer, rows):
    viewer["#range-low"].fill("200")
    viewer["#range-high"].fill("100")
    viewer["#range-high"].press("Enter")
    assert "below" in viewer["#colour-error"].inner_text()
    assert viewer["#range-low"].get_attribute("aria-invalid") == "true"


def test_the_handles_on_the_histogram_set_the_range(viewer, rows):
    box = viewer["#histogram"].bounding_box()
    handle = viewer["#handle-low"].bounding_box()
    viewer.page.mouse.move(handle["x"] + handle["width"] / 2, handle["y"] + 20)
    viewer.page.mouse.down()
    viewer.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20, steps=6)
    viewer.page.mouse.up()
    low = float(viewer["#range-low"].input_value())
    assert low == pytest.approx(127, abs=12)
    viewer.until(f"location.search.includes('low={low:g}&')")
    viewer["#handle-low"].press("ArrowRight")
    assert float(viewer["#range-low"].input_value()) > low
    assert viewer["#handle-low"].get_attribute("aria-valuenow") == viewer["#range-low"].input_value()


def test_inverting_turns_the_colours_around(viewer, rows):
    before = viewer.colour(0.5, 0.45)[0]
    viewer.page.keyboard.press("i")
    assert viewer["#invert"].is_checked()
    viewer.until(f"Math.abs({_red(0.5, 0.45)} - {255 - before}) < 1.1")


def test_the_histogram_is_drawn_in_the_colours_of_the_values(viewer, wells):
    viewer.open(f"{wells.url}/?image=1&colormap=grey")
    viewer.until("document.getElementById('histogram').width > 1")
    viewer.until(f"{_red(0.9, 0.99, '#histogram')} > 200")
    ramp = [viewer.colour(x / 20, 0.99, "#histogram")[0] for x in range(20)]
    assert ramp == sorted(ramp)


def test_turning_the_image_moves_the_picture_and_its_header_together(viewer, rows):
    columns = [viewer.colour((k + 0.5) / 150, 0.45)[0] for k in range(150)]
    viewer["#rotation"].fill("120")
    viewer.until("location.search.includes('left=120')")
    viewer.wait_until_drawn()
    turned = [viewer.colour((k + 0.5) / 150, 0.45)[0] for k in range(150)]
    np.testing.assert_allclose(turned, np.roll(columns, -50), atol=1.1)
    assert viewer[".azimuth"].first.text_content() == "180 S270 W0 N90 E"
    viewer.hover(0.5, 0.5)
    viewer.until("document.getElementById('cursor-azimuth').textContent === '300°'")


def test_two_tracks_side_by_side_with_a_window_of_choice(viewer, wells):
    viewer.open(f"{wells.url}/?image=1&min=9200&max=9220&colormap=grey")
    viewer["#tracks [data-tracks=both]"].click()
    viewer.wait_until_drawn()
    assert viewer[".pane:not([hidden])"].count() == 2
    static, dynamic = (f"[data-normalize={name}] canvas" for name in ("static", "dynamic"))

    def column(canvas):
        return [viewer.colour(0.5, k / 50, canvas)[0] for k in range(50)]

    before = column(dynamic)
    assert before != column(static)
    viewer["#dynamic-window"].select_option("10")
    viewer.until("location.search.includes('window=10')")
    viewer.wait_until_drawn()
    assert column(dynamic) != before
    viewer.page.keyboard.press("d")
    viewer.until("document.querySelectorAll('.pane:not([hidden])').length === 1")


def _red(x, y, canvas=".pane:not([hidden]) canvas"):
    """An expression for the page: the red of a place on the track."""
    return (
        f"((canvas) => canvas.getContext('2d').getImageData(Math.floor({x} * canvas.width), "
        f"Math.floor({y} * canvas.height), 1, 1).data[0])(document.querySelector('{canvas}'))"
    )
