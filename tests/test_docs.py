"""What the documentation says is true: settings, links, and the code it shows."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.errors import Reason
from app.settings import Settings

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def variables_in(page: str) -> set[str]:
    return set(re.findall(r"BOREHOLE_[A-Z_]+[A-Z]", (ROOT / page).read_text()))


def known_variables() -> set[str]:
    return {f"BOREHOLE_{name.upper()}" for name in Settings.model_fields}


def test_readme_lists_every_setting_and_no_other():
    containers_only = {"BOREHOLE_UID", "BOREHOLE_GID"}
    assert variables_in("README.md") - containers_only == known_variables()


def test_compose_passes_every_setting_on_but_those_it_decides_itself():
    fixed_in_the_image = {"BOREHOLE_HOST", "BOREHOLE_DATA_DIR", "BOREHOLE_DB_DIR", "BOREHOLE_LOG_DIR"}
    assert known_variables() - fixed_in_the_image <= variables_in("docker-compose.yml")


def test_every_reason_is_explained():
    explained = set(re.findall(r"`([a-z_0-9]+)`", (ROOT / "docs/files.md").read_text()))
    assert {reason.value for reason in Reason} <= explained


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_the_arrays_can_be_read_as_shown(library):
    shown = re.search(r"```python\n(.*?)```", (ROOT / "docs/arrays.md").read_text(), re.S)
    assert shown is not None
    code = shown[1] + "print(values.shape, len(depths), depths[0], depths[-1])"
    folder = library.place.settings.db_dir.parent
    ran = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    assert ran.stdout == "(85, 150) 5460 9000.1 9546.0\n"


def test_the_server_can_be_asked_from_python_as_shown(library, monkeypatch):
    shown = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert shown is not None
    code = shown[1].replace("depth_min=1510&depth_max=1511", "depth_min=9201.9&depth_max=9210.3")
    monkeypatch.setattr(urllib.request, "urlopen", lambda url: io.BytesIO(library.client.get(url).content))
    made: dict[str, Any] = {}
    exec(code, made)
    assert made["picture"].size == (150, 85)
    assert [frame["depth"] for frame in made["frames"]][::84] == [9201.9, 9210.3]
    assert (made["pixels"].shape, made["pixels"].dtype) == ((85, 150), np.float32)
