"""What is written beside a file that failed."""

from __future__ import annotations

import json
from collections.abc import Mapping
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


def report_text(report: Mapping[str, Any]) -> str:
    """As it is written into a folder or a bucket: JSON, for people too."""
    return json.dumps(report, indent=2, ensure_ascii=False)
