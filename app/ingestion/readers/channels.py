"""The keys of a file's images."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from app.ingestion.readers.source import FoundImage


def with_unique_channels(found: Iterable[FoundImage]) -> list[FoundImage]:
    """Logs, frames and logical files of one file may have channels of one name: the second is NAME_2."""
    images: dict[str, FoundImage] = {}
    for image in found:
        channel, number = image.channel, 2
        while channel in images:
            channel, number = f"{image.channel}_{number}", number + 1
        images[channel] = replace(image, channel=channel)
    return list(images.values())
