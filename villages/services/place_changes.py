"""What every change of settlements and facilities leaves behind it."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.contrib.gis.geos import Point
from django.db import connection

from villages.models import Facility, Operator, Settlement, SignalReport, Village
from villages.services.submit_reports import leave_change

# Where a village has no boundary yet.
REGENCY = (115.2, -1.2, 117.7, 1.6)


# Two at once would both add the same place.
_LOCK = 64_0211


def hold_places() -> None:
    """Let nobody else change places until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def operators_with_reports() -> list[str]:
    return [
        operator
        for operator in Operator.values
        if SignalReport.objects.filter(operator=operator).exists()
    ]


def note_moved_places(points: Iterable[Point | tuple[float, float]]) -> None:
    """Leave one note for the worker that places at *points* came, went or moved.

    *points* are where they are now and where they were before, (lon, lat). Call it
    inside the transaction that changes them. Without reports there is no map that
    could be stale, and no note.
    """
    lonlat = [(p.x, p.y) if isinstance(p, Point) else p for p in points]
    operators = operators_with_reports() if lonlat else []
    if not operators:
        return
    lons, lats = zip(*lonlat, strict=True)
    leave_change(
        operators=operators, extent=(min(lons), min(lats), max(lons), max(lats))
    )


def make_way_for_real(
    model: type[Settlement | Facility], village_codes: Collection[str]
) -> list[Point]:
    """Remove the demonstration rows of *model* in villages that have real ones now.

    Returns where they were, and the villages' own points: those stood for people
    until there were settlements. A village's own never stand beside invented ones.
    """
    if not village_codes:
        return []
    gone = model.objects.filter(is_demo=True, village__in=village_codes)
    points = list(gone.values_list("point", flat=True))
    gone.delete()
    return points + village_points(village_codes)


def village_points(codes: Collection[str]) -> list[Point]:
    """Return the points that stand for people in villages without settlements."""
    rows = Village.objects.filter(code__in=codes).values_list(
        "settlement_point", "point"
    )
    return [settlement_point or point for settlement_point, point in rows]
