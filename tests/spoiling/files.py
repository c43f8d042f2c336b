"""Good files of every kind that is read, and ways to spoil them."""

from __future__ import annotations

import gzip
import io
import random
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from backports import zstd

from app.errors import FileError
from app.ingestion.intake import Intake
from app.ingestion.readers import open_file
from app.settings import Settings
from tests.builders import image_rows
from tests.dlis_files import Frame, write_dlis

ROWS, WIDTH = 40, 6
DEPTHS, PIXELS = image_rows(ROWS, width=WIDTH, seed=1, pad_gaps=True)
TRICKY = [
    b"\0",
    b"\xff",
    b"\n",
    b"\r",
    b'"',
    b",",
    b";",
    b" ",
    b"\t",
    b"#",
    b"nan",
    b"1e999",
    b"-",
    b".",
    b"D+02",
]
TRICKY += [
    number.to_bytes(size, "little") for size in (2, 4, 8) for number in (0, 1, 255, 2 ** (8 * size - 1) - 1)
]
TRICKY += [b"\xff" * 4, b"\xff" * 8, b"\x7f\xff\xff\xff", b"99999999999", b"[5]", b"depth", b"# well: A\n"]


def _text(delimiter: str = ",", comma: bool = False, head: str = "", units: str = "") -> bytes:
    names = ["depth", *(f"AMP[{column}]" for column in range(WIDTH))]
    rows = [[repr(float(cell)) for cell in row] for row in np.column_stack([DEPTHS, PIXELS])]
    text = "\n".join([delimiter.join(names), *([units] if units else []), *map(delimiter.join, rows), ""])
    return (head + (text.replace(".", ",") if comma else text)).encode()


def _blanks() -> bytes:
    rows = np.nan_to_num(np.column_stack([DEPTHS, PIXELS]), nan=-999.25)
    lines = ("".join(f"{cell:16.8E}".replace("E", "D") for cell in row) for row in rows)
    return "\n".join(["   DEPTH" + "".join(f"  A{column}" for column in range(WIDTH)), *lines, ""]).encode()


def _las() -> bytes:
    curves = "".join(f"AMP{column}.dB : pixel\n" for column in range(WIDTH))
    rows = np.nan_to_num(np.column_stack([DEPTHS, PIXELS]), nan=-999.25)
    lines = "".join(" ".join(repr(float(cell)) for cell in row) + "\n" for row in rows)
    head = "~V\n VERS. 2.0 :\n WRAP. NO :\n~W\n NULL. -999.25 :\n WELL. A : well\n~C\nDEPT.M : depth\n"
    return (head + curves + "~A\n" + lines).encode()


def _wrapped_las() -> bytes:
    head, rows = _las().decode().replace("WRAP. NO", "WRAP. YES").split("~A\n")
    return (head + "~A\n" + rows.replace(" ", "\n")).encode()


def dlis_file() -> bytes:
    """Apart from the others: whatever is read of it, another process has to read it first, which takes time."""
    frame = Frame(DEPTHS, {"STAT": PIXELS.astype(np.float32), "DYN": PIXELS, "GR": DEPTHS})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.dlis"
        return write_dlis(path, [frame], [frame], parameters={"BS": (8.5, "in")}, well_name="A").read_bytes()


def _flattened() -> bytes:
    pairs = (f"{depth},{cell}" for depth, row in zip(DEPTHS, PIXELS, strict=True) for cell in row)
    return "\n".join(["DEPT,AMP", "m,dB", *pairs, ""]).encode()


def _npy(array: np.ndarray) -> bytes:
    held = io.BytesIO()
    np.save(held, array)
    return held.getvalue()


def _npz(compressed: bool) -> bytes:
    held = io.BytesIO()
    save = np.savez_compressed if compressed else np.savez
    save(
        held,
        depth=DEPTHS,
        STAT=PIXELS,
        DYN=PIXELS[:, ::-1],
        about=np.array('{"well": "A", "depth_unit": "m"}'),
    )
    return held.getvalue()


def _zip() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("well.csv", _text())
    return held.getvalue()


def _parquet(table: dict[str, object], **options: object) -> bytes:
    held = io.BytesIO()
    pq.write_table(pa.table(table), held, **options)
    return held.getvalue()


def good_files() -> dict[str, bytes]:
    """By name: its end tells what it is."""
    records = np.zeros(ROWS, dtype=[("depth", "f8"), ("pixels", "f4", WIDTH)])
    records["depth"], records["pixels"] = DEPTHS, PIXELS
    columns = {f"p{column}": PIXELS[:, column] for column in range(WIDTH)}
    return {
        "plain.csv": _text(),
        "described.csv": _text(head="# well: A\n# bit size: 8.5 in\n", units="m" + ",dB" * WIDTH),
        "commas.csv": _text(";", comma=True),
        "blanks.txt": _blanks(),
        "flattened.csv": _flattened(),
        "packed.csv.gz": gzip.compress(_text(), mtime=0),
        "packed.csv.zst": zstd.compress(_text()),
        "packed.zip": _zip(),
        "log.las": _las(),
        "wrapped.las": _wrapped_las(),
        "packed.las.gz": gzip.compress(_las(), mtime=0),
        "columns.npy": _npy(np.column_stack([DEPTHS, PIXELS])),
        "records.npy": _npy(records),
        "stored.npz": _npz(False),
        "deflated.npz": _npz(True),
        "columns.parquet": _parquet({"depth": DEPTHS, **columns}),
        "groups.parquet": _parquet(
            {"depth": DEPTHS, **columns}, row_group_size=16, compression="zstd", use_dictionary=False
        ),
        "lists.parquet": _parquet({"depth": DEPTHS, "AMP": pa.array(PIXELS.tolist())}),
    }


def spoiled(content: bytes, chance: random.Random) -> bytes:
    """The content after one change or some: bytes flipped, taken away, repeated, put in, or cut off."""
    bytes_ = bytearray(content)
    for _ in range(chance.choice([1, 1, 1, 2, 3, 8])):
        at = chance.randrange(len(bytes_) + 1)
        length = min(chance.choice([1, 1, 2, 4, 16, 200]), len(bytes_) - at)
        match chance.randrange(7):
            case 0:
                for place in range(at, at + length):
                    bytes_[place] ^= 1 << chance.randrange(8)
            case 1:
                del bytes_[at : at + length]
            case 2:
                bytes_[at:at] = bytes_[at : at + length] * chance.choice([1, 2, 50])
            case 3:
                tricky = chance.choice(TRICKY)
                bytes_[at : at + len(tricky)] = tricky
            case 4:
                bytes_[at:at] = chance.choice(TRICKY)
            case 5:
                bytes_[at : at + length] = chance.randbytes(length)
            case _ if chance.random() < 0.3:
                del bytes_[at:]
    return bytes(bytes_)


def outcome(path: Path, settings: Settings) -> str:
    """What reading all images of the file, and checking their rows as for storing, comes to: "read", or a reason.

    Raises whatever is no FileError.
    """
    try:
        for image in open_file(path, settings).images:
            for _ in Intake(image.open(), settings).blocks():
                pass
    except FileError as error:
        assert error.message and len(error.message) < 1000, error.message
        return str(error.reason)
    return "read"
