import csv
import io
import math

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.pipeline.workplace import Workplace
from tests.builders import image_rows, ingest, settings_in, write_csv

BED = {
    "name": "Top A",
    "kind": "bed",
    "depth": 1500.05,
    "amplitude": 0.1,
    "azimuth": 135.0,
    "hole_diameter": 0.2,
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    opened = Workplace.open(settings_in(tmp_path_factory.mktemp("picks"), pipeline_autostart=False))
    yield opened
    opened.catalog.close()


@pytest.fixture(scope="module")
def client(place):
    with TestClient(create_app(place.settings), base_url="http://localhost") as started:
        yield started


@pytest.fixture(scope="module")
def images(place):
    """Two images from 1500 to 1500.0975."""
    return stored(place, 0), stored(place, 1)


@pytest.fixture
def image(client, images):
    """The first of them, without picks."""
    for pick in listed(client, images[0])["picks"]:
        client.delete(f"/images/{images[0]}/picks/{pick['id']}")
    return images[0]


@pytest.fixture
def other(images):
    return images[1]


def stored(place, seed):
    file = write_csv(place.settings.db_dir / f"{seed}.csv", *image_rows(40, seed=seed))
    return ingest(place, file).image_ids[0]


def lay(client, image, **changes):
    answer = client.post(f"/images/{image}/picks", json=BED | changes)
    assert answer.status_code == 201, answer.text
    return answer.json()


def listed(client, image):
    answer = client.get(f"/images/{image}/picks")
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(answer, status, code):
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    return answer.json()


def test_a_pick_is_answered_with_its_dip(client, image):
    pick = lay(client, image)
    assert {key: pick[key] for key in BED} == BED
    assert (pick["dip"], pick["dip_direction"]) == (45.0, 135.0)
    assert pick["created_at"] == pick["updated_at"]
    assert listed(client, image) == {"picks": [pick], "total": 1}


@pytest.mark.parametrize(("amplitude", "diameter"), [(0, 0.2), (0.15, 0.216), (1e300, 1e-300), (1, 40)])
def test_the_dip_is_that_of_the_plane(client, image, amplitude, diameter):
    pick = lay(client, image, amplitude=amplitude, hole_diameter=diameter)
    assert pick["dip"] == pytest.approx(math.degrees(math.atan(2 * amplitude / diameter)))


def test_a_full_turn_dips_to_the_north(client, image):
    assert lay(client, image, azimuth=360)["dip_direction"] == 0
    assert lay(client, image, azimuth=0)["dip_direction"] == 0


def test_picks_are_listed_from_the_top_down_and_by_image(client, image, other):
    for depth in (1500.05, 1500.01, 1500.09):
        lay(client, image, depth=depth)
    elsewhere = lay(client, other)
    assert [pick["depth"] for pick in listed(client, image)["picks"]] == [1500.01, 1500.05, 1500.09]
    assert listed(client, other)["picks"] == [elsewhere]


def test_a_change_leaves_the_rest(client, image):
    pick = lay(client, image)
    answer = client.patch(f"/images/{image}/picks/{pick['id']}", json={"amplitude": 0, "name": None})
    assert answer.status_code == 200, answer.text
    changed = answer.json()
    assert changed["updated_at"] >= pick["updated_at"]
    assert changed | {"updated_at": pick["updated_at"]} == pick | {"amplitude": 0, "dip": 0}
    assert listed(client, image)["picks"] == [changed]


def test_a_pick_that_was_taken_away_is_gone(client, image):
    pick, kept = lay(client, image), lay(client, image)
    url = f"/images/{image}/picks/{pick['id']}"
    assert client.delete(url).status_code == 204
    refused(client.delete(url), 404, "pick_not_found")
    refused(client.patch(url, json={}), 404, "pick_not_found")
    assert listed(client, image)["picks"] == [kept]


def test_ids_of_picks_are_not_used_again(client, image):
    first = lay(client, image)["id"]
    client.delete(f"/images/{image}/picks/{first}")
    assert lay(client, image)["id"] > first


def test_a_pick_of_another_image_is_not_found(client, image, other):
    pick = lay(client, image)
    url = f"/images/{other}/picks/{pick['id']}"
    refused(client.patch(url, json={"depth": 1500.0}), 404, "pick_not_found")
    refused(client.delete(url), 404, "pick_not_found")
    assert listed(client, image)["picks"] == [pick]


def test_with_its_image_a_pick_is_gone(client, place):
    image = stored(place, 2)
    pick = lay(client, image)
    assert client.delete(f"/images/{image}").status_code == 204
    picks = f"/images/{image}/picks"
    for answer in (
        client.get(picks),
        client.get(picks, params={"format": "csv"}),
        client.post(picks, json=BED),
        client.patch(f"{picks}/{pick['id']}", json={"depth": 1500.0}),
        client.delete(f"{picks}/{pick['id']}"),
    ):
        refused(answer, 404, "image_not_found")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"kind": "crack"}, "'fracture'"),
        ({"kind": None}, "kind"),
        ({"depth": 1600}, "covers 1500 to 1500.0975"),
        ({"depth": 1400}, "from 1399.9 to 1400.1"),
        ({"depth": "deep"}, "depth: "),
        ({"amplitude": -0.1}, "amplitude: "),
        ({"azimuth": 361}, "azimuth: "),
        ({"azimuth": -1}, "azimuth: "),
        ({"hole_diameter": 0}, "hole_diameter: "),
        ({"name": "two\nlines"}, "name: "),
        ({"name": "x" * 201}, "name: "),
        ({"azimut": 3}, "azimut: "),
    ],
)
def test_a_pick_that_cannot_be_is_refused_with_the_reason(client, image, changes, says):
    answer = client.post(f"/images/{image}/picks", json=BED | changes)
    assert says in refused(answer, 422, "invalid_parameter")["detail"]
    if changes != {"kind": None}:
        pick = lay(client, image)
        answer = client.patch(f"/images/{image}/picks/{pick['id']}", json=changes)
        assert says in refused(answer, 422, "invalid_parameter")["detail"]
        assert listed(client, image)["picks"] == [pick]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize("field", ["depth", "amplitude", "azimuth", "hole_diameter"])
