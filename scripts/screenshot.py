"""Make docs/screenshot.png: the page with the demo image, two tracks, and some picks.

    .venv/bin/python -m scripts.screenshot [docs/screenshot.png]

Needs the packages of requirements-dev.txt and chromium.
"""

from __future__ import annotations

import io
import shutil
import sys
import tempfile
from pathlib import Path

import httpx2
from PIL import Image
from playwright.sync_api import sync_playwright

from tests.viewer.server import Server
from tests.viewer.viewer import Viewer

SIZE = {"width": 1280, "height": 720}
WINDOW = "image=1&min=1507.5&max=1510.8&tracks=both&window=1&colormap=YlOrBr"
HOLE_DIAMETER = 0.216
COLOURS = 192
PICKS = (
    ("Base A", "bed", 1508.0, 0.0233, 239),
    ("Top B", "bed", 1508.48, 0.0222, 242),
    ("Base C", "bed", 1510.3, 0.0197, 254),
)
"""Name, kind, depth, amplitude, azimuth: as the demo image's beds lie."""


def main(target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder)).start()
        try:
            picture = _picture(server)
        finally:
            server.stop()
    _write_small(picture, target)


def _picture(server: Server) -> bytes:
    httpx2.post(f"{server.url}/images/demo").raise_for_status()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=["--no-sandbox"]
        )
        viewer = Viewer(browser.new_page(viewport=SIZE))
        viewer.open(server.url)
        for name, kind, depth, amplitude, azimuth in PICKS:
            pick = {"name": name, "kind": kind, "depth": depth, "amplitude": amplitude, "azimuth": azimuth}
            answer = httpx2.post(
                f"{server.url}/images/1/picks", json={**pick, "hole_diameter": HOLE_DIAMETER}
            )
            answer.raise_for_status()
        viewer.open(f"{server.url}/?{WINDOW}")
        viewer.hover(0.62, 0.35)
        viewer.until("/\\d/.test(document.getElementById('cursor-value').textContent)")
        picture = viewer.page.screenshot()
        browser.close()
    return picture


def _write_small(picture: bytes, target: Path) -> None:
    """With so few colours that it may lie in a repository, and enough for the page and the colormap."""
    with Image.open(io.BytesIO(picture)) as image:
        image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(target, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/screenshot.png"))
