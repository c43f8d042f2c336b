"""The page on a server that asks for keys: the key is sent once, and kept where no script reads it."""

from __future__ import annotations

import httpx2
import pytest

from app.keys import ApiKey
from app.pipeline.workplace import Workplace
from tests.builders import image_rows, ingest, settings_in, write_csv

OFFICE, DASHBOARD = "o" * 43, "d" * 43
KEYS = f"{ApiKey.of('office', 'write', OFFICE)},{ApiKey.of('dashboard', 'read', DASHBOARD)}"
HOSTILE = '"><img src=x onerror="document.body.dataset.broken=1">'
IS_ASKED = "document.getElementById('key-dialog').open"


@pytest.fixture
def closed(serve, tmp_path):
    """A server that answers to nobody without a key. Image 1 has 300 rows."""
    place = Workplace.open(settings_in(tmp_path))
    ingest(place, write_csv(tmp_path / "well.csv", *image_rows(300)))
    place.catalog.close()
    return serve(api_keys=KEYS, reading_needs_key="true", pipeline_autostart="false")


def give(viewer, key):
    viewer.until(IS_ASKED)
    viewer["#key-input"].fill(key)
    viewer["#key-input"].press("Enter")


def test_a_key_given_once_opens_everything_and_is_kept_by_no_script(closed, viewer):
    viewer.expect_complaints("401", "403")
    viewer.page.goto(closed.url)
    give(viewer, "wrong")
    viewer.until("document.getElementById('key-message').textContent.includes('did not accept')")
    give(viewer, "clé")
    viewer.until(IS_ASKED)
    give(viewer, DASHBOARD)
    viewer.wait_until_drawn()  # lists, tiles, depths
    viewer.until("document.getElementById('pipeline-state').textContent === 'Pipeline stopped'")
    kept = viewer.evaluate("JSON.stringify([{...sessionStorage}, {...localStorage}, document.cookie])")
    assert DASHBOARD not in kept
    assert "borehole_session" not in kept
    (cookie,) = viewer.page.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert DASHBOARD not in cookie["value"]
    viewer.page.reload()
    viewer.wait_until_drawn()
    assert not viewer.evaluate(IS_ASKED)
    assert "dashboard" in viewer["#session-button"].get_attribute("title")


def test_a_key_for_reading_is_told_that_it_is_when_it_would_write(closed, viewer):
    viewer.expect_complaints("401", "403")
    viewer.page.goto(closed.url)
    give(viewer, DASHBOARD)
    viewer.wait_until_drawn()
    viewer.until("!document.getElementById('pipeline-start').hidden")
    viewer["#pipeline-start"].click()
    refused = (
        "document.getElementById('pipeline-refusal').textContent.includes(\"'dashboard' is for reading\")"
    )
    viewer.until(refused)
    assert not viewer.evaluate(IS_ASKED)
    with viewer.page.expect_response("**/pipeline/status"):
        viewer.evaluate(
            "document.dispatchEvent(new Event('visibilitychange'))"
        )  # as when the tab is looked at again
    viewer.until("document.getElementById('pipeline-detail').textContent.includes('files wait')")
    assert viewer.evaluate(refused)
    assert viewer["#pipeline-state"].inner_text() == "Pipeline stopped"


def test_who_signs_out_is_asked_again(closed, viewer):
    viewer.expect_complaints("401")
    viewer.page.goto(closed.url)
    give(viewer, OFFICE)
    viewer.wait_until_drawn()
    with viewer.page.expect_navigation():
        viewer["#session-button"].click()
    viewer.until(IS_ASKED)
    assert not viewer.page.context.cookies()
    assert viewer["#image-list li"].count() == 0


def test_who_would_not_give_a_key_is_left_in_peace_and_may_later(closed, viewer):
    viewer.expect_complaints("401")
    viewer.page.goto(closed.url)
    viewer.until(IS_ASKED)
    viewer["#key-dialog [data-close]"].click()
    viewer.until("document.getElementById('notice').textContent.includes('API keys')")
    viewer.page.wait_for_timeout(2500)  # the page asks the pipeline every two seconds
    assert not viewer.evaluate(IS_ASKED)
    viewer["#session-button"].click()
    give(viewer, OFFICE)
    viewer.wait_until_drawn()
    viewer.until("document.getElementById('pipeline-state').textContent === 'Pipeline stopped'")


def test_a_session_that_ends_meanwhile_is_begun_anew(closed, viewer):
    viewer.expect_complaints("401")
    viewer.page.goto(closed.url)
    give(viewer, OFFICE)
    viewer.wait_until_drawn()
    viewer.page.context.clear_cookies()
    viewer.evaluate("document.getElementById('pipeline-start').click()")
    give(viewer, OFFICE)
    viewer.until("document.getElementById('pipeline-state').textContent === 'Pipeline running'")


def test_what_others_wrote_is_text_and_nothing_else(serve, viewer, tmp_path):
    """Names, remarks, picks, and the cells that error messages repeat."""
    server = serve()
    file = write_csv(tmp_path / "well.csv", *image_rows(300))
    with httpx2.Client(base_url=server.url) as client:
        client.post("/images", params={"name": f"{HOSTILE.replace('/', '')}.csv"}, content=file.read_bytes())
        lines = file.read_text().splitlines()
        lines[5] = lines[5].replace(",", f',"{HOSTILE.replace(chr(34), chr(39))}",', 1).rsplit(",", 1)[0]
        client.post("/images", params={"name": "bad.csv"}, content="\n".join(lines).encode())
        viewer.page.goto(server.url)
        viewer.wait_until_drawn()
        said = dict.fromkeys(("well", "uwi", "tool", "run", "unit"), HOSTILE) | {"other": {HOSTILE: HOSTILE}}
        assert client.patch("/images/1", json=said).status_code == 200
        depth = client.get("/images/1").json()["depth_min"]
        pick = {"kind": "bed", "depth": depth, "amplitude": 0.1, "azimuth": 10, "hole_diameter": 0.2}
        assert client.post("/images/1/picks", json=pick | {"name": HOSTILE}).status_code == 201
    viewer.page.goto(server.url)
    viewer.wait_until_drawn()
    viewer["#jobs-toggle"].click()
    viewer.until("document.querySelector('#jobs [data-state=failed]')")
    viewer.until("document.getElementById('pick-list').childElementCount > 0")
    assert "onerror" in viewer["#jobs"].inner_text()
    assert "onerror" in viewer["body"].inner_text()
    assert viewer.evaluate("document.querySelectorAll('img[src$=\"/x\"]').length") == 0
    assert viewer.evaluate("document.body.dataset.broken === undefined")
