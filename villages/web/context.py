"""What every page's frame needs to know about the site and its visitor."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from kukar_connect.navigation import menu_for
from kukar_connect.roles import can_see_map, has_role
from villages.selectors.people_places import has_demo_data
from villages.services.webhook_events import LEAST_ROLE


def site(request: HttpRequest) -> dict[str, Any]:
    # Lazy, so that an error page that shows none of it asks no database.
    return {"site": SimpleLazyObject(lambda: _site(request))}


def _site(request: HttpRequest) -> dict[str, Any]:
    user = request.user
    allowed = {
        "has_demo_data": has_demo_data(),
        "can_see_map": can_see_map(user),
        "is_public": settings.KUKAR_PUBLIC_MAP,
        "can_have_webhooks": has_role(user, LEAST_ROLE),
        "can_report": has_role(user, "field"),
        "can_see_reports": has_role(user, "verifier"),
        "can_import": has_role(user, "analyst"),
        "is_admin": has_role(user, "admin"),
    }
    return {**allowed, "navigation": menu_for(allowed, request.path)}


def kept_site(path: str) -> dict[str, Any]:
    """Return the same for everyone: the frame of a page that a phone keeps."""
    allowed = {
        "has_demo_data": has_demo_data(),
        "can_see_map": True,
        "can_report": True,
    }
    return {**allowed, "navigation": menu_for(allowed, path)}
