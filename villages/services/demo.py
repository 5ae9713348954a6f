"""Demonstration reports: a plausible regency, so that the map can be tried out.

Nothing here is measured. Sites stand in real villages by chance, signal falls with
distance as in open country, and every report is marked ``is_demo``.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import numpy as np
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils.translation import gettext_noop
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from kukar_connect.errors import DomainError
from villages.models import Claim, Operator, ReportChange, SignalReport, Village
from villages.services.demo_places import remove_demo_places
from villages.services.submit_reports import NewReport, leave_change, store_reports

COUNT = 20_000
SEED = 6402
NAMESPACE = uuid.UUID("6f3b6b0e-5f3c-5c0a-9d86-6402640264ab")
CHUNK = 5_000
M_PER_DEG = 111_000.0

# How likely a village has a site: towns always, villages by operator.
SITE_CHANCE = {"TELKOMSEL": 0.55, "INDOSAT": 0.35, "XLSMART": 0.28}
SHARE = {"TELKOMSEL": 0.5, "INDOSAT": 0.28, "XLSMART": 0.22}
# RSRP one kilometre from a site and its fall per decade of distance: the order of
# the Okumura-Hata model in open country; shadowing of 8 dB over 600 m.
AT_1_KM_DBM, SLOPE_DB, SHADOW_DB, SHADOW_M, JITTER_DB = -82.0, 38.0, 8.0, 600.0, 3.0
DATA_FROM_DBM, VOICE_FROM_DBM = -118.0, -122.0
# A demonstration account is named so.
ACCOUNT_PREFIX = "demo-"


class DemoError(DomainError):
    title = gettext_noop("The demonstration data cannot be loaded.")


def load_demo(
    *, now: datetime, progress: Callable[[int, int | None, str], None]
) -> int:
    """Store the demonstration reports; return how many. Safe to repeat.

    Places and readings are always the same; the dates count back from *now*.

    Raises
    ------
    DemoError
        If no villages are loaded.
    """
    if SignalReport.objects.filter(is_demo=True).exists():
        return 0
    villages = list(Village.objects.order_by("code").defer("boundary"))
    if not villages:
        message = "Load the villages first: bin/manage load_villages."
        raise DemoError(message)
    reports = _reports(villages, now)
    stored = 0
    with transaction.atomic():
        for start in range(0, len(reports), CHUNK):
            part = reports[start : start + CHUNK]
            store_reports(reports=part, source="demo", now=now, is_demo=True)
            stored += len(part)
            progress(stored, len(reports), "Demonstration reports")
    return stored


@transaction.atomic
def remove_demo() -> dict[str, int]:
    """Remove every demonstration report, place and account. Safe to repeat.

    Runs that were computed with them are marked as such and stay; the map follows
    with the next run.
    """
    demo = SignalReport.objects.filter(is_demo=True)
    operators = sorted(demo.values_list("operator", flat=True).distinct().order_by())
    removed = demo.count()
    if operators:
        boundaries = Village.objects.values_list("boundary", flat=True)
        extents = [b.extent for b in boundaries if b is not None]
        demo.delete()
        # One note per operator and not per report: all of the regency is stale.
        ReportChange.objects.filter(operators__contained_by=operators).delete()
        west, south, east, north = np.array(extents or [(115.2, -1.2, 117.7, 1.6)]).T
        leave_change(
            operators=operators,
            extent=(
                float(west.min()),
                float(south.min()),
                float(east.max()),
                float(north.max()),
            ),
        )
    accounts = get_user_model().objects.filter(username__startswith=ACCOUNT_PREFIX)
    count = accounts.count()
    accounts.delete()
    return {"reports": removed, "accounts": count, **remove_demo_places()}


def _reports(villages: list[Village], now: datetime) -> list[NewReport]:
    random = np.random.default_rng(SEED)
    places = np.array(
        [
            ((v.settlement_point or v.point).x, (v.settlement_point or v.point).y)
            for v in villages
        ]
    )
    listed = set(
        Claim.objects.filter(kind=Claim.Kind.LISTED_BLANK).values_list(
            "village", flat=True
        )
    )
    lon, lat, on_road = _positions(places, random)
    days = random.uniform(0, 365, COUNT)
    operators = random.choice(list(SHARE), COUNT, p=list(SHARE.values()))
    rsrp = np.empty(COUNT)
    for operator, chance in SITE_CHANCE.items():
        has_site = np.array(
            [
                v.kind == Village.Kind.KELURAHAN
                or (v.code not in listed and draw < chance)
                for v, draw in zip(villages, random.random(len(villages)), strict=True)
            ]
        )
        mine = operators == operator
        rsrp[mine] = _signal(places[has_site], lon[mine], lat[mine], random)
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return list(_as_reports(operators, lon, lat, on_road, rsrp, days, today))


def _positions(
    places: NDArray[np.float64], random: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return where people reported: in villages and on the ways between neighbours."""
    start = random.integers(0, len(places), COUNT)
    near = cKDTree(places).query(places, k=4)[1]
    end = near[start, random.integers(1, 4, COUNT)]
    on_road = random.random(COUNT) < 0.6
    along = np.where(on_road, random.random(COUNT), 0.0)[:, np.newaxis]
    # Visits come back to the same stops along a way.
    along = np.round(along * 40) / 40
    spread_m = np.where(on_road, 60.0, 1_200.0)[:, np.newaxis]
    scatter = random.normal(size=(COUNT, 2)) * spread_m / M_PER_DEG
    lonlat = places[start] * (1 - along) + places[end] * along + scatter
    return lonlat[:, 0].round(6), lonlat[:, 1].round(6), on_road


def _signal(
    sites: NDArray[np.float64],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    random: np.random.Generator,
) -> NDArray[np.float64]:
    away_deg, _ = cKDTree(sites).query(np.stack([lon, lat], axis=1))
    away_km = np.maximum(away_deg * M_PER_DEG / 1000, 0.05)
    waves = random.normal(size=(200, 2)) * M_PER_DEG / SHADOW_M
    phases = random.uniform(0, 2 * np.pi, 200)
    shadow = np.cos(np.stack([lon, lat], axis=1) @ waves.T + phases).sum(axis=1)
    shadow *= SHADOW_DB * np.sqrt(2 / 200)
    noise = random.normal(scale=JITTER_DB, size=len(lon))
    return AT_1_KM_DBM - SLOPE_DB * np.log10(away_km) + shadow + noise


def _as_reports(
    operators: NDArray[np.str_],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    on_road: NDArray[np.bool_],
    rsrp: NDArray[np.float64],
    days: NDArray[np.float64],
    today: datetime,
) -> Iterator[NewReport]:
    for i in range(COUNT):
        if rsrp[i] >= DATA_FROM_DBM:
            found, technology, reading = (
                "data",
                "4G",
                float(np.clip(round(rsrp[i]), -140, -50)),
            )
        elif rsrp[i] >= VOICE_FROM_DBM:
            found, technology, reading = "voice_only", "2G", None
        else:
            found = "emergency_only" if i % 12 == 0 else "no_service"
            technology, reading = "", None
        yield NewReport(
            id=uuid.uuid5(NAMESPACE, str(i)),
            operator=Operator(str(operators[i])).value,
            technology=technology,
            found=found,
            rsrp_dbm=reading,
            lon=float(lon[i]),
            lat=float(lat[i]),
            accuracy_m=float(5 + i % 20),
            observed_at=today - timedelta(days=float(days[i])),
            environment="vehicle" if on_road[i] and i % 3 else "outdoor",
            device_model=f"Demo {i % 60 + 1}",
        )
