"""Servers that share a catalog share their data folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from app.ingestion import __main__ as command_line
from app.main import create_app
from app.pipeline import data_folder
from app.pipeline.data_folder import OtherDataFolder, require_the_hosts_data_folder, told_on_the_board
from app.pipeline.job import run_job
from app.pipeline.lock import HostLock, host_lock
from app.pipeline.workplace import Workplace
from tests.builders import settings_in


@pytest.fixture(autouse=True)
def quicker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_folder, "SECONDS_TO_TELL", 0.2)


@pytest.fixture
def hosted(place: Workplace) -> Iterator[HostLock]:
    """Somebody hosts the pipeline of `place`."""
    lock = host_lock(place)
    assert lock.acquire()
    place.board.update(host="another", data_dir=told_on_the_board(place))
    yield lock
    lock.release()


@pytest.mark.usefixtures("hosted")
def test_a_server_with_another_data_folder_refuses_to_start_and_names_both(place, tmp_path):
    settings = settings_in(tmp_path, data_dir=tmp_path / "elsewhere")
    with pytest.raises(OtherDataFolder) as refusal, TestClient(create_app(settings)):
        pass
    for word in (str(tmp_path / "elsewhere"), str(place.settings.data_dir), "BOREHOLE_DB_DIR"):
        assert word in str(refusal.value)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.usefixtures("hosted")
def test_one_with_the_same_folder_by_another_path_stands_by(place, tmp_path):
    (tmp_path / "link").symlink_to(place.settings.data_dir)
    settings = settings_in(tmp_path, data_dir=tmp_path / "link")
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        assert client.get("/health/live").status_code == 200
    assert place.board.read().host == "another"


@pytest.mark.usefixtures("hosted")
def test_with_a_landing_zone_each_server_may_have_its_own(place, tmp_path):
    settings = settings_in(tmp_path, data_dir=tmp_path / "elsewhere", landing_uri="s3://wells/incoming")
    with TestClient(create_app(settings), base_url="http://localhost") as client:
        assert client.get("/health/live").status_code == 200
    assert place.board.read().host == "another"


def test_a_file_taken_from_the_data_folder_of_another_machine_waits_for_that(
    place, taken, leased_again, tmp_path
):
    job, _ = taken()
    changes = {"data_dir": tmp_path / "elsewhere", "landing_uri": "s3://wells/incoming"}
    other = Workplace.open(place.settings.model_copy(update=changes))
    run_job(other, *leased_again())
    other.catalog.close()
    waiting = place.jobs.get(job.id)
    assert (waiting.state, waiting.reason) == ("retrying", "storage_unavailable")
    assert "another machine" in waiting.message
    run_job(place, *leased_again())
    assert place.jobs.get(job.id).state == "stored"


def test_where_nobody_hosts_any_more_the_folder_may_be_another(place, hosted, tmp_path):
    hosted.release()
    settings = settings_in(tmp_path, data_dir=tmp_path / "elsewhere", pipeline_autostart=False)
    with TestClient(create_app(settings), base_url="http://localhost"):
        pass
    assert place.board.read().data_dir == str(tmp_path / "elsewhere")


def test_a_host_that_has_just_begun_is_given_time_to_tell(place, hosted, monkeypatch):
    """Of several processes started at once with a new folder, only one is the first to write it down."""
    ours = told_on_the_board(place)
    place.board.update(data_dir="the folder of a server that is gone")
    monkeypatch.setattr(data_folder.time, "sleep", lambda seconds: place.board.update(data_dir=ours))
    second = host_lock(place)
    require_the_hosts_data_folder(place, second)
    assert not second.acquire()


@pytest.mark.usefixtures("hosted")
def test_by_hand_another_folder_is_refused_too(monkeypatch, tmp_path, place, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(command_line.logs, "configure", lambda settings, console_level: None)
    for name, folder in {"DB": place.settings.db_dir, "DATA": tmp_path / "elsewhere"}.items():
        monkeypatch.setenv(f"BOREHOLE_{name}_DIR", str(folder))
    with pytest.raises(SystemExit) as ended:
        command_line.main([])
    assert ended.value.code == 2
    assert str(Path("elsewhere")) in capsys.readouterr().err
