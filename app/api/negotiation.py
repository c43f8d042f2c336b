"""Which of several formats a client would like best."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

Offer = TypeVar("Offer", bound=str)


def preferred(accept: str, offers: Mapping[str, Offer], default: Offer) -> Offer:
    """The offer that an Accept header ranks highest; `default` where it names none of them.

    offers: media type → what is returned for it. Of equal ranks, a type named in full goes before `*/*`, which
    means `default`, and the first before the others.
    """
    best, best_rank = default, (0.0, False)
    for part in accept.lower().split(","):
        media_type, *parameters = (piece.strip() for piece in part.split(";"))
        offer = default if media_type == "*/*" else offers.get(media_type)
        rank = _weight(parameters), media_type != "*/*"
        if offer is not None and rank[0] > 0 and rank > best_rank:
            best, best_rank = offer, rank
    return best


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter.removeprefix("q="))
            except ValueError:
                return 0.0
    return 1.0
