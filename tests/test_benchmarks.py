"""The benchmarks' own arithmetic: what they read, what they reckon, and what they print."""

from __future__ import annotations

import itertools
import os
from datetime import UTC, datetime

import pytest

from benchmarks.__main__ import BENCHMARKS
from benchmarks.arrivals import arrival_of
from benchmarks.disk import sizes
from benchmarks.document import PAGE, with_section
from benchmarks.machine import processor
from benchmarks.memory import quarters
from benchmarks.pacing import head, percentile
from benchmarks.processes import family, memory, resident
from benchmarks.samples import tiny_csvs
from benchmarks.table import (
    Invalid,
    Pair,
    Row,
    at_least,
    at_most,
    below,
    compared,
    equal,
    figure,
    markdown,
    within,
)
from benchmarks.windows import Windows
from benchmarks.wrk import parse


def row(goal, *pairs, unit="ms"):
    return Row("a frame", "a bare route", unit, goal, [Pair(*pair) for pair in pairs])


def test_table_shows_medians_and_the_median_of_the_ratios():
    shown = markdown([row(at_least(0.8), (1000, 900), (2000, 1500), (1100, 1100), unit="requests/s")])
    assert shown.splitlines()[2] == (
        "| a frame | a bare route | ≥ 0.8 × | 1,100 requests/s | 1,100 requests/s | 0.90 (0.75–1.00) | met |"
    )


def test_table_says_what_is_missed_and_what_is_invalid():
    assert row(at_most(3), (1, 4)).cells[-1] == "**missed**"
    broken = Row("a frame", "a bare route", "ms", at_most(3), [Pair(1, 1)], "socket errors")
    assert not broken.met
    assert broken.cells[-1] == "**invalid**: socket errors"


def test_table_leaves_out_a_reference_that_there_is_not():
    assert row(below(500), (0, 351), unit="MB").cells[2:] == ["≤ 500 MB", "", "351 MB", "", "met"]


@pytest.mark.parametrize(
    ("goal", "pair", "met"),
    [
        (at_least(0.8), (100, 80), True),
        (at_least(0.8), (100, 79), False),
        (at_most(3), (2, 6), True),
        (at_most(3), (2, 6.1), False),
        (within(15), (2, 17), True),
        (within(15), (2, 18), False),
        (below(1.65), (4, 1.65), True),
        (below(1.65), (4, 1.66), False),
        (equal(0.02), (1.61, 1.60), True),
        (equal(0.02), (1.61, 1.65), False),
        (equal(0.02), (1.65, 1.61), False),
    ],
)
def test_goal_is_met_up_to_its_limit(goal, pair, met):
    assert row(goal, pair).met is met


def test_reference_and_ours_are_measured_turn_and_turn_about():
    order = []
    compared(
        "a frame",
        "a bare route",
        "ms",
        at_most(3),
        reference=lambda: order.append("reference") or 1.0,
        ours=lambda: order.append("ours") or 1.0,
        times=2,
    )
    assert order == ["reference", "ours", "reference", "ours"]


def test_a_failed_request_makes_the_row_invalid():
    def fail() -> float:
        raise Invalid("503")

    assert compared("", "", "ms", at_most(3), reference=fail, ours=fail, times=5).invalid == "503"


@pytest.mark.parametrize(
    ("value", "text"), [(12345.6, "12,346"), (56.78, "56.8"), (1.234, "1.23"), (0.1234, "0.123"), (0, "0")]
)
def test_figures_have_three_digits_that_count(value, text):
    assert figure(value) == text


def test_windows_are_all_over_the_well_and_none_comes_twice():
    windows = Windows(top=1500.0, step=0.0025, count=2917)
    asked = list(windows.paths("%.4f-%.4f"))
    assert len(set(asked)) == 2917
    assert asked[0] == "1500.0000-1500.2075"
    tops = [float(path.split("-")[0]) for path in asked[:10]]
    assert max(tops) - min(tops) > 0.7 * 2917 * 0.0025
    assert max(float(path.split("-")[1]) for path in asked) == pytest.approx(1500 + 2999 * 0.0025)


def test_windows_that_were_asked_are_not_asked_again():
    windows = Windows(top=0.0, step=1.0, count=10)
    first = list(itertools.islice(windows.paths("%g-%g"), 4))
    assert not set(first) & set(windows.paths("%g-%g"))


def test_wrk_reports_on_its_last_line():
    said = 'Running 1s test\n  Requests/sec: 1\n{"requests": 9, "microseconds": 1000000, "refused": 0}\n'
    assert parse(said)["requests"] == 9


def test_head_of_an_answer():
    assert head(b"HTTP/1.1 404 Not Found\r\nServer: x\r\nContent-Length: 12\r\n\r\n") == (404, 12)


def test_percentile_is_one_of_the_figures():
    assert percentile(range(1, 1001), 0.99) == 990
    assert percentile([5.0], 0.99) == 5.0


def test_memory_of_a_process():
    assert memory("Name:\tx\nVmHWM:\t  2048 kB\nVmRSS:\t  1024 kB\n") == (1024 * 1024, 2048 * 1024)
    assert memory("Name:\tzombie\n") == (0, 0)
    assert resident(os.getpid()) > 0
    assert family(os.getpid())[0] == os.getpid()


def test_quarters_of_the_samples():
    assert quarters([900, 900, 900, 900, 10, 20, 30, 50]) == (15, 40)


def test_processor_is_named():
    assert processor("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n") == "Some CPU @ 2 GHz"


def test_arrival_of_a_job():
    moments = {
        "created_at": "2026-11-24T15:00:02.000Z",
        "started_at": "2026-11-24T15:00:02.100Z",
        "finished_at": "2026-11-24T15:00:03.500Z",
    }
    noon = datetime(2026, 11, 24, 15, tzinfo=UTC).timestamp()
    arrival = arrival_of({"image_id": 7} | moments, dropped=noon, visible=noon + 3.6)
    assert arrival.working_seconds == pytest.approx(1.5)
    assert arrival.waiting_seconds == pytest.approx(1.6)


def test_disk_is_counted_by_array(tmp_path):
    for name, size in (("level-0", 100), ("level-1", 20), ("level-2", 5), ("depth", 7)):
        fragment = tmp_path / "shard-00000" / name / "__fragments" / "f"
        fragment.mkdir(parents=True)
        (fragment / "a0.tdb").write_bytes(bytes(size))
    assert sizes(tmp_path) == (100, 7, 25)


def test_tiny_files_differ(tmp_path):
    files = tiny_csvs(tmp_path, 0, 2, rows=3)
    assert len({file.read_bytes() for file in files}) == 2
    assert [len(line.split(",")) for line in files[0].read_text().splitlines()] == [201] * 4


def test_a_section_of_the_page_is_replaced_and_nothing_else():
    page = "# A\n<!-- disk -->\nold\n<!-- end of disk -->\nB\n"
    assert with_section(page, "disk", "new \\1") == "# A\n<!-- disk -->\nnew \\1\n<!-- end of disk -->\nB\n"
    with pytest.raises(KeyError):
        with_section(page, "memory", "new")


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_has_its_section(name):
    assert with_section(PAGE.read_text(), name, "") != ""
