"""`python -m app.admin key`: API keys are made here, and shown once; the server knows their hashes alone."""

from __future__ import annotations

import json
import re
import sys
from typing import Literal

from app.keys import ApiKey, new_key
from app.settings import HEADER_VALUE

DONE, REFUSED = 0, 2
SHORTEST = 20
"""Characters: hashes may be read by many, and short keys are found by trying."""


def give_key(name: str, scope: Literal["read", "write"], from_stdin: bool, as_json: bool) -> int:
    """Prints a key, unless it was given, and its line for the settings; returns the exit code."""
    key = sys.stdin.readline().rstrip("\r\n") if from_stdin else new_key()
    try:
        if len(key) < SHORTEST or not re.fullmatch(HEADER_VALUE, key):
            raise ValueError(f"a key has {SHORTEST} characters or more, of ASCII, and no space at its ends")
        line = str(ApiKey.parse(str(ApiKey.of(name, scope, key))))
    except ValueError as error:
        sys.stdout.write(
            json.dumps({"command": "key", "ok": False, "message": str(error)}) + "\n" if as_json else ""
        )
        sys.stderr.write("" if as_json else f"{error}\n")
        return REFUSED
    if as_json:
        text = json.dumps(
            {"command": "key", "ok": True} | ({} if from_stdin else {"key": key}) | {"setting": line}
        )
    else:
        shown = [] if from_stdin else [f"key      {key}   (shown this once: it is kept nowhere)"]
        text = "\n".join([*shown, f"setting  {line}   (add it to BOREHOLE_API_KEYS, after a comma)"])
    sys.stdout.write(f"{text}\n")
    return DONE
