from __future__ import annotations

import runpy
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from dlisio import dlis

from app.errors import FileError
from app.ingestion.readers import dlis_file, dlis_source, open_file
from tests.builders import settings_in
from tests.dlis_files import Frame, write_dlis

ROWS = 60
PIXELS = np.random.default_rng(2).normal(50, 10, (ROWS, 24)).astype(np.float32)
DEPTHS = (1000 + 0.5 * np.arange(ROWS)).astype(np.float64)


def images_of(path, **changes):
    return open_file(path, settings_in(path.parent, **changes)).images


def read(image, rows=7):
    """Depths, pixels and row numbers."""
    chunks = list(image.open().chunks(rows))
    return tuple(np.concatenate([getattr(c, part) for c in chunks]) for part in ("depths", "pixels", "lines"))


def refusal(path, **changes):
    with pytest.raises(FileError) as caught:
        for image in images_of(path, **changes):
            list(image.open().chunks())
    return caught.value


@pytest.fixture(autouse=True)
def trials(monkeypatch):
    """The other process that reads each file first takes its time: here it survives at once."""
    run = dlis_file.subprocess.run
    monkeypatch.setattr(dlis_file.subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=0))
    return run


@pytest.fixture(scope="module")
def field_file(tmp_path_factory):
    """Two logical files of two and one frames; in all five images."""
    path = tmp_path_factory.mktemp("dlis") / "x.dlis"
    others = {"GR": PIXELS[:, 0]}
    fmi = {"FMI_STAT": PIXELS, "FMI_DYN": PIXELS.astype(np.uint8)}
    first = Frame(
        (DEPTHS * 120).astype(np.float32), fmi | others, depth_unit="0.1 in", units={"FMI_STAT": "mV"}
    )
    second = Frame(DEPTHS[::-1], {"UBI_AMP": PIXELS.astype(np.float64)})
    third = Frame(DEPTHS, {"FMI_STAT": PIXELS[:, :4], "FMI_DYN": PIXELS[:, :2]}, depth_unit="ft")
    return write_dlis(
        path, [first, second], [third], well_name="Well 7", field_name="Ruyter", run_number=3, well_id="42-1"
    )


def test_every_channel_of_several_numbers_a_row_is_an_image(field_file):
    found = [(image.channel, image.open().width, image.rows) for image in images_of(field_file)]
    assert found == [
        ("FMI_STAT", 24, ROWS),
        ("FMI_DYN", 24, ROWS),
        ("UBI_AMP", 24, ROWS),
        ("FMI_STAT_2", 4, ROWS),
        ("FMI_DYN_2", 2, ROWS),
    ]


@pytest.mark.parametrize("rows", [1, 7, ROWS, 8192])
def test_rows_are_those_of_dlisio_however_many_are_asked_for(field_file, rows):
    with dlis.load(str(field_file)) as (first, second):
        theirs = [frame.curves() for file in (first, second) for frame in file.frames]
        expected = [
            theirs[0]["FMI_STAT"], theirs[0]["FMI_DYN"], theirs[1]["UBI_AMP"],
            theirs[2]["FMI_STAT"], theirs[2]["FMI_DYN"],
        ]  # fmt: skip
    for image, values in zip(images_of(field_file), expected, strict=True):
        _, pixels, lines = read(image, rows)
        np.testing.assert_array_equal(pixels, values)
        assert lines.tolist() == list(range(1, ROWS + 1))


def test_depth_is_told_in_feet_or_metres(field_file):
    images = images_of(field_file)
    for image, unit, depths in zip(images, ["ft", "ft", "m", "ft", "ft"], [DEPTHS] * 5, strict=True):
        assert image.open().depth_unit == unit
        expected = depths[::-1] if image.channel == "UBI_AMP" else depths
        np.testing.assert_allclose(read(image)[0], expected, rtol=1e-12)
    assert images[0].metadata.other["depth_unit_of_file"] == "0.1 in"


@pytest.mark.parametrize(("said", "unit", "times"), [("in", "ft", 12), ("mm", "m", 1000), ("cm", "m", 100)])
def test_other_units_of_depth(tmp_path, said, unit, times):
    path = write_dlis(tmp_path / "x.dlis", [Frame(DEPTHS * times, {"A": PIXELS}, depth_unit=said)])
    (image,) = images_of(path)
    assert image.open().depth_unit == unit
    np.testing.assert_allclose(read(image)[0], DEPTHS)


def test_what_the_origin_and_the_tools_say_is_said_of_each_image(field_file):
    first = images_of(field_file)[0].metadata
    assert (first.well, first.uwi, first.run, first.tool, first.unit) == (
        "Well 7",
        "42-1",
        "3",
        "TOOL0",
        "mV",
    )
    assert first.other["field"] == "Ruyter"
    assert first.other["frame"] == "FRAME0"


def test_the_bit_size_and_the_absent_value_of_the_parameters_count(tmp_path):
    pixels = PIXELS.copy()
    pixels[3, 3], pixels[4, 4] = -999.25, 7777
    frame = Frame(DEPTHS, {"A": pixels})
    path = write_dlis(
        tmp_path / "x.dlis", [frame], parameters={"BS": (8.5, "in"), "ABSENT_VALUE": (7777.0, None)}
    )
    (image,) = images_of(path)
    assert image.metadata.hole_diameter == pytest.approx(8.5 * 0.0254)
    assert np.argwhere(np.isnan(read(image)[1])).tolist() == [[3, 3], [4, 4]]


