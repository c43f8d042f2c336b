"""A depth range of any length as a file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.api.conditional import CACHE_CONTROL, entity_tag, is_unchanged, not_modified
from app.api.export_response import ExportResponse
from app.api.file_names import attachment
from app.api.frame_parameters import DepthMax, DepthMin
from app.api.frame_reading import Selection, find_image, select_all
from app.api.negotiation import preferred
from app.api.pictures import HEADERS, range_headers
from app.api.problems import may_answer
from app.api.routing import StrictRoute
from app.api.services import Services, UsesServices
from app.rendering.exports.formats import FILE_FORMATS, FormatName
from app.rendering.exports.table import Table, Values

router = APIRouter(prefix="/images", tags=["images"], route_class=StrictRoute)

BLOCK_ROWS = 1024
"""Rows that are read, written and sent at a time: some milliseconds, in which others may wait for the processor."""

OFFERS: dict[str, FormatName] = {each.media_type: name for name, each in FILE_FORMATS.items()}

EXPORT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file. Nulls are empty in CSV, null in Arrow and Parquet, the header's `NULL` in LAS, "
        "else NaN.",
        "headers": {name: told for name, told in HEADERS.items() if name != "Server-Timing"},
        "content": {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in OFFERS},
    },
    304: {"description": "What you have is still right."},
}


@router.get(
    "/{image_id}/export",
    summary="An image, or a depth range of any length, as a file",
    response_class=Response,
    responses=EXPORT | may_answer(404, 406, 422, 503),
)
async def export(
    request: Request,
    services: UsesServices,
    image_id: int,
    given_format: Annotated[
        FormatName | None,
        Query(
            alias="format",
            description="`csv`: columns `depth`, `p1` to `p150`; `npy`: the pixels alone; `npz`: `depth` and "
            "`pixels`; `arrow`: an IPC stream; `parquet`; `tiff`: float32, depths in tag 65000; `las`: LAS 2.0 "
            "with curves `IMG[0]` to `IMG[149]`. Left out: what `Accept` ranks highest, else CSV.",
            examples=["csv"],
        ),
    ] = None,
    depth_min: DepthMin = None,
    depth_max: DepthMax = None,
) -> Response:
    """Sent while it is read, so that length costs time and no memory. Two at a time are made, a third gets 503.

    A file that cannot be finished (the image is deleted meanwhile, the storage fails) ends with a broken
    connection, never as if it were whole.
    """
    image = await find_image(services, image_id)
    selection = await select_all(services, image, depth_min, depth_max)
    name = given_format or preferred(request.headers.get("accept", ""), OFFERS, "csv")
    table = Table.of(image, selection.row_depths)
    tag = entity_tag(selection, "export", name, table.about)
    if is_unchanged(request, tag):
        return not_modified(tag, vary="Accept")
    file_format = FILE_FORMATS[name]
    headers = range_headers(services, selection, tag) | {
        "Cache-Control": CACHE_CONTROL,
        "Content-Disposition": attachment(image.name, name),
        "Vary": "Accept",
    }
    if file_format.length is not None:
        headers["Content-Length"] = str(file_format.length(table))
    return ExportResponse(
        file_format.write(table, _blocks(services, selection)),
        services.exports,
        f"the export of image {image.id} as {name}",
        media_type=file_format.media_type,
        headers=headers,
    )


def _blocks(services: Services, selection: Selection) -> Iterator[Values]:
    """The rows from disk. Raises StorageUnavailable, and ImageNotFound where the image was deleted meanwhile."""
    image, view = selection.image, selection.view
    for start in range(view.start, view.stop, BLOCK_ROWS):
        stop = min(start + BLOCK_ROWS, view.stop)
        values = services.reader.rows_once(image.id, view.level, start, stop)
        # Erased rows read as nulls; they are erased some time after the image is deleted, and so are none of these.
        if services.known_images.in_memory(image.id) is None:
            services.known_images.get(image.id)
        yield values
