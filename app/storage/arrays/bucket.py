"""A bucket: objects by name, many requests at a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import boto3
from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from app.errors import StorageUnavailable

SIMULTANEOUS_REQUESTS = 40  # the three listings of each of a shard's arrays are one round trip
KEYS_PER_DELETE = 1000
PIECE_BYTES = 1 << 20
LONGEST_COPY_BYTES = 4 << 30  # S3 copies so much at once, and not every server copies parts (rclone)
NOT_FOUND, OUT_OF_RANGE = 404, 416

# A server that is gone is found out within seconds: who waits for an answer is told to come back.
CONNECT_SECONDS = 2.0
SILENT_SECONDS = 5.0
TRIES = 3
COPYING_SECONDS = 300.0  # some say nothing until all is copied: asked again meanwhile, they would begin anew
HASHING_SECONDS = 60.0  # some hash all of an object before they send the first byte of it

_PATH = re.compile(r"""(https?://[^/\s"']+)[^\s"']*""")


@dataclass(frozen=True)
class StoredObject:
    """key: relative to where its bucket's URI points. etag: another once the object is another."""

    key: str
    size_bytes: int
    etag: str

    @property
    def version(self) -> str:
        return f"{self.size_bytes}-{self.etag}"


T = TypeVar("T")
R = TypeVar("R")


class Bucket:
    """The objects below `s3://bucket/prefix`, named relative to it. Safe to share between threads.

    Endpoint, region and credentials are those of the AWS tools: `AWS_*` variables, `~/.aws`, the machine's role.
    Everything raises StorageUnavailable where the bucket does not answer as it should.
    """

    def __init__(self, uri: str) -> None:
        parts = urlsplit(uri)
        self.uri = uri.rstrip("/")
        self.name = parts.netloc
        self.prefix = f"{parts.path.strip('/')}/".lstrip("/")
        self._requests = ThreadPoolExecutor(SIMULTANEOUS_REQUESTS, thread_name_prefix="bucket")
        with self._translated():
            session = boto3.Session()
            self._client = _client(session, SILENT_SECONDS, TRIES)
            self._copying_client = _client(session, COPYING_SECONDS, 1)
            self._fetching_client = _client(session, HASHING_SECONDS, TRIES)

    def get(self, key: str) -> bytes:
        content = self.find(key)
        if content is None:
            raise StorageUnavailable(f"{self.uri} has no {key}")
        return content

    def find(self, key: str) -> bytes | None:
        """None where there is no such object."""
        with self._translated():
            try:
                answer = self._client.get_object(Bucket=self.name, Key=self.prefix + key)
                content: bytes = answer["Body"].read()
            except self._client.exceptions.NoSuchKey:
                return None
        return content

    def fetch(self, key: str, target: Path, start: int, stop: int) -> StoredObject | None:
        """The bytes start … stop − 1, if it has them, to the same place of a file that is there already.

        What the object is then; None where there is none. Raises OSError, too.
        """
        if start == stop:
            return self.look_at(key)
        with self._translated():
            try:
                answer = self._fetching_client.get_object(
                    Bucket=self.name, Key=self.prefix + key, Range=f"bytes={start}-{stop - 1}"
                )
            except self._fetching_client.exceptions.NoSuchKey:
                return None
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] != OUT_OF_RANGE:
                    raise
                return self.look_at(key)
        with target.open("r+b") as file:
            file.seek(start)
            for piece in self._pieces(answer["Body"]):
                file.write(piece)
        size_bytes = int(answer["ContentRange"].rpartition("/")[2])
        return StoredObject(key, size_bytes, answer["ETag"].strip('"'))

    def _pieces(self, body: Any) -> Iterator[bytes]:
        with self._translated():
            yield from body.iter_chunks(PIECE_BYTES)

    def put(self, key: str, content: bytes) -> None:
        """The object is there as a whole or not at all; one that is there already is replaced."""
        with self._translated():
            self._client.put_object(Bucket=self.name, Key=self.prefix + key, Body=content)

    def upload(self, key: str, file: Path) -> None:
        """As `put`, for a file of any size: a long one goes in parts, some at a time. Raises OSError, too."""
        with file.open("rb") as content, self._translated():
            self._client.upload_fileobj(content, self.name, self.prefix + key)

    def sizes(self, prefix: str) -> dict[str, int]:
        """The bytes of every object whose name begins so, by name."""
        return {
            found["Key"].removeprefix(self.prefix): found["Size"]
            for page in self._pages(prefix)
            for found in page.get("Contents", ())
        }

    def unchanged_since(self, moment: datetime, prefix: str) -> Iterator[StoredObject]:
        """Those whose names begin so, and that were there as they are before this moment."""
        for page in self._pages(prefix):
            old = [found for found in page.get("Contents", ()) if found["LastModified"] < moment]
            yield from self._listed({"Contents": old})

    def page(self, after: str) -> list[StoredObject]:
        """The next thousand objects whose names come after this one; none after the last."""
        with self._translated():
            answer = self._client.list_objects_v2(
                Bucket=self.name, Prefix=self.prefix, StartAfter=self.prefix + after
            )
        return self._listed(answer)

    def outside_folders(self) -> Iterator[StoredObject]:
        """Those whose names have no slash."""
        for page in self._pages("", Delimiter="/"):
            yield from self._listed(page)

    def _pages(self, prefix: str, **how: str) -> Iterator[Any]:
        """Of the list of all names that begin so, a request each."""
        with self._translated():
            yield from self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.name, Prefix=self.prefix + prefix, **how
            )

    def _listed(self, page: Any) -> list[StoredObject]:
        return [
            StoredObject(found["Key"].removeprefix(self.prefix), found["Size"], found["ETag"].strip('"'))
            for found in page.get("Contents", ())
        ]

    def look_at(self, key: str) -> StoredObject | None:
        """None where there is no such object."""
        with self._translated():
            try:
                found = self._fetching_client.head_object(Bucket=self.name, Key=self.prefix + key)
            except ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] != NOT_FOUND:
                    raise
                self._client.head_bucket(Bucket=self.name)  # it may be the bucket that is not there
                return None
        return StoredObject(key, found["ContentLength"], found["ETag"].strip('"'))

    def copy(self, source: str, target: str) -> None:
        """Within the bucket, by the server; what lies at the target is replaced."""
        with self._translated():
            self._copying_client.copy(
                {"Bucket": self.name, "Key": self.prefix + source},
                self.name,
                self.prefix + target,
                Config=TransferConfig(multipart_threshold=LONGEST_COPY_BYTES),
            )

    def folders(self, prefix: str) -> list[str]:
        """What of the names that begin so comes before their first slash."""
        pages = self._pages(prefix, Delimiter="/")
        found = [each["Prefix"] for page in pages for each in page.get("CommonPrefixes", ())]
        return [name.removeprefix(self.prefix).rstrip("/") for name in found]

    def has(self, key: str) -> bool:
        with self._translated():
            found = self._client.list_objects_v2(Bucket=self.name, Prefix=self.prefix + key, MaxKeys=1).get(
                "Contents", ()
            )
        return bool(found) and found[0]["Key"] == self.prefix + key

    def delete(self, keys: Iterable[str]) -> None:
        """What is not there is no error."""
        left = [{"Key": self.prefix + key} for key in keys]
        while left:
            batch, left = left[:KEYS_PER_DELETE], left[KEYS_PER_DELETE:]
            with self._translated():
                answer = self._client.delete_objects(
                    Bucket=self.name, Delete={"Objects": batch, "Quiet": True}
                )
            for error in answer.get("Errors", ()):
                raise StorageUnavailable(f"{self.uri} keeps {error['Key']}: {error.get('Code')}")

    def together(self, request: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """What `request` makes of each, all under way at once: in time they are one round trip."""
        return list(self._requests.map(request, items))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (Boto3Error, BotoCoreError, ClientError, OSError) as error:
            said = _PATH.sub(r"\1", str(error))  # which server matters, not what it was asked for
            raise StorageUnavailable(f"{self.uri} does not answer: {said}") from error


def _client(session: boto3.Session, silent_seconds: float, tries: int) -> Any:
    """Of AWS, or of another server: those know buckets by path, and not every one the newer checksums."""
    settings = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=silent_seconds,
        retries={"total_max_attempts": tries, "mode": "standard"},
        max_pool_connections=SIMULTANEOUS_REQUESTS,
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    client = session.client("s3", config=settings)
    host = urlsplit(client.meta.endpoint_url).hostname or ""
    if host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return client
    return session.client("s3", config=settings.merge(Config(s3={"addressing_style": "path"})))
