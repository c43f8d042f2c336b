"""Settings as an operator gives them: environment variables, or a `.env` file."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from app.settings import Settings


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_fresh_machine_is_served_on_its_own_port_from_the_folders_beside_it(tmp_path):
    settings = Settings()
    assert (settings.host, settings.port, settings.workers) == ("127.0.0.1", 8000, 1)
    folders = settings.data_dir, settings.db_dir, settings.log_dir
    assert folders == (tmp_path / "data", tmp_path / "db", tmp_path / "logs")
    assert settings.listens_on_loopback
    assert settings.pipeline_autostart
    assert not settings.allow_anonymous_writes


def test_the_environment_wins_over_the_env_file(tmp_path, monkeypatch):
    (tmp_path / ".env").write_text("BOREHOLE_PORT=8001\nBOREHOLE_MAX_ROWS=7\nBOREHOLE_UID=1000\nOTHER=1\n")
    monkeypatch.setenv("BOREHOLE_PORT", "8002")
    settings = Settings()
    assert (settings.port, settings.max_rows) == (8002, 7)


def test_an_empty_variable_is_as_good_as_none(monkeypatch):
    """`BOREHOLE_API_KEY=` in a compose file must not mean that an empty key opens the door."""
    monkeypatch.setenv("BOREHOLE_API_KEY", "")
    monkeypatch.setenv("BOREHOLE_NULL_VALUES", "")
    assert Settings().api_key is None
    assert -999.25 in Settings().null_values


def test_null_values_are_a_comma_separated_list(monkeypatch):
    monkeypatch.setenv("BOREHOLE_NULL_VALUES", "-1, 1e30")
    assert Settings().null_values == (-1.0, 1e30)
    assert Settings(null_values=(5.0,)).null_values == (5.0,)


def test_folders_become_absolute_and_know_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("BOREHOLE_DATA_DIR", "~/logs/csv")
    assert Settings().data_dir == Path("/home/somebody/logs/csv")


def test_source_width_is_a_number_or_any(monkeypatch):
    monkeypatch.setenv("BOREHOLE_SOURCE_WIDTH", "any")
    assert Settings().source_width == "any"
    monkeypatch.setenv("BOREHOLE_SOURCE_WIDTH", "180")
    assert Settings().source_width == 180


@pytest.mark.parametrize(
    ("host", "loopback", "url"),
    [
        ("localhost", True, "http://localhost:8000"),
        ("::1", True, "http://[::1]:8000"),
        ("[::1]", True, "http://[::1]:8000"),
        ("0.0.0.0", False, "http://127.0.0.1:8000"),
        ("::", False, "http://[::1]:8000"),
        ("192.168.1.7", False, "http://192.168.1.7:8000"),
        ("localhost.evil.example", False, "http://localhost.evil.example:8000"),
    ],
)
def test_host_tells_loopback_from_the_network(host, loopback, url):
    settings = Settings(host=host)
    assert settings.listens_on_loopback is loopback
    assert settings.url == url
    assert "[" not in settings.host, "a socket does not know brackets"


@pytest.mark.parametrize(
    "changes",
    [
        {"port": 65536},
        {"workers": 0},
        {"ingest_workers": 0},
        {"stable_seconds": -1},
        {"stable_seconds": "nan"},
        {"rescan_seconds": 0},
        {"source_width": "some"},
        {"source_width": 1},
        {"null_values": "-999.25,none"},
        {"resize_mode": "nearest"},
        {"rounding": "half"},
        {"max_rows": 0},
        {"cache_bytes": -1},
        {"storage_uri": "wells"},
        {"storage_uri": "s3://"},
        {"storage_uri": "s3://UPPER/wells"},
        {"storage_uri": "s3://key:secret@wells"},
        {"storage_uri": "s3://wells?endpoint=x"},
        {"storage_cache_bytes": -1},
        {"api_key": "schlüssel"},
        {"api_key": " key"},
        {"api_key": "key\n"},
        {"log_level": "loud"},
    ],
    ids=str,
)
def test_a_value_that_cannot_be_meant_stops_the_start(changes):
    with pytest.raises(ValidationError) as refused:
        Settings(**changes)
    assert next(iter(changes)) in str(refused.value)
