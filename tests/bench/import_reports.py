"""How fast a large file comes in, against a bare COPY of the same rows.

    .local/venv/bin/python -m tests.bench.import_reports [--rows 1000000]

Writes a CSV of invented rows, imports it into a database of its own, empties the
table, and copies the same rows back with COPY, indexes and constraints in place.
Prints rows per second, the ratio, and the importing process's peak memory.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django
from django.conf import settings
from django.db import connection
from django.test.utils import setup_databases, teardown_databases
from django.utils import timezone

HEADER = (
    "operator,technology,found,rsrp_dbm,rsrq_db,sinr_db,lon,lat,accuracy_m,"
    "observed_at,environment,note\n"
)


def invented_lines(rows: int) -> Iterator[str]:
    chance = random.Random(4)
    operators = ("TELKOMSEL", "INDOSAT", "XLSMART")
    began_at = datetime(2026, 1, 1, tzinfo=UTC)
    lon, lat = 116.98, -0.41
    for number in range(rows):
        # A drive: small steps, and now and then a new start somewhere in the regency.
        if number % 2_000 == 0:
            lon, lat = chance.uniform(115.8, 117.5), chance.uniform(-0.9, 1.0)
        lon += chance.uniform(-2e-4, 2e-4)
        lat += chance.uniform(-2e-4, 2e-4)
        has_service = chance.random() < 0.85
        reading = (
            f"4G,data,{chance.randint(-125, -60)},{chance.randint(-18, -5)},"
            f"{chance.randint(-5, 25)}"
            if has_service
            else ",no_service,,,"
        )
        technology, found, rsrp, rsrq, sinr = reading.split(",")
        moment = began_at + timedelta(seconds=number)
        yield (
            f"{operators[number % 3]},{technology},{found},{rsrp},{rsrq},{sinr},"
            f"{lon:.6f},{lat:.6f},{chance.randint(3, 40)},{moment.isoformat()},"
            "vehicle,\n"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    rows = parser.parse_args().rows
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kukar_connect.settings")
    django.setup()
    databases = setup_databases(verbosity=0, interactive=False)
    try:
        with tempfile.TemporaryDirectory() as folder:
            settings.KUKAR_LOCAL_DIR = Path(folder)
            measure(rows, Path(folder))
    finally:
        teardown_databases(databases, verbosity=0)


def measure(rows: int, folder: Path) -> None:
    # Models can be imported only after setup().
    from villages.services.import_reports import import_reports
    from villages.services.load_places import load_places

    load_places(
        fixtures=settings.BASE_DIR / "fixtures",
        boundaries=None,
        progress=lambda _step: None,
    )
    path = folder / "rows.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write(HEADER)
        file.writelines(invented_lines(rows))

    before_mb = peak_mb()
    started_s = time.perf_counter()
    with path.open("rb") as stream:
        batch = import_reports(
            stream=stream,
            file_name=path.name,
            now=timezone.now(),
            progress=lambda done, total: show(100 * done // total),
        )
    import_s = time.perf_counter() - started_s
    after_mb = peak_mb()
    if batch.stored != rows:
        sys.exit(f"Only {batch.stored} of {rows} rows were stored.")

    copy_s = bare_copy(folder / "rows.copy")
    lines = [
        f"rows                {rows:12,}",
        f"import              {rows / import_s:12,.0f} rows/s ({import_s:.1f} s)",
        f"bare COPY           {rows / copy_s:12,.0f} rows/s ({copy_s:.1f} s)",
        f"import against COPY {copy_s / import_s:12.1%} (wanted: at least 25 %)",
        f"peak memory         {after_mb:12.0f} MB (before the import {before_mb:.0f})",
    ]
    sys.stdout.write("\n".join(["", *lines, ""]))


def bare_copy(path: Path) -> float:
    """Return the seconds that COPY takes for the rows that are in the table now."""
    with connection.cursor() as cursor:
        with path.open("wb") as file:
            cursor.copy_expert("COPY villages_signalreport TO STDOUT", file)
        cursor.execute("TRUNCATE villages_signalreport CASCADE")
        started_s = time.perf_counter()
        with path.open("rb") as file:
            cursor.copy_expert("COPY villages_signalreport FROM STDIN", file)
        return time.perf_counter() - started_s


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def show(percent: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\rimporting {percent} %")


if __name__ == "__main__":
    main()
