"""What can go wrong, and how each of it is told over HTTP.

BoreholeError
├── FileError                 the content of a file is at fault: permanent, the file goes to failed/
├── CommandRefused            an operator's command cannot be done as asked
├── LeaseLost                 somebody else works on this job now: stop, and change nothing
├── TransientError            nothing is wrong with the file or the request; try again later
│   ├── FileChanged
│   ├── StorageUnavailable
│   ├── WorkersUnavailable
│   └── CatalogUnavailable
│       └── CommitUncertain
└── RequestError              a client asked for what cannot be answered
    ├── InvalidParameter
    ├── ImageNotFound
    ├── LevelNotFound
    ├── TileNotFound
    ├── PickNotFound
    ├── JobNotFound
    ├── ColormapNotFound
    ├── DepthRangeEmpty
    ├── TooManyRows
    ├── PictureTooLarge
    ├── FormatNotOffered
    ├── MayAskAgain           but only right now
    │   ├── ServerBusy
    │   ├── TooManyRequests
    │   └── TooManyExports
    ├── HostNotAllowed
    ├── NothingToRetry
    ├── UploadTooLarge
    ├── UploadMalformed
    └── WriteRefused
        ├── ApiKeyRequired
        ├── KeyIsForReading
        └── AnonymousWriteRefused
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar


class Reason(StrEnum):
    """Why a file was not stored; the `reason` of a job and of a `.error.json`."""

    EMPTY_FILE = "empty_file"
    NOT_A_REGULAR_FILE = "not_a_regular_file"
    NOT_TEXT = "not_text"
    NO_HEADER = "no_header"
    NO_DEPTH_COLUMN = "no_depth_column"
    DUPLICATE_COLUMN = "duplicate_column"
    UNNAMED_COLUMN = "unnamed_column"
    WRONG_WIDTH = "wrong_width"
    MIXED_UNITS = "mixed_units"
    RAGGED_ROW = "ragged_row"
    NOT_A_NUMBER = "not_a_number"
    INFINITE_VALUE = "infinite_value"
    NO_ROWS = "no_rows"
    DEPTH_MISSING = "depth_missing"
    DEPTH_REPEATED = "depth_repeated"
    DEPTH_NOT_MONOTONIC = "depth_not_monotonic"
    UNSUPPORTED_FORMAT = "unsupported_format"
    DAMAGED = "damaged"
    NO_IMAGE = "no_image"
    NOT_ONE_FILE = "not_one_file"
    UNPACKED_TOO_LARGE = "unpacked_too_large"
    BAD_DESCRIPTION = "bad_description"
    FILE_GONE = "file_gone"
    WORKER_DIED = "worker_died"
    OUT_OF_MEMORY = "out_of_memory"
    TOOK_TOO_LONG = "took_too_long"
    INTERNAL_ERROR = "internal_error"


class BoreholeError(Exception):
    """The root of every error this product raises on purpose."""


class FileError(BoreholeError):
    """A file that cannot become an image, with what its owner needs to mend it.

    row: the line of the file at fault, the first line being 1, as an editor counts, or the row where the file is
    no text; None where no line is.
    column: the column's name in the header. value: the cell's text.
    """

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        row: int | None = None,
        column: str | None = None,
        value: str | None = None,
    ) -> None:
        super().__init__(reason, message)
        self.reason = reason
        self.message = message
        self.row = row
        self.column = column
        self.value = value if value is None or len(value) <= 200 else value[:199] + "…"

    def __str__(self) -> str:
        return self.message

    def in_channel(self, channel: str) -> FileError:
        """The same, of one channel of a file that holds several images."""
        return _rebuild_file_error(
            self.reason, f"Channel {channel}: {self.message}", self.row, self.column, self.value
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild_file_error, (self.reason, self.message, self.row, self.column, self.value)


def _rebuild_file_error(
    reason: Reason, message: str, row: int | None, column: str | None, value: str | None
) -> FileError:
    return FileError(reason, message, row=row, column=column, value=value)


class CommandRefused(BoreholeError):
    """A command that would do harm, or that has nothing to work on; the message says what would help."""


class LeaseLost(BoreholeError):
    """Somebody else works on this job now; whoever held the lease before must stop and change nothing."""


class TransientError(BoreholeError):
    """Try again later: the cause is outside the file and outside the request."""

    code: ClassVar[str] = "temporarily_unavailable"


class FileChanged(TransientError):
    """A file was written to while it was read."""

    code = "file_changed"


class StorageUnavailable(TransientError):
    code = "storage_unavailable"


class WorkersUnavailable(TransientError):
    """Nobody is there to read files."""

    code = "workers_unavailable"


class CatalogUnavailable(TransientError):
    code = "catalog_unavailable"


class CommitUncertain(CatalogUnavailable):
    """The catalog was lost while it made a change: only the catalog can say whether it did."""

    code = "commit_uncertain"


class RequestError(BoreholeError):
    """A request that cannot be answered as asked; `details` says what would have been right."""

    status: ClassVar[int] = 400
    code: ClassVar[str] = "bad_request"
    title: ClassVar[str] = "Bad request"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.details = details


class InvalidParameter(RequestError):
    status, code, title = 422, "invalid_parameter", "Invalid parameter"


class ImageNotFound(RequestError):
    status, code, title = 404, "image_not_found", "No such image"


class LevelNotFound(RequestError):
    status, code, title = 404, "level_not_found", "No such overview level"


class TileNotFound(RequestError):
    status, code, title = 404, "tile_not_found", "No such tile"


class PickNotFound(RequestError):
    status, code, title = 404, "pick_not_found", "No such pick"


class JobNotFound(RequestError):
    status, code, title = 404, "job_not_found", "No such job"


class ColormapNotFound(RequestError):
    status, code, title = 404, "colormap_not_found", "No such colormap"


class DepthRangeEmpty(RequestError):
    status, code, title = 404, "depth_range_empty", "No rows in this depth range"


class TooManyRows(RequestError):
    status, code, title = 413, "too_many_rows", "Too many rows for one answer"


class PictureTooLarge(RequestError):
    status, code, title = 413, "picture_too_large", "Too many pixels for one picture"


class FormatNotOffered(RequestError):
    status, code, title = 406, "format_not_offered", "Not in any of the formats asked for"


class MayAskAgain(RequestError):
    """Nothing is wrong with the request but its moment."""

    status, code, title = 503, "not_now", "Not now"


class ServerBusy(MayAskAgain):
    status, code, title = 503, "server_busy", "Too much to do right now"


class TooManyRequests(MayAskAgain):
    status, code, title = 429, "too_many_requests", "Too many requests"


class TooManyExports(MayAskAgain):
    status, code, title = 503, "too_many_exports", "Too many exports at once"


class HostNotAllowed(RequestError):
    status, code, title = 421, "host_not_allowed", "Not a name of this server"


class NothingToRetry(RequestError):
    status, code, title = 409, "nothing_to_retry", "Nothing to try again"


class UploadTooLarge(RequestError):
    status, code, title = 413, "upload_too_large", "File too large"


class UploadMalformed(RequestError):
    status, code, title = 422, "upload_malformed", "Not a file that can be taken"


class WriteRefused(RequestError):
    status, code, title = 403, "write_refused", "Not allowed to change anything here"


class ApiKeyRequired(WriteRefused):
    status, code, title = 401, "api_key_required", "API key required"


class KeyIsForReading(WriteRefused):
    code, title = "key_is_for_reading", "This key is for reading"


class AnonymousWriteRefused(WriteRefused):
    code = "anonymous_write_refused"


def problem(error: Exception) -> dict[str, Any]:
    """The error as problem details (RFC 9457), status included; an unforeseen one tells nothing of itself."""
    if isinstance(error, RequestError):
        head = {"title": error.title, "status": error.status, "code": error.code, "detail": str(error)}
        return {"type": "about:blank", **head, **error.details}
    if isinstance(error, TransientError):
        detail = "The server cannot answer this right now; try again in a few seconds."
        return {
            "type": "about:blank",
            "title": "Temporarily unavailable",
            "status": 503,
            "code": error.code,
            "detail": detail,
        }
    return {
        "type": "about:blank",
        "title": "Internal server error",
        "status": 500,
        "code": "internal_error",
        "detail": "The server met an error of its own; its log tells more under this request id.",
    }
