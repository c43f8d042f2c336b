from __future__ import annotations

import pickle
import re

import pytest

from app import errors
from app.errors import (
    ApiKeyRequired,
    BoreholeError,
    FileError,
    ImageNotFound,
    Reason,
    RequestError,
    StorageUnavailable,
    problem,
)


def below(kind: type) -> list[type]:
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in below(child))]


def in_errors(kind: type) -> list[type]:
    return [each for each in below(kind) if each.__module__ == errors.__name__]


def test_the_tree_in_the_docstring_is_the_tree():
    drawn = re.findall(r"^[│├└─ ]*([A-Z]\w+)", errors.__doc__.split("\n\n", 1)[1], re.M)
    assert drawn == [kind.__name__ for kind in in_errors(BoreholeError)]


@pytest.mark.parametrize("root", [RequestError, errors.TransientError])
def test_every_kind_has_a_code_of_its_own(root):
    codes = [kind.code for kind in in_errors(root)]
    assert len(set(codes)) == len(codes)
    assert all(re.fullmatch("[a-z_]+", code) for code in codes)


def test_a_request_error_says_what_would_have_been_right():
    assert problem(ImageNotFound("there is no image 7", image_id=7)) == {
        "type": "about:blank",
        "title": "No such image",
        "status": 404,
        "code": "image_not_found",
        "detail": "there is no image 7",
        "image_id": 7,
    }
    assert problem(ApiKeyRequired("send it"))["status"] == 401


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (StorageUnavailable("s3://secret"), 503, "storage_unavailable"),
        (RuntimeError("secret"), 500, "internal_error"),
        (FileError(Reason.NO_ROWS, "secret"), 500, "internal_error"),
    ],
)
def test_what_is_not_the_clients_fault_tells_nothing_of_itself(error, status, code):
    told = problem(error)
    assert (told["status"], told["code"]) == (status, code)
    assert "secret" not in str(told)


def test_a_file_error_comes_whole_out_of_a_worker():
    error = FileError(Reason.NOT_A_NUMBER, "line 7 …", row=7, column="col3", value="abc")
    copy = pickle.loads(pickle.dumps(error))
    assert vars(copy) == vars(error)
    assert str(copy) == "line 7 …"


def test_a_long_cell_is_told_in_short():
    assert FileError(Reason.NOT_A_NUMBER, "", value="9" * 200).value == "9" * 200
    shortened = FileError(Reason.NOT_A_NUMBER, "", value="9" * 201).value
    assert shortened == "9" * 199 + "…"
    assert pickle.loads(pickle.dumps(FileError(Reason.NOT_A_NUMBER, "", value=shortened))).value == shortened
