"""Packages that only some servers need."""

from __future__ import annotations

from importlib.util import find_spec


def require_installed(package: str, wanted_by: str) -> None:
    """Raises RuntimeError where it is not installed. wanted_by: what the reader has asked for."""
    if find_spec(package) is None:
        raise RuntimeError(
            f"{wanted_by} needs {package}, which is not installed: "
            ".venv/bin/pip install -r requirements-cluster.txt"
        )
