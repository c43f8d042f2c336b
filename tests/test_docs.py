"""What the documentation says is true: settings, links, and the code it shows."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from app.errors import Reason
from app.rendering.exports.formats import FILE_FORMATS
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


def services_of(file: str) -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load((ROOT / file).read_text())["services"]
    return services


@pytest.mark.parametrize("replica", ["image-api-1", "image-api-2"])
def test_a_replica_of_the_cluster_is_passed_on_what_the_one_server_is(replica):
    of_the_workers = {"BOREHOLE_INGEST_WORKERS", "BOREHOLE_WORKER_MEMORY_BYTES"}
    cluster = services_of("docker-compose.cluster.yml")
    one_server = services_of("docker-compose.yml")["image-api"]["environment"]
    assert set(one_server) - set(cluster[replica]["environment"]) == of_the_workers
    command = " ".join(cluster["dask-worker"]["command"])
    assert all(f"${{{name}:-" in command for name in of_the_workers)


def test_no_disk_of_the_cluster_is_shared():
    services = services_of("docker-compose.cluster.yml")
    del services["prepare-folders"]
    sources = [
        volume.partition(":")[0] for service in services.values() for volume in service.get("volumes", [])
    ]
    assert len(set(sources)) == len(sources) > 0
    replica = services["image-api-1"]["environment"]
    assert replica["BOREHOLE_LANDING_URI"].startswith("s3://"), "so files come in by the bucket"


def test_every_reason_is_explained():
    explained = set(re.findall(r"`([a-z_0-9]+)`", (ROOT / "docs/files.md").read_text()))
    assert {reason.value for reason in Reason} <= explained


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_the_arrays_can_be_read_as_shown(library):
    on_disk, _, _ = (ROOT / "docs/arrays.md").read_text().partition("## In a bucket")
    shown = "".join(re.findall(r"```python\n(.*?)```", on_disk, re.S))
    code = shown + "print(values.shape, len(depths), depths[0], depths[-1])\n"
    code += "print(image.sel(depth=slice(9201.9, 9202.05)).shape, float(image.depth[-1]))"
    folder = library.place.settings.db_dir.parent
    ran = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    assert ran.stdout == "(85, 150) 5460 9000.1 9546.0\n(2, 150) 9210.3\n"


@pytest.mark.parametrize("number", [0, 1, 2], ids=["numpy", "pandas", "xarray"])
def test_exports_can_be_read_as_shown(library, library_address, number):
    shown = re.findall(r"```python\n(.*?)```", (ROOT / "docs/exports.md").read_text(), re.S)
    assert len(shown) == 3
    assert len(ast.parse(shown[number]).body) == 3
    code = shown[number].replace("http://localhost:8000", library_address)
    made: dict[str, Any] = {}
    exec(code.replace("depth_max=1511", "depth_min=9201.9&depth_max=9210.3"), made)
    frames = library.client.get("/frames?image_id=1&depth_min=9201.9&depth_max=9210.3").json()["frames"]
    depths = made["depth"] if number == 0 else made["frame"].index
    values = made[("pixels", "frame", "image")[number]]
    assert depths.tolist() == [frame["depth"] for frame in frames]
    np.testing.assert_array_equal(
        np.asarray(values, "f4"), np.array([each["pixels"] for each in frames], "f4")
    )
    if number == 2:
        assert values.sel(depth=9210.3, azimuth=240).item() == frames[-1]["pixels"][100]


def test_the_formats_are_documented():
    shown = (ROOT / "docs/exports.md").read_text()
    for name, file_format in FILE_FORMATS.items():
        assert f"| `{name}` | `{file_format.media_type}` |" in shown
        assert f"`{name}`" in (ROOT / "README.md").read_text()


def test_the_notebook_runs(library, library_address):
    code = (
        "import json, nbclient, nbformat, sys; notebook = nbformat.read(sys.argv[1], 4);"
        "nbclient.NotebookClient(notebook, timeout=120).execute(); print(json.dumps(notebook))"
    )
    path = ROOT / "docs/notebook.ipynb"
    ran = subprocess.run(
        [sys.executable, "-c", code, path],
        env=os.environ | {"BOREHOLE_SERVER": library_address},
        capture_output=True,
        text=True,
        check=True,
    )
    cells = [cell for cell in json.loads(ran.stdout)["cells"] if cell["cell_type"] == "code"]
    results = [output["data"] for cell in cells for output in cell["outputs"] if "data" in output]
    assert "challenge.csv" in results[0]["text/plain"]
    assert any("image/png" in result for result in results)
    assert {"challenge.csv", "gappy.csv"} <= set(re.findall(r"\w+\.csv", results[-1]["text/plain"]))


def test_the_notebook_is_kept_without_results():
    cells = json.loads((ROOT / "docs/notebook.ipynb").read_text())["cells"]
    assert not any(cell.get("outputs") for cell in cells)


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
