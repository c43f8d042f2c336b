"""What is written beside a file that failed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from app.storage.catalog.tables import Job


def report_on(job: Job) -> dict[str, Any]:
    return {
        "file": job.name,
        "reason": job.reason,
        "message": job.message,
        "row": job.row,
        "column": job.column,
        "value": job.value,
        "when": datetime.fromtimestamp(job.finished_at or 0.0, UTC).isoformat(timespec="seconds"),
        "job": job.id,
    }
