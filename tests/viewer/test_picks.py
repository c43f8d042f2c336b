"""Sines laid on beds and fractures, and the dips read from them."""

from __future__ import annotations

import csv
import math

import httpx2
import pytest

from tests.viewer.server import Server
from tests.viewer.viewer import Viewer

DIAMETER = 8.5 * 0.0254


@pytest.fixture
def picking(workshop: Server, viewer: Viewer) -> tuple[Server, Viewer]:
    """Two metres of an image without picks on screen, 1500 to 1502, and the sine tool in hand."""
    for pick in workshop.get("/images/1/picks")["picks"]:
        httpx2.delete(f"{workshop.url}/images/1/picks/{pick['id']}")
    viewer.open(f"{workshop.url}/?image=1&min=1500&max=1502")
    viewer.page.keyboard.press("s")
    return workshop, viewer


def lay(viewer: Viewer, start: tuple[float, float], end: tuple[float, float]) -> None:
    before = viewer["#pick-list li"].count()
    viewer.drag(start, end)
    viewer.until(f"document.querySelectorAll('#pick-list li').length === {before + 1}")


def test_a_drag_lays_a_sine_whose_dip_is_read_and_kept(picking):
    server, viewer = picking
    lay(viewer, (0.5, 0.4), (0.75, 0.45))
    pick = server.get("/images/1/picks")["picks"][0]
    assert pick["depth"] == pytest.approx(1500.8, abs=0.01)
    assert pick["amplitude"] == pytest.approx(0.1, abs=0.01)
    assert pick["azimuth"] == pytest.approx(270, abs=1)
    assert pick["dip"] == pytest.approx(math.degrees(math.atan(2 * pick["amplitude"] / DIAMETER)))
    assert viewer[".pick-dip"].inner_text() == f"{pick['dip']:.1f}°/{pick['azimuth']:03.0f}°"
    viewer.page.reload()
    viewer.wait_until_drawn()
    viewer.until("document.querySelectorAll('.pick').length === 1")
    line = viewer[".pick .line"].get_attribute("d")
    lowest = max((float(y), float(x)) for x, y in (point.split() for point in line[1:].split("L")))
    box = viewer.track.bounding_box()
    assert lowest == pytest.approx((0.45 * box["height"], 0.75 * box["width"]), abs=4)


def test_a_drag_upwards_has_its_crest_there(picking):
    server, viewer = picking
    lay(viewer, (0.5, 0.4), (0.75, 0.35))
    assert server.get("/images/1/picks")["picks"][0]["azimuth"] == pytest.approx(90, abs=1)


def test_a_sine_is_moved_and_bent(picking):
    server, viewer = picking
    lay(viewer, (0.5, 0.4), (0.75, 0.45))
    viewer.drag((0.5, 0.4), (0.5, 0.6))  # its middle, by the line
    viewer.until("!document.querySelector('#picks-error').textContent")
    moved = until_pick(server, viewer, lambda pick: pick["depth"] > 1501)
    assert moved["depth"] == pytest.approx(1501.2, abs=0.02)
    assert moved["amplitude"] == pytest.approx(0.1, abs=0.01)
    viewer.drag((0.75, 0.65), (0.25, 0.8))  # its lowest point
    bent = until_pick(server, viewer, lambda pick: pick["amplitude"] > 0.2)
    assert bent["azimuth"] == pytest.approx(90, abs=2)
    assert bent["amplitude"] == pytest.approx(0.4, abs=0.02)
    assert bent["depth"] == moved["depth"]


def test_a_pick_is_named_given_a_kind_and_deleted(picking):
    server, viewer = picking
    lay(viewer, (0.5, 0.4), (0.75, 0.45))
    viewer[".pick-editor input"].fill("<b>Top</b> sand")
    viewer[".pick-editor input"].press("Enter")
    until_pick(server, viewer, lambda pick: pick["name"] == "<b>Top</b> sand")
    viewer.until("document.querySelector('.pick-name').textContent === '<b>Top</b> sand'")
    viewer[".pick-editor select"].select_option("fracture")
    until_pick(server, viewer, lambda pick: pick["kind"] == "fracture")
    viewer["#track"].focus()
    viewer.page.keyboard.press("Delete")
    viewer.until("!document.querySelector('.pick') && !document.querySelector('#pick-list li')")
    until(viewer, lambda: server.get("/images/1/picks")["total"] == 0)


def test_another_hole_diameter_gives_another_dip(picking):
    server, viewer = picking
    lay(viewer, (0.5, 0.4), (0.75, 0.45))
    viewer["#hole-diameter"].fill("12.25")
    viewer["#hole-diameter"].press("Enter")
    pick = until_pick(server, viewer, lambda pick: pick["hole_diameter"] > 0.3)
    assert pick["hole_diameter"] == pytest.approx(12.25 * 0.0254)
    assert viewer[".pick-dip"].inner_text().startswith(f"{pick['dip']:.1f}°")


