"""What is on screen when the page opens, and what the address has to do with it."""

from __future__ import annotations

import pytest

from tests.viewer.conftest import HOSTILE_NAME


def test_the_first_image_opens_whole(viewer, wells):
    viewer.open(wells.url)
    assert viewer["#image-name"].inner_text() == "challenge.csv"
    assert viewer.window == (9000.1, 9546.0)
    assert viewer.query["image"] == "1"


def test_the_address_opens_its_view(viewer, wells):
    viewer.open(
        f"{wells.url}/?image=2&min=1500.5&max=1501&colormap=grey&low=10&high=200&invert=true&tracks=both&left=90"
    )
    assert viewer["#image-name"].inner_text() == "gappy.csv"
    assert viewer.window == (1500.5, 1501.0)
    assert viewer["#colormap"].input_value() == "grey"
    assert viewer["#range-low"].input_value() == "10"
    assert viewer["#range-high"].input_value() == "200"
    assert viewer["#invert"].is_checked()
    assert viewer[".pane:not([hidden])"].count() == 2
    assert viewer["#rotation"].input_value() == "90"


def test_the_address_follows_the_view_and_back_returns(viewer, wells):
    viewer.open(wells.url)
    viewer["#depth-min"].fill("9201.9")
    viewer["#depth-max"].fill("9210.3")
    viewer["#range-go"].click()
    viewer.wait_until_drawn()
    assert (viewer.query["min"], viewer.query["max"]) == ("9201.9", "9210.3")
    viewer["#image-list button"].nth(1).click()
    viewer.until("document.getElementById('image-name').textContent === 'gappy.csv'")
    viewer.page.go_back()
    viewer.until("document.getElementById('image-name').textContent === 'challenge.csv'")
    assert viewer.window == (9201.9, 9210.3)
    viewer.page.go_back()
    viewer.until_window("min === 9000.1 && max === 9546")


def test_an_image_that_is_not_there_is_said_and_another_opens(viewer, wells):
    viewer.open(f"{wells.url}/?image=77")
    assert "77" in viewer["#notice"].inner_text()
    assert viewer["#image-name"].inner_text() == "challenge.csv"
    viewer.complaints.clear()  # the 404


def test_names_from_files_are_shown_as_they_are(viewer, wells):
    viewer.open(f"{wells.url}/?image=3")
    assert viewer["#image-name"].inner_text() == HOSTILE_NAME
    assert viewer["#image-list .name"].nth(2).inner_text() == HOSTILE_NAME
    assert HOSTILE_NAME in viewer.page.title()
    assert viewer["img[src=x]"].count() == 0


def test_images_are_listed_with_thumbnail_and_range(viewer, wells):
    viewer.open(wells.url)
    item = viewer["#image-list button"].first
    assert "9000.1 – 9546" in item.inner_text()
    assert "5,460 rows" in item.inner_text()
    viewer.until("document.querySelector('#image-list img').naturalWidth > 0")
    assert item.get_attribute("aria-current") == "true"


def test_brackets_go_from_image_to_image(viewer, wells):
    viewer.open(wells.url)
    viewer.page.keyboard.press("]")
    viewer.until("document.getElementById('image-name').textContent === 'gappy.csv'")
    viewer.page.keyboard.press("[")
    viewer.until("document.getElementById('image-name').textContent === 'challenge.csv'")


def test_help_explains_the_keys(viewer, wells):
    viewer.open(wells.url)
    viewer.page.keyboard.press("?")
    assert viewer["#help-dialog"].is_visible()
    viewer.page.keyboard.press("Escape")
    assert not viewer["#help-dialog"].is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_theme_follows_the_system_until_chosen_and_is_kept(new_viewer, wells, scheme):
    viewer = new_viewer(color_scheme=scheme)
    viewer.open(wells.url)

    def ground() -> int:
        return int(viewer.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0]"))

    assert (ground() < 128) == (scheme == "dark")
    viewer["#theme-button"].click()
    assert (ground() < 128) == (scheme == "light")
    viewer.page.reload()
    viewer.wait_until_drawn()
    assert (ground() < 128) == (scheme == "light")


def test_many_images_are_searched_by_name(viewer, wells):
    viewer.page.route("**/images?limit=100", lambda route: route.fulfill(json=_many(route, wells)))
    viewer.open(wells.url)
    viewer["#image-search"].fill("GAPPY")
    viewer.until("document.querySelectorAll('#image-list button').length === 1")
    assert viewer["#image-list .name"].inner_text() == "gappy.csv"
    viewer["#image-search"].fill("no such name")
    viewer.until("document.querySelector('#image-list .nothing')")


def _many(route, wells):
    page = wells.get("/images")
    return page | {"total": 40}
