from __future__ import annotations

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import StorageUnavailable, UploadMalformed, UploadTooLarge
from app.pipeline.names import is_ignored
from app.pipeline.uploads import Upload, upload_name


@pytest.mark.parametrize(
    ("given_name", "name"),
    [
        ("survey.csv", "survey.csv"),
        ("../../etc/survey.csv", "survey.csv"),
        ("C:\\wells\\survey.csv", "survey.csv"),
        ("/survey.csv", "survey.csv"),
        (" survey.csv ", "survey.csv"),
        ("Größe 🪨.CSV", "Größe 🪨.CSV"),
    ],
)
def test_the_name_is_the_last_part_of_whatever_is_given(given_name, name):
    assert upload_name(given_name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        ".",
        "..",
        "/",
        "x.csv/..",
        "a\0.csv",
        "a\nb.csv",
        "a\x1b[31m.csv",
        "\ud800.csv",
        ".hidden.csv",
        "x.csv.part",
        "processed",
        "ü" * 126 + ".csv",
        "notes.pdf",
        "csv",
    ],
)
def test_what_is_no_name_for_a_file_is_refused(name):
    with pytest.raises(UploadMalformed):
        upload_name(name)


@given(st.text(max_size=40).map(lambda text: text + ".csv"))
def test_an_accepted_name_never_leaves_its_folder(text):
    try:
        name = upload_name(text)
    except UploadMalformed:
        return
    assert not set(name) & set("/\\\0\n") and not is_ignored(name) and len(name.encode()) <= 255


def test_an_upload_that_is_not_finished_leaves_nothing(place):
    with Upload(place, "x.csv") as upload:
        upload.write(b"depth")
        assert len(list(place.folders.uploads.iterdir())) == 1
    assert list(place.folders.uploads.iterdir()) == []
    assert place.history.page(10)[1] == 0


def test_a_finished_upload_is_a_file_like_any_other(place):
    place.folders.uploads.rmdir()
    with Upload(place, "x.csv") as upload:
        for piece in (b"dep", bytearray(b"th")):
            upload.write(piece)
        job_id = upload.finish()
    job = place.jobs.get(job_id)
    assert (job.state, job.name, job.size_bytes) == ("queued", "x.csv", 5)
    assert place.folders.claimed(job.claim).read_bytes() == b"depth"


def test_more_bytes_than_may_come_are_refused_whatever_was_announced(place):
    object.__setattr__(place.settings, "max_upload_bytes", 10)
    with Upload(place, "x.csv") as upload:
        upload.write(b"0123456789")
        with pytest.raises(UploadTooLarge) as refusal:
            upload.write(b"!")
    assert refusal.value.details == {"max_bytes": 10}
    assert list(place.folders.uploads.iterdir()) == []


def test_a_full_disk_is_no_fault_of_the_upload(place):
    class FullDisk:
        def write(self, _: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self) -> None:
            pass

    with Upload(place, "x.csv") as upload:
        upload.file.close()
        upload.file = FullDisk()
        with pytest.raises(StorageUnavailable, match="No space"):
            upload.write(b"depth")
    assert list(place.folders.uploads.iterdir()) == []


def test_a_draft_that_was_removed_meanwhile_is_told(place):
    with Upload(place, "x.csv") as upload:
        upload.draft.unlink()
        with pytest.raises(StorageUnavailable, match="was removed"):
            upload.finish()


def test_no_folder_for_uploads_is_told(place):
    place.folders.uploads.rmdir()
    place.folders.uploads.write_text("a file where a folder should be")
    with pytest.raises(StorageUnavailable), Upload(place, "x.csv"):
        pass
