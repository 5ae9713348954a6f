"""What all our management commands share: progress, and a result as JSON."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from kukar_connect.errors import DomainError

# People wait two seconds without wondering; after that they want to see movement.
PROGRESS_AFTER_S = 2.0
PROGRESS_EVERY_S = 0.5


class Progress:
    """Draws how far a long piece of work is, on stderr, after two seconds."""

    def __init__(self, stream: Any = None) -> None:
        self.stream = stream or sys.stderr
        self.started_s = self.drawn_s = time.monotonic()
        self.is_shown = False

    def __call__(self, done: int, total: int | None, label: str) -> None:
        now_s = time.monotonic()
        is_finished = total is not None and done >= total
        if now_s - self.started_s < PROGRESS_AFTER_S and not self.is_shown:
            return
        if now_s - self.drawn_s < PROGRESS_EVERY_S and not is_finished:
            return
        self.drawn_s = now_s
        self.is_shown = True
        share = f" {100 * done // total:3d} %" if total else ""
        line = f"{label}{share} ({done:,}" + (f" of {total:,})" if total else ")")
        if self.stream.isatty():
            end = "\n" if is_finished else ""
            self.stream.write(f"\r\033[K{line}{end}")
        else:
            self.stream.write(line + "\n")
        self.stream.flush()


class ReportingCommand(BaseCommand):
    """A command whose :meth:`run` returns its result.

    The result is printed for people through :meth:`summary`, or with ``--json``
    as one JSON object on the last line of standard output.
    """

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--json",
            action="store_true",
            dest="as_json",
            help="print the result as one JSON object on the last line",
        )

    def handle(self, *args: Any, as_json: bool = False, **options: Any) -> None:
        self.progress = Progress()
        try:
            result = self.run(**options)
        except DomainError as error:
            raise CommandError(error.detail) from error
        if as_json:
            self.stdout.write(json.dumps(result, default=str))
        else:
            self.stdout.write(self.summary(result))

    def run(self, **options: Any) -> dict[str, Any]:
        """Do the work and return its result, ready for JSON."""
        message = "A reporting command returns its result from run()."
        raise AssertionError(message)

    def summary(self, result: dict[str, Any]) -> str:
        """Return the result as lines for a person."""
        return "\n".join(
            f"{name.replace('_', ' ')}: {value}" for name, value in result.items()
        )
