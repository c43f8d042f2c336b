"""Values under the cursor, statistics of a range, and what can be taken away."""

from __future__ import annotations

import shlex
import subprocess
from io import BytesIO

import httpx2
import numpy as np
import pytest
from PIL import Image

from tests.viewer.conftest import GAP_AFTER
from tests.viewer.viewer import CANVAS


def test_the_cursor_reads_depth_azimuth_row_and_value(viewer, wells):
    viewer.open(f"{wells.url}/?image=1&min=9200.05&max=9201.05")
    row = wells.get("/frames", image_id=1, depth_min=9200.4, depth_max=9200.4)["frames"][0]
    viewer.hover(105.5 / 150, 0.35)
    viewer.until("document.getElementById('cursor-row').textContent === '2,003'")
    readout = viewer.facts(".cursor")
    assert readout["Depth"] == "9200.4"
    assert readout["Azimuth"] == "253°"
    assert float(readout["Value"]) == pytest.approx(row["pixels"][105], rel=1e-4)
    viewer.page.mouse.move(5, 5)
    assert set(viewer.facts(".cursor").values()) == {"–"}


def test_the_cursor_reads_rows_of_the_whole_well_too(viewer, wells):
    viewer.open(wells.url)
    viewer.hover(0.5, 0.5)
    viewer.until("/^\\d,\\d{3}$/.test(document.getElementById('cursor-row').textContent)")
    readout = viewer.facts(".cursor")
    row = wells.get("/frames", image_id=1, depth_min=readout["Depth"], depth_max=readout["Depth"])["frames"][
        0
    ]
    assert int(readout["Row"].replace(",", "")) == round((row["depth"] - 9000.1) / 0.1)
    assert float(readout["Value"]) == pytest.approx(row["pixels"][75], rel=1e-4)


def test_the_cursor_finds_no_row_in_a_gap(viewer, wells):
    depths = [frame["depth"] for frame in wells.get("/frames", image_id=2)["frames"]]
    middle = (depths[GAP_AFTER - 1] + depths[GAP_AFTER]) / 2
    viewer.open(f"{wells.url}/?image=2&min={middle - 14}&max={middle + 14}")
    viewer.hover(0.5, 0.5)
    viewer.until("document.getElementById('cursor-row').textContent === 'none here'")


def test_a_shift_drag_chooses_a_range_and_shows_its_statistics(viewer, wells):
    viewer.open(f"{wells.url}/?image=2&min=1500&max=1502")
    viewer.page.keyboard.down("Shift")
    viewer.drag((0.5, 0.25), (0.5, 0.5))
    viewer.page.keyboard.up("Shift")
    viewer.until("document.getElementById('selection-facts').textContent.includes('Std')")
    viewer.until("!document.getElementById('selection-facts').textContent.includes('…')")
    facts = viewer.facts("#selection-facts")
    assert float(facts["From"]) == pytest.approx(1500.5, abs=0.01)
    assert float(facts["To"]) == pytest.approx(1501, abs=0.01)
    values = np.load(BytesIO(_get(wells, facts["From"], facts["To"])))
    assert facts["Rows"] == str(len(values))
    assert facts["Values"] == f"{np.isfinite(values).sum():,}"
    assert float(facts["Nulls"].split()[0]) == pytest.approx(np.isnan(values).mean() * 100, abs=0.6)
    for name, reckon in {"Minimum": np.nanmin, "Maximum": np.nanmax, "Mean": np.nanmean}.items():
        assert float(facts[name]) == pytest.approx(reckon(values), rel=1e-4)
    assert float(facts["Std. deviation"]) == pytest.approx(np.nanstd(values.astype(float)), rel=1e-4)
    viewer.until("document.querySelectorAll('.band').length === 1")
    viewer.page.keyboard.press("Escape")
    viewer.until("!document.querySelector('.band')")
    assert not viewer["#selection"].is_visible()


def test_the_range_tool_does_the_same_without_shift_and_zooms(viewer, wells):
    viewer.open(f"{wells.url}/?image=1&min=9200&max=9300")
    viewer["#tools [data-tool=range]"].click()
    viewer.drag((0.5, 0.2), (0.5, 0.4))
    viewer["#selection-zoom"].click()
    top, bottom = viewer.until_window("max - min < 50")
    assert (top, bottom) == pytest.approx((9220, 9240), abs=0.5)


def test_the_copied_curl_command_brings_what_is_on_screen(viewer, wells, tmp_path):
    viewer.open(f"{wells.url}/?image=1&min=9201.9&max=9210.3&colormap=grey&low=10&high=200&left=90")
    viewer["#export summary"].click()
    viewer["#copy-curl"].click()
    viewer.until("document.getElementById('copy-curl').textContent === 'Copied'")
    command = shlex.split(viewer.copied())
    assert command[:2] == ["curl", "-fSL"]
    subprocess.run([*command, "--silent"], cwd=tmp_path, check=True)
    with Image.open(tmp_path / "challenge_9201.9-9210.3.png") as picture:
        assert picture.size == size_of_canvas(viewer)
        must_be_alike(viewer, picture)


