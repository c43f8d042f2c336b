"""Logs: one line an event, readable on the console, JSON in `logs/borehole.log`, which rotates.

Several processes write the same file: the handler locks it, and rotates it once.
"""

from __future__ import annotations

import copy
import logging
import logging.config
import time

from pythonjsonlogger.core import RESERVED_ATTRS

from app.settings import Settings

FILE_BYTES = 10 * 1024 * 1024
FILES_KEPT = 5
ESCAPED = {code: repr(chr(code))[1:-1] for code in (*range(32), *range(127, 160))}
"""Control characters as Python writes them."""


def configure(settings: Settings, console_level: str = "DEBUG") -> None:
    """Set up this process's logging: our own loggers, below `borehole`, and uvicorn's."""
    settings.log_dir.mkdir(parents=True, exist_ok=True)
    # dictConfig closes old handlers before it takes them away: what a thread logs in between opens them again.
    for name in ("borehole", "uvicorn"):
        logger = logging.getLogger(name)
        for handler in logger.handlers[:]:
            logger.removeHandler(handler)
            handler.close()
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "console": {"()": _ConsoleFormatter},
                "file": {
                    "()": "pythonjsonlogger.json.JsonFormatter",
                    "format": "%(levelname)s %(name)s %(process)d %(message)s",
                    "rename_fields": {"levelname": "level", "name": "logger"},
                    "timestamp": True,
                    # uvicorn's messages once more, with escape codes
                    "reserved_attrs": [*RESERVED_ATTRS, "color_message"],
                },
            },
            "handlers": {
                "console": {
                    "class": "logging.StreamHandler",
                    "formatter": "console",
                    "level": console_level,
                },
                "file": {
                    "class": "concurrent_log_handler.ConcurrentRotatingFileHandler",
                    "filename": str(settings.log_dir / "borehole.log"),
                    "maxBytes": FILE_BYTES,
                    "backupCount": FILES_KEPT,
                    "encoding": "utf-8",
                    "formatter": "file",
                },
            },
            "loggers": {
                name: {"level": settings.log_level, "handlers": ["console", "file"], "propagate": False}
                for name in ("borehole", "uvicorn")
            }
            # Requests are logged by us, with their ids; uvicorn saves the work where this logger has no handler.
            | {"uvicorn.access": {"handlers": [], "propagate": False}},
            "root": {"level": "WARNING", "handlers": ["console", "file"]},
        }
    )


def console_level() -> str:
    """From which level on this process shows things on its console, for processes that share it."""
    levels = [h.level for h in logging.getLogger("borehole").handlers if h.get_name() == "console"]
    return logging.getLevelName(levels[0]) if levels else "DEBUG"


class _ConsoleFormatter(logging.Formatter):
    """`2026-11-24 15:47:45Z INFO job: x.csv is image 7`"""

    converter = staticmethod(time.gmtime)

    def __init__(self) -> None:
        super().__init__("%(asctime)sZ %(levelname)-7s %(shortname)s: %(message)s", "%Y-%m-%d %H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- logging's name
        """One line, whatever the names of files hold; a traceback goes below it."""
        return super().formatMessage(record).translate(ESCAPED)

    def format(self, record: logging.LogRecord) -> str:
        shown = copy.copy(record)  # the file's handler gets the same record
        shown.shortname = record.name.removeprefix("borehole.")
        return super().format(shown)
