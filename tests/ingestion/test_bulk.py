"""`python -m app.ingestion --bulk`: many files at once, as an operator asks for them."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

from app import logs
from app.ingestion import __main__ as command_line
from app.pipeline.bulk import command, run
from tests.builders import eventually, tiny_csv
from tests.pipeline.bulk.conftest import bad_csv, run_all

ROOT = Path(__file__).parents[2]


@pytest.fixture
def wells(tmp_path):
    folder = tmp_path / "wells"
    folder.mkdir()
    return folder


@pytest.fixture
def environment(settings, monkeypatch):
    given = {
        "BOREHOLE_DATA_DIR": str(settings.data_dir),
        "BOREHOLE_DB_DIR": str(settings.db_dir),
        "BOREHOLE_LOG_DIR": str(settings.log_dir),
        "BOREHOLE_STABLE_SECONDS": "0",
        "BOREHOLE_INGEST_WORKERS": "1",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return os.environ | given | {"PYTHONPATH": str(ROOT)}


@pytest.fixture
def bulk(place, environment, monkeypatch, capsys):
    """Runs the command in this process, where a thread does the work; exit code and the lines it printed."""

    @contextmanager
    def somebody_at_work(place):
        enough = threading.Event()
        thread = threading.Thread(target=run_all, args=(place, enough))
        thread.start()
        try:
            yield "somebody"
        finally:
            enough.set()
            thread.join()

    place.board.update(wanted=True)
    monkeypatch.setattr(command, "somebody_at_work", somebody_at_work)
    monkeypatch.setattr(run, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(logs, "configure", lambda settings, console_level: None)

    def bulk(*arguments):
        code = command_line.main(["--bulk", *map(str, arguments)])
        return code, capsys.readouterr().out.splitlines()

    return bulk


def test_a_folder_is_stored_and_the_sum_told(bulk, wells):
    for number in range(1, 4):
        tiny_csv(wells / f"{number}.csv", number)
    code, lines = bulk(wells)
    assert code == 0
    assert lines[0] == f"3 files in {wells}, read by somebody"
    assert lines[1] == "3 stored"
    assert lines[2].startswith("3 files, 9 rows, 0.0 MB in ")
    assert bulk(wells) == (0, [lines[0], "3 stored; 3 of them earlier"])


def test_a_failure_is_told_and_reported_and_makes_the_exit_code(bulk, wells, tmp_path):
    file = bad_csv(wells / "a.csv")
    report = tmp_path / "report.csv"
    for options in ([], ["--retry-failed"]):
        code, lines = bulk(wells, "--report", report, *options)
        assert code == 1
        assert f"failed     {file}: Line 2, column 'col2': 'x' is neither a number nor a null." in lines
        with report.open(newline="") as written:
            (line,) = csv.DictReader(written)
        assert (line["path"], line["reason"], line["row"]) == (str(file), "not_a_number", "2")


def test_told_to_stop_it_says_how_to_go_on(bulk, wells, monkeypatch):
    tiny_csv(wells / "a.csv")

    def interrupted(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(run.time, "sleep", interrupted)
    code, lines = bulk(wells)
    assert code == 130
    assert lines[-1] == "interrupted, with 1 queued: the same command goes on from here"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--report", "r.csv"], "go with --bulk"),
        (["--retry-failed"], "go with --bulk"),
        (["--bulk", ".", "a.csv"], "takes one folder"),
        (["--bulk", ".", "--watch"], "takes one folder"),
        (["--bulk", "no such"], "there is no folder no such"),
        (["--bulk", "data"], "is the data folder"),
        (["--bulk", ".", "--report", "no such/r.csv"], "No such file"),
    ],
)
@pytest.mark.usefixtures("bulk")
def test_what_cannot_be_asked_for_is_refused_in_a_line(tmp_path, monkeypatch, capsys, arguments, told):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        command_line.main(arguments)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_killed_at_any_moment_it_goes_on_where_it_was(place, environment, wells, tmp_path):
    for number in range(1, 121):
        tiny_csv(wells / f"{number}.csv", 10.0 * number, rows=50)
    bad_csv(wells / "0.csv")
    report = tmp_path / "report.csv"
    asked = [sys.executable, "-m", "app.ingestion", "--bulk", str(wells), "--report", str(report)]

    def stored():
        return place.history.counts()["stored"]

    for told, code in ((signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)):
        before = stored()
        with subprocess.Popen(asked, env=environment, stdout=subprocess.DEVNULL) as running:
            eventually(lambda before=before: stored() > before, "it works", 60)
            running.send_signal(told)
            assert running.wait(30) == code
        assert stored() < 120
    ended = subprocess.run(asked, env=environment, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 1, ended.stderr
    assert ended.stderr == ""  # what workers do is for the log, what is wrong with a file told once
    assert ended.stdout.count("neither a number") == 1
    assert "120 stored" in ended.stdout and "1 failed" in ended.stdout
    assert place.history.counts() == {
        "queued": 0, "running": 0, "retrying": 0, "stored": 120, "duplicate": 0, "failed": 1,
    }  # fmt: skip
    assert len({image.name for image in place.images.every()}) == place.images.totals().images == 120
    assert len(report.read_text().splitlines()) == 2