@pytest.mark.parametrize("shown", ["static", "dynamic"])
def test_the_picture_is_the_screen_with_its_gaps_and_nulls(viewer, wells, shown):
    depths = [frame["depth"] for frame in wells.get("/frames", image_id=2)["frames"]]
    top, bottom = depths[GAP_AFTER - 1] - 0.1, depths[GAP_AFTER - 1] + 0.04
    viewer.open(f"{wells.url}/?image=2&min={top:.4f}&max={bottom:.4f}&colormap=grey&left=200&tracks={shown}")
    viewer["#export summary"].click()
    link = "png-link" if shown == "static" else "png-dynamic-link"
    picture = Image.open(BytesIO(httpx2.get(viewer[f"#{link}"].get_attribute("href")).content))
    assert picture.size == size_of_canvas(viewer)
    must_be_alike(viewer, picture)
    alpha = np.asarray(picture.convert("RGBA"))[..., 3]
    assert (alpha[int(len(alpha) * 0.8) :] == 0).all()
    assert 0 < (alpha[: int(len(alpha) * 0.6)] == 0).mean() < 1


def test_the_picture_of_a_chosen_range_is_as_high_as_it_is_on_the_screen(viewer, wells):
    viewer.open(f"{wells.url}/?image=1&min=9200&max=9300")
    viewer["#tools [data-tool=range]"].click()
    viewer.drag((0.5, 0.2), (0.5, 0.4))
    viewer["#export summary"].click()
    viewer.until("document.getElementById('png-link').href.includes('depth_min=922')")
    picture = Image.open(BytesIO(httpx2.get(viewer["#png-link"].get_attribute("href")).content))
    width, height = size_of_canvas(viewer)
    assert picture.size == (width, pytest.approx(height / 5, abs=2))


@pytest.mark.parametrize("link", ["png-link", "csv-link", "npy-link"])
def test_the_range_on_screen_is_downloaded(viewer, wells, link):
    viewer.open(f"{wells.url}/?image=1&min=9201.9&max=9210.3")
    viewer.until("document.getElementById('npy-link').href")
    viewer["#export summary"].click()
    with viewer.page.expect_download() as download:
        viewer[f"#{link}"].click()
    assert download.value.suggested_filename == f"challenge_9201.9-9210.3.{link.split('-')[0]}"
    content = download.value.path().read_bytes()
    if link == "npy-link":
        assert np.load(BytesIO(content)).shape == (85, 150)
    if link == "csv-link":
        assert content.count(b"\n") == 86


def test_a_file_name_that_means_something_to_a_shell_stays_out_of_the_command(viewer, wells):
    viewer.open(f"{wells.url}/?image=3")
    viewer.page.wait_for_timeout(150)
    viewer["#export summary"].click()
    viewer["#copy-curl"].click()
    viewer.until("document.getElementById('copy-curl').textContent === 'Copied'")
    name = shlex.split(viewer.copied())[-1]
    assert not set(name) & set("<>\"'$`;& ()")


def size_of_canvas(viewer):
    return tuple(
        viewer.evaluate(f"(({{width, height}}) => [width, height])(document.querySelector('{CANVAS}'))")
    )


def must_be_alike(viewer, picture):
    """Where the picture has a colour the screen has the same; where it has none, the screen shows no grey of it.

    Edges of rows and pixels may lie a pixel apart.
    """
    colours = np.asarray(picture.convert("RGBA"))
    places = [(x / 23, y / 17) for x in range(1, 23) for y in range(1, 17)]
    seen = viewer.colours(places)
    height, width, _ = colours.shape
    different = 0
    for (x, y), colour in zip(places, seen, strict=True):
        row, column = int(y * height), int(x * width)
        near = colours[max(row - 2, 0) : row + 3, max(column - 2, 0) : column + 3].reshape(-1, 4)
        opaque = near[near[:, 3] > 0]
        is_alike = len(opaque) and np.abs(opaque[:, :3].astype(int) - colour[:3]).max(axis=1).min() <= 6
        is_null = (near[:, 3] == 0).any() and (colour[3] == 0 or colour[0] != colour[1] or colour[0] > 150)
        different += not (is_alike or is_null)
    assert different <= len(places) * 0.01


def _get(server, low, high):
    parameters = {"image_id": 2, "depth_min": low, "depth_max": high, "format": "npy"}
    return httpx2.get(f"{server.url}/frames", params=parameters).content
