import io

import numpy as np
import pytest
from PIL import Image

IMMUTABLE = "public, max-age=31536000, immutable"


def url(well, level, index):
    return f"/images/{well.image_id}/tiles/{level}/{index}.png"


def pixels(answer):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    picture = Image.open(io.BytesIO(answer.content))
    assert picture.mode == "P"
    return np.array(picture)


def details(library, well):
    return library.client.get(f"/images/{well.image_id}").json()


def test_an_image_tells_how_it_is_cut_into_tiles(library):
    found = details(library, library.whole)
    assert found["tile_rows"] == 512
    assert found["levels"] == 2
    assert found["level_rows"] == [5460, 1365, 342]
    assert details(library, library.gappy)["level_rows"] == [3000, 750]


@pytest.mark.parametrize("level", [0, 1, 2])
def test_tiles_put_together_are_the_level(library, level):
    rows = details(library, library.whole)["level_rows"][level]
    tiles = [pixels(library.client.get(url(library.whole, level, i))) for i in range(-(-rows // 512))]
    assert [len(tile) for tile in tiles[:-1]] == [512] * (len(tiles) - 1)
    whole = library.client.get("/frames/image", params={"image_id": 1, "height": rows})
    assert whole.headers["x-level"] == str(level)
    np.testing.assert_array_equal(np.concatenate(tiles), pixels(whole))


def test_a_tile_tells_which_depths_it_shows(library):
    headers = library.client.get(url(library.whole, 1, 1)).headers
    assert (headers["x-depth-min"], headers["x-depth-max"]) == ("9204.9", "9409.6")
    assert (headers["x-row-start"], headers["x-row-count"], headers["x-level"]) == ("2048", "2048", "1")


def test_colour_parameters_are_those_of_frames(library):
    colour = {"colormap": "false", "rescale": "50,200", "invert": "true"}
    tile = library.client.get(url(library.whole, 0, 0), params=colour)
    window = {"image_id": 1, "depth_max": 9051.2}
    assert tile.content == library.client.get("/frames/image", params=window | colour).content
    assert tile.content != library.client.get(url(library.whole, 0, 0)).content


def test_a_tile_asked_for_by_version_is_kept_for_ever(library):
    version = details(library, library.whole)["version"]
    tile = library.client.get(url(library.whole, 0, 3), params={"v": version})
    assert tile.headers["cache-control"] == IMMUTABLE
    again = library.client.get(
        url(library.whole, 0, 3), params={"v": version}, headers={"If-None-Match": tile.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == IMMUTABLE


@pytest.mark.parametrize("version", [None, "older"])
def test_a_tile_of_no_or_another_version_is_asked_for_again(library, version):
    tile = library.client.get(url(library.whole, 0, 3), params={"v": version} if version else {})
    assert tile.headers["cache-control"] == "public, max-age=300"


def test_versions_are_of_the_content(library):
    assert details(library, library.whole)["version"] != details(library, library.gappy)["version"]


def test_an_unchanged_tile_is_not_sent_again_but_another_colour_is(library):
    tag = library.client.get(url(library.whole, 1, 0)).headers["etag"]
    asked = {"url": url(library.whole, 1, 0), "headers": {"If-None-Match": tag}}
    assert library.client.get(**asked).status_code == 304
    assert library.client.get(**asked, params={"colormap": "false"}).status_code == 200


@pytest.mark.parametrize(
    ("level", "index", "code", "says"),
    [
        (3, 0, "level_not_found", "its levels are 0, the image itself, to 2"),
        (-1, 0, "level_not_found", "to 2"),
        (1, 3, "tile_not_found", "its tiles are 0 to 2"),
        (0, -1, "tile_not_found", "its tiles are 0 to 10"),
        (0, 10**30, "tile_not_found", "0 to 10"),
    ],
)
def test_a_tile_that_is_not_there_is_told_with_what_there_is(library, level, index, code, says):
    answer = library.client.get(url(library.whole, level, index))
    assert (answer.status_code, answer.json()["code"]) == (404, code)
    assert says in answer.json()["detail"]


def test_an_image_that_is_not_there_has_no_tiles(library):
    assert library.client.get("/images/99/tiles/0/0.png").json()["code"] == "image_not_found"
