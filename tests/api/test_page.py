"""The page at / and its files."""

from __future__ import annotations

import re
from urllib.parse import urljoin

import pytest

from app.api.page import VIEWER


def policy(response) -> dict[str, list[str]]:
    parts = (part.split() for part in response.headers["content-security-policy"].split(";"))
    return {name: sources for name, *sources in parts}


@pytest.mark.parametrize("path", ["/", "/viewer/main.js", "/viewer/css/base.css", "/viewer/favicon.svg"])
def test_page_and_files_may_load_nothing_from_elsewhere(library, path):
    response = library.client.get(path)
    assert response.status_code == 200
    rules = policy(response)
    assert rules["default-src"] == ["'none'"]
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == ["'self'"]
    assert rules["img-src"] == ["'self'", "blob:", "data:"]
    assert rules["frame-ancestors"] == rules["base-uri"] == rules["form-action"] == ["'none'"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["cache-control"] == "no-cache"


def test_the_page_keeps_its_own_policy(library):
    """Nothing inline, nothing absolute: what the policy forbids would fail only in a browser."""
    page = library.client.get("/").text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page)
    assert not re.search(r"""(src|href)=["'](https?:)?//""", page)


def test_every_file_the_page_and_its_modules_name_is_there(library):
    page = library.client.get("/").text
    named = set(re.findall(r'(?:src|href)="(viewer/[^"]+)"', page))
    assert named
    for script in VIEWER.rglob("*.js"):
        place = script.relative_to(VIEWER.parent).as_posix()
        imports = re.findall(
            r"""^(?:import|export)\b[^;]*?from\s+["']([^"']+)["']""", script.read_text(), re.M
        )
        named |= {urljoin(place, path) for path in imports}
    for path in named:
        assert library.client.get(f"/{path}").status_code == 200, path


@pytest.mark.parametrize(
    ("path", "kind"),
    [("main.js", "text/javascript"), ("css/base.css", "text/css"), ("favicon.svg", "image/svg+xml")],
)
def test_files_have_the_type_a_browser_insists_on_under_nosniff(library, path, kind):
    assert library.client.get(f"/viewer/{path}").headers["content-type"].startswith(kind)


@pytest.mark.parametrize(
    "path", ["nothing.js", "css", "../main.py", "%2e%2e/main.py", "..%2fmain.py", "/etc/passwd", "%00"]
)
def test_nothing_but_its_files_is_served(library, path):
    response = library.client.get(f"/viewer/{path}")
    assert response.status_code == 404
    assert response.json()["code"] == "no_such_page"


def test_a_file_that_a_browser_has_is_not_sent_again(library):
    first = library.client.get("/viewer/main.js")
    again = library.client.get("/viewer/main.js", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert "content-security-policy" in again.headers


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/docs/oauth2-redirect"])
def test_no_page_can_be_shown_inside_another(library, path):
    response = library.client.get(path)
    assert response.headers["content-type"].startswith("text/html")
    assert policy(response)["frame-ancestors"] == ["'none'"]
    assert response.headers["x-content-type-options"] == "nosniff"
