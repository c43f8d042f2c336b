"""`python -m app`: the server, as the settings say."""

from __future__ import annotations

import uvicorn

from app.settings import Settings
from app.startup import load_settings, require_port


def main() -> None:
    settings = load_settings()
    require_port(settings)
    print(_banner(settings), flush=True)
    uvicorn.run(
        "app.main:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        workers=settings.workers,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,
    )


def _banner(settings: Settings) -> str:
    lines = [
        "Borehole Image Server",
        f"  page         {settings.url}/",
        f"  API docs     {settings.url}/docs",
        f"  data folder  {settings.data_dir} (drop CSV files here)",
    ]
    if not (settings.listens_on_loopback or settings.api_key or settings.allow_anonymous_writes):
        lines.append("  changes      refused: the network can reach this server; set BOREHOLE_API_KEY")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
