"""A quick route answers as FastAPI would, whatever is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import pytest
from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from app.api import problems
from app.api.frame_parameters import query
from app.api.quick_route import QuickAnswers, QuickRoute
from app.api.routing import StrictRoute
from app.api.services import UsesServices


@dataclass(frozen=True)
class Group:
    number: Annotated[int, Query(ge=0, le=9)]
    depth: Annotated[float | None, Query()] = None
    kind: Annotated[Literal["a", "b"], Query()] = "a"


def app_with(route_class):
    router = APIRouter(route_class=route_class)

    @router.get("/things/{thing}")
    async def endpoint(
        request: Request,
        services: UsesServices,
        thing: int,
        group: Annotated[Group, query(Group)],
        given: Annotated[bool | None, Query(alias="flag")] = None,
        text: Annotated[str, Query(max_length=3)] = "-",
    ) -> Response:
        return Response(repr((request.url.path, services, thing, group, given, text)))

    app = FastAPI()
    app.state.services = "services"
    app.include_router(router)
    problems.install(app)
    app.add_middleware(QuickAnswers, routes=router.routes)

    @app.middleware("http")
    async def name(request, call_next):
        request.scope["request_id"] = "id"
        return await call_next(request)

    return TestClient(app, raise_server_exceptions=False)


QUICK, THOROUGH = app_with(QuickRoute), app_with(StrictRoute)


def same(path: str) -> tuple[int, str]:
    quick, thorough = QUICK.get(path), THOROUGH.get(path)
    assert (quick.status_code, quick.text) == (thorough.status_code, thorough.text)
    return quick.status_code, quick.text


VALUES = st.sampled_from(
    ["", "0", "1", "10", "-1", "1.5", "1e3", "nan", "true", "no", "a", "c", "٣", "%FF", "1%00"]
)
PAIRS = st.lists(
    st.tuples(st.sampled_from(["number", "depth", "kind", "flag", "text", "given", "thing"]), VALUES),
    max_size=6,
)


@given(thing=st.sampled_from(["1", "-7", "x", "1.0", "9" * 30]), pairs=PAIRS)
def test_it_answers_as_the_thorough_route_does(thing, pairs):
    same(f"/things/{thing}?" + "&".join(f"{name}={value}" for name, value in pairs))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/things/1?number=1", 200),
        ("/things/1?number=1&depth=2.5&kind=b&flag=true&text=abc", 200),
        ("/things/1", 422),
        ("/things/1?number=10", 422),
        ("/things/1?number=1&number=2", 200),
        ("/things/1?number=1&text=abcd", 422),
        ("/things/1?number=1&typo=1", 422),
        ("/things/x?number=1", 422),
    ],
)
def test_plain_and_odd_requests_alike(path, status):
    assert same(path)[0] == status


def test_plain_parameters_need_no_fastapi(monkeypatch):
    monkeypatch.setattr("fastapi.routing.solve_dependencies", None)
    assert QUICK.get("/things/1?number=1").status_code == 200
    assert QUICK.get("/things/1?number=10").status_code == 500
