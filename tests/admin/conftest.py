"""A store with something in it, and its server gone."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from app.pipeline.workplace import Workplace
from app.settings import Settings
from app.storage.arrays.reading import RowReader
from app.storage.arrays.writing import ImageWriter
from app.storage.catalog.picks import Picks
from app.storage.overviews import level_rows
from app.storage.recorded_picks import RecordedPicks, described
from tests.builders import image_rows, ingest, settings_in, tiny_csv, write_csv

PICK = {"name": "Top", "kind": "bed", "amplitude": 0.3, "azimuth": 135.0, "hole_diameter": 0.6}


@dataclass(frozen=True)
class Contents:
    """Every frame, depth and pick that a server would answer with."""

    images: list[dict[str, Any]]
    levels: dict[tuple[int, int], npt.NDArray[np.float32]]
    depths: dict[int, npt.NDArray[np.float64]]
    picks: list[dict[str, Any]]

    def __eq__(self, other: object) -> bool:
        assert isinstance(other, Contents)
        return (
            self.images == other.images
            and self.picks == other.picks
            and _same(self.levels, other.levels)
            and _same(self.depths, other.depths)
        )


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with data/ and db/: images 1 (2,000 rows with gaps, an overview, two picks) and 3; 2 is deleted."""
    folder = tmp_path_factory.mktemp("prepared")
    place = Workplace.open(settings_in(folder))
    place.folders.ensure()
    depths, pixels = image_rows(2000, seed=1, pad_gaps=True)
    ingest(place, write_csv(place.folders.data / "long.csv", np.round(depths, 4), pixels.round(2)))
    ingest(place, tiny_csv(place.folders.data / "gone.csv", 5.0))
    ingest(place, tiny_csv(place.folders.data / "tiny.csv"))
    ingest(place, tiny_csv(place.folders.data / "again.csv"))
    bad = place.folders.data / "bad.csv"
    bad.write_text("depth,a,b\n1,2,x\n")
    ingest(place, bad)
    place.images.delete(2, time.time())
    picks = RecordedPicks(Picks(place.catalog), place.layout)
    for depth in (depths[20], depths[10]):
        picks.add(1, 1000.0, PICK | {"depth": float(depth)})
    place.catalog.close()
    return folder


@pytest.fixture
def store(prepared: Path, settings: Settings) -> Iterator[Workplace]:
    """A copy of it, a duplicate and a bad file among its jobs."""
    shutil.copytree(prepared / "db", settings.db_dir)
    shutil.copytree(prepared / "data", settings.data_dir)
    place = Workplace.open(settings)
    yield place
    place.catalog.close()


@pytest.fixture
def contents() -> Iterator[Callable[[Settings], Contents]]:
    """What a store holds, read anew from its disk."""

    def read(settings: Settings) -> Contents:
        place = Workplace.open(settings)
        reader, picks = RowReader(place.layout, 0), Picks(place.catalog)
        images = list(place.images.every())
        read = Contents(
            [{c.name: getattr(image, c.name) for c in image.__table__.columns} for image in images],
            {
                (image.id, level): reader.rows(image.id, level, 0, level_rows(image.rows, level))
                for image in images
                for level in range(image.levels + 1)
            },
            {image.id: reader.depths(image.id, image.rows) for image in images},
            [pick for image in images for pick in described(picks.of_image(image.id))],
        )
        reader.close()
        place.catalog.close()
        return read

    yield read


def fragment(place: Workplace, image_id: int, level: int = 0) -> Path:
    """The file that holds the rows of a level."""
    (found,) = place.layout.level(image_id, level).glob(f"__fragments/__{image_id}_{image_id}_*/a0.tdb")
    return found


def rewrite(place: Workplace, image_id: int, level: int, row: int, value: float) -> None:
    """One row of a level with another value, as if it had been stored so."""
    reader = RowReader(place.layout, 0)
    image = place.images.get(image_id)
    values = reader.rows(image_id, level, 0, level_rows(image.rows, level)).copy()
    reader.close()
    values[row] = value
    array = place.layout.level(image_id, level)
    for old in (*array.glob(f"__commits/__{image_id}_*"), *array.glob(f"__fragments/__{image_id}_*")):
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    ImageWriter(place.layout, image_id).write_rows(level, 0, values)


def checks(findings: list[Any]) -> list[tuple[str, str]]:
    return [(finding.check, finding.subject) for finding in findings]


def _same(one: dict[Any, Any], other: dict[Any, Any]) -> bool:
    return one.keys() == other.keys() and all(
        np.array_equal(one[key], other[key], equal_nan=True) for key in one
    )
