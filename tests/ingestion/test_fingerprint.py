import hashlib

import pytest

from app.ingestion.fingerprint import PIECE_BYTES, fingerprint, line_ends

CONTENTS = [b"", b"a", b"a\nb\n", b"a\r\n\r\nb", b"x\n" * PIECE_BYTES, b"x\n" * PIECE_BYTES + b"end"]


@pytest.mark.parametrize("content", CONTENTS, ids=len)
def test_a_fingerprint_is_of_the_whole_content(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    found = fingerprint(path)
    assert found.sha256 == hashlib.sha256(content).hexdigest()
    assert found.size_bytes == len(content)


@pytest.mark.parametrize("content", CONTENTS, ids=len)
def test_line_ends_are_counted_piece_by_piece(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    found = line_ends(path)
    pieces = [content[at : at + PIECE_BYTES] for at in range(0, len(content), PIECE_BYTES)]
    assert found.newlines == tuple(piece.count(b"\n") for piece in pieces)
    assert found.lines == len(content.splitlines())
    assert found.open_line == (content[-1:] not in (b"", b"\n"))


def test_a_file_that_is_gone_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        fingerprint(tmp_path / "gone")
