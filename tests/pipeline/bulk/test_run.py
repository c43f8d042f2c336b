from __future__ import annotations

import csv
import threading
from contextlib import closing
from pathlib import Path

import pytest

from app.errors import CatalogUnavailable, CommandRefused, CommitUncertain
from app.pipeline.bulk import run as module
from app.pipeline.bulk.folder import Folder
from app.pipeline.bulk.progress import Progress
from app.pipeline.bulk.report import Report
from app.pipeline.bulk.run import BulkIngestion
from app.storage.catalog.jobs_in_place import FileInPlace, JobsInPlace
from tests.builders import eventually, tiny_csv
from tests.pipeline.bulk.conftest import bad_csv


@pytest.fixture
def bulk_of(place, wells):
    """What one run is, of the wells unless of another listing."""
    place.board.update(wanted=True)

    def bulk_of(listing=None, **options):
        return BulkIngestion(place, listing or Folder(wells, 0.0), Progress(0, 0), **options)

    return bulk_of


@pytest.fixture
def run(bulk_of, working):
    """Runs it to its end while somebody works; what it counted."""

    def run(listing=None, **options):
        bulk = bulk_of(listing, **options)
        with working():
            bulk.run()
        return bulk.progress

    return run


def jobs_of(place):
    return [(job.name, job.state) for job in reversed(place.history.page(1000)[0])]


def test_all_files_are_stored_and_stay_where_they_are(place, wells, run):
    (wells / "b").mkdir()
    files = [tiny_csv(wells / name, first) for first, name in enumerate(("a.csv", "b/a.csv"), start=1)]
    progress = run()
    assert dict(progress.outcomes) == {"stored": 2}
    assert (progress.rows, progress.bytes_read) == (6, sum(file.stat().st_size for file in files))
    assert sorted(image.name for image in place.images.every()) == ["a.csv", "b/a.csv"]
    assert all(file.exists() for file in files)


def test_what_is_stored_is_not_read_again(place, wells, run):
    for number in range(1, 4):
        tiny_csv(wells / f"{number}.csv", number)
    run()
    tiny_csv(wells / "4.csv", 4)
    progress = run()
    assert (dict(progress.outcomes), progress.earlier, progress.rows) == ({"stored": 4}, 3, 3)
    assert len(jobs_of(place)) == 4


def test_a_file_that_changed_is_read_anew(place, wells, run):
    tiny_csv(wells / "a.csv", 1.0)
    run()
    tiny_csv(wells / "a.csv", 20.0)
    progress = run()
    assert (progress.outcomes["stored"], progress.earlier) == (1, 0)
    assert jobs_of(place) == [("a.csv", "stored")] * 2


def test_what_failed_is_told_again_and_tried_again_only_if_asked(place, wells, run, capsys):
    file = bad_csv(wells / "a.csv")
    line = f"failed     {file}: Line 2, column 'col2': 'x' is neither a number nor a null."
    for options in ({}, {}, {"retry_failed": True}):
        assert run(**options).outcomes["failed"] == 1
        assert line in capsys.readouterr().out
    assert len(jobs_of(place)) == 2


def test_the_same_content_is_done_and_the_report_says_of_which_image(wells, run, tmp_path):
    tiny_csv(wells / "a.csv"), tiny_csv(wells / "b.csv"), bad_csv(wells / "c.csv")
    (wells / "notes.pdf").write_text("")
    for _ in range(2):  # what earlier runs found is in the later ones' reports
        with closing(Report(tmp_path / "report.csv")) as report:
            progress = run(report=report)
        assert progress.outcomes == {"stored": 1, "duplicate": 1, "failed": 1, "left out": 1}
        with (tmp_path / "report.csv").open(newline="") as written:
            lines = {Path(line["path"]).name: line for line in csv.DictReader(written)}
        assert lines.keys() == {"b.csv", "c.csv", "notes.pdf"}
        assert (lines["b.csv"]["outcome"], lines["b.csv"]["images"]) == ("duplicate", "1")
        assert (lines["c.csv"]["row"], lines["c.csv"]["column"], lines["c.csv"]["value"]) == (
            "2",
            "col2",
            "x",
        )


def test_what_an_earlier_run_had_queued_is_followed_and_not_queued_again(place, wells, run):
    file = tiny_csv(wells / "a.csv")
    (listed,) = Folder(wells, 0.0).entries()
    (job_id,) = JobsInPlace(place.catalog).add([listed], 0.0)
    progress = run()
    assert (progress.outcomes["stored"], progress.earlier) == (1, 0)
    assert [job.id for job in place.history.page(10)[0]] == [job_id]
    assert place.jobs.get(job_id).path == str(file)


