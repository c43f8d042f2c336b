import threading

import pytest

from app.storage.catalog.pipeline import PipelineBoard

pytestmark = pytest.mark.both_databases


@pytest.fixture
def board(catalog):
    return PipelineBoard(catalog)


def test_before_anyone_said_anything_nothing_is_wanted_and_nothing_runs(board):
    state = board.read()
    assert (state.wanted, state.running, state.host, state.scans_asked, state.waiting) == (
        False,
        False,
        None,
        0,
        0,
    )


def test_what_one_process_writes_another_reads_and_the_rest_stays(board):
    board.update(wanted=True, host="here", mode="native")
    state = board.update(running=True, trouble="disk full")
    assert (state.wanted, state.host, state.running, state.trouble) == (True, "here", True, "disk full")
    read = PipelineBoard(board.catalog).read()
    assert (read.wanted, read.host, read.mode, read.trouble) == (True, "here", "native", "disk full")
    assert board.update(trouble=None).trouble is None


def test_who_no_longer_hosts_tells_the_board_nothing(board):
    board.update(host="one")
    assert board.tell("one", running=True, trouble="disk full")
    board.update(host="another", trouble=None)
    assert not board.tell("one", running=False, trouble="I am lost", host=None)
    state = board.read()
    assert (state.host, state.running, state.trouble) == ("another", True, None)


def test_each_scan_asked_for_has_a_number_of_its_own(board):
    assert [board.ask_for_scan() for _ in range(3)] == [1, 2, 3]
    assert board.update(scans_done=3).scans_asked == 3
    assert not board.read().wanted


@pytest.mark.parametrize("made", [True, False])
def test_scans_asked_for_at_once_are_all_counted(board, catalogs, made):
    """made: whether the row is there, or several at once find that it is not."""
    if made:
        board.update(wanted=False)
    barrier, numbers = threading.Barrier(6), []

    def ask(catalog):
        barrier.wait(20)
        numbers.append(PipelineBoard(catalog).ask_for_scan())

    threads = [threading.Thread(target=ask, args=(catalog,)) for catalog in catalogs[:6]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(numbers) == [1, 2, 3, 4, 5, 6]
