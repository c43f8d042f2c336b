"""Leave in a site-packages folder what a server runs, for the container images.

    python scripts/slim_packages.py /opt/venv/lib/python3.11/site-packages

Takes out tests, headers and type stubs, the parts of SciPy beside `scipy.ndimage`, codecs nobody can ask for, and
symbols that only a debugger reads. RECORD files are brought in line, so that `pip check` goes on working.
Needs binutils, Linux, and nothing outside the standard library. Prints what it saved.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

FOLDERS = ("tests", "numpy/distutils", "sqlalchemy/testing")
SUFFIXES = frozenset({".h", ".a", ".pxd", ".pxi", ".pyx", ".pyi"})
SCIPY_KEPT = frozenset({"ndimage", "special", "_lib", "_external"})
"""`scipy.ndimage` and what it imports."""
PICTURES_UNUSED = ("PIL/_avif.*.so", "pillow.libs/libavif-*", "PIL/_imagingtk.*.so")

OPENS = "import ctypes, sys; ctypes.CDLL(sys.argv[1])"


def main(packages: Path) -> None:
    before = _size(packages)
    for unused in _unused(packages):
        shutil.rmtree(unused) if unused.is_dir() else unused.unlink()
    _stand_in_for_scipys_blas(packages)
    for library in sorted(packages.rglob("*.so*")):
        _strip(library)
    for record in packages.glob("*.dist-info/RECORD"):
        _correct(record)
    sys.stdout.write(f"{packages}: {before / 1e6:.0f} MB, now {_size(packages) / 1e6:.0f} MB\n")


def _unused(packages: Path) -> Iterator[Path]:
    for name in FOLDERS:
        yield from [folder for folder in packages.rglob(name) if folder.is_dir()]
    yield from [file for file in packages.rglob("*") if file.suffix in SUFFIXES and file.is_file()]
    for part in (packages / "scipy").iterdir():
        if part.is_dir() and part.name not in SCIPY_KEPT:
            yield part
    for pattern in PICTURES_UNUSED:
        yield from packages.glob(pattern)
    ours = sysconfig.get_config_var("SOABI").split("-")[1]  # "311" of cpython-311-x86_64-linux-gnu
    for module in packages.rglob("*.cpython-*.so"):
        if f".cpython-{ours}-" not in module.name:
            yield module


def _stand_in_for_scipys_blas(packages: Path) -> None:
    """NumPy has an OpenBLAS, SciPy another of 25 MB, of which the modules that are left want one function, for
    ellipsoidal harmonics. An empty library with the names they want lets them load.

    Raises SystemExit where they want more than that: then SciPy's OpenBLAS has to stay.
    """
    folder = packages / "scipy.libs"
    blas = next(folder.glob("libscipy_openblas-*.so"))
    wanted = {
        symbol
        for module in (packages / "scipy").rglob("*.so")
        for symbol in _output("nm", "-D", "--undefined-only", str(module)).split()
        if symbol.startswith("scipy_")
    }
    if wanted - {"scipy_dstevr_"}:
        raise SystemExit(f"scipy.special calls {', '.join(sorted(wanted))}: keep {blas.name}")
    shutil.rmtree(folder)
    folder.mkdir()
    names = [f"--defsym={symbol}=0" for symbol in sorted(wanted)]
    nothing = folder / "nothing.o"
    _output("as", "/dev/null", "-o", str(nothing))
    _output("ld", "-shared", "-soname", blas.name, *names, str(nothing), "-o", str(blas))
    nothing.unlink()


def _strip(library: Path) -> None:
    """In place; left alone where it would not open any more, as some that auditwheel has rewritten."""
    whole = library.read_bytes()
    opened = _opens(library)
    _output("strip", "--strip-unneeded", str(library))
    if opened and not _opens(library):
        library.write_bytes(whole)


def _opens(library: Path) -> bool:
    command = [sys.executable, "-I", "-S", "-c", OPENS, str(library)]
    return subprocess.run(command, capture_output=True).returncode == 0


def _correct(record: Path) -> None:
    """Drop the lines of files that are gone, and give those that changed their new hash and size."""
    root = record.parents[1]
    with record.open(newline="") as lines:
        rows = [row for row in csv.reader(lines) if (root / row[0]).is_file()]
    for row in rows:
        if row[1] and (root / row[0]).stat().st_size != int(row[2]):
            content = (root / row[0]).read_bytes()
            digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            row[1:] = [f"sha256={digest}", str(len(content))]
    with record.open("w", newline="") as lines:
        csv.writer(lines, lineterminator="\n").writerows(rows)


def _output(*command: str) -> str:
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def _size(folder: Path) -> int:
    return sum(file.lstat().st_size for file in folder.rglob("*") if not file.is_dir())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
