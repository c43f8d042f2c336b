"""Files over HTTP: streamed to disk, then a job like any other."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from app.api.access import writing_is_allowed
from app.api.jobs import JobView
from app.api.problems import may_answer
from app.api.routing import StrictRoute
from app.api.services import Services, UsesServices
from app.errors import UploadMalformed
from app.ingestion.demo import DEMO_NAME, write_demo_csv
from app.pipeline.uploads import Upload, check_size
from app.storage.catalog.tables import JobState

router = APIRouter(prefix="/images", tags=["images"], route_class=StrictRoute)

_FORM = "multipart/form-data"
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            _FORM: {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
        },
    }
}


@router.post(
    "",
    summary="Upload a file",
    status_code=202,
    dependencies=[writing_is_allowed],
    responses=may_answer(401, 403, 413, 422, 503),
    openapi_extra=_BODY,
)
async def upload(
    request: Request,
    services: UsesServices,
    response: Response,
    name: Annotated[
        str | None,
        Query(description="The file's name; a form brings its own.", examples=["survey.csv"], max_length=255),
    ] = None,
) -> JobView:
    """`curl -F file=@survey.csv …/images`, or `curl --data-binary @survey.csv "…/images?name=survey.csv"`.

    The file is streamed to disk and queued as if it had been dropped into the data folder, or into the landing zone
    where there is one; the answer is its job.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    try:
        if kind == _FORM:
            job_id = await _take_form(request, services, options.get("boundary", ""), name)
        elif name is None:
            raise UploadMalformed(
                "say what the file is called: POST /images?name=survey.csv with the file as the body, or send a "
                "form (curl -F file=@survey.csv)"
            )
        else:
            check_size(_announced_size(request), services.settings.max_upload_bytes)
            job_id = await _take(services, name, request.stream())
    except ClientDisconnect:
        raise UploadMalformed("the upload broke off") from None
    return await run_in_threadpool(_accepted, services, response, job_id)


@router.post(
    "/demo",
    summary="Store the demo image",
    status_code=202,
    dependencies=[writing_is_allowed],
    responses=may_answer(401, 403, 503),
)
def demo(services: UsesServices, response: Response) -> JobView:
    """A synthetic borehole wall, to have something to look at."""
    with tempfile.TemporaryDirectory() as folder, Upload(services.place, DEMO_NAME) as taken:
        file = Path(folder) / DEMO_NAME
        write_demo_csv(file)
        taken.write(file.read_bytes())
        job_id = taken.finish()
    return _accepted(services, response, job_id)


async def _take(services: Services, name: str, pieces: AsyncIterator[bytes]) -> int:
    async with _in_threads(Upload(services.place, name)) as taken:
        async for piece in pieces:
            await run_in_threadpool(taken.write, piece)
        return await run_in_threadpool(taken.finish)


@asynccontextmanager
async def _in_threads(upload: Upload) -> AsyncIterator[Upload]:
    """Entered and left off the event loop: both of it are work on the disk."""
    await run_in_threadpool(upload.__enter__)
    try:
        yield upload
    finally:
        await run_in_threadpool(upload.__exit__)


async def _take_form(request: Request, services: Services, boundary: str, name: str | None) -> int:
    try:
        with PushMultipartParser(boundary, strict=True) as parser:
            content = _first_file(parser, request)
            head = await anext(content, None)
            if not isinstance(head, MultipartSegment):
                raise UploadMalformed("the form holds no file: curl -F file=@survey.csv sends one")
            return await _take(services, name or head.filename or "", content)
    except MultipartError as error:
        raise UploadMalformed(f"the form cannot be read: {error}") from error


async def _first_file(parser: PushMultipartParser, request: Request) -> AsyncIterator[Any]:
    """The head of the form's only file, then its content piece by piece. Raises for a form that breaks off."""
    found = inside = False
    async for piece in request.stream():
        for part in parser.parse(piece):
            if isinstance(part, MultipartSegment):
                inside = part.filename is not None
                if inside and found:
                    raise UploadMalformed("the form holds several files: send one a request")
                found |= inside
            if inside and part:
                yield part
    parser.close()


def _announced_size(request: Request) -> int:
    """Of a body that is the file and nothing else; a form's counts its boundaries, too."""
    length = request.headers.get("content-length", "0")
    return int(length) if length.isdecimal() else 0


def _accepted(services: Services, response: Response, job_id: int) -> JobView:
    job = services.place.jobs.get(job_id)
    response.headers["Location"] = f"/pipeline/jobs/{job.id}"
    view = JobView.of(job, services.now())
    if job.state == JobState.QUEUED and not services.place.board.read().wanted:
        view.message = "the pipeline is stopped, and the file waits: POST /pipeline/start"
    return view
