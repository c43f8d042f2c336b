from __future__ import annotations

import os
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pipeline.names import free_names, is_ignored, printable

# Any bytes that a file system takes for a name, as Python says them.
file_names = (
    st.binary(min_size=1, max_size=255)
    .filter(lambda raw: b"/" not in raw and b"\0" not in raw and raw not in (b".", b".."))
    .map(os.fsdecode)
)


@pytest.mark.parametrize(
    "name",
    [
        ".x.csv.AbC123",
        ".DS_Store",
        "._x.csv",
        "Thumbs.db",
        "desktop.ini",
        "@eaDir",
        "~$x.csv",
        "x.csv~",
        "x.csv.part",
        "x.csv.filepart",
        "x.csv.CRDOWNLOAD",
        "x.csv.tmp",
        "x.csv.error.json",
        "x.csv.json",
        "processed",
        "failed",
    ],
)
def test_hidden_temporary_and_system_names_are_ignored(name):
    assert is_ignored(name)


@pytest.mark.parametrize(
    "name", ["x.csv", "part.csv", "tmp", "processed.csv", "~x.csv", "json.csv", "Größe.CSV"]
)
def test_names_that_only_look_like_those_are_taken(name):
    assert not is_ignored(name)


def test_a_taken_name_gets_a_number_before_its_suffix():
    assert list(islice(free_names("x.csv"), 3)) == ["x.csv", "x_2.csv", "x_3.csv"]
    assert list(islice(free_names("a.b.csv"), 2)) == ["a.b.csv", "a.b_2.csv"]
    assert list(islice(free_names("a.b.CSV.gz"), 2)) == ["a.b.CSV.gz", "a.b_2.CSV.gz"]
    assert list(islice(free_names("noted on 12.november 2026"), 2))[1] == "noted on 12.november 2026_2"
    assert list(islice(free_names("README"), 2)) == ["README", "README_2"]


def test_a_name_cut_to_fit_keeps_whole_characters_and_its_suffix():
    name = "ü" * 125 + ".csv"
    plain, second = islice(free_names(name, ".error.json"), 2)
    assert plain == "ü" * 120 + ".csv"
    assert second == "ü" * 119 + "_2.csv"


@given(file_names)
def test_every_free_name_fits_the_file_system_and_differs(name):
    names = list(islice(free_names(printable(name), ".error.json"), 12))
    assert len(set(names)) == 12
    assert all(0 < len(os.fsencode(free + ".error.json")) <= 255 for free in names)


@given(file_names)
def test_a_printable_name_can_be_stored_anywhere(name):
    assert printable(name).encode("utf-8").decode("utf-8") == printable(name)


def test_undecodable_bytes_are_shown_as_escapes():
    assert printable(os.fsdecode(b"well-\xff.csv")) == "well-\\udcff.csv"
