"""Along the well and closer to the wall."""

from __future__ import annotations

import pytest

from tests.viewer.conftest import GAP, GAP_AFTER


@pytest.fixture
def middle(viewer, wells):
    """9200 to 9300 of image 1, with the focus on the track."""
    viewer.open(f"{wells.url}/?image=1&min=9200&max=9300")
    viewer["#track"].focus()
    return viewer


def go(viewer, low, high):
    viewer["#depth-min"].fill(str(low))
    viewer["#depth-max"].fill(str(high))
    viewer["#range-go"].click()
    viewer["#track"].focus()


def test_keys_move_and_zoom(middle):
    expected = {
        "ArrowDown": (9210, 9310),
        "ArrowUp": (9190, 9290),
        "PageDown": (9290, 9390),
        "PageUp": (9110, 9210),
        "Home": (9000.05, 9100.05),
        "End": (9446.05, 9546.05),
        "0": (9000.1, 9546),
        "-": (9175, 9325),
        "+": (9216.6667, 9283.3333),
    }
    for key, (low, high) in expected.items():
        go(middle, 9200, 9300)
        middle.page.keyboard.press(key)
        middle.until_window(f"Math.abs(min - {low}) < 1e-3 && Math.abs(max - {high}) < 1e-3")


def test_keys_in_quick_succession_add_up(middle):
    for _ in range(3):
        middle.page.keyboard.press("ArrowDown")
    assert middle.until_window("min === 9230 && max === 9330")


def test_the_wheel_pans_and_with_control_zooms_about_the_cursor(middle):
    middle.hover(0.5, 0.25)
    middle.wheel(200)
    top, bottom = middle.until_window("min > 9200")
    assert bottom - top == pytest.approx(100, abs=1e-3)
    before = top + 0.25 * (bottom - top)
    middle.wheel(-300, zoom=True)
    top, bottom = middle.until_window("max - min < 90")
    assert top + 0.25 * (bottom - top) == pytest.approx(before, abs=0.3)


def test_a_drag_pulls_the_wall_along(middle):
    middle.drag((0.5, 0.6), (0.5, 0.4))
    assert middle.until_window("min > 9201")[0] == pytest.approx(9220, abs=0.5)


def test_two_fingers_zoom(new_viewer, wells):
    viewer = new_viewer(has_touch=True)
    viewer.open(f"{wells.url}/?image=1&min=9200&max=9300")
    touch = viewer.page.context.new_cdp_session(viewer.page)

    def fingers(kind: str, *shares: float) -> None:
        points = [
            dict(zip("xy", viewer.point(0.5, share), strict=True), id=k) for k, share in enumerate(shares)
        ]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    fingers("touchStart", 0.45, 0.55)
    fingers("touchMove", 0.4, 0.6)
    fingers("touchMove", 0.3, 0.7)
    fingers("touchEnd")
    top, bottom = viewer.until_window("max - min < 30")
    assert (top + bottom) / 2 == pytest.approx(9250, abs=2)


def test_what_a_finger_pointed_at_stays_to_be_read(new_viewer, wells):
    viewer = new_viewer(has_touch=True)
    viewer.open(f"{wells.url}/?image=1&min=9200&max=9300")
    viewer.page.touchscreen.tap(*viewer.point(0.5, 0.5))
    viewer.until("document.getElementById('cursor-row').textContent === '2,499'")
    assert viewer.window == (9200, 9300)


def test_the_strip_shows_the_window_and_moves_it(middle):
    box = middle["#overview"].bounding_box()
    middle.page.mouse.click(box["x"] + 20, box["y"] + box["height"] * 0.75)
    top, bottom = middle.until_window("min > 9300")
    assert (top + bottom) / 2 == pytest.approx(9000.1 + 0.75 * 545.9, abs=2)
    mark = middle["#overview-window"].bounding_box()
    assert mark["y"] == pytest.approx(box["y"] + (top - 9000.1) / 545.9 * box["height"], abs=4)
    middle.page.mouse.move(mark["x"] + 20, mark["y"] + mark["height"] / 2)
    middle.page.mouse.down()
    middle.page.mouse.move(box["x"] + 20, box["y"] + 2, steps=4)
    middle.page.mouse.up()
    assert middle.until_window("min < 9001")


