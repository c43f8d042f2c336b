"""The cluster with a Dask cluster that reads the files, whose workers and scheduler die under load.

Each test prints what docs/faults.md has of it (`-s`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.builders import eventually, settings_in, tiny_csv
from tests.cluster.load import more_answers, path_of, recovered, under_load
from tests.cluster.replicas import Replicas, running
from tests.dask_cluster import DaskCluster
from tests.postgresql import PostgreSQL
from tests.s3_server import S3Server

WORKERS = 2


@pytest.fixture(scope="module")
def dask_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    cluster = DaskCluster(tmp_path_factory.mktemp("dask"))
    yield cluster
    cluster.stop()


@pytest.fixture(scope="module")
def replicas(
    tmp_path_factory: pytest.TempPathFactory,
    database_server: PostgreSQL,
    bucket_server: S3Server,
    dask_cluster: DaskCluster,
) -> Iterator[Replicas]:
    folder = tmp_path_factory.mktemp("test_dask")
    replicas = Replicas(folder, database_server, bucket_server, "dask", scheduler=dask_cluster.address)
    places = {
        "data_dir": replicas.data,
        "database_url": replicas.database,
        "storage_uri": replicas.storage,
    }
    dask_cluster.start_scheduler()
    for number in range(WORKERS):
        own = settings_in(folder / f"worker-{number}", **places)
        dask_cluster.add_worker(own, bucket_server.environment)
    with running(replicas):
        yield replicas


@pytest.fixture(autouse=True)
def with_all_workers(replicas, dask_cluster) -> None:
    dask_cluster.gate.unlink(missing_ok=True)
    back_to_work(replicas, dask_cluster)


def back_to_work(replicas: Replicas, dask_cluster: DaskCluster) -> float:
    """Until the status tells of all workers and no trouble, which nobody lends a hand to but who supervises
    processes; the seconds it took."""
    began = time.monotonic()

    def is_at_work() -> bool:
        dask_cluster.revive()
        status = replicas.get("/pipeline/status")
        return (status["trouble"], status["workers"]["count"]) == (None, WORKERS)

    eventually(is_at_work, "all workers are there, and no trouble", 60)
    return time.monotonic() - began


def test_a_worker_is_killed_in_the_middle_of_a_file_under_load_and_no_client_sees_an_error(
    replicas, names, dask_cluster, bucket_server
):
    with under_load(replicas.url, path_of) as told:
        more_answers(told)
        drop_halfway(replicas, names, 1)
        replicas.drop(names, 4)
        dask_cluster.who_is_halfway().kill()
        begun = written_to(bucket_server)
        dask_cluster.gate.touch()
        replicas.wait_until_stored(names)
        back_to_work(replicas, dask_cluster)
        recovered(replicas, "a Dask worker killed", told)
    assert told.faults == []
    assert set(told.statuses) == {200}
    assert unblamed(replicas)
    images = {image["image_id"] for image in replicas.get("/images?limit=1000")["images"]}
    assert begun - images, "what the dead worker had stored is no image"


def test_the_scheduler_is_killed_under_load_and_comes_back(replicas, names, dask_cluster):
    with under_load(replicas.url, path_of) as told:
        more_answers(told)
        drop_halfway(replicas, names, 2)
        dask_cluster.who_is_halfway()
        dask_cluster.kill_scheduler()
        eventually(lambda: "does not answer" in (trouble(replicas) or ""), "the status says so")
        replicas.drop(names, 4)
        dask_cluster.gate.touch()
        more_answers(told)
        dask_cluster.start_scheduler()
        seconds = back_to_work(replicas, dask_cluster)
        print(f"at work again {seconds:.1f} s after the scheduler's return")  # noqa: T201
        replicas.wait_until_stored(names)
        recovered(replicas, "the Dask scheduler killed", told)
    assert told.faults == []
    assert set(told.statuses) == {200}
    assert unblamed(replicas)
    assert trouble(replicas) is None


def drop_halfway(replicas: Replicas, names: set[str], number: int) -> None:
    name = f"halfway {number}.csv"
    tiny_csv(replicas.data / name, -1000.0 * number)
    names.add(name)


def written_to(bucket_server: S3Server) -> set[int]:
    """The ids of images, or what was to become one, that rows are stored of."""
    fragments = (bucket_server.folder / "wells" / "dask").glob("shard-*/level-0/__fragments/__*")
    return {int(fragment.name.split("_")[2]) for fragment in fragments}


def trouble(replicas: Replicas) -> str | None:
    found: str | None = replicas.get("/pipeline/status")["trouble"]
    return found


def unblamed(replicas: Replicas) -> bool:
    jobs = replicas.get("/pipeline/history?limit=1000")["jobs"]
    return all((job["attempts"], job["reason"]) == (1, None) for job in jobs)
