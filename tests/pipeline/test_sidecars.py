"""The description beside a file: read with it, and wherever it goes."""

from __future__ import annotations

import json

import pytest

from app.pipeline import folders as folders_module
from app.pipeline.arrivals import Arrivals
from app.pipeline.job import run_job
from app.pipeline.retrying import retry_now
from app.pipeline.settling import settle_all
from app.pipeline.sidecars import CLAIMED_NAME
from tests.builders import ingest, tiny_csv


def with_sidecar(place, name="x.csv", sidecar="x.csv.json", said=None, **options):
    tiny_csv(place.folders.data / name, **options)
    (place.folders.data / sidecar).write_text(json.dumps({"well": "Test 1"} if said is None else said))
    return place.folders.data / name


def everything(place):
    """Every file below the data folder."""
    return sorted(
        str(path.relative_to(place.folders.data)) for path in place.folders.data.rglob("*") if path.is_file()
    )


@pytest.mark.parametrize("sidecar", ["x.csv.json", "x.json", "x.csv.JSON"])
def test_it_says_what_is_stored_and_follows_its_file(place, sidecar):
    job = ingest(place, with_sidecar(place, sidecar=sidecar, said={"well": "A", "field": "F", "run": 2}))
    image = place.images.get(job.image_ids[0])
    assert (image.well, image.run, image.other) == ("A", "2", {"field": "F"})
    assert everything(place) == ["processed/x.csv", "processed/x.csv.json"]


def test_the_full_name_wins_over_the_short_one(place):
    file = with_sidecar(place, said={"well": "long"})
    (place.folders.data / "x.json").write_text('{"well": "short"}')
    job = ingest(place, file)
    assert place.images.get(job.image_ids[0]).well == "long"
    assert everything(place) == ["processed/x.csv", "processed/x.csv.json", "x.json"]


def test_it_is_never_taken_by_itself(place):
    (place.folders.data / "x.csv.json").write_text("{}")
    assert place.folders.listing() == {}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "x.csv.json is not JSON"),
        ("[1]", "is not a JSON object"),
        ("\xff", "is not JSON in UTF-8"),
        ("[" * 100_000, "is not JSON"),
        ('{"well": [1]}', "says of 'well' what cannot be kept"),
        ('{"hole_diameter": -1}', "says of 'hole_diameter'"),
        ('{"hole_diameter": NaN}', "says of 'hole_diameter'"),
        ('{"field": {"name": 1}}', "says of 'other.field'"),
        ('{"well": "' + "x" * 201 + '"}', "says of 'well'"),
        ('{"well": "\\ud800"}', "says of 'well'"),
        ('{"other": 1}', "says of 'other'"),
        (" " * 300_000, "is larger than 256 KiB"),
    ],
)
def test_a_bad_one_fails_its_file_and_goes_with_it(place, content, says):
    file = with_sidecar(place)
    (place.folders.data / "x.csv.json").write_bytes(content.encode("latin-1"))
    job = ingest(place, file)
    assert (job.state, job.reason) == ("failed", "bad_description")
    assert says in job.message
    assert everything(place) == ["failed/x.csv", "failed/x.csv.error.json", "failed/x.csv.json"]
    assert place.images.page(10)[1] == 0


def test_mended_and_tried_again_it_counts(place, leased_again):
    file = with_sidecar(place, said={"well": [1]})
    job = ingest(place, file)
    (place.folders.failed / "x.csv.json").write_text('{"well": "B"}')
    retry_now(place, job.id)
    run_job(place, *leased_again())
    assert place.images.get(place.jobs.get(job.id).image_ids[0]).well == "B"
    assert everything(place) == ["processed/x.csv", "processed/x.csv.json"]


def test_where_a_name_is_taken_it_gets_the_number_of_its_file(place):
    ingest(place, with_sidecar(place))
    ingest(place, with_sidecar(place, first=7.0))
    (place.folders.processed / "x_3.csv.json").write_text("somebody else's")
    ingest(place, with_sidecar(place, first=9.0))
    assert everything(place) == [
        f"processed/{name}"
        for name in (
            "x.csv",
            "x.csv.json",
            "x_2.csv",
            "x_2.csv.json",
            "x_3.csv.json",
            "x_4.csv",
            "x_4.csv.json",
        )
    ]
    assert (place.folders.processed / "x_3.csv.json").read_text() == "somebody else's"


