from __future__ import annotations

import pytest

from app.errors import StorageUnavailable
from app.pipeline.bulk.prefix import Prefix
from app.storage.arrays.bucket import Bucket
from app.storage.catalog.jobs_in_place import FileInPlace


@pytest.fixture
def bucket(s3_server, request):
    folder = s3_server.bucket(f"wells-{abs(hash(request.node.name))}")
    return Bucket(f"s3://{folder.name}/north")


def put(bucket, *keys):
    for key in keys:
        bucket.put(key, key.encode())


def test_objects_are_found_below_the_prefix_with_all_that_a_job_needs(bucket):
    put(bucket, "a.csv", "well-7/image.las", "well-7/b.csv.gz")
    Bucket(f"s3://{bucket.name}").put("northern.csv", b"")
    found = {entry.name: entry for entry in Prefix(bucket.uri).entries()}
    assert found.keys() == {"a.csv", "well-7/image.las", "well-7/b.csv.gz"}
    entry = found["well-7/image.las"]
    assert isinstance(entry, FileInPlace)
    assert (entry.path, entry.size_bytes) == (f"{bucket.uri}/well-7/image.las", 16)


def test_another_object_under_the_same_name_has_another_version(bucket):
    versions = set()
    for content in (b"1", b"2", b"2"):
        bucket.put("a.csv", content)
        versions.update(entry.version for entry in Prefix(bucket.uri).entries())
    assert len(versions) == 2


def test_hidden_names_and_descriptions_are_passed_over_and_other_kinds_named(bucket):
    put(bucket, ".a.csv", ".git/a.csv", "a.csv.json", "notes.pdf")
    (left_out,) = Prefix(bucket.uri).entries()
    assert (left_out.path, left_out.why) == (f"{bucket.uri}/notes.pdf", "unsupported_format")


def test_an_object_is_complete_and_there_until_it_is_deleted(bucket):
    put(bucket, "a.csv")
    prefix = Prefix(bucket.uri)
    (entry,) = prefix.entries()
    assert prefix.complete(entry) is entry
    assert prefix.exists(entry.path)
    bucket.delete(["a.csv"])
    assert not prefix.exists(entry.path)


def test_a_listing_goes_on_where_the_bucket_did_not_answer(bucket, monkeypatch):
    put(bucket, "a.csv", "b.csv", "c.csv")
    page, asked = Bucket.page, []

    def one_at_a_time(self, after):
        asked.append(after)
        if len(asked) == 2:
            raise StorageUnavailable("away")
        return page(self, after)[:1]

    monkeypatch.setattr(Bucket, "page", one_at_a_time)
    entries = Prefix(bucket.uri).entries()
    assert next(entries).name == "a.csv"
    with pytest.raises(StorageUnavailable):
        next(entries)
    assert [entry.name for entry in entries] == ["b.csv", "c.csv"]
    assert list(entries) == []
