"""How this process keeps memory that it has freed.

glibc gives the end of its heap back to the kernel as soon as it is free, and asks for it again, zeroed page by
page, for the next array: a picture of a whole well took 2.4 ms so, and takes 0.8 ms without. What is kept is
bounded by KEPT_BYTES for each of the few heaps that threads share.
"""

from __future__ import annotations

import ctypes

KEPT_BYTES = 64 * 2**20
LARGEST_KEPT = 32 * 2**20
"""Bytes; glibc allows no more. Larger arrays are the kernel's at once, as before."""
HEAPS = 2

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8


def keep_what_is_freed() -> bool:
    """False where the C library is not glibc, and everything stays as it was."""
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is None:
        return False
    options = {_M_TRIM_THRESHOLD: KEPT_BYTES, _M_MMAP_THRESHOLD: LARGEST_KEPT, _M_ARENA_MAX: HEAPS}
    taken = [set_option(option, value) for option, value in options.items()]
    return all(taken)
