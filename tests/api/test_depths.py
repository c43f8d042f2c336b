import numpy as np
import pytest


def depths(library, well, **parameters):
    answer = library.client.get(f"/images/{well.image_id}/depths", params=parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_rows_of_the_image_have_the_depths_of_the_file(library):
    found = depths(library, library.gappy, start=1700, count=300)
    assert {key: found[key] for key in ("image_id", "level", "start", "count")} == {
        "image_id": library.gappy.image_id,
        "level": 0,
        "start": 1700,
        "count": 300,
    }
    assert found["top"] == found["bottom"] == library.gappy.depths[1700:2000].tolist()
    assert found["continued"] == []


def test_an_overview_row_goes_from_its_first_row_to_its_last(library):
    found = depths(library, library.whole, level=1, start=1360, count=100)
    assert (found["start"], found["count"]) == (1360, 5)
    assert found["top"] == library.whole.depths[5440::4].tolist()
    assert found["bottom"] == library.whole.depths[5443::4].tolist()


def test_no_row_reaches_over_a_gap(library):
    lines = library.gappy.depths
    level, row = 1, 450  # rows 1800 to 1803, the first below the gap
    found = depths(library, library.gappy, level=level)
    assert found["top"][row] == lines[1800]
    assert found["bottom"][row - 1] == lines[1799]
    spans = np.subtract(found["bottom"], found["top"])
    assert spans.max() <= found["gap"] * 3
    assert found["top"][row] - found["bottom"][row - 1] > found["gap"]


def test_without_a_count_all_rows_are_told_up_to_the_limit(library):
    assert depths(library, library.whole)["count"] == 5460


def test_unchanged_depths_are_not_sent_again(library):
    url = f"/images/{library.whole.image_id}/depths"
    tag = library.client.get(url, params={"count": 10}).headers["etag"]
    asked = {"If-None-Match": tag}
    assert library.client.get(url, params={"count": 10}, headers=asked).status_code == 304
    assert library.client.get(url, params={"count": 11}, headers=asked).status_code == 200
    picture = library.client.get("/images/1/tiles/2/0.png").headers["etag"]
    all_rows = library.client.get(url, params={"level": 2}, headers={"If-None-Match": picture})
    assert all_rows.status_code == 200


@pytest.mark.parametrize(
    ("parameters", "status", "code", "says"),
    [
        ({"level": 3}, 404, "level_not_found", "to 2"),
        ({"level": 1, "start": 1365}, 422, "invalid_parameter", "0 to 1364"),
        ({"count": 20_001}, 422, "invalid_parameter", "20000"),
        ({"count": 0}, 422, "invalid_parameter", "count"),
        ({"start": -1}, 422, "invalid_parameter", "start"),
    ],
)
def test_rows_that_are_not_there_are_told_with_what_there_is(library, parameters, status, code, says):
    answer = library.client.get("/images/1/depths", params=parameters)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert says in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/images/1/depths", "/frames/image?image_id=1&depth_max=9001"])
def test_what_is_asked_for_under_its_images_version_may_be_kept_for_ever(library, path):
    version = library.client.get("/images/1").json()["version"]
    for v, immutable in ((version, True), ("another", False), (None, False)):
        joint = "&" if "?" in path else "?"
        answer = library.client.get(path if v is None else f"{path}{joint}v={v}")
        assert ("immutable" in answer.headers["cache-control"]) is immutable
