"""The page where verifiers look at odd reports, one at a time or a whole import."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.contrib.gis.geos import Point
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import TemplateView

from kukar_connect.errors import DomainError
from kukar_connect.roles import RoleRequiredMixin, role_required
from villages.flags import Flag, flag_effects
from villages.models import (
    Device,
    Environment,
    Found,
    ImportBatch,
    Operator,
    ReviewState,
    SignalReport,
)
from villages.models.reports import Internet, receipt
from villages.models.reviews import LONGEST_REASON
from villages.selectors.photos import photos_of
from villages.selectors.places import nearest_village
from villages.selectors.review_queue import (
    QUEUES,
    SHOWN,
    SOURCES,
    ReviewFilter,
    can_be_asked,
    neighbours_of,
    part_of_queue,
    report_of_receipt,
    same_day_of,
)
from villages.services.review_reports import (
    DECISIONS,
    MOST_AT_ONCE,
    review_reports,
)

QUEUE_NAMES = {
    "held": gettext_lazy("Held back"),
    "answered": gettext_lazy("Answered by the reporter"),
    "flagged": gettext_lazy("All with a flag"),
    "asked": gettext_lazy("Waiting for the reporter"),
    "open": gettext_lazy("All not decided"),
    "accepted": gettext_lazy("Accepted"),
    "rejected": gettext_lazy("Rejected"),
}
# What is found, in the five words of the form: its colour and shape on the map.
KIND_NAMES = {
    "none": gettext_lazy("no signal"),
    "emergency": gettext_lazy("emergency calls only"),
    "calls": gettext_lazy("calls only"),
    "slow": gettext_lazy("slow internet"),
    "data": gettext_lazy("internet"),
    "good": gettext_lazy("good internet"),
}
STATE_NAMES = {
    "unreviewed": pgettext_lazy("review", "not decided"),
    "accepted": pgettext_lazy("review", "accepted"),
    "rejected": pgettext_lazy("review", "rejected"),
    "asked": pgettext_lazy("review", "reporter asked"),
    "answered": pgettext_lazy("review", "reporter answered"),
}
_KIND_OF_FOUND = {
    Found.NO_SERVICE: "none",
    Found.EMERGENCY_ONLY: "emergency",
    Found.VOICE_ONLY: "calls",
}


def kind_of(found: str, internet: str) -> str:
    if found == Found.DATA:
        return {Internet.UNKNOWN: "data"}.get(Internet(internet), internet)
    return _KIND_OF_FOUND[Found(found)]


_READ_SOURCE: dict[str, Callable[[str], object]] = {
    "batch": UUID,
    "device": UUID,
    "account": int,
}


def read_filter(query: QueryDict) -> ReviewFilter:
    """Return the filter that an address asks for.

    Raises
    ------
    Http404
        If it names no source that could be: everything would be decided about instead.
    """
    queue, flag = query.get("queue", ""), query.get("flag", "")
    source = next((name for name in SOURCES if name in query), "")
    source_id = query.get(source, "")
    if source:
        try:
            source_id = str(_READ_SOURCE[source](source_id[:36]))
        except ValueError as error:
            raise Http404 from error
    if queue not in QUEUES or (queue == "open" and not source):
        queue = "open" if source else "held"
    return ReviewFilter(
        queue=queue,
        flag=flag if flag in Flag.values else "",
        source=source,
        source_id=source_id,
    )


def _chosen(query: QueryDict, name: str) -> SignalReport | None:
    """Return the report that an address names, if there is one."""
    try:
        report_id = UUID(query.get(name, ""))
    except ValueError:
        return None
    return (
        SignalReport.objects.select_related("village", "reported_by", "device", "batch")
        .filter(pk=report_id)
        .first()
    )


class ReviewPage(RoleRequiredMixin, TemplateView):
    """The queue, and one report of it with all that helps to decide."""

    role = "verifier"
    template_name = "villages/review.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        chosen = read_filter(self.request.GET)
        if not self.request.GET:
            chosen = _where_something_waits(chosen)
        after = _chosen(self.request.GET, "after")
        listed = part_of_queue(chosen.reports(), after)
        code = self.request.GET.get("receipt", "")
        report = (
            report_of_receipt(code)
            if code
            else _chosen(self.request.GET, "report") or next(iter(listed), None)
        )
        kwargs |= {"code": code, "is_code_unknown": bool(code) and report is None}
        kwargs |= _queue_context(chosen, listed, report)
        if report is not None:
            kwargs |= _report_context(report)
        return super().get_context_data(**kwargs)


def _where_something_waits(chosen: ReviewFilter) -> ReviewFilter:
    """Return the most urgent queue that holds anything, for who opens the page."""
    counts = chosen.counts()
    urgent = ("held", "answered", "flagged")
    queue = next((name for name in urgent if counts[name]), chosen.queue)
    return replace(chosen, queue=queue)


def _queue_context(
    chosen: ReviewFilter, listed: list[SignalReport], report: SignalReport | None
) -> dict[str, Any]:
    counts = chosen.counts()
    places = [each.pk for each in listed]
    place = places.index(report.pk) if report and report.pk in places else None
    before = places[place - 1] if place else None
    behind = places[0] if place is None and places else None
    if place is not None and place + 1 < len(places):
        behind = places[place + 1]
    return {
        "queues": [
            {
                "name": QUEUE_NAMES[name],
                "count": counts.get(name),
                "query": chosen.query(queue=name, flag=""),
                "is_chosen": name == chosen.queue and not chosen.flag,
            }
            for name in QUEUES
            if name != "open" or chosen.source
        ],
        "effects": [
            {
                "effect": effect,
                "count": counts[effect.flag.value],
                "query": chosen.query(queue="flagged", flag=effect.flag.value),
                "is_chosen": effect.flag.value == chosen.flag,
            }
            for effect in flag_effects()
        ],
        "queue_name": QUEUE_NAMES[chosen.queue],
        "flag_name": Flag(chosen.flag).label if chosen.flag else "",
        "source_name": _source_name(chosen),
        "query": chosen.query(),
        "all_query": ReviewFilter().query(),
        "items": [
            {
                "report": each,
                "kind": kind_of(each.found, each.internet),
                "query": chosen.query(report=str(each.pk)),
            }
            for each in listed
        ],
        "more_query": chosen.query(after=str(places[-1]))
        if len(listed) == SHOWN
        else "",
        "before_query": chosen.query(report=str(before)) if before else "",
        "behind_query": chosen.query(report=str(behind)) if behind else "",
        "behind": behind or before or "",
        "longest_reason": LONGEST_REASON,
        "most_at_once": MOST_AT_ONCE,
    }


def _source_name(chosen: ReviewFilter) -> str:
    if chosen.source == "batch":
        batch = ImportBatch.objects.filter(pk=chosen.source_id).first()
        return _("import “%(file)s”") % {"file": batch.file_name if batch else "?"}
    if chosen.source == "device":
        device = Device.objects.filter(pk=chosen.source_id).first()
        return _("phone “%(name)s”") % {"name": device.name if device else "?"}
    if chosen.source == "account":
        user = get_user_model().objects.filter(pk=chosen.source_id).first()
        return _("account “%(name)s”") % {"name": user.get_username() if user else "?"}
    return ""


def _report_context(report: SignalReport) -> dict[str, Any]:
    neighbours = [_around(row) for row in neighbours_of(report)]
    of_day = [_around(row) for row in same_day_of(report)]
    kind = kind_of(report.found, report.internet)
    effects = {effect.flag.value: effect for effect in flag_effects()}
    return {
        "report": report,
        "far_from": None if report.village_id else _far_from(report.point),
        "can_be_asked": can_be_asked(report),
        "can_be_accepted": Flag.IMPOSSIBLE_TIME.value not in report.flags,
        "receipt": receipt(report.digest),
        "kind": kind,
        "kind_name": KIND_NAMES[kind],
        "state_name": STATE_NAMES[report.review_state],
        "environment_name": Environment(report.environment).label,
        "flags": [effects[flag] for flag in report.flags if flag in effects],
        "is_decided": report.review_state
        in (ReviewState.ACCEPTED, ReviewState.REJECTED),
        "trail": [
            {"review": review, "name": STATE_NAMES[review.decision]}
            for review in report.reviews.all()
        ],
        "photos": photos_of(report),
        "neighbours": neighbours,
        "of_day": of_day,
        "range_m": round(settings.KUKAR_NEIGHBOUR_RANGE_M),
        "kinds": KIND_NAMES.items(),
        "map_data": {
            "report": {
                "lon": report.point.x,
                "lat": report.point.y,
                "accuracy_m": report.accuracy_m,
                "kind": kind,
            },
            "neighbours": [
                {k: row[k] for k in ("lon", "lat", "kind", "number")}
                | {"text": f"{row['number']}. {row['kind_name']}"}
                for row in (
                    row | {"number": number} for number, row in enumerate(neighbours, 1)
                )
            ],
            "range_m": settings.KUKAR_NEIGHBOUR_RANGE_M,
        },
    }


def _far_from(point: Point) -> str | None:
    """Say how far a point of no village is from the nearest village's centre."""
    nearest = nearest_village(point)
    if nearest is None:
        return None
    village, km = nearest
    decimals = 1 if km < 10 else 0
    return _("about %(km)s km from the centre of %(village)s") % {
        "km": formats.number_format(round(km, decimals), decimals, force_grouping=True),
        "village": village.name,
    }


