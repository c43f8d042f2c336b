import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.pipeline.workplace import Workplace
from tests.builders import image_rows, ingest, settings_in, write_csv

NAMES = ["Ærfugl_A.csv", "ærfugl_b.csv", "100%.csv", "100a.csv", "a_b&c.csv"]


@pytest.fixture(scope="module")
def named(tmp_path_factory):
    """A server with an image of each name."""
    folder = tmp_path_factory.mktemp("search")
    place = Workplace.open(settings_in(folder, pipeline_autostart=False))
    for seed, name in enumerate(NAMES):
        job = ingest(place, write_csv(folder / name, *image_rows(4, seed=seed)))
        assert job.state == "stored", job.message
    with TestClient(create_app(place.settings), base_url="http://localhost") as client:
        yield client
    place.catalog.close()


def found(client, **parameters):
    page = client.get("/images", params=parameters).json()
    return [image["name"] for image in page["images"]], page


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ÆRFUGL", ["Ærfugl_A.csv", "ærfugl_b.csv"]),
        ("0%", ["100%.csv"]),
        ("l_", ["Ærfugl_A.csv", "ærfugl_b.csv"]),
        ("&C", ["a_b&c.csv"]),
        ("/", []),
        ("", NAMES),
    ],
)
def test_images_are_found_by_a_part_of_their_name(named, text, names):
    listed, page = found(named, search=text)
    assert listed == names
    assert page["total"] == len(names)


def test_the_next_page_searches_on(named):
    listed, page = found(named, search="a_b&c", limit=1)
    assert (listed, page["next"]) == (["a_b&c.csv"], None)
    listed, page = found(named, search="100", limit=1)
    assert listed == ["100%.csv"]
    following = named.get(page["next"]).json()
    assert [image["name"] for image in following["images"]] == ["100a.csv"]
    assert following["next"] is None


def test_a_search_text_is_kept_whole_in_the_next_page(named):
    _, page = found(named, search="Æ", limit=1)
    following = named.get(page["next"]).json()
    assert [image["name"] for image in following["images"]] == ["ærfugl_b.csv"]
