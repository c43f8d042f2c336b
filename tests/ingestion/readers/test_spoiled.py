"""A spoiled file of any kind is read, or is refused with a reason: nothing else, in little time."""

import time

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.builders import settings_in
from tests.spoiling.files import WIDTH, dlis_file, good_files, outcome, spoiled

FILES = good_files()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("spoiled")


@pytest.mark.parametrize("name", FILES)
def test_a_good_file_is_read(folder, name):
    path = folder / name
    path.write_bytes(FILES[name])
    assert outcome(path, settings_in(folder, source_width=WIDTH)) == "read"


@pytest.mark.parametrize("name", FILES)
@hypothesis_settings(max_examples=60)
@given(chance=st.randoms(use_true_random=False), width=st.sampled_from(["any", WIDTH]))
def test_a_spoiled_file_is_read_or_refused(folder, name, chance, width):
    path = folder / name
    path.write_bytes(spoiled(FILES[name], chance))
    began = time.perf_counter()
    outcome(path, settings_in(folder, source_width=width))
    assert time.perf_counter() - began < 5


@pytest.fixture(scope="module")
def good_dlis():
    return dlis_file()


@hypothesis_settings(max_examples=8)
@given(chance=st.randoms(use_true_random=False))
def test_a_spoiled_dlis_file_is_read_or_refused(folder, good_dlis, chance):
    path = folder / "x.dlis"
    path.write_bytes(spoiled(good_dlis, chance))
    outcome(path, settings_in(folder))
