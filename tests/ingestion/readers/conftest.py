import gc

import pytest


@pytest.fixture
def no_garbage():
    """What is not freed at once is not freed."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()
