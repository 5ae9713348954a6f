from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
from django.core.management.base import CommandParser

from coverage.core.classify import State, StateRules, classify, quantise
from coverage.core.estimate import estimate, fit_law
from coverage.core.evidence import THRESHOLD_DBM
from coverage.services.read_files import read_columns, read_measurements
from kukar_connect.commands import ReportingCommand


class Command(ReportingCommand):
    help = (
        "Estimate the signal at POINTS from the observations in TRAIN, both CSV, "
        "without touching the database. TRAIN has lon, lat, rsrp_dbm (empty: no "
        "service); POINTS has lon, lat. OUT gets mean_dbm, std_db and p_blank of the "
        "reading a phone would take there, and the state."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("train", type=Path)
        parser.add_argument("points", type=Path)
        parser.add_argument("out", type=Path)
        parser.add_argument(
            "--threshold",
            type=float,
            default=THRESHOLD_DBM["internet"],
            metavar="DBM",
            help="below this a reading is not usable (default %(default)s)",
        )

    def run(
        self, *, train: Path, points: Path, out: Path, threshold: float, **options: Any
    ) -> dict[str, Any]:
        observations = read_measurements(train, threshold_dbm=threshold)
        at_lon, at_lat = read_columns(points, ("lon", "lat"))
        self.progress(0, None, "Learning how the signal varies")
        law = fit_law(observations, threshold_dbm=threshold)
        self.progress(0, None, "Estimating")
        found = estimate(law, observations, at_lon, at_lat)
        surface = quantise(found.mean_dbm, found.std_db, found.p_blank, found.known)
        states = classify(surface, threshold_dbm=threshold, rules=StateRules())
        with out.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["lon", "lat", "mean_dbm", "std_db", "p_blank", "state"])
            for row in zip(
                at_lon,
                at_lat,
                found.mean_dbm,
                found.std_db,
                found.p_blank,
                states,
                strict=True,
            ):
                lon_, lat_, mean, std, p, state = row
                writer.writerow(
                    [
                        repr(float(lon_)),
                        repr(float(lat_)),
                        f"{mean:.2f}",
                        f"{std:.2f}",
                        f"{p:.5f}",
                        State(state).name.lower(),
                    ]
                )
        names, counts = np.unique(states, return_counts=True)
        return {
            "observations": len(observations),
            "no_service": int(np.isneginf(observations.low_dbm).sum()),
            "points": len(at_lon),
            "threshold_dbm": threshold,
            "states": {
                State(n).name.lower(): int(c)
                for n, c in zip(names, counts, strict=True)
            },
            "out": str(out),
        }
