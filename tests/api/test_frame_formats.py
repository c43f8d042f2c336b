import io

import numpy as np
import pytest

WINDOW = {"image_id": 1, "depth_min": 9201.9, "depth_max": 9210.3}


def ask(library, well=None, accept=None, **parameters):
    window = WINDOW
    if well is not None:
        window = {"image_id": well.image_id, "depth_min": well.depths[10], "depth_max": well.depths[209]}
    headers = {"Accept": accept} if accept else {}
    answer = library.client.get("/frames", params=window | parameters, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


def pixels(answer):
    frames = answer.json()["frames"]
    return np.array([frame["pixels"] for frame in frames], dtype=np.float32)


def test_csv_holds_what_json_does(library):
    told, table = ask(library, library.gappy), ask(library, library.gappy, format="csv")
    assert table.headers["content-type"].startswith("text/csv")
    names, *lines = table.text.splitlines()
    assert names == ",".join(["depth", *(f"p{number}" for number in range(1, 151))])
    cells = [[float(cell or "nan") for cell in line.split(",")] for line in lines]
    assert [line[0] for line in cells] == [frame["depth"] for frame in told.json()["frames"]]
    values = np.array([line[1:] for line in cells], dtype=np.float32)
    assert np.isnan(values).any()
    np.testing.assert_array_equal(values, pixels(told))


def test_npy_holds_the_pixels_and_its_headers_tell_the_depths(library):
    answer = ask(library, library.gappy, format="npy")
    assert answer.headers["content-type"] == "application/x-npy"
    values = np.load(io.BytesIO(answer.content))
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, pixels(ask(library, library.gappy)))
    rows = {"start": answer.headers["x-row-start"], "count": answer.headers["x-row-count"]}
    depths = library.client.get(f"/images/{library.gappy.image_id}/depths", params=rows).json()
    assert depths["top"] == library.gappy.depths[10:210].tolist()
    assert float(answer.headers["x-depth-min"]) == depths["top"][0]


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("text/csv", "text/csv; charset=utf-8"),
        ("application/x-npy", "application/x-npy"),
        ("application/json", "application/json"),
        ("*/*", "application/json"),
        ("image/*, text/csv;q=0.5", "image/tiff"),
        (None, "application/json"),
    ],
)
def test_without_a_format_the_accept_header_decides(library, accept, media_type):
    answer = ask(library, accept=accept)
    assert answer.headers["content-type"] == media_type
    assert "Accept" in answer.headers["vary"].split(", ")


def test_a_format_wins_over_the_accept_header(library):
    assert ask(library, accept="text/csv", format="json").json()["total_frames"] == 85
    assert ask(library, accept="application/json", format="csv").text.startswith("depth,p1")


def test_each_format_has_its_own_tag(library):
    names = ("json", "base64", "csv", "npy", "npz", "arrow", "parquet", "tiff", "las")
    tags = {name: ask(library, format=name).headers["etag"] for name in names}
    assert len(set(tags.values())) == len(names)
    for name, tag in tags.items():
        answer = library.client.get(
            "/frames", params=WINDOW | {"format": name}, headers={"If-None-Match": tag}
        )
        assert answer.status_code == 304
        assert answer.headers["vary"] == "Accept"
    other = {"Accept": "text/csv", "If-None-Match": tags["json"]}
    assert library.client.get("/frames", params=WINDOW, headers=other).status_code == 200


def test_a_format_that_there_is_not_is_told_with_those_there_are(library):
    answer = library.client.get("/frames", params=WINDOW, headers={"Accept": "image/png"})
    assert (answer.status_code, answer.json()["code"]) == (406, "format_not_offered")
    assert answer.json()["formats"]["text/csv"] == "csv"
    for media_type, name in answer.json()["formats"].items():
        assert ask(library, accept=media_type).headers["content-type"].partition(";")[0] == media_type
        assert ask(library, format=name).headers["content-type"].partition(";")[0] == media_type


def test_unknown_formats_are_told_with_those_there_are(library):
    answer = library.client.get("/frames", params=WINDOW | {"format": "xlsx"})
    assert answer.status_code == 422
    assert "'npy'" in answer.json()["detail"]
