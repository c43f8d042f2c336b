"""What a worker of a cluster does with a task, here and now."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import pytest

from app.pipeline import dask_worker
from app.pipeline.dask_worker import carry_out, dask_setup
from app.pipeline.steps import Step, WholeJob
from app.pipeline.workplace import Workplace
from app.settings import Settings


@pytest.fixture(autouse=True)
def worker(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A worker with settings of its own: the places are the server's, the pixel columns of no file are right."""
    mine = place.settings.model_copy(update={"source_width": 7})
    monkeypatch.setattr(dask_worker, "own_settings", lambda: mine)
    place.board.update(host="test")
    dask_worker.workplace.cache_clear()
    yield
    dask_worker.workplace.cache_clear()


def told(step: Step, settings: Settings) -> Any:
    return carry_out(pickle.dumps((step, settings.of_reading)))


def test_a_file_is_read_as_the_server_says_and_not_as_the_worker_would(place, taken):
    step = WholeJob(*taken())
    assert told(step, place.settings) is None
    assert place.jobs.get(step.job.id).state == "stored"


def test_nothing_secret_travels(place):
    assert not {"api_key", "api_keys", "database_url", "storage_uri"} & set(place.settings.of_reading)


def test_a_worker_with_another_catalog_judges_no_file(place, taken):
    step = WholeJob(*taken())
    place.board.update(host="another")
    with pytest.raises(RuntimeError, match=r"knows nothing of the server test: .*BOREHOLE_DATABASE_URL"):
        told(step, place.settings)
    assert place.jobs.get(step.job.id).state == "running"


def test_a_worker_with_another_data_folder_judges_no_file(place, taken, tmp_path, monkeypatch):
    step = WholeJob(*taken())
    elsewhere = place.settings.model_copy(update={"data_dir": tmp_path / "elsewhere"})
    monkeypatch.setattr(dask_worker, "own_settings", lambda: elsewhere)
    with pytest.raises(RuntimeError, match=r"elsewhere.* is not there: the worker's BOREHOLE_DATA_DIR"):
        told(step, place.settings)
    assert place.jobs.get(step.job.id).state == "running"


def test_with_a_landing_zone_a_file_in_a_folder_the_worker_does_not_see_waits_and_stops_nobody(
    place, taken, tmp_path, monkeypatch
):
    step = WholeJob(*taken())
    elsewhere = place.settings.model_copy(update={"data_dir": tmp_path / "elsewhere"})
    monkeypatch.setattr(dask_worker, "own_settings", lambda: elsewhere)
    assert told(step, place.settings.model_copy(update={"landing_uri": "s3://wells/incoming"})) is None
    job = place.jobs.get(step.job.id)
    assert (job.state, job.reason) == ("retrying", "storage_unavailable")
    assert "data folder of another machine" in job.message


def test_a_worker_whose_settings_cannot_be_worked_with_does_not_start(monkeypatch, tmp_path, capsys):
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BOREHOLE_PIXEL_WIDTH", "wide")
    dask_worker.own_settings.cache_clear()
    with pytest.raises(SystemExit):
        dask_setup(None)
    assert "BOREHOLE_PIXEL_WIDTH=wide is not allowed" in capsys.readouterr().err
