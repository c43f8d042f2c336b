"""What an operator is told who starts a program with settings that it cannot work with."""

from __future__ import annotations

import sys

import pytest

from app.ingestion.__main__ import main as ingestion
from app.settings import Settings
from app.startup import load_settings, require_port
from app.storage.catalog.database import Catalog
from tests.builders import settings_in


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def refused(monkeypatch, capsys):
    """The lines told for these BOREHOLE_* variables; the program ends with 2."""

    def told(start=load_settings, **variables: str) -> list[str]:
        for name, value in variables.items():
            monkeypatch.setenv(f"BOREHOLE_{name}", value)
        with pytest.raises(SystemExit) as ended:
            start()
        assert ended.value.code == 2
        return capsys.readouterr().err.splitlines()

    return told


def test_every_fault_is_a_line_with_the_variable_its_value_and_what_is_allowed(refused):
    assert refused(
        PORT="abc", SOURCE_WIDTH="some", NULL_VALUES="1,none", LOG_LEVEL="loud", ACCESS_LOG="perhaps"
    ) == [
        "BOREHOLE_PORT=abc is not allowed: give a whole number, at least 0 and at most 65535",
        "BOREHOLE_SOURCE_WIDTH=some is not allowed: give a whole number, at least 2 or any",
        "BOREHOLE_NULL_VALUES=none is not allowed: give numbers, separated by commas",
        "BOREHOLE_LOG_LEVEL=loud is not allowed: give DEBUG or INFO or WARNING or ERROR",
        "BOREHOLE_ACCESS_LOG=perhaps is not allowed: give true or false",
    ]


def test_whatever_setting_is_at_fault_there_is_a_line_for_it(refused):
    text = {"host", "data_dir", "db_dir", "log_dir", "database_url", "depth_unit", "build"}  # any will do
    variables = {name.upper(): "\N{SNOWMAN}" for name in Settings.model_fields if name not in text}
    lines = refused(**variables)
    assert [line.partition("=")[0] for line in lines] == [f"BOREHOLE_{name}" for name in variables]


def test_a_cluster_needs_its_package(refused, monkeypatch):
    monkeypatch.setattr("app.packages.find_spec", lambda name: None)
    assert refused(SCHEDULER="tcp://scheduler:8786") == [
        "BOREHOLE_SCHEDULER=tcp://scheduler:8786 needs distributed, which is not installed: "
        ".venv/bin/pip install -r requirements-cluster.txt"
    ]


def test_a_scheduler_has_an_address(refused):
    (line,) = refused(SCHEDULER="scheduler:8786")
    assert line.endswith("is not allowed: give tcp://host:port of a Dask scheduler")


def test_reading_cannot_need_a_key_that_does_not_exist(refused):
    assert refused(READING_NEEDS_KEY="true") == [
        "BOREHOLE_READING_NEEDS_KEY is set, and there is no key: set BOREHOLE_API_KEYS, too"
    ]


def test_what_may_be_a_key_is_not_repeated(refused):
    (line,) = refused(API_KEYS="letmein")
    assert "NAME:read:SHA256" in line
    assert "letmein" not in line


def test_a_bucket_is_named_as_one_and_not_told_itself(refused):
    (line,) = refused(STORAGE_URI="s3://key:secret@wells")
    assert line.endswith("give s3://bucket or s3://bucket/prefix")
    assert "secret" not in line


def test_a_bucket_without_the_package_for_it_is_told(refused, monkeypatch):
    monkeypatch.setattr("app.storage.arrays.store.S3_PACKAGE", "no_such_package")
    (line,) = refused(STORAGE_URI="s3://wells")
    assert "needs no_such_package" in line


def test_a_key_is_not_told(refused):
    (line,) = refused(API_KEY=" schlüssel")
    assert "schl" not in line


def test_ingesting_by_hand_tells_the_same(refused):
    assert len(refused(lambda: ingestion([]), PORT="abc")) == 1


def test_misspelt_variables_are_told_wherever_they_stand(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("BOREHOLE_PRT", "8001")
    monkeypatch.setenv("BOREHOLE_UID", "1000")  # docker-compose's
    (tmp_path / ".env").write_text("BOREHOLE_MAXROWS=7\nOTHER=1\n")
    load_settings()
    assert capsys.readouterr().err.splitlines() == [
        "warning: BOREHOLE_MAXROWS is no setting: did you mean BOREHOLE_MAX_ROWS?",
        "warning: BOREHOLE_PRT is no setting: did you mean BOREHOLE_PORT?",
    ]


@pytest.mark.parametrize("variable", ["DB_DIR", "LOG_DIR"])
def test_a_folder_that_cannot_be_written_to_is_told(refused, tmp_path, variable):
    (tmp_path / "file").write_text("")
    (line,) = refused(**{variable: str(tmp_path / "file" / "below")})
    assert line == f"BOREHOLE_{variable}={tmp_path}/file/below cannot be written to: Not a directory"


def test_a_database_without_its_driver_is_told_by_the_drivers_name(refused, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    url = "postgresql+psycopg://somebody:secret@db/wells"
    (line,) = refused(DATABASE_URL=url)
    assert "needs the driver psycopg" in line
    with pytest.raises(RuntimeError, match="needs the driver psycopg"):
        Catalog.open(settings_in(tmp_path, database_url=url))


def test_a_malformed_url_of_a_database_is_not_told_itself(refused):
    (line,) = refused(DATABASE_URL="somebody:secret@db")
    assert line.startswith("BOREHOLE_DATABASE_URL")
    assert "secret" not in line


def test_a_database_that_does_not_answer_is_told_in_a_line_without_its_password(refused):
    (line,) = refused(DATABASE_URL="postgresql://somebody:secret@127.0.0.1:1/wells")
    assert line.startswith("BOREHOLE_DATABASE_URL: the catalog does not answer: ")
    assert "Connection refused" in line and "secret" not in line


def test_a_store_on_a_network_disk_is_told_before_a_folder_is_made(refused, tmp_path, monkeypatch):
    monkeypatch.setattr("app.storage.local_disk.file_system_of", lambda folder, mounts: "nfs4")
    (line,) = refused()
    assert "network file system" in line
    assert not (tmp_path / "db").exists()


@pytest.mark.parametrize(
    ("host", "words"), [("nowhere.invalid", "no address"), ("192.0.2.1", "cannot listen")]
)
def test_a_host_that_is_none_of_this_machine_is_told(refused, tmp_path, host, words):
    (line,) = refused(lambda: require_port(settings_in(tmp_path, host=host)))
    assert words in line
