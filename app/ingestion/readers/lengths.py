"""Lengths from one unit into another."""

from __future__ import annotations

from app.ingestion.readers.depth_column import normalised_unit

METRES = {"m": 1.0, "ft": 0.3048, "in": 0.0254, "0.1in": 0.00254, "cm": 0.01, "mm": 0.001}


def converted(length: float, unit: str | None, to: str | None) -> float | None:
    """The length in another unit, both under any of their names; None where one of them is not known."""
    metres, wanted = (METRES.get(normalised_unit(each or "") or "") for each in (unit, to))
    if metres is None or wanted is None:
        return None
    return float(f"{length * metres / wanted:.9g}")
