"""API keys as the settings have them."""

from __future__ import annotations

import pytest

from app.keys import ApiKey, hashed, holder, new_key
from app.settings import Settings

OFFICE, DASHBOARD = "a" * 43, "b" * 43
KEYS = (ApiKey.of("office", "write", OFFICE), ApiKey.of("dashboard", "read", DASHBOARD))


def test_a_key_is_found_by_its_hash_and_a_stranger_is_not():
    assert holder(DASHBOARD, KEYS) == KEYS[1]
    assert holder(DASHBOARD[:-1], KEYS) is None
    assert holder("", KEYS) is None
    assert holder("\udcff", KEYS) is None, "what a header can hold"


def test_keys_are_written_and_read_back():
    assert [ApiKey.parse(str(key)) for key in KEYS] == list(KEYS)
    assert Settings(api_keys=", ".join(map(str, KEYS))).keys == KEYS


def test_the_single_key_is_one_of_them():
    settings = Settings(api_key="letmein", api_keys=str(KEYS[1]))
    assert [(key.name, key.scope) for key in settings.keys] == [("default", "write"), ("dashboard", "read")]
    assert holder("letmein", settings.keys) == settings.keys[0]


@pytest.mark.parametrize(
    "text", ["", "office", f"office:{hashed('x')}", "office:write:letmein", f"of fice:write:{hashed('x')}"]
)
def test_what_is_no_key_is_refused_and_not_repeated(text):
    with pytest.raises(ValueError, match="NAME:read:SHA256") as refused:
        ApiKey.parse(text)
    assert "letmein" not in str(refused.value)


def test_new_keys_are_long_and_never_the_same():
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert {len(key) for key in keys} == {43}
