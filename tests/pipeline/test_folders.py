from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from app.pipeline import folders as folders_module
from app.pipeline.folders import Claim, DataFolders, write_error_report


@pytest.fixture
def folders(tmp_path: Path) -> DataFolders:
    made = DataFolders(tmp_path / "data")
    made.ensure()
    return made


def anybody(name: str) -> bool:
    return True


def claimed(folders: DataFolders, name: str, content: str = "content") -> Claim:
    (folders.data / name).write_text(content)
    claim = folders.claim(name)
    assert claim is not None
    return claim


def to_processed(folders: DataFolders, claim: Claim) -> Path:
    target = folders.reserve(claim.path, folders.processed, anybody, None)
    folders.move(claim.token, claim.path, target)
    return target


def at_once(action: Callable[[], object], times: int) -> list[object]:
    """What `action` returned in each of so many threads that began together."""
    barrier, results = threading.Barrier(times), []

    def run() -> None:
        barrier.wait()
        results.append(action())

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_a_listing_names_files_and_folders_that_look_like_tables(folders):
    for name in ("x.csv", "notes.md", ".hidden.csv", "x.csv.part", "x.csv.error.json"):
        (folders.data / name).write_text("")
    (folders.data / "folder.csv").mkdir()
    (folders.data / "folder").mkdir()
    (folders.data / "folder" / "inner.csv").write_text("")
    (folders.data / "broken.csv").symlink_to("nowhere")
    assert sorted(folders.listing()) == ["broken.csv", "folder.csv", "notes.md", "x.csv"]


def test_a_file_that_goes_while_it_is_listed_is_left_out(folders, monkeypatch):
    (folders.data / "x.csv").write_text("")

    def gone(status: object) -> object:
        raise FileNotFoundError

    monkeypatch.setattr(folders_module.Snapshot, "of", gone)
    assert folders.listing() == {}


def test_one_of_many_claimants_gets_the_file(folders):
    (folders.data / "x.csv").write_text("content")
    claims = [claim for claim in at_once(lambda: folders.claim("x.csv"), 8) if claim]
    assert len(claims) == 1
    assert claims[0].path.read_text() == "content"
    assert [folder.name for folder in folders.processing.iterdir()] == [claims[0].token]


def test_a_file_that_cannot_be_claimed_stays_and_leaves_no_folder(folders, monkeypatch):
    (folders.data / "x.csv").write_text("content")

    def busy(self: Path, target: Path) -> Path:
        raise OSError(errno.EBUSY, "Device or resource busy")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", busy)
        with pytest.raises(OSError, match="busy"):
            folders.claim("x.csv")
    assert (folders.data / "x.csv").exists()
    assert list(folders.processing.iterdir()) == []


def test_folders_that_were_removed_are_made_again_when_they_are_needed(folders):
    for folder in (folders.processing, folders.processed):
        folder.rmdir()
    assert folders.orphaned_claims(set(), 0.0) == []
    target = to_processed(folders, claimed(folders, "x.csv"))
    assert target == folders.processed / "x.csv"
    assert target.read_text() == "content"


def test_a_move_never_overwrites(folders):
    (folders.processed / "x.csv").write_text("older")
    (folders.processed / "x_2.csv").symlink_to("nowhere")
    (folders.processed / "x_3.csv.error.json").write_text("{}")
    target = to_processed(folders, claimed(folders, "x.csv", "newer"))
    assert target.name == "x_4.csv"
    assert (folders.processed / "x.csv").read_text() == "older"
    assert (folders.processed / "x_2.csv").is_symlink()


def test_many_that_want_the_same_name_each_get_their_own(folders):
    claims = [claimed(folders, "x.csv", str(number)) for number in range(8)]
    waiting = iter(claims)
    turns = threading.Lock()

    def move_one() -> Path:
        with turns:
            claim = next(waiting)
        return to_processed(folders, claim)

    targets = at_once(move_one, 8)
    assert len(set(targets)) == 8
    assert sorted(path.read_text() for path in folders.processed.iterdir()) == sorted("01234567")


def test_a_name_that_somebody_else_has_noted_is_not_used(folders):
    claim = claimed(folders, "x.csv")
    asked: list[str] = []

    def only_the_second(target: str) -> bool:
        asked.append(target)
        return len(asked) == 2

    assert folders.reserve(claim.path, folders.failed, only_the_second, None).name == "x_2.csv"
    assert asked == ["failed/x.csv", "failed/x_2.csv"]
    assert not (folders.failed / "x.csv").exists()


def test_a_placeholder_left_by_a_death_is_used_again(folders):
    claim = claimed(folders, "x.csv")
    first = folders.reserve(claim.path, folders.processed, anybody, None)
    again = folders.reserve(claim.path, folders.processed, anybody, "processed/x.csv")
    assert again == first
    folders.move(claim.token, claim.path, again)
    assert [path.name for path in folders.processed.iterdir()] == ["x.csv"]


