"""The file of a job, and the description that came with it."""

from __future__ import annotations

from pathlib import Path

from app.errors import FileError, Reason
from app.ingestion.metadata import Said
from app.ingestion.sidecar import read_sidecar
from app.pipeline.folders import DataFolders, is_regular
from app.pipeline.names import SIDECAR_SUFFIX
from app.pipeline.sidecars import sidecar_beside, sidecar_in_claim
from app.storage.catalog.tables import Job


def file_of(job: Job, folders: DataFolders) -> Path:
    """Where the job's file lies now. Raises FileError where there is none, or none that can be read."""
    path = Path(job.path) if job.path else folders.claimed(job.claim or "")
    if path is None or (not path.is_symlink() and not path.exists()):
        raise FileError(Reason.FILE_GONE, f"{job.name} was removed before it could be read")
    if not is_regular(path):
        raise FileError(
            Reason.NOT_A_REGULAR_FILE,
            f"{job.name} is {_kind(path)}; put the file itself into the data folder",
        )
    return path


def said_beside(job: Job, path: Path) -> Said:
    """What the description of the job's file says, if it has one. Raises FileError, OSError."""
    sidecar = sidecar_beside(path) if job.path else sidecar_in_claim(path)
    if sidecar is None:
        return Said()
    return read_sidecar(sidecar, sidecar.name if job.path else job.name + SIDECAR_SUFFIX)


def _kind(path: Path) -> str:
    if path.is_symlink():
        return "a symbolic link"
    return "a folder" if path.is_dir() else "a device or a pipe"
