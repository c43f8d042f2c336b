from __future__ import annotations

import pytest

from app.errors import CommandRefused
from app.pipeline.bulk.hosting import somebody_at_work
from app.pipeline.control import PipelineControl
from app.pipeline.data_folder import OtherDataFolder
from app.pipeline.host import PipelineHost
from app.pipeline.lock import host_lock
from app.pipeline.workplace import Workplace
from tests.builders import eventually


@pytest.fixture(autouse=True)
def no_workers(monkeypatch):
    monkeypatch.setattr("app.pipeline.workers.WorkerPool.start", lambda self: None)


@pytest.fixture
def server(place):
    """Hosts the pipeline, as a server would."""
    host = PipelineHost(place)
    host.start()
    eventually(lambda: PipelineControl(place).status().running, "it runs")
    yield host
    if not host.stopping:
        host.stop()


def test_where_nobody_hosts_this_process_does_whatever_was_wanted_before(place):
    place.board.update(wanted=False, host="a server that is gone")
    with somebody_at_work(place) as who:
        assert who == "1 processes for this process, as no server hosts the pipeline"
        eventually(lambda: PipelineControl(place).status().running, "it runs")
    lock = host_lock(place)
    assert lock.acquire()
    lock.release()


def test_a_server_goes_on_hosting_and_this_process_takes_over_from_it(place, server):
    other = Workplace.open(place.settings)
    with somebody_at_work(other) as who:
        assert who == f"the pipeline's host, {server.owner}"
        assert place.board.read().host == server.owner
        server.stop()
        eventually(lambda: place.board.read().host not in (None, server.owner), "another hosts")
    other.catalog.close()


def test_a_pipeline_that_was_stopped_stays_so(place, server):
    PipelineControl(place).stop()
    with pytest.raises(CommandRefused, match="told to stop"), somebody_at_work(place):
        pass
    assert not place.board.read().wanted


def test_a_host_of_another_data_folder_is_no_help(place, server, tmp_path, monkeypatch):
    monkeypatch.setattr("app.pipeline.data_folder.SECONDS_TO_TELL", 0.05)
    other = Workplace.open(place.settings.model_copy(update={"data_dir": tmp_path / "elsewhere"}))
    with pytest.raises(OtherDataFolder), somebody_at_work(other):
        pass
    other.catalog.close()
