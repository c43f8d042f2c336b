"""`python -m app`: the server, as the settings say."""

from __future__ import annotations

import uvicorn

from app.settings import Settings


def main() -> None:
    settings = Settings()
    print(
        f"Borehole Image Server\n"
        f"  page         {settings.url}/\n"
        f"  API docs     {settings.url}/docs\n"
        f"  data folder  {settings.data_dir} (drop CSV files here)\n",
        flush=True,
    )
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


if __name__ == "__main__":
    main()
