"""Everybody can use the page, and nothing from elsewhere gets into it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import httpx2
import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.viewer.server import ROOT

STANDARDS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_out_of_reach_for_anyone(new_viewer, workshop, scheme):
    viewer = new_viewer(color_scheme=scheme, reduced_motion="reduce")
    viewer.open(f"{workshop.url}/?image=1&tracks=both&low=10&high=200")
    viewer["#jobs-toggle"].click()
    viewer["#export summary"].click()
    assert faults(viewer) == []
    viewer.page.keyboard.press("Escape")
    viewer["#track"].focus()
    viewer.page.keyboard.press("?")
    assert faults(viewer) == []


def test_nothing_is_cut_off_at_1280_by_720(viewer, wells):
    viewer.open(f"{wells.url}/?image=1&tracks=both")
    assert viewer.evaluate(
        "document.documentElement.scrollWidth <= 1280 && document.documentElement.scrollHeight <= 720"
    )
    toolbar = viewer[".toolbar"].bounding_box()
    assert toolbar["height"] < 50
    assert viewer.track.bounding_box()["height"] > 500


def test_a_tablet_has_the_track_and_its_controls(new_viewer, wells):
    viewer = new_viewer(has_touch=True)
    viewer.page.set_viewport_size({"width": 1024, "height": 1366})
    viewer.open(wells.url)
    for selector in ("#range-go", "#zoom-in", "#tools", "#export", "#colormap", "#tracks", "#hole-diameter"):
        box = viewer[selector].bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 1024
        assert box["height"] >= 26
    assert viewer.track.bounding_box()["height"] > 700


def test_the_page_asks_for_nothing_from_elsewhere(viewer, wells):
    hosts = set()
    viewer.page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    viewer.open(f"{wells.url}/?image=3&tracks=both")
    assert hosts == {urlsplit(wells.url).netloc}


def test_the_policy_allows_neither_inline_code_nor_other_origins(wells):
    policy = httpx2.get(wells.url).headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_no_file_of_the_page_holds_inline_code_or_a_foreign_address():
    for file in (ROOT / "app" / "viewer").rglob("*.*"):
        text = file.read_text()
        foreign = set(re.findall(r"https?://[\w.]+", text)) - {"http://www.w3.org"}
        assert not foreign, file
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text), file
        if file.suffix == ".html":
            assert not re.search(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=", text), file


def faults(viewer):
    """What axe-core finds, in short."""
    found = (
        Axe()
        .run(viewer.page, options={"runOnly": {"type": "tag", "values": STANDARDS}})
        .response["violations"]
    )
    return [
        (fault["id"], node["target"], node["failureSummary"]) for fault in found for node in fault["nodes"]
    ]
