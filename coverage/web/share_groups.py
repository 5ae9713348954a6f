"""Shares of a village or district by settlement, people, facilities and area."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from coverage.models import Service
from coverage.selectors.places import PlaceRow
from coverage.selectors.tallies import ShareRow, area_shares, counted_shares
from coverage.web import words
from villages.models import Facility, Settlement

FACILITY_KINDS = (Facility.Kind.SCHOOL, Facility.Kind.HEALTH_CENTRE)


def share_groups(
    rows: Sequence[PlaceRow],
    settlements: Sequence[Settlement],
    facilities: Sequence[Facility],
    layers: Sequence[Mapping[str, Any]],
    area_km2: float,
) -> list[dict[str, Any]]:
    """Return for each service its groups of shares, one row an operator.

    What is not known is a state of its own everywhere, and what the office has not
    loaded is said instead of shown as nothing.
    """
    return [
        {
            "service": service.value,
            "name": service.label,
            "groups": [
                _settlements(rows, service.value),
                _people(rows, service.value, settlements),
                *(
                    _facilities(rows, service.value, facilities, kind)
                    for kind in FACILITY_KINDS
                ),
                _area(layers, service.value, area_km2),
            ],
        }
        for service in Service
    ]


def _group(
    key: str, title: str, rows: Iterable[ShareRow], *, unit: str, note: str = ""
) -> dict[str, Any]:
    return {
        "key": key,
        "title": title,
        "unit": unit,
        "note": note,
        "rows": [
            {"name": words.operator_name(row.operator), "row": row} for row in rows
        ],
    }


def _settlements(rows: Sequence[PlaceRow], service: str) -> dict[str, Any]:
    ones = {row: 1.0 for row in rows if row.is_of_people}
    points = {row.village for row in ones if row.settlement is None}
    note = ""
    if points:
        note = ngettext(
            "%(n)s village has no settlement loaded: its own point stands in.",
            "%(n)s villages have no settlement loaded: their own points stand in.",
            len(points),
        ) % {"n": len(points)}
    shares = counted_shares(rows, service, ones)
    return _group("settlements", _("Settlements"), shares, unit="count", note=note)


def _people(
    rows: Sequence[PlaceRow], service: str, settlements: Sequence[Settlement]
) -> dict[str, Any]:
    people = {s.pk: s.people for s in settlements if s.people is not None}
    weights = {
        row: float(people[row.settlement])
        for row in rows
        if row.settlement is not None and row.settlement in people
    }
    title = _("People in settlements")
    if not weights:
        note = _("No data yet: the office has loaded no people of settlements.")
        return _group("people", title, [], unit="count", note=note)
    missing = len(settlements) - len(people)
    note = ""
    if missing:
        note = ngettext(
            "%(n)s settlement without a number of people is not in it.",
            "%(n)s settlements without a number of people are not in it.",
            missing,
        ) % {"n": missing}
    shares = counted_shares(rows, service, weights)
    return _group("people", title, shares, unit="count", note=note)


def _facilities(
    rows: Sequence[PlaceRow],
    service: str,
    facilities: Sequence[Facility],
    kind: Facility.Kind,
) -> dict[str, Any]:
    of_kind = {facility.pk for facility in facilities if facility.kind == kind}
    ones = {row: 1.0 for row in rows if row.facility in of_kind}
    title, nothing = {
        Facility.Kind.SCHOOL: (_("Schools"), _("No data yet: no school is loaded.")),
        Facility.Kind.HEALTH_CENTRE: (
            _("Puskesmas"),
            _("No data yet: no puskesmas is loaded."),
        ),
    }[kind]
    shares = counted_shares(rows, service, ones)
    note = "" if ones else nothing
    return _group(kind.value, title, shares, unit="count", note=note)


def _area(
    layers: Sequence[Mapping[str, Any]], service: str, area_km2: float
) -> dict[str, Any]:
    title = _("Area")
    if not layers:
        note = _("No shares of the area: no boundary, or nothing computed yet.")
        return _group("area", title, [], unit="km2", note=note)
    return _group("area", title, area_shares(layers, service, area_km2), unit="km2")
