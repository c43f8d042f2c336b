"""`python -m app.ingestion.readers.dlis_trial FILE`: look at a DLIS file's head.

What is found matters to nobody; what counts is whether this process survives it.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

from app.errors import FileError
from app.ingestion.readers.dlis_file import find_images

if __name__ == "__main__":
    with suppress(FileError):
        find_images(Path(sys.argv[1]), ())
