"""What a client types and gets; the parts are tested below tests/api and tests/rendering."""

from __future__ import annotations

import base64

import numpy as np
import pytest
from scipy import ndimage

from tests.builders import eventually, image_rows, rgba, write_csv

WINDOW = "image_id=1&depth_min=9201.9&depth_max=9210.3"
PNG = {"Accept": "image/png"}


@pytest.fixture
def get(library):
    """Asks for a URL as it is typed; anything but 200 fails, as with `curl -f`."""

    def asked(url, **headers):
        response = library.client.get(url, headers=headers)
        assert response.status_code == 200, response.text
        return response

    return asked


def test_a_depth_range_includes_both_its_ends(get):
    frames = get(f"/frames?{WINDOW}").json()
    assert frames["total_frames"] == 85
    assert frames["frames"][0]["depth"] == 9201.9
    assert frames["frames"][-1]["depth"] == 9210.3


def test_pixels_are_those_of_scipy_zoom(library, get):
    rows = library.whole.pixels[2018:2103]
    expected = ndimage.zoom(rows, (1, 150 / 200), order=3)
    pixels = np.array([frame["pixels"] for frame in get(f"/frames?{WINDOW}").json()["frames"]])
    np.testing.assert_allclose(pixels, expected, rtol=2**-14, atol=1e-6)


def test_images_have_ids_and_depth_ranges(get):
    challenge = get("/images").json()["images"][0]
    assert (challenge["image_id"], challenge["name"], challenge["rows"]) == (1, "challenge.csv", 5460)
    assert (challenge["depth_min"], challenge["depth_max"]) == (9000.1, 9546.0)


def test_a_picture_is_coloured_and_85_by_150(get):
    response = get(f"/frames/image?{WINDOW}", **PNG)
    assert response.headers["content-type"] == "image/png"
    picture = rgba(response.content)
    assert picture.shape == (85, 150, 4)
    assert (picture[..., 3] == 255).all(), "no nulls here"
    assert (picture[..., 0] != picture[..., 2]).mean() > 0.9


def test_colormap_false_is_the_values_in_grey(library, get):
    picture = rgba(get(f"/frames/image?{WINDOW}&colormap=false", **PNG).content)
    assert picture.shape == (85, 150, 4)
    assert (picture[..., 0] == picture[..., 1]).all()
    assert (picture[..., 1] == picture[..., 2]).all()
    values = ndimage.zoom(library.whole.pixels[2018:2103], (1, 150 / 200), order=3)
    assert abs(picture[..., 0] - np.clip(values, 0, 255)).max() < 1.2


def test_base64_holds_the_same_picture(get):
    answer = get(f"/frames?{WINDOW}&format=base64").json()
    assert base64.b64decode(answer["image"]) == get(f"/frames/image?{WINDOW}").content
    assert answer["total_frames"] == 85


def test_the_whole_well_fits_a_screen(get):
    response = get("/frames/image?image_id=1&height=1000")
    assert rgba(response.content).shape == (1000, 150, 4)
    assert (response.headers["x-depth-min"], response.headers["x-depth-max"]) == ("9000.1", "9546")


def test_asking_again_costs_nothing(library):
    first = library.client.get(f"/frames/image?{WINDOW}")
    again = library.client.get(f"/frames/image?{WINDOW}", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_nulls_are_null_and_transparent(library, get):
    window = f"image_id=2&depth_max={library.gappy.depths[49]}"
    pixels = [frame["pixels"] for frame in get(f"/frames?{window}").json()["frames"]]
    nulls = np.array([[value is None for value in row] for row in pixels])
    assert nulls.any()
    np.testing.assert_array_equal(rgba(get(f"/frames/image?{window}").content)[..., 3] == 0, nulls)


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("/frames?image_id=1&depth_min=9600&depth_max=9700", 404, "depth_range_empty"),
        ("/frames?image_id=1&depth_min=9210.3&depth_max=9201.9", 422, "invalid_parameter"),
        ("/frames?image_id=1&depth_min=nan&depth_max=9210.3", 422, "invalid_parameter"),
        ("/frames/image?image_id=77&depth_min=9201.9&depth_max=9210.3", 404, "image_not_found"),
        ("/frames", 422, "invalid_parameter"),
        ("/nothing", 404, "no_such_page"),
    ],
)
def test_errors_have_a_code_that_scripts_can_act_on(library, url, status, code):
    response = library.client.get(url)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers["content-type"] == "application/problem+json"


def test_stats_health_and_documentation_are_there(get):
    assert get("/stats").json()["images"] == 2
    assert get("/health/live").json()["status"] == "ok"
    assert "swagger" in get("/docs").text
    assert get("/openapi.json").json()["info"]["title"] == "Borehole Image Server"
    assert "<title>Borehole Image Server</title>" in get("/").text


def test_a_file_that_is_dropped_can_be_asked_for(client, settings, tmp_path):
    """From `cp` to the picture, with the pipeline's commands in between."""
    assert client.post("/pipeline/start").status_code == 200
    eventually(lambda: client.get("/pipeline/status").json()["running"], "the pipeline runs")
    survey = write_csv(tmp_path / "your_survey.csv", *image_rows(100))
    survey.rename(settings.data_dir / survey.name)
    assert client.post("/pipeline/scan").status_code == 200

    def stored():
        jobs = client.get("/pipeline/history").json()["jobs"]
        return jobs and jobs[0]["image_id"]

    image_id = eventually(stored, "the survey is stored")
    assert client.get(f"/frames?image_id={image_id}").json()["total_frames"] == 100
    assert rgba(client.get(f"/frames/image?image_id={image_id}").content).shape == (100, 150, 4)
    assert not client.post("/pipeline/stop").json()["running"]
    assert not client.get("/pipeline/status").json()["running"]
