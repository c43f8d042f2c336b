from pathlib import Path, PurePosixPath

from app.storage.arrays.layout import Layout


def test_images_are_spread_over_shards_of_a_hundred():
    layout = Layout(Path("arrays"))
    shards = [layout.shard(image_id).name for image_id in (1, 99, 100, 199, 12_345)]
    assert shards == ["shard-00000", "shard-00000", "shard-00001", "shard-00001", "shard-00123"]


def test_names_are_the_same_in_a_folder_and_in_a_bucket():
    here, there = Layout(Path("/srv/arrays")), Layout(PurePosixPath())
    assert [str(path.relative_to(here.root)) for path in here.arrays(107)] == list(
        map(str, there.arrays(107))
    )
    assert str(there.level(107, 3)) == "shard-00001/level-3"
    assert str(there.description(107)) == "shard-00001/107.json"
