"""Objects in a bucket, on a real server."""

import os
import secrets
import socket
import time
from datetime import UTC, datetime

import pytest

from app.errors import StorageUnavailable
from app.storage.arrays import bucket as bucket_module
from app.storage.arrays.bucket import Bucket
from tests.s3_server import SECRET


@pytest.fixture
def folder(s3_server, tmp_path):
    """Where the objects of the bucket lie as files."""
    return s3_server.bucket(f"objects-{secrets.token_hex(4)}")


@pytest.fixture
def bucket(folder):
    return Bucket(f"s3://{folder.name}/some/wells/")


def test_what_was_put_is_found_by_its_name_below_the_prefix(bucket, folder):
    bucket.put("a/b.json", b"one")
    bucket.put("a/b.json", b"two")
    assert bucket.get("a/b.json") == bucket.find("a/b.json") == b"two"
    assert (folder / "some/wells/a/b.json").read_bytes() == b"two"
    assert bucket.has("a/b.json")
    assert not bucket.has("a/b")


def test_a_bucket_without_a_prefix_is_used_from_its_top(folder):
    bucket = Bucket(f"s3://{folder.name}")
    bucket.put("a", b"")
    assert bucket.sizes("") == {"a": 0}
    assert (folder / "a").exists()


def test_what_is_not_there_is_told(bucket):
    assert bucket.find("a") is None
    with pytest.raises(StorageUnavailable, match="has no a"):
        bucket.get("a")
    assert bucket.sizes("a/") == {}
    bucket.delete(["a"])


CONTENT = bytes(range(200)) * 5


@pytest.fixture
def target(tmp_path):
    path = tmp_path / "fetched"
    path.touch()
    return path


@pytest.mark.parametrize(("start", "stop"), [(0, 1000), (300, 500), (999, 1000)])
def test_what_is_fetched_of_an_object_stands_in_the_file_where_it_stands_in_the_object(
    bucket, target, start, stop
):
    bucket.put("a", CONTENT)
    assert bucket.fetch("a", target, start, stop) == bucket.look_at("a")
    assert target.read_bytes() == bytes(start) + CONTENT[start:stop]


def test_pieces_fetched_side_by_side_make_the_object(bucket, target):
    bucket.put("a", CONTENT)
    cuts = [(700, 1000), (0, 300), (300, 700)]
    found = bucket.together(lambda cut: bucket.fetch("a", target, *cut), cuts)
    assert found == [bucket.look_at("a")] * 3
    assert target.read_bytes() == CONTENT


def test_nothing_is_fetched_of_an_empty_object(bucket, target):
    bucket.put("a", b"")
    assert bucket.fetch("a", target, 0, 0).size_bytes == 0
    assert target.read_bytes() == b""


@pytest.mark.parametrize("by", [CONTENT * 2, CONTENT[:400]], ids=["longer", "shorter"])
def test_a_fetch_tells_what_the_object_is_by_now(bucket, target, by):
    bucket.put("a", CONTENT)
    before = bucket.look_at("a")
    bucket.put("a", by)
    assert bucket.fetch("a", target, 900, 1000) == bucket.look_at("a") != before


def test_what_is_not_there_any_more_is_not_fetched(bucket, target):
    assert bucket.fetch("a", target, 0, 10) is None
    assert bucket.fetch("a", target, 0, 0) is None


def test_a_fetch_that_is_not_allowed_is_told(folder, target, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET + "-not")
    with pytest.raises(StorageUnavailable, match="SignatureDoesNotMatch"):
        Bucket(f"s3://{folder.name}").fetch("a", target, 0, 10)


def test_sizes_are_those_of_all_that_begins_so(bucket, monkeypatch):
    keys = {f"shard/__7_7_{number}/a0.tdb": number for number in range(5)}
    for key, size in keys.items():
        bucket.put(key, bytes(size))
    bucket.put("shard/__77_77_0/a0.tdb", b"")
    assert bucket.sizes("shard/__7_7_") == keys


