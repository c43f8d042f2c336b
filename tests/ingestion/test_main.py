import io
import os
import runpy
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from app import logs
from app.ingestion import __main__ as command_line
from app.ingestion.demo import write_demo_csv
from app.pipeline import attempt, lease_keeping
from app.pipeline.job import run_job
from app.pipeline.workplace import Workplace
from app.settings import Settings
from tests.builders import eventually, write_csv


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """Runs the command line in `tmp_path`; exit code and the lines it printed."""
    monkeypatch.chdir(tmp_path)
    for folder in ("data", "db", "log"):
        monkeypatch.setenv(f"BOREHOLE_{folder.upper()}_DIR", str(tmp_path / folder))
    monkeypatch.setenv("BOREHOLE_STABLE_SECONDS", "0")
    monkeypatch.setenv("BOREHOLE_SOURCE_WIDTH", "any")
    monkeypatch.setattr(logs, "configure", lambda settings, console_level: None)
    (tmp_path / "data").mkdir()

    def run(*arguments):
        code = command_line.main([str(argument) for argument in arguments])
        return code, capsys.readouterr().out.splitlines()

    return run


@pytest.fixture
def data(tmp_path):
    return tmp_path / "data"


def well(path, seed=0, rows=5):
    pixels = np.random.default_rng(seed).integers(0, 256, (rows, 6)).astype(float)
    return write_csv(path, 1500 + 0.0025 * np.arange(rows), pixels)


def bad(path):
    path.write_text("depth,a,b\n1,2,x\n")
    return path


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_without_arguments_everything_in_the_data_folder_is_ingested(run, data):
    well(data / "a.csv", seed=1)
    well(data / "b.csv", seed=2)
    (data / ".hidden.csv").write_text("")
    code, lines = run()
    assert code == 0
    assert lines[0].startswith("stored     a.csv: image 1, 5 rows, 1500 to 1500.01")
    assert lines[1].startswith("stored     b.csv: image 2")
    assert lines[2:] == ["2 stored"]
    assert names(data / "processed") == ["a.csv", "b.csv"]
    assert names(data) == [".hidden.csv", ".processing", ".uploads", "failed", "processed"]


def test_an_empty_data_folder_is_no_failure(run, data):
    code, lines = run()
    assert (code, lines) == (0, [f"nothing to do: {data} holds no files"])


def test_a_bad_file_is_told_and_fails_the_run_but_not_the_others(run, data):
    bad(data / "a.csv")
    well(data / "b.csv")
    code, lines = run()
    assert code == 1
    assert lines[0] == "failed     a.csv: Line 2, column 'b': 'x' is neither a number nor a null."
    assert lines[-1] == "1 failed, 1 stored"
    assert names(data / "failed") == ["a.csv", "a.csv.error.json"]
    assert names(data / "processed") == ["b.csv"]


def test_files_from_elsewhere_stay_where_they_are(run, data, tmp_path):
    good, wrong = well(tmp_path / "good.csv"), bad(tmp_path / "wrong.csv")
    before = good.read_bytes()
    code, lines = run(good.name, wrong)
    assert (code, lines[-1]) == (1, "1 stored, 1 failed")
    assert good.read_bytes() == before
    assert wrong.exists()
    assert names(data / "processed") == names(data / "failed") == names(data / ".processing") == []


def test_files_named_in_the_data_folder_are_moved_by_whatever_path_they_are_named(run, data, tmp_path):
    well(data / "a.csv", seed=1)
    well(data / "b.csv", seed=2)
    (tmp_path / "link").symlink_to(data)
    assert run("data/a.csv", tmp_path / "link" / "b.csv")[0] == 0
    assert names(data / "processed") == ["a.csv", "b.csv"]


def test_the_same_content_again_is_no_failure(run, tmp_path):
    file = well(tmp_path / "a.csv")
    run(file)
    code, lines = run(file)
    assert code == 0
    assert lines == ["duplicate  a.csv: the same content is already stored as image 1", "1 duplicate"]


