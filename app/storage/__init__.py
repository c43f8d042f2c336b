"""What is kept: the pixels and depths in TileDB arrays, everything said about them in a catalog."""
