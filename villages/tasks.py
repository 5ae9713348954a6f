"""What the worker does for this package."""

from __future__ import annotations

import logging
from uuid import UUID

from django.utils import timezone
from django_tasks import TaskResultStatus, task
from django_tasks_db.models import DBTaskResult

from villages.importers import ReportFileError
from villages.models import ImportBatch
from villages.services.import_reports import (
    ImportBusyError,
    is_interrupted,
    run_import,
    upload_path,
)

logger = logging.getLogger(__name__)


@task()
def import_uploaded_file(batch_id: str) -> None:
    """Import an uploaded file. Safe to repeat: it goes on where it was cut off."""
    batch = ImportBatch.objects.get(pk=batch_id)
    path = upload_path(batch.id)
    try:
        with path.open("rb") as stream:
            run_import(batch=batch, stream=stream, now=timezone.now())
    except ReportFileError as error:
        # The import keeps the reason, and whoever uploaded the file reads it there.
        logger.info("Import %s: %s", batch_id, error.detail)
    except ImportBusyError:
        logger.info("Import %s is being run already", batch_id)
        return
    except FileNotFoundError:
        batch.refresh_from_db()
        if batch.is_finished:
            return
        raise
    path.unlink(missing_ok=True)


def resume_imports() -> list[UUID]:
    """Put imports that a dead worker left behind back in the queue; return their ids.

    Call it when a worker starts. Safe to repeat, and while other workers run.
    """
    resumed = []
    for batch in ImportBatch.objects.filter(state=ImportBatch.State.RUNNING):
        if upload_path(batch.id).exists() and is_interrupted(batch):
            resume_import(batch)
            resumed.append(batch.id)
    return resumed


def resume_import(batch: ImportBatch) -> None:
    """Queue *batch* once more, unless it stands in the queue already."""
    if not is_queued(batch):
        import_uploaded_file.enqueue(str(batch.id))


def is_queued(batch: ImportBatch) -> bool:
    return DBTaskResult.objects.filter(
        task_path=import_uploaded_file.module_path,
        status=TaskResultStatus.READY,
        args_kwargs__args=[str(batch.id)],
    ).exists()
