"""Whether somebody still has a file open for writing, where the kernel tells."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
from pathlib import Path


def is_being_written(path: Path) -> bool:
    """True where a process holds the regular file open for writing; False also where that cannot be known.

    A writer that pauses for longer than the stable window, or writes through a memory map, is found out this way.
    Linux grants a read lease only on a file that nobody writes to; it tells for files of our own user, or with
    CAP_LEASE, on local file systems.
    """
    if not hasattr(fcntl, "F_SETLEASE"):
        return False
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # Who opens it at this very moment breaks the lease, of which the kernel would tell us by a deadly SIGIO.
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    else:
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return False
    finally:
        os.close(descriptor)
