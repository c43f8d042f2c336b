import pytest

from app.api.negotiation import preferred
from app.errors import FormatNotOffered

OFFERS = {"application/json": "json", "text/csv": "csv", "application/x-npy": "npy"}


@pytest.mark.parametrize(
    ("accept", "offer"),
    [
        ("", "json"),
        ("*/*", "json"),
        ("text/csv", "csv"),
        ("Text/CSV; charset=utf-8", "csv"),
        ("application/x-npy, text/csv;q=0.9", "npy"),
        ("text/csv;q=0.5, application/x-npy;q=0.9", "npy"),
        ("*/*, text/csv", "csv"),
        ("text/csv;q=0.1, */*", "json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "json"),
        ("text/*", "csv"),
        ("application/*", "json"),
        ("application/json;q=0, application/*", "npy"),
        ("text/csv;q=much, application/x-npy;q=0.1", "npy"),
        ("image/png, */*;q=0.1", "json"),
        (",;,", "json"),
    ],
)
def test_the_format_ranked_highest_is_chosen(accept, offer):
    assert preferred(accept, OFFERS, "json") == offer


@pytest.mark.parametrize("accept", ["image/png", "text/csv;q=0", "text/csv;q=nan", "*/*;q=0", "image/*", "é"])
def test_what_allows_none_of_the_formats_is_told_which_there_are(accept):
    with pytest.raises(FormatNotOffered, match="text/csv") as refused:
        preferred(accept, OFFERS, "json")
    assert refused.value.details == {"formats": OFFERS}
