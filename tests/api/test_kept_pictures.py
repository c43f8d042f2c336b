from __future__ import annotations

import os

from fastapi.testclient import TestClient

from app.api.kept_pictures import KeptPictures
from app.main import create_app
from tests.builders import image_rows, ingest, write_csv


def test_a_picture_is_found_again_by_its_tag(tmp_path):
    kept = KeptPictures(tmp_path / "cache", 1000)
    assert kept.get('"a1"') is None
    kept.put('"a1"', b"picture")
    assert KeptPictures(tmp_path / "cache", 1000).get('"a1"') == b"picture"


def test_the_least_recently_used_go_first(tmp_path):
    kept = KeptPictures(tmp_path, 1000)
    for number in range(10):
        kept.put(f'"{number}"', bytes(100))
        os.utime(tmp_path / str(number), (number, number))
    assert kept.get('"0"') is not None  # used now
    kept.put('"10"', bytes(100))
    kept.put('"11"', bytes(200))
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) <= 1000
    assert kept.get('"0"') is not None
    assert kept.get('"1"') is None


def test_the_folder_may_be_deleted_at_any_time(tmp_path):
    kept = KeptPictures(tmp_path / "cache", 1000)
    kept.put('"a"', b"picture")
    for file in (tmp_path / "cache").iterdir():
        file.unlink()
    (tmp_path / "cache").rmdir()
    assert kept.get('"a"') is None
    kept.put('"a"', b"picture")
    assert kept.get('"a"') == b"picture"


def test_a_folder_that_cannot_be_written_keeps_nothing_and_harms_nobody(tmp_path):
    (tmp_path / "cache").write_text("a file")
    kept = KeptPictures(tmp_path / "cache", 1000)
    kept.put('"a"', b"picture")
    assert kept.get('"a"') is None


def test_a_picture_that_goes_while_it_is_read_is_drawn_anew(tmp_path):
    (tmp_path / "a").mkdir()
    assert KeptPictures(tmp_path, 1000).get('"a"') is None


def test_other_folders_in_the_cache_are_left_alone(tmp_path):
    (tmp_path / "fragments").mkdir()
    kept = KeptPictures(tmp_path, 100)
    for number in range(3):
        kept.put(f'"{number}"', bytes(80))
    assert (tmp_path / "fragments").is_dir()
    assert sum(file.is_file() for file in tmp_path.iterdir()) == 1


def test_a_dear_picture_is_drawn_once_for_all_processes(place, settings, monkeypatch):
    ingest(place, write_csv(settings.data_dir / "x.csv", *image_rows(1000)))
    address = "/frames/image?image_id=1&height=1000"
    with TestClient(create_app(settings)) as client:
        first = client.get(address)
    monkeypatch.setattr("app.api.pictures.render_picture", None)
    with TestClient(create_app(settings)) as client:
        assert client.get(address).content == first.content
