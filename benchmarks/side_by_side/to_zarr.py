"""Run by Tiled's own Python: `to_zarr.py values.npy well.zarr`. Chunks are our tiles, 256 rows."""

import sys

import numpy as np
import zarr

values = np.load(sys.argv[1])
array = zarr.create_array(sys.argv[2], shape=values.shape, chunks=(256, values.shape[1]), dtype="float32")
array[:] = values
