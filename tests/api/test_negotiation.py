import pytest

from app.api.negotiation import preferred

OFFERS = {"application/json": "json", "text/csv": "csv", "application/x-npy": "npy"}


@pytest.mark.parametrize(
    ("accept", "offer"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("text/csv", "csv"),
        ("Text/CSV; charset=utf-8", "csv"),
        ("application/x-npy, text/csv", "npy"),
        ("text/csv;q=0.5, application/x-npy;q=0.9", "npy"),
        ("*/*, text/csv", "csv"),
        ("text/csv;q=0.1, */*", "json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "json"),
        ("image/png", "json"),
        ("text/csv;q=0", "json"),
        ("text/csv;q=much, application/x-npy;q=0.1", "npy"),
        ("text/csv;q=nan", "json"),
        (",;,", "json"),
    ],
)
def test_the_format_ranked_highest_is_chosen(accept, offer):
    assert preferred(accept, OFFERS, "json") == offer
