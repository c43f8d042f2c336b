"""The same image and the same windows through TiTiler and Tiled: `python -m benchmarks.side_by_side`."""
