import threading

import pytest

from app.rendering.exports.pulling import PIECE_BYTES, PIECES_AHEAD, Abandoned, pulled


def exports():
    return [thread for thread in threading.enumerate() if thread.name == "export"]


def test_what_is_written_is_fetched_in_order_and_whole():
    words = [bytes([number % 256]) * number for number in range(3000)]
    assert b"".join(pulled(lambda file: [file.write(word) for word in words])) == b"".join(words)
    assert exports() == []


def test_the_writer_waits_for_who_fetches():
    wrote = 0

    def write(file):
        nonlocal wrote
        for _ in range(100):
            file.write(bytes(PIECE_BYTES))
            wrote += 1

    pieces = pulled(write)
    next(pieces)
    pieces.close()
    assert wrote <= PIECES_AHEAD + 2
    assert exports() == []


def test_a_writer_that_nobody_fetches_from_is_told():
    told = threading.Event()

    def write(file):
        try:
            while True:
                file.write(bytes(PIECE_BYTES))
        except Abandoned:
            told.set()
            raise

    pieces = pulled(write)
    next(pieces)
    pieces.close()
    assert told.is_set()


@pytest.mark.parametrize("error", [ValueError("a mistake"), BaseException("a panic")])
def test_what_the_writer_meets_is_raised_to_who_fetches(error):
    def write(file):
        file.write(bytes(PIECE_BYTES))
        raise error

    pieces = pulled(write)
    assert len(next(pieces)) == PIECE_BYTES
    with pytest.raises(type(error), match=str(error)):
        next(pieces)