def test_a_name_noted_just_before_a_death_is_used_again(folders):
    claim = claimed(folders, "x.csv")
    assert folders.reserve(claim.path, folders.processed, anybody, "processed/x.csv").name == "x.csv"


@pytest.mark.parametrize("kind", ["file", "pipe", "full folder"])
def test_what_somebody_put_in_the_place_of_the_placeholder_is_left_alone(folders, kind):
    claim = claimed(folders, "x.csv", "mine")
    place = folders.processed / "x.csv"
    if kind == "file":
        place.write_text("theirs")
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        (place / "theirs").mkdir(parents=True)
    target = folders.reserve(claim.path, folders.processed, anybody, "processed/x.csv")
    assert target.name == "x_2.csv"


def test_a_folder_and_a_link_are_moved_as_they_are(folders):
    (folders.data / "folder.csv").mkdir()
    (folders.data / "folder.csv" / "inner.csv").write_text("inner")
    (folders.data / "link.csv").symlink_to("folder.csv")
    for name in ("link.csv", "folder.csv"):
        claim = folders.claim(name)
        assert claim is not None
        to_processed(folders, claim)
    assert (folders.processed / "folder.csv" / "inner.csv").read_text() == "inner"
    assert (folders.processed / "link.csv").readlink() == Path("folder.csv")


@pytest.mark.parametrize("name", ["a" * 251 + ".csv", "ü" * 125 + "a.csv", "🪨" * 62 + "abc.csv"])
def test_the_longest_name_is_shortened_so_that_its_report_fits(folders, name):
    assert len(os.fsencode(name)) == 255
    target = to_processed(folders, claimed(folders, name))
    assert len(os.fsencode(target.name)) <= 244
    assert target.name.endswith(".csv") and name.startswith(target.stem)
    write_error_report(target, {})


@pytest.mark.parametrize(
    "name", ["two words.csv", 'it\'s "quoted".csv', "🪨.csv", "a\nb.csv", "-rf.csv", "a;b|c.csv"]
)
def test_odd_names_are_kept(folders, name):
    assert to_processed(folders, claimed(folders, name)).name == name


def test_undecodable_bytes_become_escapes(folders):
    name = os.fsdecode(b"\xff.csv")
    assert to_processed(folders, claimed(folders, name)).name == "\\udcff.csv"


def test_a_file_put_back_takes_its_own_name_if_that_is_free(folders):
    first = claimed(folders, "x.csv", "first")
    (folders.data / "x.csv").write_text("second")
    folders.put_back(first)
    assert (folders.data / "x.csv").read_text() == "second"
    assert (folders.data / "x_2.csv").read_text() == "first"
    assert list(folders.processing.iterdir()) == []


def test_only_old_claims_that_no_job_answers_for_are_orphans(folders):
    known, young, old = (claimed(folders, f"{name}.csv") for name in ("known", "young", "old"))
    empty = folders.processing / "empty"
    empty.mkdir()
    (folders.processing / ".DS_Store").write_text("no claim at all")
    for folder in (old.path.parent, empty):
        os.utime(folder, (0, 0))
    assert folders.orphaned_claims({known.token}, 10.0) == [old]
    assert young.path.exists() and not empty.exists()


def test_a_claim_that_is_gone_holds_nothing(folders):
    assert folders.claimed("unknown") is None
    folders.remove_claim("unknown")


def test_drafts_are_swept_once_they_are_old(folders):
    drafts = [folders.uploads / "a.part", folders.failed / ".report-a", folders.uploads / "b.part"]
    kept = [folders.uploads / "other", folders.failed / "x.csv"]
    for path in (*drafts, *kept):
        path.write_text("")
        os.utime(path, (0, 0))
    os.utime(drafts[2])
    folders.sweep_drafts(3600.0)
    assert [path.exists() for path in drafts] == [False, False, True]
    assert all(path.exists() for path in kept)


def test_a_draft_that_somebody_else_sweeps_is_no_trouble(folders, monkeypatch):
    draft = folders.uploads / "a.part"
    monkeypatch.setattr(Path, "glob", lambda self, pattern: [draft])
    folders.sweep_drafts(0.0)


def test_the_report_lies_beside_the_file_and_nothing_else_does(folders):
    write_error_report(folders.failed / "x.csv", {"reason": "not_a_number", "value": "Größe"})
    (report,) = folders.failed.iterdir()
    assert report.name == "x.csv.error.json"
    assert json.loads(report.read_text(encoding="utf-8")) == {"reason": "not_a_number", "value": "Größe"}