def test_picks_are_taken_away_as_csv(picking):
    _, viewer = picking
    lay(viewer, (0.5, 0.4), (0.75, 0.45))
    lay(viewer, (0.5, 0.2), (0.25, 0.22))
    with viewer.page.expect_download() as download:
        viewer["#picks-csv"].click()
    rows = list(csv.DictReader(download.value.path().read_text().splitlines()))
    assert [float(row["depth"]) for row in rows] == pytest.approx([1500.4, 1500.8], abs=0.01)
    assert {"dip", "dip_direction"} <= rows[0].keys()


def test_a_pick_that_the_server_refuses_is_taken_back_and_said(picking):
    _, viewer = picking
    viewer.expect_complaints("422")
    viewer.page.route(
        "**/picks", lambda route: route.fulfill(status=422, json={"detail": "no such kind", "code": "x"})
    )
    viewer.drag((0.5, 0.4), (0.75, 0.45))
    viewer.until("document.querySelector('#picks-error').textContent === 'no such kind'")
    assert viewer[".pick"].count() == 0


def test_a_click_on_a_sine_chooses_it_and_one_beside_it_none(picking):
    _, viewer = picking
    lay(viewer, (0.5, 0.4), (0.75, 0.45))
    viewer.page.keyboard.press("Escape")
    viewer.until("document.querySelectorAll('.pick.chosen').length === 0")
    viewer.page.mouse.click(*viewer.point(0.75, 0.45))
    viewer.until("document.querySelectorAll('.pick.chosen').length === 1")
    viewer.page.mouse.click(*viewer.point(0.75, 0.6))
    viewer.until("document.querySelectorAll('.pick.chosen').length === 0")
    assert viewer.window == (1500, 1502)


def test_choosing_a_pick_in_the_list_goes_to_it(picking):
    _, viewer = picking
    lay(viewer, (0.5, 0.4), (0.75, 0.45))
    viewer.page.keyboard.press("End")
    viewer.until_window("min > 1500.3")
    viewer["#depth-min"].fill("1502.2")
    viewer["#depth-max"].fill("1502.4")
    viewer["#range-go"].click()
    viewer[".pick-line"].click()
    top, bottom = viewer.until_window("min < 1501")
    assert top < 1500.8 < bottom


def test_picks_that_others_lay_move_and_take_away_appear_by_themselves(picking):
    server, viewer = picking
    lay(viewer, (0.5, 0.4), (0.75, 0.45))
    viewer[".pick-editor input"].fill("half a na")
    picks = f"{server.url}/images/1/picks"
    other = {"name": "theirs", "kind": "fault", "depth": 1500.3, "amplitude": 0.1, "azimuth": 10}
    number = httpx2.post(picks, json={**other, "hole_diameter": DIAMETER}).json()["id"]
    viewer.until("document.querySelectorAll('.pick').length === 2")
    assert [name.inner_text() for name in viewer[".pick-name"].all()] == ["theirs", "Pick 1"]
    assert viewer[".pick-editor input"].input_value() == "half a na"
    viewer.page.keyboard.type("me")
    viewer.page.keyboard.press("Enter")
    until(viewer, lambda: "half a name" in [pick["name"] for pick in server.get("/images/1/picks")["picks"]])
    httpx2.patch(f"{picks}/{number}", json={"depth": 1501.5})
    viewer.until("document.querySelector('#pick-list').textContent.includes('1501.5')")
    httpx2.delete(f"{picks}/{number}")
    viewer.until("document.querySelectorAll('.pick').length === 1")
    assert viewer[".pick.chosen"].count() == 1


def test_a_sine_in_hand_is_not_taken_away_by_what_others_do(picking):
    server, viewer = picking
    lay(viewer, (0.5, 0.4), (0.75, 0.45))
    viewer.page.mouse.move(*viewer.point(0.5, 0.4))
    viewer.page.mouse.down()
    viewer.page.mouse.move(*viewer.point(0.5, 0.5), steps=3)
    number = server.get("/images/1/picks")["picks"][0]["id"]
    httpx2.patch(f"{server.url}/images/1/picks/{number}", json={"name": "renamed"})
    viewer.page.mouse.move(*viewer.point(0.5, 0.6), steps=3)
    viewer.page.mouse.up()
    moved = until_pick(server, viewer, lambda pick: pick["depth"] > 1501)
    assert moved["depth"] == pytest.approx(1501.2, abs=0.02)
    viewer.until("document.querySelector('.pick-name').textContent === 'renamed'")


def until_pick(server, viewer, condition):
    def found():
        picks = server.get("/images/1/picks")["picks"]
        return picks[0] if picks and condition(picks[0]) else None

    return until(viewer, found)


def until(viewer, found):
    for _ in range(300):
        if answer := found():
            return answer
        viewer.page.wait_for_timeout(30)
    raise AssertionError("the server never had it")