def _around(row: dict[str, Any]) -> dict[str, Any]:
    kind = kind_of(row["found"], row["internet"])
    return row | {
        "kind": kind,
        "kind_name": str(KIND_NAMES[kind]),
        "operator_name": Operator(row["operator"]).label,
        "state_name": STATE_NAMES[row["review_state"]],
    }


# --- deciding --------------------------------------------------------------------


def _done(decision: str, count: int) -> str:
    texts = {
        ReviewState.ACCEPTED: ngettext(
            "%(count)d report accepted.", "%(count)d reports accepted.", count
        ),
        ReviewState.REJECTED: ngettext(
            "%(count)d report rejected.", "%(count)d reports rejected.", count
        ),
        ReviewState.ASKED: ngettext(
            "The reporter of %(count)d report is asked.",
            "The reporters of %(count)d reports are asked.",
            count,
        ),
    }
    return texts[ReviewState(decision)] % {"count": count}


@require_POST
@role_required("verifier")
def decide(request: HttpRequest) -> HttpResponseBase:
    """Decide about one report and go on to the next of the queue."""
    chosen = read_filter(request.GET)
    report = _chosen(request.POST, "report")
    behind = request.POST.get("behind", "")
    if report is None:
        messages.error(request, _("This report is not there any more."))
        return _to_queue(chosen.query())
    if request.POST.get("state", report.review_state) != report.review_state:
        messages.warning(
            request,
            _(
                "Somebody has decided about this report meanwhile. Look at it "
                "once more."
            ),
        )
        return _to_queue(chosen.query(report=str(report.pk)))
    decision = request.POST.get("decision", "")
    try:
        count = review_reports(
            ids=[report.pk],
            decision=decision,
            reason=request.POST.get("reason", ""),
            by=cast("User", request.user),
        )
    except DomainError as error:
        messages.error(request, error.detail)
        return _to_queue(chosen.query(report=str(report.pk)))
    if count:
        messages.success(request, _done(decision, count))
    return _to_queue(chosen.query(report=behind))


