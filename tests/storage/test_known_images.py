import pytest

from app.errors import ImageNotFound
from app.storage import known_images
from app.storage.known_images import KnownImages
from tests.storage.builders import committed

pytestmark = pytest.mark.both_databases


class Clock:
    def __init__(self):
        self.now = 1000.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(known_images, "time", made)
    return made


@pytest.fixture
def known(images, clock):
    return KnownImages(images)


def test_an_image_asked_for_a_moment_ago_is_known_without_the_catalog(known, jobs, images):
    image_id = committed(jobs, images)
    assert known.in_memory(image_id) is None
    image = known.get(image_id)
    images.catalog = None
    assert known.in_memory(image_id) is image


def test_what_another_process_deleted_is_known_for_a_second_at_most(known, jobs, images, clock):
    image_id = committed(jobs, images)
    known.get(image_id)
    images.delete(image_id, 1.0)
    clock.now += 0.99
    assert known.in_memory(image_id) is not None
    clock.now += 0.01
    assert known.in_memory(image_id) is None
    with pytest.raises(ImageNotFound):
        known.get(image_id)
    assert known.in_memory(image_id) is None


def test_a_forgotten_image_is_unknown_at_once(known, jobs, images):
    image_id = committed(jobs, images)
    known.get(image_id)
    known.forget(image_id)
    known.forget(99)
    assert known.in_memory(image_id) is None


def test_nothing_is_known_of_an_image_in_the_first_second_of_the_machine(known, clock):
    clock.now = 0.5
    assert known.in_memory(1) is None


def test_only_so_many_are_remembered_and_those_asked_for_longest_ago_go(known, jobs, images, monkeypatch):
    monkeypatch.setattr(known_images, "REMEMBERED", 2)
    first, second, third = (committed(jobs, images) for _ in range(3))
    for image_id in (first, second, first, third):
        known.get(image_id)
    found = [known.in_memory(image_id) is not None for image_id in (first, second, third)]
    assert found == [True, False, True]
