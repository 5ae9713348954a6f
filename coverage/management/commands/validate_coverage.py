from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import CommandError, CommandParser
from django.utils import timezone

from coverage.core.evidence import THRESHOLD_DBM
from coverage.core.observations import Observations
from coverage.core.rivals import RIVALS, Rival, ours
from coverage.core.trend import Ground
from coverage.core.validation import truth_of, validate
from coverage.selectors.report_arrays import report_arrays
from coverage.services.compute_run import observations_of
from coverage.services.read_files import (
    read_measurements,
    read_relief,
    read_sites,
)
from kukar_connect.commands import ReportingCommand
from villages.models import Operator

OURS = "Kukar Connect"
# The columns of the table: name of a score, heading, digits.
COLUMNS = (
    ("rmse_db", "RMSE", 2),
    ("mae_db", "MAE", 2),
    ("auc", "AUC", 3),
    ("average_precision", "AP", 3),
    ("f1", "F1", 3),
    ("iou", "IoU", 3),
    ("brier", "Brier", 4),
    ("log_loss", "log loss", 3),
    ("calibration_error", "cal. error", 3),
    ("within_50", "in 50 %", 3),
    ("within_90", "in 90 %", 3),
    ("confident_right", "sure & right", 3),
    ("seconds", "s", 1),
)


class Command(ReportingCommand):
    help = (
        "Judge our estimates beside those of other methods on measurements that were "
        "held out, from a CSV (lon, lat, rsrp_dbm; empty: no service) or from the "
        "reports in the database."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("csv", type=Path, nargs="?")
        parser.add_argument(
            "--from-database", action="store_true", help="the reports of --operator"
        )
        parser.add_argument(
            "--operator", choices=Operator.values, default=Operator.TELKOMSEL.value
        )
        parser.add_argument(
            "--service", choices=sorted(THRESHOLD_DBM), default="internet"
        )
        parser.add_argument(
            "--threshold",
            type=float,
            metavar="DBM",
            help="below this a reading is not usable (default: that of --service)",
        )
        parser.add_argument("--block-km", type=float, default=2.0, metavar="KM")
        parser.add_argument("--folds", type=int, default=5, metavar="N")
        parser.add_argument(
            "--random",
            action="store_true",
            help="hold out single rows instead of blocks: optimistic, for every method",
        )
        parser.add_argument(
            "--only-ours", action="store_true", help="leave the other methods out"
        )
        parser.add_argument(
            "--sites",
            type=Path,
            metavar="CSV",
            help="sites (lon, lat, height_m; operator, if of several): ours with them",
        )
        parser.add_argument(
            "--elevation",
            type=Path,
            metavar="TIF",
            help="heights in degrees (EPSG:4326): ours once more with them",
        )

    def run(
        self,
        *,
        csv: Path | None,
        from_database: bool,
        threshold: float | None,
        service: str,
        block_km: float,
        folds: int,
        random: bool,
        only_ours: bool,
        sites: Path | None,
        elevation: Path | None,
        **options: Any,
    ) -> dict[str, Any]:
        if (csv is None) != from_database:
            message = "Name either a CSV or --from-database."
            raise CommandError(message)
        if not 0.01 <= block_km <= 1000 or not 2 <= folds <= 100:
            message = "--block-km is from 0.01 to 1000, --folds from 2 to 100."
            raise CommandError(message)
        limit = THRESHOLD_DBM[service] if threshold is None else threshold
        if not -200 <= limit <= 0:
            message = "--threshold is from -200 to 0 dBm."
            raise CommandError(message)
        is_demo = False
        if csv is not None:
            observations = read_measurements(csv, threshold_dbm=limit)
        else:
            observations, is_demo = _from_database(
                options["operator"], service, threshold
            )
        grounds = {}
        if sites is not None:
            grounds[f"{OURS} + sites"] = Ground(
                sites=read_sites(sites, operator=options["operator"])
            )
        if elevation is not None:
            grounds[f"{OURS} + elevation"] = Ground(relief=read_relief(elevation))
        estimators: dict[str, Rival] = {OURS: ours()}
        estimators |= {name: ours(ground) for name, ground in grounds.items()}
        estimators |= {} if only_ours else RIVALS
        try:
            outcomes = validate(
                observations,
                threshold_dbm=limit,
                estimators=estimators,
                block_km=block_km,
                folds=folds,
                is_random=random,
                progress=self.progress,
            )
        except ValueError as error:
            raise CommandError(str(error)) from error
        reading, is_below = truth_of(observations, limit)
        return {
            "observations": len(observations),
            "readings": int(np.isfinite(reading).sum()),
            "below": int(is_below.sum()),
            "threshold_dbm": limit,
            "folds": folds,
            "block_km": None if random else block_km,
            "is_optimistic": random,
            "is_demo": is_demo,
            "estimators": [outcome.to_dict() for outcome in outcomes],
        }

    def summary(self, result: dict[str, Any]) -> str:
        held_out = (
            "rows held out at random: OPTIMISTIC, neighbours on the same road stay"
            if result["is_optimistic"]
            else f"blocks of {result['block_km']:g} km held out together"
        )
        lines = [
            f"{result['observations']:,} observations, {result['below']:,} below "
            f"{result['threshold_dbm']:g} dBm; {result['folds']} folds, {held_out}."
        ]
        if result["is_demo"]:
            lines.append("Demonstration data: this says nothing about real signal.")
        lines += ["", *_table(result["estimators"])]
        return "\n".join(lines)


def _from_database(
    operator: str, service: str, threshold_dbm: float | None
) -> tuple[Observations, bool]:
    """Return the reports that count, and whether demonstration data is among them.

    Raises
    ------
    CommandError
        If there are none, or if another threshold is asked for than their bounds have.
    """
    if threshold_dbm not in (None, THRESHOLD_DBM[service]):
        message = (
            "What a report without a reading says is bound to the service's own "
            f"threshold ({THRESHOLD_DBM[service]:g} dBm): leave --threshold out."
        )
        raise CommandError(message)
    reports = report_arrays(operator=operator, cutoff=timezone.now())
    if not len(reports):
        message = f"There are no reports of {operator}."
        raise CommandError(message)
    return observations_of(reports, service), reports.is_demo


def _table(outcomes: list[dict[str, Any]]) -> list[str]:
    """Return a Markdown table, as the docs show it."""
    lines = [
        "| method | " + " | ".join(heading for _, heading, _ in COLUMNS) + " |",
        "| --- |" + " ---: |" * len(COLUMNS),
    ]
    for outcome in outcomes:
        if "reason" in outcome:
            lines.append(f"| {outcome['name']} | could not run: {outcome['reason']} |")
            continue
        cells = [
            "–" if outcome[name] is None else f"{outcome[name]:.{digits}f}"
            for name, _, digits in COLUMNS
        ]
        lines.append(f"| {outcome['name']} | " + " | ".join(cells) + " |")
    return lines