@require_POST
@role_required("verifier")
def decide_all(request: HttpRequest) -> HttpResponseBase:
    """Decide about all reports of a filter, once their number was confirmed."""
    chosen = read_filter(request.GET)
    decision = request.POST.get("decision", "")
    reason = request.POST.get("reason", "")
    if decision not in DECISIONS:
        messages.error(request, _("Decide to accept, to reject or to ask."))
        return _to_queue(chosen.query())
    ids = list(chosen.reports().values_list("pk", flat=True)[: MOST_AT_ONCE + 1])
    is_more = len(ids) > MOST_AT_ONCE
    ids = ids[:MOST_AT_ONCE]
    if request.POST.get("count") == str(len(ids)):
        try:
            count = review_reports(
                ids=ids, decision=decision, reason=reason, by=cast("User", request.user)
            )
        except DomainError as error:
            messages.error(request, error.detail)
        else:
            messages.success(request, _done(decision, count))
        return _to_queue(chosen.query())
    return render(
        request,
        "villages/review_all.html",
        {
            "query": chosen.query(),
            "queue_name": QUEUE_NAMES[chosen.queue],
            "flag_name": Flag(chosen.flag).label if chosen.flag else "",
            "source_name": _source_name(chosen),
            "decision": decision,
            "reason": reason,
            "count": len(ids),
            "is_more": is_more,
            "has_changed": "count" in request.POST,
        },
    )


def _to_queue(query: str) -> HttpResponse:
    return redirect(f"{reverse('review')}?{query}")
