import errno
import gc
import gzip
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from backports import zstd

from app.errors import FileError
from app.ingestion.readers import is_readable, open_file, packed, suffix_of
from app.ingestion.readers.scratch import Scratch
from tests.builders import ingest, settings_in

PLAIN = b"depth,a,b\n3,10,20\n2,30,40\n1,50,60\n"


def zipped(*members, **options):
    """An archive of these (name, content)."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content, **options)
    return held.getvalue()


PACKED = {
    "well.csv.gz": gzip.compress(PLAIN),
    "well.CSV.GZ": gzip.compress(PLAIN[:20]) + gzip.compress(PLAIN[20:]),
    "well.csv.zst": zstd.compress(PLAIN),
    "well.txt.zst": zstd.compress(PLAIN[:20]) + zstd.compress(PLAIN[20:]),
    "well.zip": zipped(("well.csv", PLAIN)),
    "stored.zip": zipped(("well.csv", PLAIN), compress_type=zipfile.ZIP_STORED),
    "folders.zip": zipped(("survey/", b""), ("survey/2024\\well.dat", PLAIN)),
    "path.zip": zipped(("../../../../etc/well.csv", PLAIN)),
    "mac.zip": zipped(("well.csv", PLAIN), ("__MACOSX/._well.csv", b"\0"), (".DS_Store", b"\0")),
}


@pytest.fixture
def settings(tmp_path):
    return settings_in(tmp_path, source_width=2)


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


def written(folder, name, content):
    path = folder / name
    path.write_bytes(content)
    return path


def rows(source):
    chunks = list(source.chunks())
    return np.concatenate([chunk.depths for chunk in chunks]), np.vstack([chunk.pixels for chunk in chunks])


@pytest.mark.parametrize("name", PACKED)
def test_a_packed_file_is_the_file_in_it(tmp_path, settings, name):
    path = written(tmp_path, name, PACKED[name])
    (image,) = open_file(path, settings).images
    gc.collect()
    first, again = image.open(), image.open()
    del image
    gc.collect()
    for source in (again, first):
        depths, pixels = rows(source)
        assert depths.tolist() == [3, 2, 1]
        assert pixels.tolist() == [[10, 20], [30, 40], [50, 60]]
    assert list(settings.data_dir.iterdir()) == []
    assert path.read_bytes() == PACKED[name]


@pytest.mark.usefixtures("no_garbage")
@pytest.mark.parametrize("name", ["well.csv.gz", "well.zip"])
def test_what_was_unpacked_is_gone_at_once_when_nobody_reads_it(tmp_path, settings, name):
    opened = open_files()
    source = open_file(written(tmp_path, name, PACKED[name]), settings).images[0].open()
    assert open_files() == opened + 1
    rows(source)
    del source
    assert open_files() == opened


def test_suffixes_tell_what_is_packed():
    assert suffix_of("a.b.CSV.gz") == ".csv.gz"
    assert suffix_of("a.zip") == ".zip"
    for name in ("x.gz", "x.doc.gz", "x.csv.gz.gz", "x.zip.gz", "x.csv.bz2", ".csv.gz.txt.rar"):
        assert not is_readable(name)


def lying_zip(**fields):
    """An archive whose central directory says other things of its member than are so."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("well.csv", PLAIN)
        for field, value in fields.items():
            setattr(archive.filelist[0], field, value)
    return held.getvalue()


