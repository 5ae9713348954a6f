"""Building the bulk files of a run: all of them are there, or none."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from coverage.models import CoverageRun, LayerOperator, RunFile, RunFileSet, Service
from coverage.selectors.file_columns import TABLES, FileTable
from coverage.services.downloads.about import about_run
from coverage.services.downloads.disk import (
    check_room,
    folder_of,
    remove_folder,
    settle,
    unfinished_folder_of,
)
from coverage.services.downloads.kml import write_kml
from coverage.services.downloads.surface import write_surface
from coverage.services.downloads.tables import write_parquet
from coverage.services.downloads.tiles import write_pmtiles
from coverage.services.downloads.vectors import (
    dated,
    write_csv,
    write_flatgeobuf,
    write_geopackage,
    write_shapefile,
)
from kukar_connect.errors import DomainError

log = logging.getLogger("kukar_connect.files")

# Key of PostgreSQL's advisory lock that whoever builds files holds.
FILES_KEY = 64_15
MEDIA_TYPES = {
    RunFile.Format.GEOPACKAGE: "application/geopackage+sqlite3",
    RunFile.Format.GEOPARQUET: "application/vnd.apache.parquet",
    RunFile.Format.FLATGEOBUF: "application/vnd.flatgeobuf",
    RunFile.Format.CSV: "text/csv; charset=utf-8",
    RunFile.Format.KML: "application/vnd.google-earth.kml+xml",
    RunFile.Format.SHAPEFILE: "application/zip",
    RunFile.Format.COG: ("image/tiff; application=geotiff; profile=cloud-optimized"),
    RunFile.Format.PMTILES: "application/vnd.pmtiles",
}
# Of everything in one file, and of the surfaces: any-internet and so on.
ALL_NAME, SURFACE_NAME = "kukar-connect", "surface-{operator}-{service}"
Progress = Callable[[int, int | None, str], None]


class FilesBusyError(DomainError):
    status = 409
    title = gettext_noop("Files are being built already.")


class NotPublishedError(DomainError):
    title = gettext_noop("Only a published run has files.")


@dataclass(frozen=True)
class Made:
    """A file as it has just been written."""

    path: Path
    content: RunFile.Content
    format: RunFile.Format
    rows: int | None = None
    operator: str = ""
    service: str = ""


def build_files(run: CoverageRun, *, now: datetime, progress: Progress) -> RunFileSet:
    """Write every file of *run*, unless it has them; return their set.

    Safe to repeat. They are written under another name and moved when all are whole;
    a set that could not be built keeps the reason.

    Raises
    ------
    FilesBusyError
        If another process is building files.
    NoRoomForFilesError
        If the disk is too full.
    NotPublishedError
        If *run* is not published.
    """
    if run.state != CoverageRun.State.PUBLISHED:
        raise NotPublishedError
    with _alone():
        found = RunFileSet.objects.filter(pk=run.pk).first()
        if found and found.state == found.State.WHOLE and is_on_disk(found):
            return found
        if found:
            found.delete()
        file_set = RunFileSet.objects.create(run=run, began_at=now)
        folder = unfinished_folder_of(run.pk)
        try:
            check_room()
            remove_folder(folder)
            folder.mkdir(mode=0o700)
            # Titles in them are in the site's language, whoever asked for them.
            with translation.override(settings.LANGUAGE_CODE):
                made = list(_write_all(run, folder, progress))
            _publish(file_set, folder, made)
        except BaseException as error:
            remove_folder(folder)
            RunFileSet.objects.filter(pk=run.pk).update(
                state=RunFileSet.State.FAILED,
                ended_at=Now(),
                error=f"{type(error).__name__}: {error}",
            )
            raise
    file_set.refresh_from_db()
    return file_set


def is_on_disk(file_set: RunFileSet) -> bool:
    """Tell whether the files are where they should be, in their lengths."""
    folder = folder_of(file_set.pk)
    try:
        return all(
            (folder / name).stat().st_size == length
            for name, length in file_set.files.values_list("name", "bytes")
        )
    except OSError:
        return False


@contextmanager
def _alone() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [FILES_KEY])
        if not cursor.fetchone()[0]:
            raise FilesBusyError
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [FILES_KEY])


def _publish(file_set: RunFileSet, folder: Path, made: list[Made]) -> None:
    rows = []
    for one in made:
        length, digest = settle(one.path)
        rows.append(
            RunFile(
                file_set=file_set,
                name=one.path.name,
                content=one.content,
                format=one.format,
                operator=one.operator,
                service=one.service,
                media_type=MEDIA_TYPES[one.format],
                bytes=length,
                sha256=digest,
                rows=one.rows,
            )
        )
    target = folder_of(file_set.pk)
    # Of an earlier building that ended between moving and saying so.
    remove_folder(target)
    with transaction.atomic():
        RunFile.objects.bulk_create(rows)
        is_there = RunFileSet.objects.filter(pk=file_set.pk).update(
            state=RunFileSet.State.WHOLE, ended_at=Now()
        )
        if not is_there:
            raise NotPublishedError(_("The run was removed meanwhile."))
        folder.rename(target)


# --- the files -----------------------------------------------------------------------


def _write_all(run: CoverageRun, folder: Path, progress: Progress) -> Iterator[Made]:
    layers = list(product(LayerOperator.values, Service.values))
    steps = len(TABLES) + 2 + len(layers)
    moment = run.published_at or run.input_cutoff_at
    label = f"Files of run {run.pk}"
    parquet = []
    rows_of_all = 0
    with dated(moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")):
        for number, table in enumerate(TABLES):
            progress(number, steps, label)
            for one in _of_table(run, table, folder, day=moment.date().isoformat()):
                yield one
                if one.format == RunFile.Format.GEOPARQUET:
                    parquet.append((table, one.path))
                    rows_of_all += one.rows or 0
        progress(len(TABLES), steps, label)
        everything = RunFile.Content.EVERYTHING
        about = about_run(run, everything.label)
        path = folder / f"{ALL_NAME}.gpkg"
        write_geopackage(parquet, path, about["description"])
    yield Made(path, everything, RunFile.Format.GEOPACKAGE, rows_of_all)
    path = folder / f"{ALL_NAME}.pmtiles"
    progress(len(TABLES) + 1, steps, label)
    features = write_pmtiles(run, path, {"name": about["title"], **about})
    yield Made(path, everything, RunFile.Format.PMTILES, features)
    for number, (operator, service) in enumerate(layers, len(TABLES) + 2):
        progress(number, steps, label)
        name = SURFACE_NAME.format(operator=operator, service=service).lower()
        path = folder / f"{name}.tif"
        surface = RunFile.Content.SURFACE
        title = (
            f"{surface.label}: {LayerOperator(operator).label},"
            f" {Service(service).label}"
        )
        if write_surface(run, operator, service, path, about_run(run, title)):
            yield Made(
                path,
                surface,
                RunFile.Format.COG,
                operator=operator,
                service=service,
            )
    progress(steps, steps, label)


def _of_table(
    run: CoverageRun, table: FileTable, folder: Path, *, day: str
) -> Iterator[Made]:
    content = RunFile.Content(table.name)
    about = about_run(run, table.title)
    told = f"{about['description']}\n{table.description}"
    formats = RunFile.Format

    def path_of(kind: RunFile.Format) -> Path:
        return folder / f"{table.name}.{kind}"

    source = path_of(formats.GEOPARQUET)
    rows = write_parquet(run, table, source, about)
    yield Made(source, content, formats.GEOPARQUET, rows)
    write_flatgeobuf(table, source, path_of(formats.FLATGEOBUF), told)
    yield Made(path_of(formats.FLATGEOBUF), content, formats.FLATGEOBUF, rows)
    write_csv(table, source, path_of(formats.CSV))
    yield Made(path_of(formats.CSV), content, formats.CSV, rows)
    write_kml(table, source, path_of(formats.KML), told)
    yield Made(path_of(formats.KML), content, formats.KML, rows)
    write_shapefile(table, source, path_of(formats.SHAPEFILE), told, day=day)
    yield Made(path_of(formats.SHAPEFILE), content, formats.SHAPEFILE, rows)
