"""TiTiler and Tiled from PyPI, each in an environment of its own, with the image in the form it likes best."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.servers import Server
from benchmarks.windows import HEIGHT, Windows

log = logging.getLogger("benchmarks")

HERE = Path(__file__).parent
UVICORN = ("--port", "{port}", "--loop", "uvloop", "--http", "httptools", "--no-access-log")
COLORMAP = "rdylbu_r"


@dataclass(frozen=True)
class Other:
    """Another server, the packages it is made of, and how it is asked for rows a to b − 1 of the image."""

    name: str
    packages: tuple[str, ...]
    convert: str
    """The script that turns a .npy into the file `stored_as`."""
    stored_as: str
    application: str
    ready: str
    path: str
    """Format of two numbers."""

    def python(self, cache: Path) -> Path:
        """Its interpreter; installs it the first time. Raises CalledProcessError where pip cannot."""
        folder = cache / self.name.lower()
        python = folder / "bin" / "python"
        if not (folder / "installed").exists():
            log.info("installing %s into %s", self.name, folder)
            subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
            subprocess.run([str(python), "-m", "pip", "install", "--quiet", *self.packages], check=True)
            (folder / "installed").touch()
        return python

    def version(self, cache: Path) -> str:
        name = self.packages[0].partition("[")[0]
        code = f"from importlib.metadata import version; print(version({name!r}))"
        said = subprocess.run(
            [str(self.python(cache)), "-c", code], capture_output=True, text=True, check=True
        )
        return f"{self.name} {said.stdout.strip()}"

    def server(self, cache: Path, folder: Path, values: Path) -> Server:
        """Serves `values`, float32 (rows, 150) in a .npy."""
        python = str(self.python(cache))
        stored = folder / self.stored_as
        subprocess.run(
            [python, "-W", "ignore", str(HERE / self.convert), str(values), str(stored)], check=True
        )
        command = [python, "-m", "uvicorn", "--app-dir", str(HERE), self.application, *UVICORN]
        settings = {"WELL": str(stored), "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR", "GDAL_CACHEMAX": "256"}
        return Server(command, folder, dict(os.environ) | settings, self.ready)

    def windows(self, rows: int) -> Windows:
        """Numbers a and b of `path` are 84 apart: neither of the two counts the last row in."""
        return Windows(0.0, 1.0, rows - HEIGHT + 1, HEIGHT + 1)

    def path_in(self, folder: Path) -> str:
        return self.path.replace("{file}", str(folder / self.stored_as))


TITILER = Other(
    "TiTiler",
    ("titiler.application", "rio-cogeo", "uvicorn", "uvloop", "httptools"),
    "to_cog.py",
    "well.tif",
    "titiler.application.main:app",
    "/healthz",
    f"/cog/bbox/0,%.0f,150,%.0f/150x{HEIGHT}.png?url={{file}}&coord_crs=epsg:3857&dst_crs=epsg:3857"
    f"&rescale=0,255&colormap_name={COLORMAP}",
)
TILED = Other(
    "Tiled",
    ("tiled[server]", "zarr", "pillow", "uvloop", "httptools"),
    "to_zarr.py",
    "well.zarr",
    "tiled_app:app",
    "/healthz",
    "/api/v1/array/full/well?slice=%.0f:%.0f,0:150&format=image/png",
)
