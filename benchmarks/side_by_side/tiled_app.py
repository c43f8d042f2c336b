"""Run by Tiled's own Python: one array, open to everybody."""

import os
from pathlib import Path

from tiled.adapters.mapping import MapAdapter
from tiled.adapters.zarr import ZarrAdapter
from tiled.config import Authentication
from tiled.server.app import build_app

tree = MapAdapter({"well": ZarrAdapter.from_uris(Path(os.environ["WELL"]).as_uri())})
app = build_app(tree, authentication=Authentication(allow_anonymous_access=True))
