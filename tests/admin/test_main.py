"""The commands as an operator types them."""

from __future__ import annotations

import json
import runpy
import shutil
import sys
from collections.abc import Callable
from typing import Any

import pytest

from app import logs
from app.admin import __main__ as command_line
from app.admin import embedded
from app.errors import CatalogUnavailable
from app.pipeline.lock import HostLock

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(store: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command on the store; exit code, and what it said on stdout and stderr."""
    for name in ("data_dir", "db_dir", "log_dir"):
        monkeypatch.setenv(f"BOREHOLE_{name.upper()}", str(getattr(store.settings, name)))
    monkeypatch.setattr(logs, "configure", lambda settings, console_level: None)
    monkeypatch.setattr(embedded, "LOCK_SECONDS", 0.1)

    def run(*arguments: object) -> tuple[int, str, str]:
        code = command_line.main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_verify_says_that_all_is_well(run):
    code, out, err = run("verify")
    assert (code, err) == (0, "")
    assert out.startswith("2 images of 2,003 rows, row by row, in ") and out.endswith(": nothing is wrong\n")
    assert "by name and figures" in run("verify", "--quick")[1]


def test_findings_are_listed_and_fail_the_command(run, store):
    store.layout.description(3).unlink()
    code, out, _ = run("verify", "--quick")
    assert code == 1
    first, last = out.splitlines()
    assert first.startswith("error  image 3: its description beside the arrays: ")
    assert last.endswith(": 1 errors")


def test_scripts_get_one_json_object(run, store):
    (store.folders.processed / "tiny.csv").unlink()
    code, out, _ = run("verify", "--json")
    said = json.loads(out)
    assert (code, said["ok"], said["images"], said["rows"]) == (0, True, 2, 2003)
    assert said["counts"] == {"error": 0, "note": 1}
    assert said["findings"] == [
        {
            "check": "file_gone",
            "subject": "processed/tiny.csv",
            "text": "the file of job 3 was taken away",
            "severity": "note",
        }
    ]


def test_the_way_there_and_back(run, store, tmp_path):
    kept = tmp_path / "backups"
    code, out, _ = run("backup", kept)
    assert code == 0 and "2 images" in out and "0.0 MiB shared" in out
    said = json.loads(run("backup", kept, "--json")[1])
    assert said["ok"] and said["images"] == 2 and said["shared_bytes"] > 0
    assert run("verify", "--backup", kept)[:2] == (0, "the backup's files: nothing is wrong\n")
    store.catalog.close()
    shutil.rmtree(store.settings.db_dir)
    code, _, err = run("verify")
    assert code == 2 and "`restore` gets it from a backup" in err
    code, out, _ = run("restore", kept)
    assert code == 0 and out.startswith(f"{store.settings.db_dir} is as {said['backup']} has it: 2 images")
    assert run("verify")[0] == 0


def test_what_was_there_before_is_told(run, store, tmp_path):
    kept = tmp_path / "backups"
    run("backup", kept)
    _, out, _ = run("restore", kept, "--replace")
    assert f"what was there before lies in {store.settings.db_dir}/replaced-" in out
    assert json.loads(run("restore", kept, "--replace", "--json")[1])["aside"]


def test_rebuild_tells_what_it_found(run, store):
    store.catalog.close()
    (store.settings.db_dir / "catalog.sqlite").unlink()
    code, out, _ = run("rebuild")
    assert code == 0  # the deleted image is back, since its files still lay there
    assert out == "a new catalog of 3 images, 2 picks and 5 jobs; the next image will be 100\n"
    said = json.loads(run("rebuild", "--replace", "--json")[1])
    assert (said["images"], said["picks"], said["jobs"], said["next_image_id"]) == (3, 2, 5, 100)


def test_wrong_use_is_refused_with_a_line(run, store, tmp_path):
    lock = HostLock.of(store.settings)
    assert lock.acquire()
    code, out, err = run("rebuild", "--replace")
    assert (code, out) == (2, "")
    assert err == f"a server is running on {store.settings.db_dir}: stop it first\n"
    code, out, _ = run("restore", tmp_path, "--json")
    assert code == 2
    assert json.loads(out) == {
        "command": "restore",
        "ok": False,
        "message": f"{tmp_path} holds no complete backup",
    }
    lock.release()


@pytest.mark.parametrize("error", [CatalogUnavailable("no answer"), OSError("disk full")])
def test_what_fails_on_its_way_is_told(run, monkeypatch, tmp_path, error):
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(command_line, "back_up", fail)
    assert run("backup", tmp_path) == (1, "", f"{error}\n")


def test_a_terminal_sees_how_far_it_is(run, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert "rows" in run("verify")[2]


def test_the_module_runs_as_a_command(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["app.admin", "--help"])
    monkeypatch.delitem(sys.modules, "app.admin.__main__")
    with pytest.raises(SystemExit, match="0"):
        runpy.run_module("app.admin", run_name="__main__")
    assert "verify" in capsys.readouterr().out
