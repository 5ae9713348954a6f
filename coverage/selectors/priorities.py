"""Blank spots of a layer with the parts of their score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, overload
from uuid import UUID

import numpy as np
from django.contrib.auth.models import AnonymousUser
from django.db.models import Min
from django.utils import timezone
from numpy.typing import NDArray

from coverage.core import priorities
from coverage.models import BlankSpot, CoverageRun, RankingWeights
from coverage.models.actions import DEFAULT_WEIGHT, HEAVIEST
from coverage.selectors.nearest import distances_to_signal_m
from villages.models import Claim, District, Facility, Village

# In the order of the columns; the names are those of the address and of the API.
PARTS = (
    "people",
    "pupils",
    "patients",
    "services",
    "distance",
    "listed",
    "power",
)
HOURS_OF_DAY = 24
DAYS_OF_YEAR = 365.25


@dataclass(frozen=True)
class Weights:
    """0 to 10 for each part, and whether the confidence multiplies the score."""

    parts: tuple[int, ...] = (DEFAULT_WEIGHT,) * len(PARTS)
    by_confidence: bool = False

    def __post_init__(self) -> None:
        if len(self.parts) != len(PARTS) or not all(
            0 <= weight <= HEAVIEST for weight in self.parts
        ):
            message = f"{len(PARTS)} weights from 0 to {HEAVIEST}, not {self.parts}."
            raise ValueError(message)

    @property
    def by_name(self) -> dict[str, int]:
        return dict(zip(PARTS, self.parts, strict=True))

    @property
    def query(self) -> dict[str, str]:
        """The weights as an address has them."""
        asked = {name: str(weight) for name, weight in self.by_name.items()}
        return asked | ({"confident": "1"} if self.by_confidence else {})


@dataclass(frozen=True)
class RankedSpot:
    """A blank spot in its place. ``values`` and ``parts`` are by name of `PARTS`.

    None is not known, and never 0. ``rank`` is None without a score.
    """

    rank: int | None
    score: float | None
    known: float
    values: Mapping[str, float | None]
    parts: Mapping[str, float | None]
    identity: UUID
    state: str
    area_km2: float
    confidence: float
    report_count: int
    newest_report_at: datetime | None
    villages: list[tuple[str, str]]
    districts: list[tuple[str, str]]
    is_demo: bool


def saved_weights(user: Any) -> Weights | None:
    if isinstance(user, AnonymousUser):
        return None
    row = RankingWeights.objects.filter(user=user).first()
    if row is None:
        return None
    return Weights(
        parts=tuple(getattr(row, name) for name in PARTS),
        by_confidence=row.by_confidence,
    )


class RankedSpots(Sequence[RankedSpot]):
    """Blank spots of a layer, the most urgent first, made only as they are read.

    A page shows fifty of two thousand; the rest is numbers.
    """

    def __init__(
        self, rows: list[dict[str, Any]], scores: priorities.Scores, order: list[int]
    ) -> None:
        self._rows, self._scores = rows, scores
        # The place among all, and the index into the rows.
        self._places = list(enumerate(order, start=1))
        self._villages = dict(Village.objects.values_list("code", "name"))
        self._districts = dict(District.objects.values_list("code", "name"))

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, at: int) -> RankedSpot: ...
    @overload
    def __getitem__(self, at: slice) -> list[RankedSpot]: ...
    def __getitem__(self, at: int | slice) -> RankedSpot | list[RankedSpot]:
        if isinstance(at, slice):
            return [self._spot(*place) for place in self._places[at]]
        return self._spot(*self._places[at])

    def in_district(self, code: str) -> RankedSpots:
        """Return those in one district, each with its place among all."""
        fewer = copy(self)
        fewer._places = [
            (place, index)
            for place, index in self._places
            if code in self._rows[index]["districts"]
        ]
        return fewer

    def after(self, place: int) -> RankedSpots:
        """Return those that come after a place among all."""
        fewer = copy(self)
        fewer._places = [pair for pair in self._places if pair[0] > place]
        return fewer

    def place(self, at: int) -> int:
        """Return the place among all of one of these, whether it has a score or not."""
        return self._places[at][0]

    def of(self, identity: UUID) -> RankedSpot | None:
        for place, index in self._places:
            if self._rows[index]["identity"] == identity:
                return self._spot(place, index)
        return None

    def known_parts(self) -> list[str]:
        """Return the parts that are known of at least one of these."""
        here = [index for _place, index in self._places]
        is_known = np.isfinite(self._scores.parts[here])
        return [name for n, name in enumerate(PARTS) if is_known[:, n].any()]

    def _spot(self, place: int, index: int) -> RankedSpot:
        row, scores = self._rows[index], self._scores
        has_score = not np.isnan(scores.score[index])
        return RankedSpot(
            rank=place if has_score else None,
            score=float(scores.score[index]) if has_score else None,
            known=float(scores.known[index]),
            values=_by_name(row["values"]),
            parts=_by_name(scores.parts[index]),
            identity=row["identity"],
            state=row["state"],
            area_km2=row["area_km2"],
            confidence=row["confidence"],
            report_count=row["report_count"],
            newest_report_at=row["newest_report_at"],
            villages=[(c, self._villages.get(c, c)) for c in row["villages"]],
            districts=[(c, self._districts.get(c, c)) for c in row["districts"]],
            is_demo=row["is_demo"],
        )


def ranked_spots(
    run: CoverageRun, operator: str, service: str, weights: Weights
) -> RankedSpots:
    """Return every blank spot of a layer, the most urgent first.

    Shares are of the largest value of the whole layer, so that a reader who then
    looks at one district only sees the same scores.
    """
    rows = list(
        BlankSpot.objects.of_run(run.pk)
        .filter(operator=operator, service=service)
        .values(
            "identity",
            "state",
            "area_km2",
            "confidence",
            "report_count",
            "newest_report_at",
            "villages",
            "districts",
            "people",
            "pupils",
            "patients",
            "facility_count",
            "is_demo",
        )
    )
    values = _values(run, operator, service, rows)
    for row, of_row in zip(rows, values, strict=True):
        row["values"] = of_row
    confidence = np.array([row["confidence"] for row in rows])
    scores = priorities.score(
        values,
        weights.parts,
        confidence=confidence if weights.by_confidence else None,
    )
    order = priorities.ranking(
        scores.score,
        np.array([row["area_km2"] for row in rows]),
        [row["identity"].hex for row in rows],
    )
    return RankedSpots(rows, scores, order.tolist())


def _by_name(numbers: NDArray[np.float64]) -> dict[str, float | None]:
    return {
        name: None if number != number else number  # NaN differs from itself
        for name, number in zip(PARTS, numbers.tolist(), strict=True)
    }


def _values(
    run: CoverageRun, operator: str, service: str, rows: list[dict[str, Any]]
) -> NDArray[np.float64]:
    """Return the parts' values, shape (n, k), NaN where not known."""
    distances = distances_to_signal_m(run, operator, service)
    power = {
        code: hours
        for code, hours in Village.objects.values_list("code", "power_hours")
        if hours is not None
    }
    has_facilities = Facility.objects.exists()
    listed = _listed_since()
    when = timezone.localdate(run.published_at or run.started_at)

    def values_of(row: dict[str, Any]) -> tuple[float | None, ...]:
        hours = [power[code] for code in row["villages"] if code in power]
        since = [listed[code] for code in row["villages"] if code in listed]
        years = (when - min(since)).days / DAYS_OF_YEAR if since else 0.0
        return (
            row["people"],
            row["pupils"],
            row["patients"],
            # Nobody counted services where none has been loaded at all.
            row["facility_count"] if has_facilities else None,
            distances.get(row["identity"]),
            # Without any list nobody knows who would be on it.
            max(years, 0.0) if listed else None,
            # Of the village with most of the spot, among those whose hours are known.
            hours[0] / HOURS_OF_DAY if hours else None,
        )

    return np.array([values_of(row) for row in rows], float).reshape(-1, len(PARTS))


def _listed_since() -> dict[str, date]:
    return dict(
        Claim.objects.filter(kind=Claim.Kind.LISTED_BLANK)
        .order_by()
        .values("village_id")
        .annotate(first=Min("stated_date"))
        .values_list("village_id", "first")
    )
