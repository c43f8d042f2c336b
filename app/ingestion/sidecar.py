"""The description beside a file: `x.csv.json`, a JSON object of what its owner says of the images in `x.csv`."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from app.errors import FileError, Reason
from app.ingestion.metadata import Said

LARGEST = 256 * 1024
"""Bytes."""


def read_sidecar(path: Path, name: str) -> Said:
    """name: what it was called beside the file, for errors. Keys that have no column go into `other`.

    Raises FileError (bad_description), OSError.
    """
    content = path.read_bytes() if path.stat().st_size <= LARGEST else None
    if content is None:
        raise _bad(name, f"is larger than {LARGEST >> 10} KiB")
    try:
        said = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise _bad(name, f"is not JSON in UTF-8 ({error})") from None
    if not isinstance(said, dict):
        raise _bad(name, 'is not a JSON object, such as {"well": "P11-A-02", "tool": "FMI"}')
    columns = {key: value for key, value in said.items() if key in Said.model_fields}
    free = {key: value for key, value in said.items() if key not in Said.model_fields}
    if free:
        other = columns.get("other")
        columns["other"] = free | (other if isinstance(other, dict) else {})
    try:
        return Said.model_validate(columns)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise _bad(name, f"says of {key!r} what cannot be kept: {first['msg']}", column=key) from None


def _bad(name: str, problem: str, column: str | None = None) -> FileError:
    return FileError(
        Reason.BAD_DESCRIPTION,
        f"{name} {problem}. Mend it, or take it away: the file can do without.",
        column=column,
    )
