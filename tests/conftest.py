"""A fixed cast, and facts that every test may lean on."""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime, timedelta

import hypothesis
import pytest
from django.contrib.auth.models import Group
from django.contrib.gis.geos import MultiPolygon, Point, Polygon
from django.utils import timezone, translation

from coverage.selectors import runs
from kukar_connect import kept_answers
from villages.models import District, Village
from villages.services.submit_reports import NewReport, store_reports

# Playwright's sync API runs an event loop in the test's thread; Django would
# otherwise take every query there for a mistake.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

# A busy machine may take its time over an example, and what CI finds it finds again.
# HYPOTHESIS_PROFILE=default looks at other examples each time.
hypothesis.settings.register_profile(
    "kukar",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "kukar"))

ROLLBACK = "django_db_serialized_rollback"
NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


def pytest_collection_modifyitems(items):
    """Keep the tests of a file in one process, but for those that empty the tables.

    bin/test runs a process a processor, each with a database of its own. As without
    them, what wants to find the roles of the migration has to come first. And who
    empties the tables puts back what the migrations had put there: where only some
    did, Django would make rows anew that the next test brings back.
    """
    for item in items:
        marker = item.get_closest_marker("django_db")
        empties = (
            marker is not None and marker.kwargs.get("transaction", False)
        ) or not {"live_server", "transactional_db"}.isdisjoint(item.fixturenames)
        if empties and ROLLBACK not in item.fixturenames:
            item.fixturenames.insert(0, ROLLBACK)
        part = "last" if empties else "first"
        item.add_marker(pytest.mark.xdist_group(f"{item.path.stem}-{part}"))


@pytest.fixture(autouse=True)
def own_language():
    """Begin in the site's language, whichever one the request before was answered in."""
    translation.deactivate()


@pytest.fixture(autouse=True)
def own_runs(monkeypatch):
    """Know nothing of the runs of the test before; see every run at once."""
    monkeypatch.setattr(runs, "CURRENT_FOR_S", 0.0)
    runs._current.clear()


@pytest.fixture
def now():
    return NOW


@pytest.fixture
def account(db, django_user_model):
    def make(name, role=None):
        user = django_user_model.objects.create_user(name, password="rahasia-sekali")
        if role:
            # A test of transactions empties every table, the roles of the migration too.
            user.groups.add(Group.objects.get_or_create(name=role)[0])
        return user

    return make


@pytest.fixture
def reporter(account):
    """Field staff of one village."""
    return account("reporter", "field")


@pytest.fixture
def officer(account):
    """Viewer at Diskominfo."""
    return account("officer", "viewer")


@pytest.fixture
def verifier(account):
    return account("verifier", "verifier")


@pytest.fixture
def outsider(account):
    """Signed in, and may see nothing private."""
    return account("outsider")


def a_village(code, name, bbox):
    district, _ = District.objects.get_or_create(
        code=code[:8], defaults={"name": f"Kecamatan {code[6:8]}"}
    )
    west, south, east, north = bbox
    return Village.objects.create(
        code=code,
        name=name,
        kind="desa",
        district=district,
        # Beside the middle, where a report is taken for the village's point.
        point=Point((west + east) / 2 + 0.001, (south + north) / 2, srid=4326),
        area_km2=100.0,
        boundary=MultiPolygon(Polygon.from_bbox(bbox), srid=4326),
        boundary_source="official",
    )


@pytest.fixture
def two_villages(db):
    """Two neighbours of about 11 by 11 km on either side of 116.1° E."""
    return (
        a_village("64.02.12.2001", "Hulu", (116.0, -0.05, 116.1, 0.05)),
        a_village("64.02.12.2002", "Hilir", (116.1, -0.05, 116.2, 0.05)),
    )


def a_report(**values):
    """Return a report that is valid; the test states only what matters to it."""
    return NewReport(
        **{
            "id": uuid.uuid4(),
            "operator": "TELKOMSEL",
            "technology": "4G",
            "found": "data",
            "rsrp_dbm": -95.0,
            "lon": 116.05,
            "lat": 0.0,
            "accuracy_m": 8.0,
            "observed_at": NOW - timedelta(days=3),
            "environment": "outdoor",
            **values,
        }
    )


def no_service(**values):
    return a_report(found="no_service", technology="", rsrp_dbm=None, **values)


def store(*reports, now=NOW, **values):
    return store_reports(reports=reports, source="test", now=now, **values)


@pytest.fixture
def a_blank_west(two_villages):
    """No service all over the western village, good signal in the eastern one."""
    reports = []
    for i in range(6):
        for j in range(6):
            offset_lon, offset_lat = 0.02 + 0.012 * i, -0.03 + 0.012 * j
            reports.append(no_service(lon=116.0 + offset_lon, lat=offset_lat))
            reports.append(
                a_report(lon=116.1 + offset_lon, lat=offset_lat, rsrp_dbm=-82.0)
            )
    store(*reports, now=timezone.now())
    return two_villages


@pytest.fixture
def own_store(settings, tmp_path):
    """Kept answers of this test alone, and nothing known of earlier runs."""
    settings.KUKAR_LOCAL_DIR = tmp_path
    kept_answers._store_at.cache_clear()
    runs._known.clear()
    yield
    kept_answers.store().close()
    kept_answers._store_at.cache_clear()
