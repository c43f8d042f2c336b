"""The OpenAPI description: complete, and true of what is answered."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.main import create_app
from app.settings import Settings

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
DESCRIPTION = create_app(Settings(_env_file=None)).openapi()
OPERATIONS = [
    pytest.param(path, method, operation, id=f"{method.upper()} {path}")
    for path, operations in DESCRIPTION["paths"].items()
    for method, operation in operations.items()
]

AS_OFTEN = settings(
    max_examples=20,
    deadline=None,
    database=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.too_slow,
        HealthCheck.filter_too_much,
    ],
)


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_an_operation_says_what_it_does_and_how_it_fails(path, method, operation):
    assert operation["summary"]
    assert operation["tags"]
    for status, answer in operation["responses"].items():
        assert answer["description"], status
        if status[0] in "45" and path != "/health":
            assert answer["content"].keys() == {"application/problem+json"}, status
            schema = answer["content"]["application/problem+json"]["schema"]
            assert {"code", "request_id", "detail"} <= set(schema["required"])
    if "{" in path:
        assert {"404", "422"} <= operation["responses"].keys()
    if method == "get" and operation.get("parameters"):
        assert "422" in operation["responses"]


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_query_parameters_are_described(path, method, operation):
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "query" and parameter["name"] not in ("width", "height"):
            assert parameter["description"], parameter["name"]


def test_answers_with_a_body_of_ours_have_an_example_in_docs():
    for path, operation in ((each.values[0], each.values[2]) for each in OPERATIONS):
        answer = operation["responses"].get("200", {}).get("content", {}).get("application/json")
        if answer is None:
            continue
        reference = answer["schema"].get("$ref", "").rpartition("/")[2] if "schema" in answer else ""
        properties = DESCRIPTION["components"]["schemas"].get(reference, {}).get("properties", {})
        assert "example" in answer or properties or path == "/health/live", path


def test_frames_have_examples_that_can_be_tried_out(library):
    for path in ("/frames", "/frames/image"):
        parameters = DESCRIPTION["paths"][path]["get"]["parameters"]
        named = {each["name"]: each["schema"].get("examples") or each.get("examples") for each in parameters}
        query = {name: named[name][0] for name in ("image_id", "depth_min", "depth_max", "colormap")}
        assert library.client.get(path, params=query).status_code == 200


def test_no_default_error_of_the_framework_is_left():
    assert "HTTPValidationError" not in DESCRIPTION["components"]["schemas"]


def test_the_documentation_pages_are_there(library):
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert library.client.get(path).status_code == 200


ENDLESS = "/pipeline/events"
READING = [each for each in OPERATIONS if each.values[1] == "get" and each.values[0] != ENDLESS]


@pytest.mark.parametrize(("path", "method", "operation"), READING)
def test_whatever_is_asked_the_answer_is_one_that_is_documented(blunt, path, method, operation):
    schema = schemathesis.openapi.from_asgi("/openapi.json", blunt.app)

    @given(case=schema[path][method.upper()].as_strategy())
    @AS_OFTEN
    def holds(case):
        case.validate_response(case.call(session=blunt), checks=CHECKS)

    holds()


DEPTHS = st.one_of(
    st.floats(9000, 9600).map(repr),
    st.floats().map(repr),
    st.integers().map(str),
    st.sampled_from(["", "nan", "-inf", "1e999", "9201,9", "0x10", "٣", "9201.9\n", "\0"]),
)
SIZES = st.one_of(st.integers(-1, 300).map(str), st.sampled_from(["", "8192", "8193", "1e2", "9" * 400]))
QUERIES = st.fixed_dictionaries(
    {"image_id": st.sampled_from(["1", "2", "0", "-1", "9" * 30, "1.0", "one", ""])},
    optional={
        "depth_min": DEPTHS,
        "depth_max": DEPTHS,
        "width": SIZES,
        "height": SIZES,
        "colormap": st.sampled_from(["true", "false", "viridis"]) | st.text(max_size=5),
        "rescale": st.sampled_from(["0,255", "-1e308,1e308", "0,5e-324", "1,0"]) | st.text(max_size=5),
        "invert": st.sampled_from(["true", "0", "maybe"]),
        "format": st.sampled_from(["json", "base64", "png", ""]),
    },
)


@given(path=st.sampled_from(["/frames", "/frames/image"]), query=QUERIES)
@settings(AS_OFTEN, max_examples=150)
def test_no_query_for_frames_is_an_internal_error(blunt, path, query):
    response = blunt.get(path, params=query)
    assert response.status_code in (200, 404, 413, 422), response.text
    if response.status_code != 200:
        assert response.json()["code"]