def test_dropped_rows_and_the_unit_are_told(run, tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("depth_ft,a,b\n1,2,3\n2,2,3\n,,\n")
    assert run(file)[1][0] == "stored     a.csv: image 1, 2 rows, 1 without depth dropped, 1 to 2 ft"


def test_a_file_that_is_not_there_is_a_failure(run, tmp_path):
    code, lines = run("gone.csv")
    assert code == 1
    assert lines == [f"missing    gone.csv: there is no file {tmp_path / 'gone.csv'}", "1 missing"]


def test_a_name_that_is_no_text_can_be_told(run):
    code, lines = run(os.fsdecode(b"gone\xff.csv"))
    assert code == 1
    assert "gone\\udcff.csv" in lines[0]


def test_all_names_in_the_data_folder_leave_its_own_folders_alone(run, data):
    run()
    well(data / "a.csv")
    (data / "own folder").mkdir()
    code, lines = run(*sorted(data.iterdir()))
    assert code == 0
    assert lines[-1] == "5 skipped, 1 stored"
    assert names(data) == [".processing", ".uploads", "failed", "own folder", "processed"]
    assert names(data / "processed") == ["a.csv"]


def test_a_folder_is_not_ingested(run, data):
    code, lines = run("data")
    assert code == 1
    assert "is a folder" in lines[0]
    assert data.is_dir()


def test_demo_stores_an_image_beside_the_files_named(monkeypatch, run, tmp_path):
    monkeypatch.setattr(command_line, "write_demo_csv", partial(write_demo_csv, rows=50))
    code, lines = run("--demo", well(tmp_path / "a.csv"))
    assert code == 0
    assert lines[0].startswith("stored     demo.csv: image 1, 50 rows")
    assert lines[-1] == "2 stored"
    assert run("--demo")[1][-1] == "1 duplicate"


def test_demo_leaves_the_data_folder_alone(monkeypatch, run, data):
    monkeypatch.setattr(command_line, "write_demo_csv", partial(write_demo_csv, rows=50))
    well(data / "a.csv")
    run("--demo")
    assert names(data) == [".processing", ".uploads", "a.csv", "failed", "processed"]


def test_a_file_just_written_is_waited_for(monkeypatch, run, data):
    monkeypatch.setenv("BOREHOLE_STABLE_SECONDS", "3")
    file = well(data / "a.csv")
    written = time.time()
    os.utime(file, (written, written))
    now, slept = [written + 1], []

    def sleep(seconds):
        slept.append(seconds)
        now[0] += seconds
        if len(slept) == 1:  # written to once more
            os.utime(file, (now[0] - 1, now[0] - 1))

    monkeypatch.setattr(command_line.time, "time", lambda: now[0])
    monkeypatch.setattr(command_line.time, "sleep", sleep)
    assert run()[0] == 0
    assert slept == pytest.approx([2, 2], abs=1e-3)


@pytest.mark.parametrize("moment", ["while it is waited for", "just before it is taken"])
def test_a_file_that_the_server_takes_meanwhile_is_no_failure(monkeypatch, run, data, moment):
    file = well(data / "a.csv")
    if moment == "while it is waited for":
        monkeypatch.setenv("BOREHOLE_STABLE_SECONDS", "60")
        monkeypatch.setattr(command_line.time, "sleep", lambda seconds: file.unlink())
    else:
        monkeypatch.setattr(command_line._ByHand, "_wait_until_quiet", lambda self, file: file.unlink())
    code, lines = run()
    assert code == 0
    assert lines == [
        "taken      a.csv: the running server was quicker: see /pipeline/history",
        "1 taken",
    ]


def test_a_terminal_shows_how_far_a_file_is(monkeypatch, run, tmp_path):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(command_line, "tqdm", partial(command_line.tqdm, mininterval=0))
    assert run(well(tmp_path / "a.csv", rows=20))[0] == 0
    assert "a.csv" in terminal.getvalue()
    assert "20/20" in terminal.getvalue()


def test_images_are_in_the_catalog_afterwards(run, tmp_path):
    run(well(tmp_path / "a.csv"))
    place = Workplace.open(Settings())
    image = place.images.get(1)
    place.catalog.close()
    assert (image.name, image.rows) == ("a.csv", 5)


def test_the_module_runs_as_a_command(monkeypatch, run):
    monkeypatch.setattr(sys, "argv", ["app.ingestion"])
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(Path(command_line.__file__)), run_name="__main__")
    assert caught.value.code == 0


def test_a_file_still_open_for_writing_is_waited_for(monkeypatch, run, data):
    file = well(data / "a.csv")
    long_ago = time.time() - 60
    os.utime(file, (long_ago, long_ago))
    writer = file.open("a")
    monkeypatch.setattr(command_line.time, "sleep", lambda seconds: writer.close())
    assert run()[0] == 0
    assert writer.closed


@pytest.mark.parametrize("where", ["in the data folder", "elsewhere"])
def test_told_to_stop_it_leaves_the_file_in_work_to_the_server(monkeypatch, run, data, tmp_path, where):
    def interrupted(*_):
        raise KeyboardInterrupt

    file = well((data if where == "in the data folder" else tmp_path) / "a.csv", seed=1)
    later = well(data / "b.csv", seed=2)
    with monkeypatch.context() as patched:
        patched.setattr(attempt, "store_image", interrupted)
        code, _ = run(file, later)
    assert code == 130
    place = Workplace.open(Settings())
    (job,) = place.history.page(10)[0]
    assert (job.name, job.state, job.attempts, job.lease) == ("a.csv", "queued", 0, None)
    taken = place.jobs.lease_next("server", 60.0, time.time())
    run_job(place, *taken)
    assert place.jobs.get(job.id).state == "stored"
    place.catalog.close()
    assert later.exists()


def test_a_file_that_says_nothing_for_long_keeps_its_lease(monkeypatch, run, tmp_path):
    monkeypatch.setattr(lease_keeping, "RENEWAL_SECONDS", 0.01)
    hash_file = attempt.fingerprint

    def slow(path):
        place = Workplace.open(Settings())
        (job,) = place.history.page(1)[0]
        begun = place.jobs.get(job.id).lease_until
        eventually(lambda: place.jobs.get(job.id).lease_until > begun, "the lease is renewed")
        place.catalog.close()
        return hash_file(path)

    monkeypatch.setattr(attempt, "fingerprint", slow)
    assert run(well(tmp_path / "a.csv"))[0] == 0


def test_what_is_wrong_with_a_file_is_printed_once(run, tmp_path):
    command = [sys.executable, "-m", "app.ingestion", str(bad(tmp_path / "a.csv"))]
    environment = os.environ | {"PYTHONPATH": str(Path(command_line.__file__).parents[2])}
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert told.returncode == 1
    assert told.stdout.count("neither a number") == 1
    assert told.stderr == ""
