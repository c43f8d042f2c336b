from __future__ import annotations

from app.api.times import iso


def test_moments_are_utc_with_milliseconds():
    assert iso(1795535265.1234) == "2026-11-24T15:47:45.123Z"
    assert iso(0.0) == "1970-01-01T00:00:00.000Z"


def test_what_has_not_happened_has_no_time():
    assert iso(None) is None
