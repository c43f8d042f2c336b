"""`python -m app`: the server, as the settings say."""

from __future__ import annotations

import os
from tempfile import TemporaryDirectory

import uvicorn

from app import __version__
from app.api.metering import SHARED_FOLDER
from app.connections import GuardedProtocol, allow_many_connections
from app.settings import Settings
from app.startup import load_settings, require_port


def main() -> None:
    settings = load_settings()
    require_port(settings)
    print(_banner(settings), flush=True)
    if settings.workers > 1:
        with TemporaryDirectory(prefix="borehole-metrics-") as shared:  # they count together
            os.environ[SHARED_FOLDER] = shared
            try:
                _serve(settings)
            finally:
                del os.environ[SHARED_FOLDER]
    else:
        _serve(settings)


def _serve(settings: Settings) -> None:
    allow_many_connections()
    uvicorn.run(
        "app.main:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        http=GuardedProtocol,
        log_config=None,
        ws="none",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )


def _banner(settings: Settings) -> str:
    lines = [
        f"Borehole Image Server {__version__} ({settings.build})",
        f"  page         {settings.url}/",
        f"  API docs     {settings.url}/docs",
        f"  data folder  {settings.data_dir} (drop CSV files here)",
    ]
    if not (settings.listens_on_loopback or settings.keys or settings.allow_anonymous_writes):
        lines.append("  changes      refused: the network can reach this server; set BOREHOLE_API_KEY")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
