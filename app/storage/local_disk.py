"""Whether a folder is on a local disk: SQLite's and our own locks do not hold over a network."""

from __future__ import annotations

from pathlib import Path

NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre"}
    | {f"fuse.{kind}" for kind in ("ceph", "glusterfs", "rclone", "s3fs", "sshfs")}
)


def file_system_of(folder: Path, mounts: Path = Path("/proc/mounts")) -> str | None:
    """The type of the file system that holds `folder`; None where the system does not tell."""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return None
    folder = folder.resolve()
    best: tuple[int, str] | None = None
    for line in lines:
        _, point, kind, *_ = line.split()
        mount = Path(point.replace("\\040", " "))
        if folder.is_relative_to(mount) and (best is None or len(mount.parts) >= best[0]):
            best = len(mount.parts), kind
    return best[1] if best else None


def require_local_disk(folder: Path, mounts: Path = Path("/proc/mounts")) -> None:
    """Raises RuntimeError where `folder` lies on a network file system."""
    kind = file_system_of(folder, mounts)
    if kind in NETWORK_FILE_SYSTEMS:
        raise RuntimeError(
            f"{folder} lies on a network file system ({kind}), where the catalog's locks do not hold: "
            "set BOREHOLE_DB_DIR to a folder on a local disk"
        )
