"""So many requests a second of one client, where an operator wants that."""

from __future__ import annotations


def test_who_asks_too_much_is_told_to_wait_and_others_are_not(idle_server):
    client = idle_server(requests_per_second=0.5)
    answers = [client.get("/colormaps") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[-1].json()["code"] == "too_many_requests"
    assert int(answers[-1].headers["retry-after"]) > 0
    assert answers[-1].headers["x-request-id"]


def test_without_a_limit_nobody_counts(idle_server):
    client = idle_server()
    assert {client.get("/colormaps").status_code for _ in range(50)} == {200}
