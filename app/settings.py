"""Every setting, each a `BOREHOLE_*` environment variable (or a line of `.env`)."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.keys import ApiKey

HEADER_VALUE = r"^[!-~]([ -~]*[!-~])?$"
"""What every client can send in a header and every server reads alike: ASCII, no space at the ends."""

S3_URI = r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9/!_.*'()-]*)?$"
"""A bucket, and what all names in it begin with."""

OF_READING = (
    "source_width",
    "pixel_width",
    "null_values",
    "depth_unit",
    "resize_mode",
    "rounding",
    "max_unpacked_bytes",
    "landing_uri",
)

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="BOREHOLE_", env_file=".env", extra="ignore", frozen=True, env_ignore_empty=True
    )

    # where the server listens
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8000
    workers: Annotated[int, Field(ge=1)] = 1

    # where things lie
    data_dir: Path = Path("data")
    db_dir: Path = Path("db")
    log_dir: Path = Path("logs")
    database_url: str | None = None
    storage_uri: (
        Annotated[str, Field(pattern=S3_URI, description="s3://bucket or s3://bucket/prefix")] | None
    ) = None

    landing_uri: (
        Annotated[str, Field(pattern=S3_URI, description="s3://bucket or s3://bucket/prefix")] | None
    ) = None
    scheduler: (
        Annotated[
            str,
            Field(pattern=r"^(tcp|tls)://[^/]+:[0-9]+$", description="tcp://host:port of a Dask scheduler"),
        ]
        | None
    ) = None

    # the way in
    pipeline_autostart: bool = True
    stable_seconds: Annotated[float, Field(ge=0)] = 2.0
    rescan_seconds: Annotated[float, Field(gt=0)] = 30.0
    file_seconds: Annotated[float, Field(gt=0)] = 3600.0
    worker_memory_bytes: Annotated[int, Field(ge=768 * 1024 * 1024)] = 2 * 1024**3
    max_upload_bytes: Annotated[int, Field(ge=1)] = 4 * 1024**3
    max_unpacked_bytes: Annotated[int, Field(ge=1)] = 8 * 1024**3
    history_days: Annotated[float, Field(gt=0)] | None = None
    ingest_workers: Annotated[int, Field(ge=1)] = Field(default_factory=lambda: min(2, os.cpu_count() or 1))
    source_width: Annotated[int, Field(ge=2)] | Literal["any"] = 200
    pixel_width: Annotated[int, Field(ge=2, le=16_384)] = 150
    null_values: Annotated[tuple[float, ...], NoDecode] = (-999.25, -999.0, -9999.0, -9999.25, -32768.0)
    depth_unit: str | None = None
    resize_mode: Literal["zoom", "wrap"] = "zoom"
    rounding: Literal["mantissa13", "none"] = "mantissa13"

    # the way out
    max_rows: Annotated[int, Field(ge=1)] = 20_000
    cache_bytes: Annotated[int, Field(ge=0)] = 256 * 1024 * 1024
    answer_cache_bytes: Annotated[int, Field(ge=0)] = 64 * 1024 * 1024
    storage_cache_bytes: Annotated[int, Field(ge=0)] = 4 * 1024**3
    picture_cache_bytes: Annotated[int, Field(ge=0)] = 512 * 1024 * 1024

    # who may do what
    api_key: Annotated[str, Field(pattern=HEADER_VALUE)] | None = None
    api_keys: Annotated[
        tuple[ApiKey, ...],
        NoDecode,
        Field(
            description="NAME:read:SHA256 or NAME:write:SHA256, several with commas; "
            "`python -m app.admin key NAME` makes one"
        ),
    ] = ()
    reading_needs_key: bool = False
    allow_anonymous_writes: bool = False
    allowed_hosts: Annotated[
        tuple[str, ...],
        NoDecode,
        Field(description="names such as images.example, several with commas, or *"),
    ] = ()
    cors_origins: Annotated[
        tuple[str, ...],
        NoDecode,
        Field(description="origins such as https://dashboard.example, several with commas, or *"),
    ] = ()
    requests_per_second: Annotated[float, Field(gt=0)] | None = None

    # logs, and what /health tells
    build: str = "unknown"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    access_log: bool = True

    @field_validator("null_values", mode="before")
    @classmethod
    def _split_null_values(cls, value: object) -> object:
        """`BOREHOLE_NULL_VALUES=-999.25,-9999`: a comma-separated list."""
        return tuple(value.replace(" ", "").split(",")) if isinstance(value, str) else value

    @field_validator("api_keys", mode="before")
    @classmethod
    def _parse_keys(cls, value: object) -> object:
        """`BOREHOLE_API_KEYS=dashboard:read:HASH,office:write:HASH`"""
        if not isinstance(value, str):
            return value
        return tuple(ApiKey.parse(text) for text in value.replace(" ", "").split(",") if text)

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: object) -> object:
        """`BOREHOLE_CORS_ORIGINS=https://a.example,https://b.example`"""
        if not isinstance(value, str):
            return value
        origins = tuple(value.replace(" ", "").rstrip("/").split(","))
        for origin in origins:
            if origin != "*" and not re.fullmatch(r"https?://[A-Za-z0-9.\[\]:-]+", origin):
                raise ValueError(f"{origin!r} is no origin; give https://name, or * for any page")
        return origins

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, value: object) -> object:
        """`BOREHOLE_ALLOWED_HOSTS=images.example,images.lan`"""
        if not isinstance(value, str):
            return value
        names = tuple(value.replace(" ", "").lower().split(","))
        for name in names:
            if name != "*" and not re.fullmatch(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*", name):
                raise ValueError(
                    f"{name!r} is no host's name; give names such as images.example, or * for any"
                )
        return names

    @field_validator("host")
    @classmethod
    def _without_brackets(cls, value: str) -> str:
        """`[::1]`, as in a URL, is `::1` to a socket."""
        return value.removeprefix("[").removesuffix("]")

    @field_validator("data_dir", "db_dir", "log_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @property
    def keys(self) -> tuple[ApiKey, ...]:
        """All keys; BOREHOLE_API_KEY is one for writing, called `default`."""
        alone = (ApiKey.of("default", "write", self.api_key),) if self.api_key else ()
        return alone + self.api_keys

    @property
    def guards_its_name(self) -> bool:
        """Whether requests must be addressed to a name of ours: what answers without a key to who is near it
        must not answer to a page that only seems near.
        """
        is_near = self.listens_on_loopback or self.allow_anonymous_writes
        return (
            (is_near and not self.reading_needs_key) or bool(self.allowed_hosts)
        ) and "*" not in self.allowed_hosts

    @property
    def of_reading(self) -> dict[str, Any]:
        """What says how a file is read, and where it goes, by name: whoever reads it, it must be the same."""
        return {name: getattr(self, name) for name in OF_READING}

    @property
    def rounds_values(self) -> bool:
        """Whether stored values keep 13 bits of mantissa only."""
        return self.rounding == "mantissa13"

    @property
    def listens_on_loopback(self) -> bool:
        return self.host in LOOPBACK_HOSTS

    @property
    def url(self) -> str:
        """Where the server is for who sits at this machine, without a slash at the end."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{self.port}"