BROKEN = {
    "cut short": ("x.csv.gz", gzip.compress(PLAIN)[:-9], "damaged", "cut short"),
    "without its sum": ("x.csv.gz", gzip.compress(PLAIN)[:-8], "damaged", "cut short"),
    "nothing but a head": ("x.csv.gz", gzip.compress(PLAIN)[:10], "damaged", "cut short"),
    "a wrong sum": ("x.csv.gz", gzip.compress(PLAIN)[:-8] + b"\1" * 8, "damaged", "CRC"),
    "rubbish behind": ("x.csv.gz", gzip.compress(PLAIN) + b"rubbish", "damaged", "Not a gzipped file"),
    "rubbish inside": ("x.csv.gz", gzip.compress(PLAIN)[:12] + b"\xff" * 40, "damaged", "cannot be unpacked"),
    "no gzip": ("x.csv.gz", PLAIN, "damaged", "Not a gzipped file"),
    "empty gzip": ("x.csv.gz", b"", "empty_file", "is empty"),
    "nothing packed": ("x.csv.gz", gzip.compress(b""), "empty_file", "is empty"),
    "Zstandard cut short": ("x.csv.zst", zstd.compress(PLAIN)[:-3], "damaged", "cut short"),
    "Zstandard with rubbish behind": ("x.csv.zst", zstd.compress(PLAIN) + b"rubbish", "damaged", "cannot be"),
    "no Zstandard": ("x.csv.zst", PLAIN, "damaged", "cannot be unpacked"),
    "a window of 2 GiB": (
        "x.csv.zst",
        zstd.compress(b"1" * 10, options={zstd.CompressionParameter.content_size_flag: 0})[:5] + b"\xa8",
        "damaged",
        "too much memory",
    ),
    "ZIP cut short": ("x.zip", zipped(("a.csv", PLAIN))[:-30], "damaged", "not a zip file"),
    "empty ZIP": ("x.zip", zipped(), "not_one_file", "no file"),
    "ZIP of a folder": ("x.zip", zipped(("a/", b"")), "not_one_file", "no file"),
    "several files": (
        "x.zip",
        zipped(("a.csv", PLAIN), ("b.csv", PLAIN)),
        "not_one_file",
        "2 files, 'a.csv', 'b.csv'",
    ),
    "another kind in ZIP": ("x.zip", zipped(("a.doc", PLAIN)), "unsupported_format", "a.doc is of no kind"),
    "a ZIP in a ZIP": ("x.zip", zipped(("a.zip", PLAIN)), "unsupported_format", "a.zip is of no kind"),
    "a picture in gzip": (
        "x.csv.gz",
        gzip.compress(b"\x89PNG\r\n\x1a\n"),
        "unsupported_format",
        "x.csv is a PNG picture",
    ),
    "encrypted": ("x.zip", lying_zip(flag_bits=1), "unsupported_format", "without a password"),
    "packed in another way": ("x.zip", lying_zip(compress_type=14), "unsupported_format", "method 14"),
    "ZIP with a wrong sum": ("x.zip", lying_zip(CRC=1), "damaged", "Bad CRC"),
    "ZIP with a wrong size": ("x.zip", lying_zip(compress_size=7), "damaged", "cannot be unpacked"),
    "ZIP that begins elsewhere": ("x.zip", lying_zip(header_offset=5), "damaged", "magic number"),
    "a bad row inside": ("x.csv.gz", gzip.compress(PLAIN + b"0,x,1\n"), "not_a_number", "Line 5"),
}


@pytest.mark.parametrize(("name", "content", "reason", "hint"), BROKEN.values(), ids=BROKEN)
def test_a_broken_archive_fails_with_what_is_wrong(tmp_path, settings, name, content, reason, hint):
    path = written(tmp_path, name, content)
    with pytest.raises(FileError) as caught:
        rows(open_file(path, settings).images[0].open())
    assert (caught.value.reason, hint in caught.value.message) == (reason, True), caught.value.message


@pytest.mark.parametrize(
    ("name", "pack"),
    [
        ("x.csv.gz", gzip.compress),
        ("x.csv.zst", zstd.compress),
        ("x.zip", lambda text: zipped(("x.csv", text))),
    ],
)
def test_a_bomb_is_not_unpacked_to_its_end(tmp_path, monkeypatch, name, pack):
    monkeypatch.setattr(packed, "FREE_BYTES", 1 << 20)
    path = written(tmp_path, name, pack(PLAIN + b"\n" * (32 << 20)))
    made = []
    monkeypatch.setattr(packed, "Scratch", lambda folder: made.append(Scratch(folder)) or made[-1])
    with pytest.raises(FileError, match=r"more than .* bytes: that is over 200 times its size") as caught:
        open_file(path, settings_in(tmp_path, source_width=2))
    assert caught.value.reason == "unpacked_too_large"
    assert made[0].path.stat().st_size <= max(1 << 20, 200 * path.stat().st_size)
    with pytest.raises(FileError, match="more than 1000 bytes: BOREHOLE_MAX_UNPACKED_BYTES allows 1000"):
        open_file(path, settings_in(tmp_path, source_width=2, max_unpacked_bytes=1000))
    assert made[1].path.stat().st_size <= 1000


def test_a_full_disk_is_no_fault_of_the_file(place, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    place = place.open(settings_in(tmp_path, source_width=2))
    monkeypatch.setattr(packed, "Scratch", full)
    job = ingest(place, written(tmp_path, "x.csv.gz", gzip.compress(PLAIN)))
    assert (job.state, job.reason) == ("retrying", "storage_unavailable")
    monkeypatch.undo()
    place.catalog.close()


def test_the_file_is_known_by_what_was_dropped(place, tmp_path):
    place = place.open(settings_in(tmp_path, source_width=2))
    content = gzip.compress(PLAIN, mtime=1)
    job = ingest(place, written(tmp_path, "x.csv.gz", content))
    assert job.state == "stored", job.message
    assert (place.folders.processed / "x.csv.gz").read_bytes() == content
    assert place.images.get(job.image_ids[0]).source_bytes == len(content)
    assert ingest(place, written(tmp_path, "y.csv.gz", content)).state == "duplicate"
    assert ingest(place, written(tmp_path, "z.csv.gz", gzip.compress(PLAIN, mtime=2))).state == "stored"
    place.catalog.close()
