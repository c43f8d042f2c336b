"""Lines on the console, JSON in a file that rotates."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time

import pytest

from app import logs
from tests.builders import settings_in


@pytest.fixture
def configured(tmp_path, monkeypatch):
    """Configures logging below tmp_path; what was configured before is restored."""
    names = ("", "borehole", "uvicorn", "uvicorn.access")
    loggers = [logging.getLogger(name) for name in names]
    before = [(each, each.handlers[:], each.level, each.propagate) for each in loggers]
    made = []

    def configure(console_level="DEBUG", **changes):
        settings = settings_in(tmp_path, **changes)
        logs.configure(settings, console_level)
        made.extend(logging.getLogger("borehole").handlers)
        return settings.log_dir / "borehole.log"

    yield configure
    for each, handlers, level, propagate in before:
        each.handlers[:], each.level, each.propagate = handlers, level, propagate
    logging.Logger.manager._clear_cache()
    for handler in made:
        handler.close()


def told(file) -> list[dict]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_the_file_holds_one_json_object_a_line(configured):
    file = configured()
    logging.getLogger("borehole.job").info("Brøndum\nis image %d", 7, extra={"image": 7})
    (line,) = told(file)
    assert line.pop("timestamp").startswith("20")
    assert line.pop("process") > 0
    assert line == {"level": "INFO", "logger": "borehole.job", "message": "Brøndum\nis image 7", "image": 7}


def test_what_uvicorn_says_in_colours_is_not_in_the_file(configured):
    file = configured()
    logging.getLogger("uvicorn.error").info("up", extra={"color_message": "\x1b[1mup\x1b[0m"})
    assert "color_message" not in told(file)[0]


def test_a_traceback_is_part_of_its_line(configured):
    file = configured()
    try:
        raise RuntimeError("broken")
    except RuntimeError:
        logging.getLogger("borehole").exception("failed")
    (line,) = told(file)
    assert "RuntimeError: broken" in line["exc_info"]


@pytest.fixture
def in_tokyo(monkeypatch):
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


def test_the_console_has_a_short_line_in_utc(configured, in_tokyo, capsys):
    configured()
    record = logging.getLogger("borehole.job").makeRecord(
        "borehole.job", logging.INFO, __file__, 1, "x.csv is image %d", (7,), None
    )
    record.created = 1795535265.0
    logging.getLogger("borehole.job").handle(record)
    assert capsys.readouterr().err == "2026-11-24 15:47:45Z INFO    job: x.csv is image 7\n"


def test_the_console_has_one_line_for_a_name_with_line_ends(configured, capsys):
    configured()
    logging.getLogger("borehole.job").warning("%s failed", "x\n2026-01-01 INFO forged: \x1b[2J.csv")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(r"x\n2026-01-01 INFO forged: \x1b[2J.csv failed")


def test_the_console_can_be_quieter_than_the_file(configured, capsys):
    file = configured(console_level="WARNING")
    logging.getLogger("borehole").info("only in the file")
    logging.getLogger("borehole").warning("in both")
    assert [line["message"] for line in told(file)] == ["only in the file", "in both"]
    assert "only" not in capsys.readouterr().err


def test_a_process_can_tell_others_how_quiet_its_console_is(configured):
    configured()
    assert logs.console_level() == "DEBUG"
    configured(console_level="ERROR")
    assert logs.console_level() == "ERROR"
    logging.getLogger("borehole").handlers.clear()
    assert logs.console_level() == "DEBUG"


def test_the_level_is_the_settings(configured):
    file = configured(log_level="WARNING")
    logging.getLogger("borehole.access").info("GET /")
    logging.getLogger("uvicorn.error").info("started")
    logging.getLogger("uvicorn.error").warning("odd")
    assert [line["message"] for line in told(file)] == ["odd"]


def test_libraries_are_heard_from_warnings_upwards(configured):
    file = configured(log_level="DEBUG")
    logging.getLogger("sqlalchemy").info("chatter")
    logging.getLogger("sqlalchemy").warning("odd")
    assert [line["message"] for line in told(file)] == ["odd"]


def test_uvicorns_access_log_is_silent(configured):
    file = configured()
    access = logging.getLogger("uvicorn.access")
    assert not access.hasHandlers(), "uvicorn spares itself the work then"
    logging.getLogger("borehole").info("one line")
    assert len(told(file)) == 1


def test_the_file_rotates_and_only_so_many_are_kept(configured, monkeypatch):
    monkeypatch.setattr(logs, "FILE_BYTES", 2000)
    monkeypatch.setattr(logs, "FILES_KEPT", 2)
    file = configured()
    for number in range(60):
        logging.getLogger("borehole").info("line %d", number)
    files = sorted(file.parent.glob("borehole.log*"))
    assert [each.name for each in files] == ["borehole.log", "borehole.log.1", "borehole.log.2"]
    assert all(each.stat().st_size < 2200 for each in files)
    kept = [line["message"] for each in reversed(files) for line in told(each)]
    assert kept == [f"line {number}" for number in range(60 - len(kept), 60)], "the newest, none twice"


def test_processes_that_write_at_once_lose_no_line(configured, tmp_path):
    file = configured()
    script = (
        "import logging, sys; from pathlib import Path; from app import logs; from app.settings import Settings;"
        "logs.FILE_BYTES = 20_000; logs.FILES_KEPT = 50;"
        "logs.configure(Settings(log_dir=Path(sys.argv[1])), 'CRITICAL');"
        "[logging.getLogger('borehole').info('%s %d', sys.argv[2], number) for number in range(200)]"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "logs"), name]) for name in "ab"
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    files = list(file.parent.glob("borehole.log*"))
    lines = sorted(line["message"] for each in files for line in told(each))
    assert len(files) > 1, "it rotated meanwhile"
    assert lines == sorted(f"{name} {number}" for name in "ab" for number in range(200))
