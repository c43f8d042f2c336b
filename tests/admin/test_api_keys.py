"""`python -m app.admin key`."""

from __future__ import annotations

import io
import json

import pytest

from app.admin.__main__ import main
from app.keys import ApiKey, holder

OWN = "a key of my own making"


def test_a_new_key_is_the_one_whose_hash_goes_into_the_settings(capsys):
    assert main(["key", "office", "--read"]) == 0
    (_, key, _), (_, setting, _) = (line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines())
    assert holder(key, [ApiKey.parse(setting)]) == ApiKey.of("office", "read", key)


def test_a_key_may_be_given_and_is_not_repeated(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{OWN}\n"))
    assert main(["key", "office", "--stdin"]) == 0
    said = capsys.readouterr().out
    assert str(ApiKey.of("office", "write", OWN)) in said
    assert OWN not in said


def test_scripts_get_json(capsys):
    assert main(["key", "office", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["setting"] == str(ApiKey.of("office", "write", told["key"]))


@pytest.mark.parametrize(
    ("name", "key"), [("of fice", OWN), ("office", "short"), ("office", f" {OWN}"), ("", OWN)]
)
def test_what_is_no_name_or_no_key_is_refused(capsys, monkeypatch, name, key):
    for options in (["--stdin"], ["--stdin", "--json"]):
        monkeypatch.setattr("sys.stdin", io.StringIO(f"{key}\n"))
        assert main(["key", name, *options]) == 2
        said = capsys.readouterr()
        assert (said.out if "--json" in options else said.err).strip()
        assert key not in said.out + said.err


def test_it_works_where_the_settings_do_not(capsys, monkeypatch):
    """Who is told that BOREHOLE_API_KEYS is wrong is told of this command."""
    monkeypatch.setenv("BOREHOLE_API_KEYS", "letmein")
    assert main(["key", "office"]) == 0
