"""Whatever dies under load: nothing is lost or doubled, clients see 503 with Retry-After at worst, all goes on.

Each test prints what docs/faults.md has of it (`-s`).
"""

from __future__ import annotations

import time
from contextlib import ExitStack

import httpx2
import pytest

from app.pipeline.claiming import ORPHAN_SECONDS
from tests.builders import eventually
from tests.cluster.load import CLIENTS, more_answers, path_of, recovered, under_load
from tests.cluster.replicas import is_well
from tests.faults.cluster import Server

UNCERTAIN_SECONDS = ORPHAN_SECONDS + 60
"""A file that was just being taken waits for so long if nobody can say whether its job was made."""


def test_the_hosts_machine_is_switched_off_under_load_and_clients_are_answered(replicas, names):
    with under_load(replicas.url, path_of) as told:
        more_answers(told)
        replicas.drop(names, 6)
        host = replicas.host
        eventually(lambda: replicas.get("/pipeline/status")["active"], "a file is in work", 60)
        replicas.switch_off(host)
        began = time.monotonic()
        more_answers(told, 200)
        assert eventually(lambda: replicas.host, "another hosts") is not host
        print(f"another hosts after {time.monotonic() - began:.1f} s")  # noqa: T201
        host.start()
        recovered(replicas, "the host's machine switched off", told)
    cut_off = [fault for fault in told.faults if "without sending complete message body" in fault]
    assert told.faults == cut_off
    assert len(cut_off) <= CLIENTS, "only answers that had begun when their replica died"
    assert set(told.statuses) == {200}
    replicas.wait_until_stored(names)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_postgresql_is_restarted_under_load(replicas, names, database_server, mode):
    with under_load(replicas.url, path_of) as told:
        more_answers(told)
        replicas.drop(names, 4)
        eventually(lambda: replicas.get("/pipeline/status")["active"], "a file is in work", 60)
        database_server.stop(mode)
        eventually(lambda: told.statuses[503], "clients are told")
        database_server.start()
        recovered(replicas, f"PostgreSQL restarted ({mode})", told)
    assert told.faults == []
    replicas.wait_until_stored(names, UNCERTAIN_SECONDS)


def test_postgresql_hangs_under_load(replicas, names, database_server):
    with under_load(replicas.url, path_of) as told:
        more_answers(told)
        with database_server.hanging():
            replicas.drop(names, 2)
            eventually(lambda: told.statuses[503], "clients are told", 20)
        recovered(replicas, "PostgreSQL hung", told)
    assert told.faults == []
    assert told.slowest < 20
    replicas.wait_until_stored(names, UNCERTAIN_SECONDS)


def test_s3_is_stopped_under_load_and_returns(replicas, names, bucket_server):
    with under_load(replicas.url, path_of) as told:
        more_answers(told)
        replicas.drop(names, 3)
        bucket_server.stop()
        more_answers(told)  # what is in memory is still answered
        unseen = f"/frames/image?image_id={replicas.get('/images?limit=1000')['images'][-1]['image_id']}"
        refused = replicas.ask("GET", unseen)
        assert refused.status_code in (200, 503)
        assert refused.status_code == 200 or int(refused.headers["Retry-After"]) > 0
        eventually(lambda: not is_well(replicas.servers[0].url), "a replica says that it is not well")
        bucket_server.start()
        recovered(replicas, "S3 stopped", told)
    assert told.faults == []
    replicas.wait_until_stored(names, 90)


def test_of_two_watchers_on_two_more_machines_each_file_is_taken_once(replicas, names):
    """And the host dies in between, which makes one of the others the host."""
    with ExitStack() as stack:
        for number in range(2):
            machine = replicas.folder / f"watcher-{number}"
            environment = replicas.servers[0].environment | {
                "BOREHOLE_DB_DIR": str(machine / "db"),
                "BOREHOLE_LOG_DIR": str(machine / "logs"),
            }
            watcher = Server(environment, replicas.folder / f"watcher-{number}.log", port=None)
            watcher.start()
            stack.callback(watcher.stop)
        replicas.drop(names, 5)
        host = replicas.host
        replicas.drop(names, 5)
        replicas.switch_off(host)
        replicas.wait_until_stored(names, 90)
    host.start()
    eventually(lambda: httpx2.get(f"{replicas.url}/health/live").is_success, "all goes on")
