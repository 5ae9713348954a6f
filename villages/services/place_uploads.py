"""Lists of places that came over the web: looked at first, kept when confirmed."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID, uuid4

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kukar_connect.errors import DomainError
from villages.importers.place_files import MAX_BYTES
from villages.services.load_place_file import load_place_file
from villages.services.place_loads import PlaceLoad

# Long enough to ask somebody about a row; what it told stays as long.
KEPT_DAYS = 7


class UploadGoneError(DomainError):
    status = 404
    title = gettext_noop("This list is not here any more. Bring it again.")


def _folder() -> Path:
    folder = Path(settings.KUKAR_LOCAL_DIR) / "place-lists"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _paths(upload_id: UUID) -> tuple[Path, Path]:
    folder = _folder()
    return folder / f"{upload_id}.data", folder / f"{upload_id}.json"


def receive_list(
    *, what: str, stream: BinaryIO, file_name: str, source: str, now: datetime
) -> UUID:
    """Keep a list and what it would do; nothing of it is brought in yet.

    Raises
    ------
    DomainError
        If it cannot be used; nothing is kept.
    """
    _forget_old(now)
    upload_id = uuid4()
    data, about = _paths(upload_id)
    data.touch(mode=0o600)
    # What is longer is refused, so a byte more is enough to see it.
    data.write_bytes(stream.read(MAX_BYTES + 1))
    try:
        load = load_place_file(
            what=what,
            path=data,
            source=source,
            today=now.date(),
            is_dry_run=True,
        )
    except Exception:
        data.unlink()
        raise
    told = {
        "what": what,
        "file_name": file_name[-150:],
        "source": source,
        "is_done": False,
    }
    _write(about, told, load)
    return upload_id


def list_of(upload_id: UUID) -> dict[str, Any]:
    """Return what is known of a list: its name, source, and what became of its rows.

    Raises
    ------
    UploadGoneError
        If there is none.
    """
    try:
        return json.loads(_paths(upload_id)[1].read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UploadGoneError(_(UploadGoneError.title)) from error


def confirm_list(*, upload_id: UUID, user_id: int, now: datetime) -> dict[str, Any]:
    """Bring in a list that waits. Safe to repeat: one that is done stays as it is."""
    told = list_of(upload_id)
    if told["is_done"]:
        return told
    data, about = _paths(upload_id)
    load = load_place_file(
        what=told["what"],
        path=data,
        source=told["source"],
        today=now.date(),
        user_id=user_id,
        file_name=told["file_name"],
    )
    told["is_done"] = True
    _write(about, told, load)
    data.unlink(missing_ok=True)
    return told


def discard_list(upload_id: UUID) -> None:
    for path in _paths(upload_id):
        path.unlink(missing_ok=True)


def _write(path: Path, told: dict[str, Any], load: PlaceLoad) -> None:
    told |= {
        "counts": load.counts,
        "ignored_columns": load.ignored_columns,
        "rows": [asdict(row) for row in load.rows],
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(told), encoding="utf-8")


def _forget_old(now: datetime) -> None:
    oldest = (now - timedelta(days=KEPT_DAYS)).timestamp()
    for path in _folder().iterdir():
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
