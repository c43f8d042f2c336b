"""docs/benchmarks.md: a section for each benchmark, each of which can be measured and written alone."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"


def with_section(page: str, name: str, text: str) -> str:
    """The page with `text` between the marks of section `name`. Raises KeyError where it has no such marks."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    marked = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.S)
    if not marked.search(page):
        raise KeyError(name)
    return marked.sub(lambda _: f"{begin}\n{text.strip()}\n{end}", page)
