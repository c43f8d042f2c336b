"""From a depth range to stored rows: from memory on the event loop, from disk in a thread."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from starlette.concurrency import run_in_threadpool

from app.api.frame_parameters import MAX_PICTURE_SIDE, DepthRangeParameters
from app.api.services import Services
from app.errors import LevelNotFound, PictureTooLarge, TooManyRows
from app.rendering.depth_axis import DepthAxis, depth_axis, rows_in_sight
from app.rendering.depth_range import RowRange, select_rows
from app.rendering.picture import PictureFormat
from app.rendering.row_extents import rows_before_gaps
from app.rendering.view import View, choose_view
from app.storage.catalog.tables import Image

MAX_PICTURE_PIXELS = 2**25
MAX_PIXELS_OF: dict[PictureFormat, int] = {"png": MAX_PICTURE_PIXELS, "webp": 2**23, "jpeg": 2**23}
"""WebP and JPEG take 16 bytes a pixel while they are made, PNG 2."""
MAX_HEIGHT_OF_WEBP = 16_383


@dataclass(frozen=True)
class Selection:
    """The rows an answer is made of. depths: float64, of all the image's rows, ascending.

    axis: of a picture whose lines are slices of depth; None where a line is a row.
    """

    image: Image
    view: View
    depths: npt.NDArray[np.float64]
    axis: DepthAxis | None = None

    @property
    def depth_min(self) -> float:
        return self.axis.top if self.axis else float(self.depths[self.view.rows.start])

    @property
    def depth_max(self) -> float:
        return self.axis.bottom if self.axis else float(self.depths[self.view.rows.stop - 1])

    @property
    def row_count(self) -> int:
        return self.view.rows.stop - self.view.rows.start

    @property
    def row_depths(self) -> npt.NDArray[np.float64]:
        """float64 (row_count,)"""
        return self.depths[self.view.rows.start : self.view.rows.stop]


async def find_image(services: Services, image_id: int) -> Image:
    """Raises ImageNotFound."""
    known = services.known_images.in_memory(image_id)
    return known if known is not None else await run_in_threadpool(services.known_images.get, image_id)


async def all_depths(services: Services, image: Image) -> npt.NDArray[np.float64]:
    """depths: float64 (rows,), ascending. Raises StorageUnavailable."""
    depths = services.reader.depths_in_memory(image.id)
    if depths is None:
        depths = await run_in_threadpool(services.reader.depths, image.id, image.rows)
    return depths


async def select(
    services: Services, image: Image, asked: DepthRangeParameters, height: int | None = None
) -> Selection:
    """Raises DepthRangeEmpty, InvalidParameter, TooManyRows."""
    depths = await all_depths(services, image)
    wanted = select_rows(depths, asked.depth_min, asked.depth_max, image.step)
    if height is None:
        _limit(wanted, services.settings.max_rows)
    return Selection(image, choose_view(wanted, height, image.levels, image.rows), depths)


async def select_on_depth_axis(
    services: Services, image: Image, asked: DepthRangeParameters, height: int | None
) -> Selection:
    """Raises DepthRangeEmpty, InvalidParameter."""
    depths = await all_depths(services, image)
    axis = depth_axis(depths, asked.depth_min, asked.depth_max, image.step, height, MAX_PICTURE_SIDE)
    wanted = rows_in_sight(depths, axis, image.step)
    return Selection(image, choose_view(wanted, axis.height, image.levels, image.rows), depths, axis)


async def select_all(
    services: Services, image: Image, depth_min: float | None, depth_max: float | None
) -> Selection:
    """The image's own rows, however many. Raises DepthRangeEmpty, InvalidParameter."""
    depths = await all_depths(services, image)
    wanted = select_rows(depths, depth_min, depth_max, image.step)
    return Selection(image, choose_view(wanted, None, image.levels, image.rows), depths)


async def read(services: Services, selection: Selection) -> npt.NDArray[np.float32]:
    """values: float32 (n, width) of the selection's level, NaN where null."""
    view = selection.view
    rows = (selection.image.id, view.level, view.start, view.stop)
    values = services.reader.rows_in_memory(*rows)
    return values if values is not None else await run_in_threadpool(services.reader.rows, *rows)


def depth_gaps(services: Services, selection: Selection) -> int:
    """How many gaps in depth the selection's rows reach over."""
    image, rows = selection.image, selection.view.rows
    before = services.reader.of_depths(
        image.id, "gaps", lambda: rows_before_gaps(selection.depths, image.step)
    )
    if not len(before):
        return 0
    return int(before.searchsorted(rows.stop - 1) - before.searchsorted(rows.start))


def check_level(image: Image, level: int) -> None:
    """Raises LevelNotFound."""
    if not 0 <= level <= image.levels:
        raise LevelNotFound(
            f"image {image.id} has no level {level}: its levels are 0, the image itself, to {image.levels}",
            level=level,
            levels=image.levels,
        )


def _limit(wanted: RowRange, max_rows: int) -> None:
    count = wanted.stop - wanted.start
    if count > max_rows:
        raise TooManyRows(
            f"this range has {count} rows, and one answer holds at most {max_rows}: ask for a shorter range, "
            "or for a picture of a given height (/frames/image?…&height=1000)",
            rows=count,
            max_rows=max_rows,
        )


def limit_picture(width: int, height: int, picture_format: PictureFormat) -> None:
    """Raises PictureTooLarge."""
    most = MAX_PIXELS_OF[picture_format]
    if width * height > most:
        raise PictureTooLarge(
            f"this picture would have {width} × {height} pixels, and a {picture_format.upper()} has at most "
            f"{most}: ask for a smaller width or height, or for a shorter range",
            width=width,
            height=height,
            max_pixels=most,
        )
    if picture_format == "webp" and height > MAX_HEIGHT_OF_WEBP:
        raise PictureTooLarge(
            f"this picture would have {height} rows, and a WebP has at most {MAX_HEIGHT_OF_WEBP}: ask for a "
            "height, for a shorter range, or for a PNG",
            height=height,
            max_height=MAX_HEIGHT_OF_WEBP,
        )


class Stopwatch:
    """Laps for the `Server-Timing` header."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self._laps: list[str] = []

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self._laps.append(f"{name};dur={(now - self._last) * 1000:.2f}")
        self._last = now

    @property
    def header(self) -> str:
        return ", ".join(self._laps)
