import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.storage.arrays.block_cache import BlockCache
from tests.builders import eventually


def block(count, value=0.0):
    """A block of `count` × 8 bytes."""
    return np.full(count, value)


def never():
    raise AssertionError("it is in memory and was loaded again")


def test_a_block_is_loaded_once_and_then_in_memory():
    cache = BlockCache(1000)
    assert cache.peek("a") is None
    loaded = cache.get("a", lambda: block(3, 7.0))
    assert loaded.tolist() == [7, 7, 7]
    assert cache.get("a", never) is loaded
    assert cache.peek("a") is loaded
    assert (cache.hits, cache.misses) == (2, 1)


def test_one_loads_for_all_who_wait_and_others_load_beside_it():
    cache = BlockCache(10_000)
    gate, loads = threading.Event(), []

    def load():
        loads.append(threading.get_ident())
        assert gate.wait(20)
        return block(5)

    with ThreadPoolExecutor(9) as pool:
        waiting = [pool.submit(cache.get, "a", load) for _ in range(8)]
        eventually(lambda: loads, "the load has begun")
        assert pool.submit(cache.get, "b", lambda: block(1)).result(20) is not None
        assert cache.peek("a") is None
        gate.set()
        results = [future.result(20) for future in waiting]
    assert len(loads) == 1
    assert all(result is results[0] for result in results)
    assert cache.misses == 2


@pytest.mark.parametrize("error", [OSError("disk"), KeyboardInterrupt()])
def test_a_load_that_fails_fails_for_all_who_wait_and_is_not_remembered(error):
    cache = BlockCache(10_000)
    gate, loads = threading.Event(), []

    def load():
        loads.append(1)
        assert gate.wait(20)
        raise error

    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(cache.get, "a", load) for _ in range(4)]
        eventually(lambda: loads, "the load has begun")
        # The others have asked once no thread is left to start: their futures run, and wait.
        eventually(lambda: all(future.running() for future in waiting), "all have asked")
        gate.set()
        for future in waiting:
            with pytest.raises(type(error)):
                future.result(20)
    assert cache.held_bytes == 0
    assert cache.get("a", lambda: block(2, 1.0)).tolist() == [1, 1]


def test_the_least_recently_used_go_first():
    cache = BlockCache(3 * 80)
    for key in "abc":
        cache.get(key, lambda: block(10))
    cache.get("a", never)
    assert cache.peek("b") is not None
    cache.get("d", lambda: block(10))
    assert cache.peek("c") is None
    assert all(cache.peek(key) is not None for key in "abd")
    assert cache.held_bytes == 240


def test_a_block_larger_than_the_cache_is_handed_out_and_pushes_nothing_out():
    cache = BlockCache(100)
    cache.get("small", lambda: block(5))
    assert len(cache.get("huge", lambda: block(1000))) == 1000
    assert cache.peek("huge") is None
    assert cache.peek("small") is not None
    assert cache.held_bytes == 40


def test_a_cache_of_no_bytes_still_answers():
    cache = BlockCache(0)
    assert cache.get("a", lambda: block(5)).size == 5
    assert cache.held_bytes == 0


def test_blocks_in_memory_cannot_be_written_to():
    cache = BlockCache(1000)
    with pytest.raises(ValueError, match="read-only"):
        cache.get("a", lambda: block(5))[0] = 1


@given(st.integers(0, 400), st.lists(st.tuples(st.integers(0, 8), st.integers(1, 20)), max_size=60))
def test_bytes_never_exceed_the_capacity_and_are_those_of_the_blocks_held(capacity, asked):
    cache = BlockCache(capacity)
    sizes = {}
    for key, count in asked:
        found = cache.get(key, lambda count=count: block(count))
        sizes[key] = found.nbytes
        assert cache.held_bytes <= capacity
    held = {key: cache.peek(key) for key in sizes}
    assert cache.held_bytes == sum(found.nbytes for found in held.values() if found is not None)
