"""What PostgreSQL alone reaches with the statements of our own pages (pgbench)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

from django.db import connection

from coverage.api.ogc import items
from coverage.api.ogc.collections import BLANK_SPOTS
from coverage.api.ogc.items import ItemQuery
from coverage.selectors import runs

Box = tuple[float, float, float, float]


def rates(
    questions: dict[str, list[tuple[str | None, int]]],
    *,
    folder: Path,
    database: dict[str, str],
    seconds: int,
    connections: int,
    only: str,
) -> dict[str, float]:
    """Return how often a second pages of blank spots can be read, by name.

    *questions* are lists of (box, limit); only those with *only* in their name count.
    """
    if shutil.which("pgbench") is None:
        sys.stderr.write("pgbench is not installed: nothing of PostgreSQL alone.\n")
        return {}
    found = {}
    for name, asked in questions.items():
        if only not in name:
            continue
        files = []
        for number, (box, limit) in enumerate(asked):
            bbox = None if box is None else cast("Box", _numbers(box))
            query = ItemQuery(limit=limit, bbox=bbox, run=runs.run_number() or 0)
            files.append(folder / f"statement-{number}.sql")
            text = _statement_of(query, is_first=name.endswith("first"))
            # In one message, as we send it: pgbench would cut it at its semicolon.
            files[-1].write_text(text.replace(";", " \\;") + ";\n")
        # First answers are asked for over one connection, one after another.
        at_once = 1 if name.endswith("first") else connections
        found[name] = _a_second(files, database, seconds, at_once)
    return found


def _numbers(box: str) -> tuple[float, ...]:
    return tuple(float(part) for part in box.split(","))


def _statement_of(query: ItemQuery, *, is_first: bool) -> str:
    """Return what PostgreSQL is asked for a page; at first it also has to count."""
    seen: list[str] = []

    def look(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        seen.append(context["cursor"].mogrify(sql, params).decode())
        return execute(sql, params, many, context)

    items.forget_counts()
    if not is_first:
        items.page_of(BLANK_SPOTS, query)
    with connection.execute_wrapper(look):
        items.page_of(BLANK_SPOTS, query)
    return seen[0]


def _a_second(
    files: list[Path], database: dict[str, str], seconds: int, connections: int
) -> float:
    done = subprocess.run(
        [
            *("pgbench", "-n", "-c", str(connections), "-j", "1", "-T", str(seconds)),
            *(word for file in files for word in ("-f", str(file))),
            *("-h", database["host"], "-p", database["port"]),
            *("-U", database["user"], database["name"]),
        ],
        env={**os.environ, "PGPASSWORD": database["password"]},
        capture_output=True,
        text=True,
        check=True,
    )
    told = re.search(r"tps = ([0-9.]+)", done.stdout)
    return float(told[1]) if told else 0.0
