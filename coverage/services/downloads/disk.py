"""Where the bulk files lie, and whether there is room for more."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from coverage.models import RunFileSet
from kukar_connect.errors import DomainError

# What the files of a run may need beside the reserve, those in the making included.
NEEDED_BYTES = 300_000_000


class NoRoomForFilesError(DomainError):
    status = 503
    title = gettext_noop("There is no room for the files.")


def files_dir() -> Path:
    return settings.KUKAR_LOCAL_DIR / "run-files"


def folder_of(run_id: int) -> Path:
    return files_dir() / str(run_id)


def unfinished_folder_of(run_id: int) -> Path:
    return files_dir() / f"{run_id}.part"


def check_room() -> None:
    """Make sure that the disk holds the files of one more run and what else comes.

    Raises
    ------
    NoRoomForFilesError
        If it does not.
    """
    files_dir().mkdir(mode=0o700, parents=True, exist_ok=True)
    free = shutil.disk_usage(files_dir()).free
    needed = settings.KUKAR_FILES_RESERVE_BYTES + NEEDED_BYTES
    if free < needed:
        raise NoRoomForFilesError(
            _("%(free)d MB are free and %(needed)d MB have to be.")
            % {"free": free // 1_000_000, "needed": needed // 1_000_000}
        )


def settle(path: Path) -> tuple[int, str]:
    """Have the disk keep *path*; return its length in bytes and its SHA-256."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
        return file.tell(), digest


def remove_folder(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True)


def remove_lost_folders() -> list[str]:
    """Remove what belongs to no run any more; return the folders' names."""
    if not files_dir().is_dir():
        return []
    known = set(RunFileSet.objects.values_list("pk", flat=True))
    lost = [
        path
        for path in files_dir().iterdir()
        if (number := path.name.removesuffix(".part")).isdecimal()
        and int(number) not in known
    ]
    for path in lost:
        remove_folder(path)
    return sorted(path.name for path in lost)
