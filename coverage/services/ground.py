"""What the office knows of the land: its site list and elevation, when it has them."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from coverage.core.trend import Ground, Relief, Sites
from coverage.services.read_files import FileError, read_relief, read_sites


def ground_of(operator: str) -> Ground:
    """Return what the settings' files say of *operator* and the land.

    Raises
    ------
    FileError
        If a file that is named in the settings cannot be used.
    """
    sites, elevation = settings.KUKAR_SITES, settings.KUKAR_ELEVATION
    return Ground(
        sites=_sites(sites, _digest(sites), operator) if sites else None,
        relief=_relief(elevation, _digest(elevation)) if elevation else None,
    )


def ground_digest() -> list[str]:
    """Return what tells one state of those files from another."""
    return [
        _digest(name) if name else ""
        for name in (settings.KUKAR_SITES, settings.KUKAR_ELEVATION)
    ]


def _digest(name: str) -> str:
    try:
        stat = Path(name).stat()
    except OSError as error:
        message = f"{name} could not be read: {error}"
        raise FileError(message) from error
    return _content_digest(name, stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=8)
def _content_digest(name: str, changed_ns: int, size: int) -> str:
    with Path(name).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# Read once for as long as their content stays the same.
@lru_cache(maxsize=8)
def _sites(name: str, digest: str, operator: str) -> Sites:
    return read_sites(Path(name), operator=operator)


@lru_cache(maxsize=1)
def _relief(name: str, digest: str) -> Relief:
    return read_relief(Path(name))
