"""From a file in the data folder to an image on the API, as a user sees it."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from fastapi.testclient import TestClient
from scipy import ndimage

from app.main import create_app
from tests.builders import eventually, image_rows, settings_in, tiny_csv, write_csv


def history_of(client, name: str) -> dict | None:
    jobs = client.get("/pipeline/history", params={"name": name}).json()["jobs"]
    return jobs[0] if jobs else None


def ended(client, name: str) -> dict:
    """The file's job once it has ended and its file lies where it belongs."""
    return eventually(
        lambda: (job := history_of(client, name)) and job["file"] and job, f"{name} has ended", seconds=30
    )


def test_a_file_copied_into_the_data_folder_is_on_the_api_by_itself(client, settings, tmp_path):
    depths, pixels = image_rows(300, seed=3)
    survey = write_csv(tmp_path / "your_survey.csv", depths, pixels.round())
    shutil.copy(survey, settings.data_dir)
    job = ended(client, "your_survey.csv")
    assert (job["state"], job["file"], job["rows_done"]) == ("stored", "processed/your_survey.csv", 300)

    (image,) = client.get("/images").json()["images"]
    assert (image["image_id"], image["name"], image["rows"]) == (job["image_id"], "your_survey.csv", 300)
    asked = {"image_id": image["image_id"], "depth_min": depths[100], "depth_max": depths[109]}
    frames = client.get("/frames", params=asked).json()
    expected = ndimage.zoom(pixels.round()[100:110], (1, 150 / 200), order=3)
    np.testing.assert_allclose(
        [frame["pixels"] for frame in frames["frames"]], expected, rtol=2**-14, atol=1e-6
    )
    assert client.get("/frames/image", params=asked).headers["content-type"] == "image/png"

    assert (settings.data_dir / "processed" / "your_survey.csv").read_bytes() == survey.read_bytes()
    assert client.get("/pipeline/status").json()["jobs"]["stored"] == 1


def test_every_file_ends_where_it_belongs_with_its_reason(client, settings, tmp_path):
    data = settings.data_dir
    good = tiny_csv(tmp_path / "good.csv")
    bad = tmp_path / "bad.csv"
    bad.write_text(good.read_text() + "1.4" + ",oops" + ",1" * 199 + "\n")
    (data / "folder").mkdir()
    for file in (good, bad):
        shutil.copy(file, data)
    (data / "link.csv").symlink_to(good)
    (data / ".hidden.csv").write_text("ignored")
    assert ended(client, "good.csv")["state"] == "stored"
    shutil.copy(good, data / "good again.csv")

    again, failed, link = (ended(client, name) for name in ("good again.csv", "bad.csv", "link.csv"))
    assert (again["state"], again["image_ids"]) == ("duplicate", [ended(client, "good.csv")["image_id"]])
    assert (failed["state"], failed["reason"], failed["row"], failed["column"]) == (
        "failed",
        "not_a_number",
        5,
        "col1",
    )
    assert (link["state"], link["reason"]) == ("failed", "not_a_regular_file")

    report = json.loads((data / "failed" / "bad.csv.error.json").read_text())
    assert (report["reason"], report["row"], report["value"]) == ("not_a_number", 5, "oops")
    assert sorted(path.name for path in data.iterdir() if not path.name.startswith(".")) == [
        "failed",
        "folder",
        "processed",
    ]
    assert sorted(path.name for path in (data / "processed").iterdir()) == ["good again.csv", "good.csv"]
    assert client.get("/images").json()["total"] == 1


def test_a_mended_file_is_taken_when_it_is_tried_again(client, settings, tmp_path):
    good = tiny_csv(tmp_path / "good.csv")
    (settings.data_dir / "x.csv").write_text(good.read_text().replace("depth", "length", 1))
    failed = ended(client, "x.csv")
    assert (failed["state"], failed["reason"]) == ("failed", "no_depth_column")
    shutil.copy(good, settings.data_dir / failed["file"])
    assert client.post(f"/pipeline/jobs/{failed['id']}/retry").status_code == 202
    job = eventually(
        lambda: (now := client.get(f"/pipeline/jobs/{failed['id']}").json())["state"] == "stored" and now,
        "it is stored",
    )
    assert job["image_id"] is not None
    assert not (settings.data_dir / "failed" / "x.csv.error.json").exists()


def test_while_it_is_stopped_files_wait_and_nothing_is_lost(client, settings, tmp_path):
    assert client.post("/pipeline/stop").json()["running"] is False
    content = tiny_csv(tmp_path / "uploaded.csv", 1.0).read_bytes()
    tiny_csv(settings.data_dir / "dropped.csv", 2.0)
    assert client.post("/images", files={"file": ("uploaded.csv", content)}).status_code == 202
    client.post("/pipeline/scan")
    assert (settings.data_dir / "dropped.csv").exists()
    assert history_of(client, "uploaded.csv")["state"] == "queued"
    assert client.post("/pipeline/start").json()["running"] is True
    for name in ("uploaded.csv", "dropped.csv"):
        assert ended(client, name)["state"] == "stored"


@pytest.mark.parametrize(
    "name", ["two words.csv", 'it\'s "quoted".csv', "🪨.csv", "a\nb.csv", "ü" * 125 + "a.csv"]
)
def test_a_name_that_is_odd_is_no_hindrance(odd_client, name):
    client, data = odd_client
    tiny_csv(data / name, first=float(len(name)))
    job = ended(client, name[:100])
    assert (job["state"], job["name"]) == ("stored", name)
    assert (data / job["file"]).exists()
    assert client.get(f"/images/{job['image_id']}").json()["name"] == name


@pytest.fixture(scope="module")
def odd_client(tmp_path_factory):
    settings = settings_in(tmp_path_factory.mktemp("odd"))
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        yield client, settings.data_dir