def test_no_more_than_a_window_waits_at_a_time(place, wells, bulk_of, working, monkeypatch):
    monkeypatch.setattr(module, "WINDOW", 3)
    for number in range(1, 11):
        tiny_csv(wells / f"{number}.csv", number)
    bulk = bulk_of()
    running = threading.Thread(target=bulk.run)
    running.start()
    eventually(lambda: place.history.counts()["queued"] == 3, "three are queued")
    with working():
        running.join(60)
    assert not running.is_alive()
    assert place.history.counts()["stored"] == 10


def fail_once(monkeypatch, method, error):
    """The first call raises this, after it has done what it does."""
    genuine, errors = getattr(JobsInPlace, method), [error]

    def called(*arguments):
        result = genuine(*arguments)
        if errors:
            raise errors.pop()
        return result

    monkeypatch.setattr(JobsInPlace, method, called)


@pytest.mark.parametrize("method", ["add", "newest_of", "having"])
def test_while_the_catalog_is_away_it_waits_and_nothing_is_doubled(
    place, wells, run, monkeypatch, capsys, method
):
    tiny_csv(wells / "a.csv"), bad_csv(wells / "b.csv")
    error = CommitUncertain("gone") if method == "add" else CatalogUnavailable("gone")
    fail_once(monkeypatch, method, error)
    progress = run()
    assert "waits: gone" in capsys.readouterr().out
    assert progress.outcomes == {"stored": 1, "failed": 1}
    assert len(jobs_of(place)) == 2


class Slowly(Folder):
    """A folder whose files are complete when they are looked at for the second time."""

    def __init__(self, root):
        super().__init__(root, 0.0)
        self.seen = set()

    def complete(self, file):
        if file.path in self.seen:
            return super().complete(file)
        self.seen.add(file.path)
        return None


def test_files_being_written_are_waited_for(wells, run):
    for number in range(1, 4):
        tiny_csv(wells / f"{number}.csv", number)
    assert run(Slowly(wells)).outcomes == {"stored": 3}


def test_a_file_that_went_away_before_it_got_a_job_is_left_out(place, wells, run):
    tiny_csv(wells / "a.csv")

    class Vanishing(Slowly):
        def complete(self, file):
            (wells / "a.csv").unlink(missing_ok=True)
            return super().complete(file)

    assert run(Vanishing(wells)).outcomes == {"left out": 1}
    assert jobs_of(place) == []


def test_what_may_not_be_read_is_a_failure_without_a_job(place, wells, run, monkeypatch, capsys):
    tiny_csv(wells / "a.csv")
    monkeypatch.setattr("app.pipeline.bulk.folder.os.access", lambda path, mode: False)
    assert run().outcomes == {"failed": 1}
    assert f"failed     {wells / 'a.csv'}: the file may not be read" in capsys.readouterr().out
    assert jobs_of(place) == []


class Elsewhere(Folder):
    """A folder that whoever works does not see as we do."""

    def entries(self):
        yield FileInPlace("/not/there/a.csv", "a.csv", 1, "1")

    def complete(self, file):
        return file

    def exists(self, path):
        return True


def test_a_host_that_does_not_see_the_files_is_told_of_at_the_first(place, wells, run):
    place.board.update(host="another machine")
    with pytest.raises(CommandRefused, match=r"/not/there/a\.csv is here, but .*another machine"):
        run(Elsewhere(wells, 0.0))


def test_a_file_that_was_gone_and_is_back_is_read(place, wells, run):
    file = tiny_csv(wells / "a.csv")
    (listed,) = Folder(wells, 0.0).entries()
    file.rename(wells / "moved")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Folder, "entries", lambda self: iter([listed]))
        patch.setattr(Folder, "complete", lambda self, file: file)
        assert run().outcomes == {"failed": 1}
    (wells / "moved").rename(file)
    assert run().outcomes == {"stored": 1}
    assert jobs_of(place) == [("a.csv", "failed"), ("a.csv", "stored")]


def test_a_job_that_was_forgotten_gets_another(place, wells, run, bulk_of):
    tiny_csv(wells / "a.csv")
    bulk = bulk_of()
    bulk.under_way[99] = next(Folder(wells, 0.0).entries())
    bulk.listed_all = True
    running = threading.Thread(target=bulk.run)
    running.start()
    eventually(lambda: place.history.counts()["queued"] == 1, "it is queued")
    assert run().outcomes == {"stored": 1}
    running.join(20)
    assert bulk.progress.outcomes == {"stored": 1}


@pytest.mark.parametrize(
    ("board", "told"),
    [
        ({"wanted": False}, "the pipeline has been told to stop, and goes on after POST /pipeline/start"),
        ({"trouble": "the disk is full"}, "the disk is full"),
    ],
)
def test_what_keeps_files_waiting_is_said(place, wells, bulk_of, working, capsys, board, told):
    tiny_csv(wells / "a.csv")
    bulk = bulk_of()
    place.board.update(**board)
    running = threading.Thread(target=bulk.run)
    running.start()
    eventually(lambda: f"waits: {told}" in capsys.readouterr().out, "it is said")
    with working():
        running.join(20)
    assert bulk.progress.outcomes == {"stored": 1}