@pytest.mark.parametrize("size", [0, 100, 20_000_001])
def test_a_file_is_put_whole_however_long_it_is(bucket, tmp_path, size):
    file = tmp_path / "x"
    content = os.urandom(1000) * (size // 1000) + b"x" * (size % 1000)
    file.write_bytes(content)
    bucket.upload("a/x ü", file)
    assert bucket.get("a/x ü") == content
    bucket.copy("a/x ü", "b/x")
    assert bucket.get("b/x") == content
    whole = bucket.look_at("a/x ü")
    assert whole in bucket.page("")


def test_a_file_that_cannot_be_put_is_told(tmp_path):
    (tmp_path / "x").write_bytes(b"x")
    with pytest.raises(StorageUnavailable, match="s3://no-such-bucket does not answer"):
        Bucket("s3://no-such-bucket").upload("x", tmp_path / "x")


def test_what_has_not_changed_since_a_moment_is_listed(bucket, folder):
    for key in ("a/old", "a/new", "b/old"):
        bucket.put(key, b"x")
        if "old" in key:
            os.utime((folder / "some/wells" / key).resolve(), (1e9, 1e9))
    moment = datetime.fromtimestamp(1e9 + 10, UTC)
    assert [found.key for found in bucket.unchanged_since(moment, "a/")] == ["a/old"]


def test_more_are_deleted_than_one_request_takes(bucket, monkeypatch):
    monkeypatch.setattr(bucket_module, "KEYS_PER_DELETE", 2)
    for number in range(5):
        bucket.put(f"a/{number}", b"x")
    bucket.delete([f"a/{number}" for number in range(4)])
    assert list(bucket.sizes("")) == ["a/4"]


def test_an_object_that_the_server_keeps_is_told(bucket, monkeypatch):
    refusal = {"Errors": [{"Key": "wells/a", "Code": "AccessDenied"}]}
    monkeypatch.setattr(bucket._client, "delete_objects", lambda **_: refusal)
    with pytest.raises(StorageUnavailable, match="keeps wells/a: AccessDenied"):
        bucket.delete(["a"])


def test_a_server_that_is_away_is_named_and_not_what_it_was_asked(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9")
    with pytest.raises(StorageUnavailable, match=r'"http://127\.0\.0\.1:9"$'):
        Bucket("s3://wells").page("")


def test_a_bucket_that_does_not_exist_is_told(s3_server):
    with pytest.raises(StorageUnavailable, match="s3://no-such-bucket does not answer"):
        Bucket("s3://no-such-bucket").sizes("")
    with pytest.raises(StorageUnavailable, match="NoSuchBucket"):
        Bucket("s3://no-such-bucket").put("a", b"")


def test_wrong_credentials_are_told_without_them(folder, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET + "-not")
    with pytest.raises(StorageUnavailable) as told:
        Bucket(f"s3://{folder.name}").get("a")
    assert SECRET not in str(told.value)


def test_missing_credentials_are_told(folder, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(StorageUnavailable, match="Unable to locate credentials"):
        Bucket(f"s3://{folder.name}").get("a")


def test_a_profile_that_does_not_exist_is_told(monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(StorageUnavailable, match="nobody"):
        Bucket("s3://wells")


def test_aws_itself_is_asked_by_the_name_of_the_bucket_and_others_by_path(s3_server, monkeypatch):
    assert Bucket("s3://wells")._client.meta.config.s3 == {"addressing_style": "path"}
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    client = Bucket("s3://wells")._client
    assert client.meta.config.s3 is None
    assert "amazonaws.com" in client.meta.endpoint_url


def test_a_server_that_says_nothing_is_given_up_within_seconds(folder, monkeypatch):
    monkeypatch.setattr(bucket_module, "SILENT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"http://127.0.0.1:{silent.getsockname()[1]}")
        bucket = Bucket(f"s3://{folder.name}")
        began = time.monotonic()
        with pytest.raises(StorageUnavailable, match="timeout"):
            bucket.get("a")
        assert time.monotonic() - began < 10