@pytest.mark.parametrize("unit", ["m", "0.1 in"])
def test_rows_without_depth_are_dropped_and_counted_and_null_ends_left_out(tmp_path, unit):
    depths, pixels = DEPTHS.copy(), PIXELS.copy()
    depths[5] = -999.25
    pixels[0] = pixels[-1] = -999.25
    (image,) = images_of(write_dlis(tmp_path / "x.dlis", [Frame(depths, {"A": pixels}, depth_unit=unit)]))
    source = image.open()
    lines = np.concatenate([chunk.lines for chunk in source.chunks()])
    assert lines.tolist() == [row for row in range(2, ROWS) if row != 6]
    assert source.dropped_rows == 1


def test_bytes_are_told_from_other_numbers(field_file):
    found = {}
    for image in images_of(field_file):
        source = image.open()
        list(source.chunks())
        found[image.channel] = source.integers8
    assert (found["FMI_DYN"], found["FMI_STAT"]) == (True, False)


def test_a_frame_that_goes_by_time_is_passed_over(tmp_path):
    by_time = Frame(DEPTHS, {"A": PIXELS}, depth_unit="s", depth_name="TIME", index_type="NON-STANDARD")
    path = write_dlis(tmp_path / "x.dlis", [by_time, Frame(DEPTHS, {"B": PIXELS})])
    assert [image.channel for image in images_of(path)] == ["B"]
    alone = write_dlis(tmp_path / "y.dlis", [by_time])
    error = refusal(alone)
    assert (error.reason, "goes by 'TIME', which is no depth" in error.message) == ("no_image", True)


def test_a_file_without_images_says_so(tmp_path):
    error = refusal(write_dlis(tmp_path / "x.dlis", [Frame(DEPTHS, {"GR": PIXELS[:, 0]})]))
    assert (error.reason, "several numbers a row" in error.message) == ("no_image", True)


def test_no_row_with_a_depth(tmp_path):
    depths = np.full(ROWS, -999.25)
    assert refusal(write_dlis(tmp_path / "x.dlis", [Frame(depths, {"A": PIXELS})])).reason == "depth_missing"


def test_an_infinite_value_is_named_with_its_row(tmp_path):
    pixels = PIXELS.copy()
    pixels[40, 3] = np.inf
    error = refusal(write_dlis(tmp_path / "x.dlis", [Frame(DEPTHS, {"A": pixels})]))
    assert (error.reason, error.row, error.column) == ("infinite_value", 41, "A")


def test_a_header_that_claims_too_much_is_not_believed(field_file, monkeypatch):
    monkeypatch.setattr(dlis_file, "MOST_SAMPLES", 40)
    error = refusal(field_file)
    assert (error.reason, "claims 50 samples a row" in error.message) == ("damaged", True)


@pytest.mark.parametrize("kept", [1, 79, 80, 81, 200, 0.3, 0.5, 0.9, 0.9999])
def test_a_truncated_file_is_refused(tmp_path, field_file, kept):
    content = field_file.read_bytes()
    path = tmp_path / "x.dlis"
    path.write_bytes(content[: kept if kept >= 1 else int(len(content) * kept)])
    assert refusal(path).reason in ("damaged", "no_image")


def test_what_is_no_dlis_file_is_refused(tmp_path):
    path = tmp_path / "x.dlis"
    for content in (b"", b"\0" * 1000, b"depth,a,b\n1,2,3\n"):
        path.write_bytes(content)
        assert refusal(path).reason in ("damaged", "no_image")


def test_damage_that_ends_the_process_of_the_library_ends_another_one(field_file, monkeypatch):
    monkeypatch.setattr(dlis_file.subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=-11))
    error = refusal(field_file)
    assert (error.reason, "ended the process (SIGSEGV)" in error.message) == ("damaged", True)


def test_a_head_that_takes_for_ever_is_given_up(field_file, monkeypatch, trials):
    monkeypatch.setattr(dlis_file.subprocess, "run", trials)
    error = refusal(field_file, file_seconds=0.001)
    assert (error.reason, "longer than 0.001 s" in error.message) == ("damaged", True)


def test_a_good_file_survives_its_trial(field_file, monkeypatch, trials):
    monkeypatch.setattr(dlis_file.subprocess, "run", trials)
    assert len(images_of(field_file)) == 5


@pytest.mark.parametrize("content", [None, b"not a DLIS file"])
def test_a_trial_that_is_survived_says_nothing(tmp_path, field_file, monkeypatch, capfd, content):
    path = tmp_path / "x.dlis"
    path.write_bytes(content or field_file.read_bytes())
    monkeypatch.setattr(sys, "argv", ["dlis_trial", str(path)])
    runpy.run_module("app.ingestion.readers.dlis_trial", run_name="__main__")
    assert capfd.readouterr() == ("", "")


def test_memory_is_bounded_by_what_is_asked_for(field_file, monkeypatch):
    monkeypatch.setattr(dlis_source, "CHUNK_BYTES", 24 * 8 * 5)
    assert {len(chunk.depths) for chunk in images_of(field_file)[0].open().chunks()} == {5}
