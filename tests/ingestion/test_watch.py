from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from app.ingestion.__main__ import main
from app.pipeline.control import PipelineControl
from app.pipeline.host import PipelineHost
from tests.builders import eventually, tiny_csv


@pytest.fixture
def environment(settings, monkeypatch):
    variables = {
        "BOREHOLE_DATA_DIR": settings.data_dir,
        "BOREHOLE_DB_DIR": settings.db_dir,
        "BOREHOLE_LOG_DIR": settings.log_dir,
        "BOREHOLE_STABLE_SECONDS": "0.05",
        "BOREHOLE_INGEST_WORKERS": "1",
        "BOREHOLE_PIPELINE_AUTOSTART": "false",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, str(value))


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_watching_takes_files_until_it_is_told_to_stop(place, told):
    place.board.update(wanted=False, host="a server that is gone")
    command = [sys.executable, "-m", "app.ingestion", "--watch"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as watching:
        try:
            tiny_csv(place.folders.data / "x.csv")
            eventually(lambda: place.history.counts()["stored"] == 1, "the file is stored", seconds=60)
            watching.send_signal(told)
            assert watching.wait(20) == 0
        finally:
            watching.kill()  # else a failure would wait for it for ever
    status = PipelineControl(place).status()
    assert (status.running, status.board.host) == (False, None)


@pytest.mark.usefixtures("environment")
def test_watching_ends_in_order_in_this_process_too(place, monkeypatch):
    handlers = {}
    monkeypatch.setattr(signal, "signal", lambda number, handler: handlers.setdefault(number, handler))
    monkeypatch.setattr("app.ingestion.__main__.logs.configure", lambda *_: None)
    monkeypatch.setattr("app.pipeline.workers.WorkerPool.start", lambda self: None)
    start = PipelineHost.start

    def start_and_be_told(self):
        start(self)
        handlers[signal.SIGTERM]()

    monkeypatch.setattr(PipelineHost, "start", start_and_be_told)
    assert main(["--watch"]) == 0
    assert place.board.read().wanted
