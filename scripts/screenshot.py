"""Make docs/screenshot.png: the page with two tracks and picks, of the demo image or of a file.

    .venv/bin/python -m scripts.screenshot [--csv FILE] [--window MIN:MAX] [docs/screenshot.png]

Needs the packages of requirements-dev.txt and chromium.
"""

from __future__ import annotations

import argparse
import io
import shutil
import tempfile
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image
from playwright.sync_api import sync_playwright

from tests.builders import eventually
from tests.viewer.server import Server
from tests.viewer.viewer import Viewer

SIZE = {"width": 1280, "height": 720}
HOLE_DIAMETER = 0.216
COLOURS = 192
DEMO_VIEW = {"min": 1507.5, "max": 1510.8, "window": 1, "colormap": "YlOrBr"}
DEMO_PICKS = (
    ("Base A", "bed", 1508.0, 0.0233, 239.0),
    ("Top B", "bed", 1508.48, 0.0222, 242.0),
    ("Base C", "bed", 1510.3, 0.0197, 254.0),
)
"""Name, kind, depth, amplitude, azimuth: as the demo image's beds lie."""

LINES, AZIMUTHS = 300, 36
Pick = tuple[str, str, float, float, float]


def main(csv: Path | None, window: tuple[float, float] | None, target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder)).start()
        try:
            if csv is None:
                httpx2.post(f"{server.url}/images/demo").raise_for_status()
            else:
                upload = httpx2.post(
                    f"{server.url}/images", params={"name": csv.name}, content=csv.read_bytes()
                )
                upload.raise_for_status()
            image: dict[str, Any] = eventually(lambda: _first_image(server), "an image", seconds=300)
            if csv is None:
                view, picks = DEMO_VIEW, DEMO_PICKS
            else:
                low, high = window or (image["depth_min"], image["depth_max"])
                view, picks = {"min": low, "max": high}, (_strongest_bed(server, low, high),)
            picture = _picture(server, view, picks)
        finally:
            server.stop()
    _write_small(picture, target)


def _first_image(server: Server) -> Any:
    return next(iter(server.get("/images")["images"]), None)


def _strongest_bed(server: Server, low: float, high: float) -> Pick:
    """The sine along which the values change most, from one side to the other, all the way around."""
    query = f"image_id=1&depth_min={low}&depth_max={high}&axis=depth&height={LINES}&width={AZIMUTHS}"
    answer = httpx2.get(f"{server.url}/frames/image?{query}&colormap=false&format=png").raise_for_status()
    grey = np.asarray(Image.open(io.BytesIO(answer.content)).convert("LA")).astype(float)
    values = np.where(grey[..., 1] > 0, grey[..., 0], np.nan)
    reach = LINES // 20
    means = sliding_window_view(values, reach, axis=0).mean(axis=-1)  # null where a gap is near
    change = means[reach:] - means[:-reach]  # line k: around line k + reach
    turns = np.arange(AZIMUTHS) * 360 / AZIMUTHS
    best: tuple[float, Pick] | None = None
    for amplitude in range(2, LINES // 6):
        for azimuth in turns:
            offsets = np.rint(amplitude * np.cos(np.radians(turns - azimuth))).astype(int)
            middles = np.arange(amplitude, len(change) - amplitude)
            along = np.abs(np.mean([change[middles + offset, k] for k, offset in enumerate(offsets)], axis=0))
            found = int(np.nan_to_num(along).argmax())
            if best is None or along[found] > best[0]:
                line = (high - low) / LINES
                depth = low + (middles[found] + reach) * line
                best = along[found], ("Bed 1", "bed", depth, amplitude * line, float(azimuth))
    assert best is not None
    return best[1]


def _picture(server: Server, view: dict[str, Any], picks: tuple[Pick, ...]) -> bytes:
    for name, kind, depth, amplitude, azimuth in picks:
        pick = {"name": name, "kind": kind, "depth": depth, "amplitude": amplitude, "azimuth": azimuth}
        answer = httpx2.post(f"{server.url}/images/1/picks", json={**pick, "hole_diameter": HOLE_DIAMETER})
        answer.raise_for_status()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=["--no-sandbox"]
        )
        viewer = Viewer(browser.new_page(viewport=SIZE))
        query = "&".join(f"{name}={value}" for name, value in view.items())
        viewer.open(f"{server.url}/?image=1&tracks=both&{query}")
        viewer.until(f"document.querySelectorAll('#pick-list li').length === {len(picks)}")
        viewer.hover(0.62, 0.35)
        viewer.until("document.getElementById('cursor-value').textContent !== '…'")
        picture = viewer.page.screenshot()
        browser.close()
    return picture


def _write_small(picture: bytes, target: Path) -> None:
    """With so few colours that it may lie in a repository, and enough for the page and the colormap."""
    with Image.open(io.BytesIO(picture)) as image:
        image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)


def _window(text: str) -> tuple[float, float]:
    low, high = (float(part) for part in text.split(":"))
    return low, high


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--csv", type=Path, help="a file of any well; left out: the demo image")
    arguments.add_argument(
        "--window", type=_window, metavar="MIN:MAX", help="depths of the file; left out: all"
    )
    arguments.add_argument("target", nargs="?", type=Path, default=Path("docs/screenshot.png"))
    given = arguments.parse_args()
    main(given.csv, given.window, given.target)
