"""Every page of the site, for the tests that look at all of them.

A new URL goes into PAGES with what it needs to be opened, or into NOT_PAGES with the
reason why nobody reads it as a page; a test fails until it does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from django.contrib.auth.models import User
from django.contrib.gis.geos import Point
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from coverage.models import Action, ActionStatus, BlankSpot
from coverage.selectors.runs import current_run
from coverage.services.downloads.build import build_files
from villages.models import (
    Claim,
    ClaimSheet,
    ImportBatch,
    Settlement,
    Webhook,
    WebhookDelivery,
)
from villages.services.webhooks import create_webhook

VILLAGE = "64.02.12.2001"

# Name of the URL -> the address to open, made with what it needs in the database.
PAGES: dict[str, Callable[[], str]] = {
    "map": lambda: reverse("map"),
    "coverage-table": lambda: reverse("coverage-table"),
    "dashboard": lambda: reverse("dashboard"),
    "village": lambda: reverse("village", args=[VILLAGE]),
    "district": lambda: reverse("district", args=[VILLAGE[:8]]),
    "blank-spot": lambda: reverse("blank-spot", args=[a_spot().identity]),
    "priorities": lambda: reverse("priorities"),
    "actions": lambda: reverse("actions"),
    "action-new": lambda: reverse("action-new") + f"?village={VILLAGE}",
    "action": lambda: reverse("action", args=[an_action().pk]),
    "action-change": lambda: reverse("action-change", args=[an_action().pk]),
    "measure": lambda: reverse("measure"),
    "measure-route": lambda: reverse("measure-route"),
    "measure-tasks": lambda: reverse("measure-tasks"),
    "best-sites": lambda: reverse("best-sites"),
    "downloads": lambda: reverse("downloads") + some_files(),
    "data-dictionary": lambda: reverse("data-dictionary"),
    "embedded-map": lambda: reverse("embedded-map"),
    "places": lambda: reverse("places") + f"?desa={VILLAGE}",
    "place-bring": lambda: reverse("place-bring", args=["rt"]),
    "place-new": lambda: reverse("place-new", args=["rt"]) + f"?desa={VILLAGE}",
    "place": lambda: reverse("place", args=["rt", a_settlement().pk]),
    "report-form": lambda: reverse("report-form"),
    "devices": lambda: reverse("devices"),
    "tokens": lambda: reverse("tokens"),
    "webhooks": lambda: reverse("webhooks"),
    "webhook": lambda: reverse("webhook", args=[a_webhook().pk]),
    "report-import": lambda: reverse("report-import"),
    "import-detail": lambda: reverse("import-detail", args=[an_import().pk]),
    "claim-sheets": lambda: reverse("claim-sheets"),
    "claim-sheet": lambda: reverse("claim-sheet", args=[a_claim().sheet_id]),
    "claims": lambda: reverse("claims") + "?state=all",
    "claim": lambda: reverse("claim", args=[a_claim().pk]),
    "review": lambda: reverse("review"),
    "ogc": lambda: reverse("ogc") + "?f=html",
    "ogc-conformance": lambda: reverse("ogc-conformance") + "?f=html",
    "ogc-collections": lambda: reverse("ogc-collections") + "?f=html",
    "ogc-collection": lambda: reverse("ogc-collection", args=["villages"]) + "?f=html",
    "ogc-queryables": lambda: reverse("ogc-queryables", args=["villages"]) + "?f=html",
    "ogc-sortables": lambda: reverse("ogc-sortables", args=["villages"]) + "?f=html",
    "ogc-items": lambda: reverse("ogc-items", args=["villages"]) + "?f=html",
    "ogc-item": lambda: reverse("ogc-item", args=["villages", VILLAGE]) + "?f=html",
    "password_change": lambda: reverse("password_change"),
    "password_change_done": lambda: reverse("password_change_done"),
}
# Nobody who is signed in sees these.
PAGES_BEFORE_SIGNING_IN: dict[str, Callable[[], str]] = {
    "login": lambda: reverse("login"),
}

NOT_PAGES: list[tuple[str, str]] = [
    (r"api-.*|ogc-api|schema|healthz|import-status", "data for programs"),
    (r"dcat|data-dictionary-json|(run|latest)-download", "for programs, or a file"),
    (r"api-docs", "Swagger UI's own page, for programmers and in English"),
    (r".*-paper", "PDF; tests/integration/test_paper.py opens it"),
    (r".*-workbook|claim-template|claim-rows|import-rows|import-sample", "a file"),
    (r".*-(csv|xlsx|gpx|kml|geojson|gpkg|export|file)|place-template", "a file"),
    (
        r"surface-tile|first-picture|ogc-tile.*|photo|manifest|service-worker|basemap|place-outlines",
        "a picture or part of a page",
    ),
    (
        r"place-list",
        "made by an upload; tests/browser/test_places.py looks at it with axe",
    ),
    (
        r".*-(revoke|resume|cancel|discard|decide|decide-all|delete|drop|save"
        r"|pause|test|resend|secret)"
        r"|logout|set_language",
        "takes a POST and leads to a page",
    ),
]


def a_claim() -> Claim:
    """Return a statement that came in a sheet and waits for a verifier."""
    found = Claim.objects.exclude(sheet=None).first()
    if found:
        return found
    sheet = ClaimSheet.objects.create(
        file_name="pernyataan-desa.xlsx",
        sha256="a" * 64,
        occasion="Rapat camat",
        confirmed_at=timezone.now(),
        row_count=1,
        stored=1,
    )
    return Claim.objects.create(
        village_id=VILLAGE,
        kind=Claim.Kind.VILLAGE_STATEMENT,
        stated_date=timezone.localdate(),
        event="Rapat camat",
        status="tidak ada sinyal",
        source="surat desa",
        name_in_source="Hulu",
        sheet=sheet,
        digest="b" * 64,
        stated=Claim.Stated.NO_SERVICE,
        stated_by_role="Kepala desa",
        verification=Claim.Verification.TO_VERIFY,
    )


def a_spot() -> BlankSpot:
    return BlankSpot.objects.filter(ended_run=None).earliest("pk")


def some_files() -> str:
    """Build the files of the current run; nothing of them stands in the address."""
    build_files(current_run(), now=timezone.now(), progress=lambda *_: None)
    return ""


def an_action() -> Action:
    found = Action.objects.first()
    return found or Action.objects.create(
        village_id=VILLAGE,
        kind=Action.Kind.REPEATER,
        status=ActionStatus.AGREED,
        responsible="Diskominfo",
    )


def a_settlement() -> Settlement:
    return Settlement.objects.get_or_create(
        village_id=VILLAGE,
        kind=Settlement.Kind.RT,
        name="RT 1",
        defaults={"point": Point(116.05, 0.0, srid=4326), "source": "kantor desa"},
    )[0]


def a_webhook() -> Webhook:
    """Return a webhook of the account that looks at the pages, with a log."""
    found = Webhook.objects.first()
    if found:
        return found
    now = timezone.now()
    webhook, _secret = create_webhook(
        owner=User.objects.filter(groups__name="admin").earliest("pk"),
        address="https://penerima.contoh.go.id/kukar-connect/peristiwa",
        events=["run.published", "blank_spot.opened", "report.reviewed"],
        now=now,
    )
    Webhook.objects.filter(pk=webhook.pk).update(
        failures=2, last_attempt_at=now, last_outcome="status", last_status=503
    )
    ended = {"state": "delivered", "outcome": "delivered", "status": 204}
    waits = {"next_attempt_at": now, "outcome": "status", "status": 503}
    WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            webhook=webhook,
            event="run.published",
            body="{}",
            created_at=now,
            attempts=number,
            **(ended if number % 2 else waits),
        )
        for number in range(30)
    )
    return webhook


def an_import() -> ImportBatch:
    found = ImportBatch.objects.first()
    return found or ImportBatch.objects.create(
        file_name="uji-jalan.csv", state=ImportBatch.State.DONE, rows=3, stored=3
    )


def addresses() -> dict[str, str]:
    """Return every page's address, when all that they need is there for all of them."""
    return {name: make() for name, make in PAGES.items()}


def url_names(resolver: URLResolver | None = None) -> Iterator[str]:
    """Yield the names of the site's URLs, the admin's own left out."""
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            if pattern.namespace != "admin":
                yield from url_names(pattern)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield pattern.name


def is_no_page(name: str) -> bool:
    return any(re.fullmatch(known, name) for known, _ in NOT_PAGES)
