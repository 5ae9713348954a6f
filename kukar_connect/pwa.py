"""What makes the report form an app that installs and opens without a network."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

# What the form's page asks for.
FILES = (
    "css/site.css",
    "css/report.css",
    "img/icon.svg",
    "img/logo.svg",
    "img/rsrp-menu.svg",
    "js/site.js",
    "js/report/form.js",
    "leaflet/leaflet.js",
    "leaflet/leaflet.css",
)


def shell() -> list[str]:
    """Return the addresses that the service worker keeps."""
    return [
        reverse("report-form"),
        *(static(name) for name in FILES),
        reverse("api-districts"),
        reverse("api-village-points"),
    ]


@lru_cache(maxsize=1)
def _content_digest() -> str:
    """Fingerprint everything that the kept files are made of, once per process."""
    files = [_static_path(name) for name in (*FILES, "js/sw.js")]
    files += sorted((settings.BASE_DIR / "templates").rglob("*.html"))
    for directory in settings.LOCALE_PATHS:
        files += sorted(Path(directory).rglob("*.mo"))
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _static_path(name: str) -> Path:
    found = finders.find(name)
    if found is None:
        raise FileNotFoundError(name)
    return Path(found)


@require_GET
def service_worker(request: HttpRequest) -> HttpResponse:
    """Serve the worker from the root, so that it may keep pages of the whole site."""
    head = (
        f"const VERSION = {json.dumps(_content_digest())};\n"
        f"const PAGE = {json.dumps(reverse('report-form'))};\n"
        f"const SHELL = {json.dumps(shell())};\n"
    )
    return HttpResponse(
        head + _static_path("js/sw.js").read_text(encoding="utf-8"),
        content_type="text/javascript; charset=utf-8",
        # The browser asks at every visit whether there is a new one.
        headers={"Cache-Control": "no-cache"},
    )


@require_GET
def manifest(request: HttpRequest) -> JsonResponse:
    """Tell a phone how the app is called and looks when it is installed."""
    return JsonResponse(
        {
            "id": "/",
            "name": _("Kukar Connect – report the signal"),
            "short_name": "Kukar Connect",
            "description": _("Reports what signal a phone finds, also offline."),
            "lang": request.LANGUAGE_CODE,
            "start_url": reverse("report-form"),
            "scope": "/",
            "display": "standalone",
            "background_color": "#f3f6f6",
            "theme_color": "#0b3b40",
            "icons": [
                {
                    "src": static(f"img/icon-{name}.png"),
                    "sizes": f"{size}x{size}",
                    "type": "image/png",
                    "purpose": purpose,
                }
                for name, size, purpose in (
                    ("192", 192, "any"),
                    ("512", 512, "any"),
                    ("maskable-512", 512, "maskable"),
                )
            ],
        },
        content_type="application/manifest+json",
        headers={"Cache-Control": "no-cache", "Vary": "Accept-Language, Cookie"},
    )