def test_a_name_that_somebody_takes_in_that_moment_is_left_to_them(place, monkeypatch):
    create = folders_module._create

    def quicker(target, source):
        if target.name == "x.csv.json":
            target.write_text("somebody else's")
        return create(target, source)

    monkeypatch.setattr(folders_module, "_create", quicker)
    ingest(place, with_sidecar(place))
    assert everything(place) == ["processed/x.csv.json", "processed/x_2.csv", "processed/x_2.csv.json"]
    assert (place.folders.processed / "x.csv.json").read_text() == "somebody else's"


def test_a_death_between_the_two_moves_is_made_up_for(place, taken, monkeypatch):
    with_sidecar(place)
    job, lease = taken(made=True)

    def dies_between(self, token, source, target):
        sidecar = source.with_name(CLAIMED_NAME)
        sidecar.rename(target.with_name(target.name + ".json"))
        raise OSError("died")

    monkeypatch.setattr(folders_module.DataFolders, "move", dies_between)
    run_job(place, job, lease)
    assert "processed/x.csv.json" in everything(place)
    monkeypatch.undo()
    monkeypatch.setattr("app.pipeline.settling.time.time", lambda: 4e9)
    settle_all(place, "other", 60.0)
    assert everything(place) == ["processed/x.csv", "processed/x.csv.json"]


def test_a_claim_that_nobody_made_a_job_of_goes_back_with_it(place):
    with_sidecar(place)
    claim = place.folders.claim("x.csv")
    assert place.folders.claimed(claim.token) == claim.path
    place.folders.put_back(claim)
    assert everything(place) == ["x.csv", "x.csv.json"]


def test_a_file_without_one_leaves_the_next_ones_alone(place):
    tiny_csv(place.folders.data / "x.csv")
    claim = place.folders.claim("x.csv")
    (place.folders.data / "x.csv.json").write_text("{}")  # came too late
    place.folders.put_back(claim)
    assert everything(place) == ["x.csv", "x.csv.json"]


def test_where_its_file_was_taken_away_it_goes_too(place, taken):
    with_sidecar(place)
    job, lease = taken(made=True)
    place.folders.claimed(job.claim).unlink()
    run_job(place, job, lease)
    assert place.jobs.get(job.id).reason == "file_gone"
    assert everything(place) == []


def test_what_is_no_plain_file_describes_nothing(place, tmp_path):
    tiny_csv(place.folders.data / "x.csv")
    (place.folders.data / "x.csv.json").mkdir()
    (tmp_path / "elsewhere").write_text('{"well": "A"}')
    (place.folders.data / "x.json").symlink_to(tmp_path / "elsewhere")
    job = ingest(place, place.folders.data / "x.csv")
    assert place.images.get(job.image_ids[0]).well is None
    assert (place.folders.data / "x.json").is_symlink()


def test_a_folder_has_no_description(place):
    (place.folders.data / "x.csv").mkdir()
    (place.folders.data / "x.csv.json").write_text("{}")
    assert ingest(place, place.folders.data / "x.csv").reason == "not_a_regular_file"
    assert (place.folders.data / "x.csv.json").exists()


def test_a_file_waits_for_a_description_that_is_still_being_written(place, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("app.pipeline.arrivals.time.monotonic", lambda: now[0])
    monkeypatch.setattr("app.pipeline.arrivals.Watch", _Deaf)
    arrivals = Arrivals(place.folders, 2.0, 30.0, lambda: None)

    def look(seconds):
        now[0] += seconds
        return list(arrivals.look(at_once=True))

    tiny_csv(place.folders.data / "x.csv")
    assert look(0.0) == []
    sidecar = place.folders.data / "x.csv.json"
    with sidecar.open("w") as file:
        file.write("{")
        file.flush()
        assert look(1.9) == []
        assert look(5.0) == [], "it is open for writing"
        file.write("}")
    assert look(0.1) == []
    assert look(2.1) == ["x.csv"]


class _Deaf:
    mode, reason = "polling", None

    def __init__(self, folder, on_hint):
        pass

    def start(self):
        pass

    def is_stale(self):
        return False
