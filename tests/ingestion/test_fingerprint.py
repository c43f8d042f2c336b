import hashlib

import pytest

from app.ingestion.fingerprint import PIECE_BYTES, fingerprint


@pytest.mark.parametrize("content", [b"", b"a", b"a\nb\n", b"x\n" * PIECE_BYTES + b"end"], ids=len)
def test_a_fingerprint_is_of_the_whole_content(tmp_path, content):
    path = tmp_path / "file"
    path.write_bytes(content)
    found = fingerprint(path)
    assert found.sha256 == hashlib.sha256(content).hexdigest()
    assert found.size_bytes == len(content)
    assert found.lines == content.count(b"\n")


def test_a_file_that_is_gone_is_an_error_of_the_system(tmp_path):
    with pytest.raises(FileNotFoundError):
        fingerprint(tmp_path / "gone")
