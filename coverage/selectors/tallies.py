"""Places of people counted by state, and shares by what they count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from coverage.core.officials import Official
from coverage.models import ANY_OPERATOR, LayerOperator
from coverage.selectors.places import PlaceRow

STATES = ("covered", "weak", "likely_blank", "blank", "unknown")


def with_all_operators(
    rows: Sequence[PlaceRow], codes: Iterable[str]
) -> list[PlaceRow]:
    """Return *rows* with one for every operator at every place, unknown where none is.

    An operator that nobody reported has no layer, and a village that was never
    computed has no place: both are unknown, and are shown so.
    """
    known = {(r.village, r.settlement, r.facility, r.operator): r for r in rows}
    places = dict.fromkeys((r.village, r.settlement, r.facility) for r in rows)
    peopled = {r.village for r in rows if r.is_of_people}
    places |= dict.fromkeys((code, None, None) for code in codes if code not in peopled)
    nothing = PlaceRow("", None, None, "", None, None, None, None)
    return [
        known.get((*place, operator))
        or replace(
            nothing,
            village=place[0],
            settlement=place[1],
            facility=place[2],
            operator=operator,
        )
        for place in places
        for operator in LayerOperator.values
    ]


@dataclass(frozen=True)
class OfficialTally:
    """How many places have which state, and how sure that is on average.

    ``confidence`` is the mean over the places that were measured, None without any.
    """

    counts: dict[Official, int]
    confidence: float | None

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def present(self) -> list[tuple[Official, int]]:
        """The states that occur, best first."""
        return [(s, self.counts[s]) for s in Official if self.counts[s]]

    @property
    def single(self) -> Official | None:
        """The state of all places alike, None where they differ."""
        present = self.present
        return present[0][0] if len(present) == 1 else None

    def of(self, states: Iterable[Official]) -> int:
        return sum(self.counts[state] for state in states)


def tally(rows: Iterable[PlaceRow]) -> OfficialTally:
    counts: Counter[Official] = Counter()
    sure: list[float] = []
    for row in rows:
        counts[row.official] += 1
        if row.confidence is not None:
            sure.append(row.confidence)
    return OfficialTally(
        counts={state: counts[state] for state in Official},
        confidence=sum(sure) / len(sure) if sure else None,
    )


def tallies_of(rows: Sequence[PlaceRow]) -> dict[str, OfficialTally]:
    """Return for each operator the places of people by state."""
    return {
        operator: tally(r for r in rows if r.operator == operator and r.is_of_people)
        for operator in LayerOperator.values
    }


def people_without_4g(
    rows: Iterable[PlaceRow], people: Mapping[int, int | None]
) -> tuple[int | None, int | None]:
    """Return the people without 4G and those whose place nobody measured for it.

    The internet layer alone decides, as on the dashboard: a place where calls were not
    measured is without 4G all the same. Both are None where none of the settlements has
    its people loaded: that is not 0.

    Parameters
    ----------
    rows : of one operator
    people : of each settlement, None where it is not loaded
    """
    counted = [
        (row.state_of("internet"), people[row.settlement])
        for row in rows
        if row.settlement is not None and people.get(row.settlement) is not None
    ]
    if not counted:
        return None, None
    return (
        sum(n or 0 for state, n in counted if state in ("blank", "likely_blank")),
        sum(n or 0 for state, n in counted if state == "unknown"),
    )


@dataclass(frozen=True)
class ShareCell:
    state: str
    value: float
    share: float


@dataclass(frozen=True)
class ShareRow:
    """One operator: how much of a measure is in which state."""

    operator: str
    cells: list[ShareCell]
    total: float

    @property
    def parts(self) -> list[dict[str, Any]]:
        """The states as pieces of a bar 100 wide (`coverage/shares_bar.html`)."""
        start, parts = 0.0, []
        for cell in self.cells:
            parts.append(
                {
                    "state": cell.state,
                    "share": cell.share,
                    "x": f"{start * 100:.3f}",
                    "width": f"{cell.share * 100:.3f}",
                }
            )
            start += cell.share
        return parts


def share_row(operator: str, amounts: Mapping[str, float]) -> ShareRow:
    total = sum(amounts.values())
    return ShareRow(
        operator=operator,
        cells=[
            ShareCell(
                state=state,
                value=amounts.get(state, 0),
                share=amounts.get(state, 0) / total if total else 0.0,
            )
            for state in STATES
        ],
        total=total,
    )


def counted_shares(
    rows: Iterable[PlaceRow], service: str, weights: Mapping[PlaceRow, float]
) -> list[ShareRow]:
    """Return for each operator how much of the *weights* is in which state."""
    amounts: dict[str, Counter[str]] = {o: Counter() for o in LayerOperator.values}
    for row in rows:
        if weight := weights.get(row):
            amounts[row.operator][row.state_of(service)] += weight  # type: ignore[assignment]  # typeshed has whole numbers only
    return [share_row(o, a) for o, a in amounts.items() if a]


def area_shares(
    layers: Iterable[Mapping[str, Any]], service: str, area_km2: float
) -> list[ShareRow]:
    """Return for each operator the km² in each state; all unknown without a layer.

    Parameters
    ----------
    layers : rows of VillageCoverage; those of several villages are added up
    area_km2 : what is unknown where an operator has no layer
    """
    amounts: dict[str, Counter[str]] = {o: Counter() for o in LayerOperator.values}
    for layer in layers:
        if layer["service"] != service:
            continue
        of_operator = amounts[layer["operator"]]
        weak = layer["weak_km2"]
        for state, km2 in (
            ("covered", max(layer["covered_km2"] - weak, 0.0)),
            ("weak", weak),
            ("likely_blank", layer["likely_blank_km2"]),
            ("blank", layer["blank_km2"]),
            ("unknown", layer["unknown_km2"]),
        ):
            of_operator[state] += km2
    # Of the same squares as the others, so that rows compare.
    whole = sum(amounts[ANY_OPERATOR].values()) or area_km2
    return [
        share_row(operator, of_operator or {"unknown": whole})
        for operator, of_operator in amounts.items()
    ]
