"""The page's arithmetic, module by module, in the browser that will do it."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest


@pytest.fixture
def run(viewer, wells):
    """`run(module, script, argument)` runs a function of (module, argument) in the page."""
    viewer.open(wells.url)

    def call(module, script, argument=None):
        return viewer.evaluate(
            f"async (argument) => ({script})(await import('/viewer/{module}'), argument)", argument
        )

    return call


def test_ticks_are_round_distinct_and_far_enough_apart_at_every_zoom(run):
    source = random.Random(1)
    windows = []
    for _ in range(300):
        span, top = 10 ** source.uniform(-3, 4.5), source.uniform(0, 9000)
        windows.append({"min": top, "max": top + span})
    axes = run("ticks.js", "({ticks}, windows) => windows.map((window) => ticks(window, 600))", windows)
    for window, axis in zip(windows, axes, strict=True):
        labels = [f"{depth:.{axis['decimals']}f}" for depth in axis["majors"]]
        assert len(set(labels)) == len(labels)
        assert 3 <= len(labels) <= 11
        for depth, label in zip(axis["majors"], labels, strict=True):
            assert float(label) == pytest.approx(depth, abs=1e-9 * max(depth, 1))
            assert window["min"] - 1e-6 <= depth <= window["max"] + 1e-6


def test_rows_meet_half_way_and_end_at_gaps(run):
    """Four rows of an overview: the third holds rows of both sides of a gap, the fourth lies beyond another."""
    depths = {
        "start": 0,
        "top": [10.0, 10.4, 10.8, 30.0],
        "bottom": [10.3, 10.7, 10.9, 30.3],
        "continued": [{"row": 2, "top": 20.0, "bottom": 20.1}],
        "gap": 0.3001,
    }
    chunk = run(
        "track/depths.js",
        """({chunkOf}, depths) => {
            const {top, bottom, first} = chunkOf(depths, 0, 4, 0.1);
            return {top: [...top], bottom: [...bottom], first: [...first]};
        }""",
        depths,
    )
    assert chunk["first"] == [0, 1, 2, 4, 5]
    assert chunk["top"] == pytest.approx([9.95, 10.35, 10.75, 19.95, 29.95])
    assert chunk["bottom"] == pytest.approx([10.35, 10.75, 10.95, 20.15, 30.35])


def test_even_rows_are_drawn_in_one_go_and_uneven_ones_apart(run):
    def segments(depths):
        return run(
            "track/segments.js",
            """async ({segmentsOf}, depths) => {
                const {chunkOf} = await import("/viewer/track/depths.js");
                const rows = {start: 0, top: depths, bottom: depths, gap: 0.3001};
                return segmentsOf(chunkOf(rows, 0, depths.length, 0.1), 0, depths.length);
            }""",
            depths,
        )

    even = segments([round(k * 0.1, 1) for k in range(512)])
    assert [(piece["row"], piece["rows"]) for piece in even] == [(0, 512)]
    gapped = segments([0.0, 0.1, 0.2, 5.0, 5.1])
    assert [(piece["row"], piece["rows"]) for piece in gapped] == [(0, 3), (3, 2)]
    uneven = segments([0.0, 0.1, 0.3, 0.4, 0.6])
    covered = [(piece["top"], piece["bottom"]) for piece in uneven]
    assert all(below[0] == pytest.approx(above[1]) for above, below in pairwise(covered))


def test_tiles_are_bounded_and_those_no_longer_wanted_are_called_off(run):
    told = run(
        "track/tiles.js",
        """async ({Tiles}) => {
            const told = {aborted: 0, closed: 0, most: 0};
            let flying = 0;
            const api = {bitmap: (url, signal) => new Promise((resolve, reject) => {
                told.most = Math.max(told.most, flying += 1);
                const land = () => { flying -= 1; resolve({close: () => (told.closed += 1)}); };
                const timer = setTimeout(land, url.includes("slow") ? 1e6 : 0);
                signal.addEventListener("abort", () => {
                    clearTimeout(timer);
                    flying -= 1;
                    told.aborted += 1;
                    reject(new DOMException("", "AbortError"));
                });
            })};
            const tiles = new Tiles(api, () => {});
            const requests = (name, from, count) =>
                Array.from({length: count}, (_, k) => ({url: name + (from + k), place: name + (from + k)}));
            const landed = async () => {
                for (let k = 0; tiles.isLoading && k < 500; k += 1) await new Promise((go) => setTimeout(go, 5));
            };
            tiles.want(requests("slow", 0, 9));
            for (const from of [0, 100, 200, 300]) {
                tiles.want(requests("quick", from, 100));
                await landed();
            }
            const kept = requests("quick", 0, 400).filter(({url}) => tiles.get(url)).length;
            tiles.want(requests("many", 0, 1000));
            await landed();
            return {...told, kept, isAtRest: !tiles.isLoading};
        }""",
    )
    assert told == {"aborted": 6, "most": 6, "kept": 240, "closed": 280, "isAtRest": True}


def test_one_frequent_value_does_not_flatten_the_histogram_and_tails_stand_at_its_ends(run):
    """Even counts of 0 to 100, of which the middle is shown; a spike at 50, and as many values beyond as within."""
    counts = [100] * 256
    counts[128] = 1_000_000
    statistics = {
        "minimum": -1e6,
        "maximum": 1e6,
        "histogram": counts,
        "histogram_edges": [0, 100],
        "histogram_below": 5000,
        "histogram_above": 0,
    }
    heights = run(
        "colour/histogram.js",
        """({drawHistogram, extentOf}, statistics) => {
            const canvas = document.createElement("canvas");
            canvas.style = "width: 200px; height: 60px";
            document.body.append(canvas);
            const extent = extentOf({statistics, display_range: [20, 80]}, null);
            drawHistogram(canvas, statistics, extent, [20, 80], [[0, 0, 0], [255, 0, 0]]);
            const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, 48);
            const isInked = (x, y) => data[(y * canvas.width + x) * 4 + 3] > 0;
            const rows = Array.from({length: 48}, (_, y) => y);
            const columns = Array.from({length: canvas.width}, (_, x) => x);
            const heights = columns.map((x) => rows.filter((y) => isInked(x, y)).length);
            return {heights, extent, title: canvas.title};
        }""",
        statistics,
    )
    bars = heights["heights"]
    assert heights["extent"] == {"min": 11, "max": 89}
    assert bars[100] == 48
    assert all(20 < bar <= 48 for bar in bars)
    assert bars[0] == bars[1] == bars[199] == 48
    assert bars[10] < 48
    assert heights["title"] == "0.76 % of the values lie below, 0.27 % above"


def test_the_dip_of_a_plane_is_found_again(run):
    """A plane of 60 degrees in a hole of 0.2 m reaches 0.1 · tan 60° to each side of its middle."""
    assert run("picks/sine.js", "({dipOf}) => dipOf(0.1 * Math.sqrt(3), 0.2)") == pytest.approx(60)


def test_a_scale_counts_in_the_unit_of_the_image(run):
    """One inch of screen is 96 pixels; at 1:12 it shows a foot."""
    scales = run(
        "units.js",
        "({scaleOf, spanAt}) => [scaleOf({depth_unit: 'ft'}, 1, 96), spanAt({depth_unit: 'm'}, 12, 96)]",
    )
    assert scales == pytest.approx([12, 0.3048])


def test_nothing_but_numbers_is_read_from_an_address(run):
    view = run(
        "address.js",
        "({parseAddress}) => parseAddress('?image=x&min=9&max=3&low=NaN&tracks=all&left=-90&window=-1')",
    )
    assert view["imageId"] is None
    assert view["window"] is None
    assert view["colour"]["range"] is None
    assert view["tracks"] == {"shown": "static", "window": None}
    assert view["rotation"] == 270
