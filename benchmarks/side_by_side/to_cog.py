"""Run by TiTiler's own Python: `to_cog.py values.npy well.tif`. A pixel is a metre of EPSG:3857."""

import sys

import numpy as np
from rasterio.io import MemoryFile
from rasterio.transform import from_origin
from rio_cogeo.cogeo import cog_translate
from rio_cogeo.profiles import cog_profiles

BLOCKS = {"blockxsize": 256, "blockysize": 256}

values = np.load(sys.argv[1])
rows, width = values.shape
profile = {
    "driver": "GTiff",
    "dtype": "float32",
    "count": 1,
    "width": width,
    "height": rows,
    "crs": "EPSG:3857",
    "transform": from_origin(0, rows, 1, 1),
    "nodata": float("nan"),
}
with MemoryFile() as memory:
    with memory.open(**profile) as image:
        image.write(values, 1)
    with memory.open() as image:
        cog_translate(image, sys.argv[2], cog_profiles.get("zstd") | BLOCKS, quiet=True)
