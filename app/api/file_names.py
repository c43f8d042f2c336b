"""The name under which a client saves an answer."""

from __future__ import annotations

import re
from pathlib import PurePath
from urllib.parse import quote

LONGEST = 150


def attachment(name: str, suffix: str) -> str:
    """A Content-Disposition (RFC 6266) for a file called as `name` without its ending, and `suffix`.

    Safe wherever it ends up: no folders, no leading dot, nothing that a shell or a header could take for its own.
    """
    stem = re.sub(r"[^\w.+-]+", "_", PurePath(name).stem).strip("._")[:LONGEST] or "image"
    plain = re.sub(r"[^!-~]", "_", f"{stem}.{suffix}")
    exact = f"; filename*=UTF-8''{quote(f'{stem}.{suffix}', safe='')}" if plain != f"{stem}.{suffix}" else ""
    return f'attachment; filename="{plain}"{exact}'
