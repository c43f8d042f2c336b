"""What would keep a program from starting, told to who starts it: a line each, on stderr, and exit status 2."""

from __future__ import annotations

import errno
import os
import socket
import sys
import tempfile
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from dotenv import dotenv_values
from pydantic import ValidationError

from app.errors import CatalogUnavailable
from app.packages import require_installed
from app.settings import Settings
from app.storage.arrays.store import require_package
from app.storage.catalog.database import Catalog
from app.storage.catalog.engines import catalog_url
from app.storage.local_disk import require_local_disk

PREFIX = "BOREHOLE_"
DASK_PACKAGE = "distributed"
OF_COMPOSE = frozenset({"BOREHOLE_UID", "BOREHOLE_GID"})
SECRETS = frozenset({"api_key", "api_keys", "database_url", "landing_uri", "storage_uri"})


def load_settings() -> Settings:
    """The settings, where they can be worked with; warns of variables that are none. Raises SystemExit."""
    for name in sorted(_given() - _known()):
        near = get_close_matches(name, _known(), n=1)
        _tell(f"warning: {name} is no setting" + (f": did you mean {near[0]}?" if near else ""))
    try:
        settings = Settings()
    except ValidationError as error:
        faults = {str(fault["loc"][0]): fault["input"] for fault in reversed(error.errors())}
        _exit(*(_fault(name, value) for name, value in reversed(faults.items())))
    if settings.reading_needs_key and not settings.keys:
        _exit("BOREHOLE_READING_NEEDS_KEY is set, and there is no key: set BOREHOLE_API_KEYS, too")
    try:
        require_local_disk(settings.db_dir)
        require_package(settings.storage_uri)
        require_package(settings.landing_uri, "BOREHOLE_LANDING_URI")
        if settings.scheduler is not None:
            require_installed(DASK_PACKAGE, f"BOREHOLE_SCHEDULER={settings.scheduler}")
        catalog_url(settings)
    except RuntimeError as error:
        _exit(str(error))
    for name in ("db_dir", "log_dir"):
        _require_writable(_variable(name), getattr(settings, name))
    if settings.database_url is not None:
        _require_catalog(settings)
    return settings


def require_port(settings: Settings) -> None:
    """Raises SystemExit where nobody can listen there."""
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                probe.bind(address)
    except socket.gaierror as error:
        _exit(f"BOREHOLE_HOST={settings.host} is no address of this machine: {error.strerror}")
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            _exit(f"port {settings.port} is taken: set BOREHOLE_PORT")
        _exit(f"cannot listen on {settings.host}, port {settings.port}: {error.strerror}")


def _require_writable(variable: str, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        _exit(f"{variable}={folder} cannot be written to: {error.strerror}")


def _require_catalog(settings: Settings) -> None:
    """A server that is not there, or does not know the user."""
    try:
        Catalog.open(settings).close()
    except CatalogUnavailable as error:
        _exit(f"BOREHOLE_DATABASE_URL: {error}")


def _given() -> set[str]:
    names = {*os.environ, *dotenv_values(Settings.model_config["env_file"])}  # type: ignore[arg-type]
    return {name.upper() for name in names if name.upper().startswith(PREFIX)}


def _known() -> set[str]:
    return {_variable(name) for name in Settings.model_fields} | OF_COMPOSE


def _variable(name: str) -> str:
    return PREFIX + name.upper()


def _fault(name: str, value: object) -> str:
    shown = "…" if name in SECRETS else value
    return f"{_variable(name)}={shown} is not allowed: give {_allowed(name)}"


def _allowed(name: str) -> str:
    """In words, what a setting may be."""
    schema = Settings.model_json_schema()["properties"][name]
    kinds = (each for each in schema.get("anyOf", [schema]) if each["type"] != "null")
    return " or ".join(_kind(each) for each in kinds)


def _kind(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return " or ".join(schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    if "description" in schema:
        return str(schema["description"])
    if "pattern" in schema:
        return "ASCII characters, without a space at the ends"
    if schema["type"] == "array":
        return "numbers, separated by commas"
    kind = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}[schema["type"]]
    bounds = {"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most"}
    limits = [f"{words} {schema[bound]}" for bound, words in bounds.items() if bound in schema]
    return ", ".join([kind, " and ".join(limits)] if limits else [kind])


def _exit(*lines: str) -> NoReturn:
    for line in lines:
        _tell(line)
    raise SystemExit(2)


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