def test_the_depth_fields_say_what_is_wrong(middle):
    wrong = [("9300", "9200", "less than"), ("abc", "9200", "two depths"), ("1", "2", "covers 9000.1 – 9546")]
    for low, high, complaint in wrong:
        middle["#depth-min"].fill(low)
        middle["#depth-max"].fill(high)
        middle["#depth-max"].press("Enter")
        assert complaint in middle["#range-error"].inner_text()
        assert middle["#depth-min"].get_attribute("aria-invalid") == "true"


def test_a_depth_scale_is_kept_to_on_the_screen(middle):
    middle["#scale"].select_option("200")
    top, bottom = middle.until_window("max - min < 90")
    height = middle.track.bounding_box()["height"]
    assert (bottom - top) / (height / 96 * 0.0254) == pytest.approx(200, rel=0.001)
    middle["#zoom-whole"].click()
    middle.until_window("max - min > 500")
    assert middle["#scale"].evaluate("node => node.selectedOptions[0].textContent").startswith("1:")


def test_true_shape_is_as_high_as_the_hole_is_round(middle):
    middle["#hole-diameter"].fill("12.25")
    middle["#hole-diameter"].press("Enter")
    middle["#scale"].select_option("true")
    top, bottom = middle.until_window("max - min < 2")
    box = middle.track.bounding_box()
    around = 3.14159265 * 12.25 * 0.0254
    assert (bottom - top) / around == pytest.approx(box["height"] / box["width"], rel=0.01)


def test_the_level_drawn_gets_finer_with_the_zoom(viewer, wells):
    viewer.open(wells.url)
    assert viewer.track.get_attribute("data-level") == "1"
    go(viewer, 9200, 9201)
    viewer.wait_until_drawn()
    assert viewer.track.get_attribute("data-level") == "0"


def test_rows_are_drawn_where_they_lie(viewer, wells):
    """Ten rows on screen: the middle of each has the colour that the server gives its value."""
    viewer.open(f"{wells.url}/?image=1&min=9200.05&max=9201.05&colormap=grey")
    rows = wells.get("/frames", image_id=1, depth_min=9200.1, depth_max=9201.0, colormap="grey")["frames"]
    assert len(rows) == 10
    for k, row in enumerate(rows):
        assert viewer.colour(0.5, (k + 0.5) / 10)[:3] == tuple(row["rgb"][75])


def test_a_gap_in_depth_is_a_gap_on_the_track(viewer, wells):
    depths = [frame["depth"] for frame in wells.get("/frames", image_id=2)["frames"]]
    above, below = depths[GAP_AFTER - 1 : GAP_AFTER + 1]
    assert below - above > GAP
    viewer.open(f"{wells.url}/?image=2&min={above - 1}&max={below + 1}")
    edge = 1 / (below - above + 2)
    opaque = [
        viewer.colour(0.5, share)[3] == 255
        for share in (edge - 0.01, edge + 0.01, 0.5, 0.99 - edge, 1.01 - edge)
    ]
    assert opaque == [True, False, False, False, True]
    go(viewer, above + 5, above + 15)
    viewer.until("!document.getElementById('track-note').hidden")
    assert "a gap in depth" in viewer["#track-note"].inner_text()


def test_nulls_are_hatched_and_no_colour_of_the_map(viewer, wells):
    viewer.open(f"{wells.url}/?image=2&min=1500&max=1500.0225&colormap=grey")
    rows = wells.get("/frames", image_id=2, depth_min=1500, depth_max=1500.02)["frames"]
    null = next(k for k, value in enumerate(rows[4]["pixels"]) if value is None)
    ground = viewer.evaluate("getComputedStyle(document.querySelector('.picture canvas')).borderTopColor")
    line = viewer.evaluate("getComputedStyle(document.querySelector('.picture canvas')).color")
    seen = {viewer.colour((null + 0.5) / 150, 0.4 + k / 100)[:3] for k in range(10)}
    assert {f"rgb({r}, {g}, {b})" for r, g, b in seen} & {ground, line}


def test_panning_keeps_its_frames(viewer, wells):
    """Loose, for a busy machine without a graphics card: a frame every 16.7 ms is the aim, measured by hand."""
    viewer.open(f"{wells.url}/?image=1&min=9200&max=9300")
    frames = viewer.evaluate(
        """async () => {
            const box = document.querySelector(".picture");
            const times = [];
            for (let k = 0; k < 40; k += 1) {
                box.dispatchEvent(new WheelEvent("wheel", {deltaY: 20, cancelable: true}));
                times.push(await new Promise(requestAnimationFrame));
            }
            const between = times.slice(1).map((time, k) => time - times[k]).sort((a, b) => a - b);
            return between[20];
        }"""
    )
    assert frames < 50