def test_numbers_are_finite(client, image, field, number):
    others = ", ".join(
        f'"{key}": {value}' for key, value in BED.items() if key not in (field, "name", "kind")
    )
    body = f'{{"kind": "bed", {others}, "{field}": {number}}}'
    answer = client.post(f"/images/{image}/picks", content=body, headers={"Content-Type": "application/json"})
    assert field in refused(answer, 422, "invalid_parameter")["detail"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('{"kind": bed}', "body: not JSON at character 10"),
        ('{"kind": "bed", "name": "\\ud800"}', "name: "),
        ("[]", "body: "),
        ("", "body is missing"),
    ],
)
def test_a_body_that_is_no_pick_is_refused_with_the_place(client, image, body, says):
    answer = client.post(f"/images/{image}/picks", content=body, headers={"Content-Type": "application/json"})
    assert says in refused(answer, 422, "invalid_parameter")["detail"]


def test_a_sine_whose_middle_is_beyond_the_image_may_reach_it(client, image):
    assert lay(client, image, depth=1500.2, amplitude=0.11)["depth"] == 1500.2
    assert lay(client, image, depth=1499.9, amplitude=0.11)["depth"] == 1499.9


def test_the_table_is_for_spreadsheets(client, image):
    lay(client, image, name="A, B")
    lay(client, image, name="", kind="fault", depth=1500.0, azimuth=360)
    answer = client.get(f"/images/{image}/picks", params={"format": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    names, *rows = csv.reader(io.StringIO(answer.text))
    assert names == ["name", "kind", "depth", "dip", "dip_direction", "azimuth", "amplitude", "hole_diameter"]
    assert rows == [
        ["", "fault", "1500.0", "45.0", "0.0", "360.0", "0.1", "0.2"],
        ["A, B", "bed", "1500.05", "45.0", "135.0", "135.0", "0.1", "0.2"],
    ]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "  =1+1"])
def test_a_name_is_no_formula(client, image, name):
    assert lay(client, image, name=name)["name"] == name.strip()
    table = client.get(f"/images/{image}/picks", params={"format": "csv"}).text
    assert list(csv.reader(io.StringIO(table)))[1][0] == "'" + name.strip()


def test_changes_ask_for_the_key_and_looking_does_not(client, image):
    pick = lay(client, image)
    elsewhere = {"Origin": "http://elsewhere.example"}
    url = f"/images/{image}/picks"
    for answer in (
        client.post(url, json=BED, headers=elsewhere),
        client.patch(f"{url}/{pick['id']}", json={"depth": 1500.0}, headers=elsewhere),
        client.delete(f"{url}/{pick['id']}", headers=elsewhere),
    ):
        refused(answer, 403, "anonymous_write_refused")
    assert client.get(url, headers=elsewhere).json()["picks"] == [pick]
