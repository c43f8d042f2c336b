"""Which of several formats a client would like best."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from app.errors import FormatNotOffered

Offer = TypeVar("Offer", bound=str)


def preferred(accept: str, offers: Mapping[str, Offer], default: Offer) -> Offer:
    """The offer that an Accept header ranks highest; `default`, which is among them, where it ranks nothing.

    offers: media type → what is returned for it. Of equal ranks, a type named in full goes before `text/*`, that
    before `*/*`, `default` before the others, and the first before the next.

    Raises FormatNotOffered where the header allows none of them.
    """
    ranges = [part.split(";") for part in accept.lower().split(",") if part.strip(" ;\t")]
    if not ranges:
        return default
    weights = {media_range.strip(): _weight(parameters) for media_range, *parameters in ranges}
    best = max(offers, key=lambda media_type: (_rank(media_type, weights), offers[media_type] == default))
    if _rank(best, weights) <= (0.0, 3):
        raise FormatNotOffered(
            f"Accept: {accept[:100]} names no format of this address: there is {', '.join(offers)}; "
            f"or say format={'|'.join(offers.values())}",
            formats={media_type: str(offer) for media_type, offer in offers.items()},
        )
    return offers[best]


def _rank(media_type: str, weights: Mapping[str, float]) -> tuple[float, int]:
    """How much a type is wanted, and how plainly it was named: the plainest of what fits decides."""
    for plainness, media_range in ((2, media_type), (1, f"{media_type.partition('/')[0]}/*"), (0, "*/*")):
        if media_range in weights:
            return weights[media_range], plainness
    return 0.0, 0


def _weight(parameters: list[str]) -> float:
    given = dict(parameter.strip().partition("=")[::2] for parameter in parameters)
    try:
        weight = float(given.get("q", 1))
    except ValueError:
        return 0.0
    return weight if weight > 0 else 0.0
