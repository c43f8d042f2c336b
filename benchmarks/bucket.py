"""The same images stored on this machine's disk and in a bucket of `rclone serve s3` on loopback, each served
by a process of its own. Windows are those of `serving`: none is asked for twice, and every row is in memory.
First frames are of images that neither server has touched, on one connection.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from benchmarks import samples, wrk
from benchmarks.client import Client
from benchmarks.run import Run
from benchmarks.servers import Server, product
from benchmarks.serving import ROWS, warm
from benchmarks.table import Pair, Row, at_least, compared, within
from benchmarks.windows import IMAGE_PATH, Windows
from tests.s3_server import S3Server

BUCKET = "wells"


def bucket(run: Run) -> Iterator[Row]:
    untouched = 5 * run.repetitions
    files = [samples.demo_csv(run.cache, samples.FRAME_ROWS, seed=seed) for seed in range(1, untouched + 1)]
    files.insert(0, samples.demo_csv(run.cache, ROWS))
    s3 = S3Server(run.folder("s3")).start()
    try:
        s3.bucket(BUCKET)
        there = {"storage_uri": f"s3://{BUCKET}/arrays", "more": s3.environment}
        on_disk, in_bucket = run.folder("on-disk"), run.folder("in-bucket")
        samples.store(on_disk, files)
        samples.store(in_bucket, files, **there)
        with product(on_disk) as local, product(in_bucket, **there) as remote:
            yield _warm_windows(run, local, remote)
            yield _first_frames(local.client(), remote.client(), range(2, untouched + 2))
    finally:
        s3.stop()


def _warm_windows(run: Run, local: Server, remote: Server) -> Row:
    rates = []
    for server in (local, remote):
        client = server.client()
        image = client.json("/images/1")
        warm(client, image["rows"])
        windows = Windows.of(image)
        rates.append(partial(wrk.window_rate, server.url, IMAGE_PATH.format(id=1), windows, run.seconds))
    return compared(
        "windows of a warm image in a bucket",
        "the same of local arrays",
        "requests/s",
        at_least(0.83),
        reference=rates[0],
        ours=rates[1],
        times=run.repetitions,
    )


def _first_frames(local: Client, remote: Client, images: Sequence[int]) -> Row:
    """Every server's very first frame also pays for what a process does once, and is not counted."""
    for client in (local, remote):
        _first_frame(client, images[0])
    pairs = [Pair(_first_frame(local, image), _first_frame(remote, image)) for image in images[1:]]
    return Row("first frame of an image in a bucket", "the same of local arrays", "ms", within(200), pairs)


def _first_frame(client: Client, image_id: int) -> float:
    path = next(Windows(samples.TOP, samples.STEP, 1).paths(IMAGE_PATH.format(id=image_id)))
    return client.milliseconds(path)
