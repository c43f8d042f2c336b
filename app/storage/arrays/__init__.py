"""The arrays: rows of pixels and their depths in TileDB, by image, overview level and row."""

WIDTH = 150
"""Pixels of a stored row, where BOREHOLE_PIXEL_WIDTH does not say otherwise."""
