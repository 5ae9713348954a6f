from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from leaflet.admin import LeafletGeoAdmin

from villages.models import (
    ApiToken,
    Claim,
    ClaimDecision,
    ClaimRow,
    ClaimSheet,
    Device,
    District,
    Facility,
    ImportBatch,
    MeasurementTask,
    OfficeInternet,
    Photo,
    ReportReview,
    Settlement,
    SignalReport,
    Site,
    Village,
    Webhook,
)

admin.site.site_header = admin.site.site_title = "Kukar Connect"


class KeptAsTheyCameAdmin(admin.ModelAdmin):
    """Facts that nobody edits: to look at, not to change or delete."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(District)
class DistrictAdmin(LeafletGeoAdmin):
    list_display = ["code", "name", "boundary_source"]
    search_fields = ["code", "name"]


@admin.register(Village)
class VillageAdmin(LeafletGeoAdmin):
    list_display = [
        "code",
        "name",
        "kind",
        "district",
        "people",
        "power_hours",
        "boundary_source",
    ]
    list_filter = ["kind", "boundary_source", "district"]
    list_select_related = ["district"]
    search_fields = ["code", "name", "aliases"]


class PlaceAdmin(KeptAsTheyCameAdmin, LeafletGeoAdmin):
    """To look at; `/permukiman/` changes them and tells the worker."""

    list_filter = ["kind", "is_demo", "village__district"]
    list_select_related = ["village"]
    search_fields = ["name", "village__name"]


@admin.register(Settlement)
class SettlementAdmin(PlaceAdmin):
    list_display = ["name", "kind", "village", "households", "people", "is_demo"]


@admin.register(Facility)
class FacilityAdmin(PlaceAdmin):
    list_display = ["name", "kind", "village", "pupils", "patients", "is_demo"]


@admin.register(Site)
class SiteAdmin(LeafletGeoAdmin):
    list_display = ["name", "kind", "status", "verified_date", "village", "is_demo"]
    list_filter = ["kind", "status", "is_demo"]
    list_select_related = ["village"]
    search_fields = ["name", "owner", "village__name"]
    autocomplete_fields = ["village"]


@admin.register(OfficeInternet)
class OfficeInternetAdmin(admin.ModelAdmin):
    list_display = ["village", "kinds", "status", "stated_date", "source"]
    list_filter = ["status", "stated_date"]
    list_select_related = ["village"]
    search_fields = ["village__name", "source"]
    autocomplete_fields = ["village"]


@admin.register(Claim)
class ClaimAdmin(admin.ModelAdmin):
    list_display = [
        "village",
        "kind",
        "stated_date",
        "status",
        "verification",
        "source",
    ]
    list_filter = ["kind", "verification", "stated_date"]
    search_fields = ["village__name", "name_in_source", "status"]
    autocomplete_fields = ["village"]
    # What only sheets fill in.
    readonly_fields = [
        "sheet",
        "stated",
        "operator",
        "settlement",
        "stated_by_role",
        "stated_by_name",
        "power_hours",
        "other_internet",
        "verification",
    ]

    def formfield_for_choice_field(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name == "kind":
            kwargs["choices"] = [(kind, kind.label) for kind in Claim.RECORD_KINDS]
        return super().formfield_for_choice_field(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not _is_from_a_sheet(obj) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return not _is_from_a_sheet(obj) and super().has_delete_permission(request, obj)


def _is_from_a_sheet(claim: Claim | None) -> bool:
    return claim is not None and claim.sheet_id is not None


class ClaimRowInline(admin.TabularInline):
    model = ClaimRow
    fields = ["line", "cells", "result", "reason", "claim"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ClaimSheet)
class ClaimSheetAdmin(KeptAsTheyCameAdmin):
    list_display = [
        "brought_at",
        "file_name",
        "occasion",
        "confirmed_at",
        "stored",
        "duplicate",
        "left_out",
        "rejected",
    ]
    inlines = [ClaimRowInline]


@admin.register(ClaimDecision)
class ClaimDecisionAdmin(KeptAsTheyCameAdmin):
    list_display = ["decided_at", "claim", "verification", "reason", "decided_by"]
    list_filter = ["verification"]
    list_select_related = ["claim__village", "decided_by"]


@admin.register(SignalReport)
class SignalReportAdmin(KeptAsTheyCameAdmin):
    list_display = [
        "observed_at",
        "operator",
        "technology",
        "found",
        "rsrp_dbm",
        "village",
    ]
    list_filter = ["operator", "found", "is_demo", "review_state"]
    list_select_related = ["village"]
    show_full_result_count = False


@admin.register(ImportBatch)
class ImportBatchAdmin(KeptAsTheyCameAdmin):
    list_display = [
        "created_at",
        "file_name",
        "state",
        "stored",
        "duplicate",
        "rejected",
    ]


@admin.register(ReportReview)
class ReportReviewAdmin(KeptAsTheyCameAdmin):
    list_display = [
        "decided_at",
        "decision",
        "previous_state",
        "reason",
        "decided_by_name",
        "report_id",
    ]
    list_filter = ["decision", "decided_at"]
    search_fields = ["=report_id", "decided_by_name"]
    show_full_result_count = False


@admin.register(Device)
class DeviceAdmin(KeptAsTheyCameAdmin):
    """To look at; `/perangkat/` makes and revokes them."""

    list_display = ["name", "user", "enrolled_at", "last_seen_at", "revoked_at"]
    list_select_related = ["user"]
    search_fields = ["name", "user__username"]
    # What recognises code and token is of use to nobody here.
    exclude = ["code_hash", "token_hash"]


@admin.register(MeasurementTask)
class MeasurementTaskAdmin(KeptAsTheyCameAdmin):
    """To look at; `/ukur/tugas/` makes and drops them."""

    list_display = ["name", "village", "state", "assigned_to", "due_date", "created_at"]
    list_filter = ["state"]
    list_select_related = ["village", "assigned_to"]
    search_fields = ["name", "village__name"]


@admin.register(Photo)
class PhotoAdmin(KeptAsTheyCameAdmin):
    """A photo may be deleted, for instance when somebody on it does not want it."""

    list_display = ["begun_at", "state", "sent_by", "size_bytes", "refusal", "link"]
    list_filter = ["state"]
    list_select_related = ["sent_by"]
    fields = ["begun_at", "state", "sent_by", "refusal", "link", "reports", "taken_at"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)

    @admin.display(description=_("photo"))
    def link(self, photo: Photo) -> SafeString | str:
        if photo.state != Photo.State.KEPT:
            return ""
        url = reverse("photo", args=[photo.pk])
        return format_html('<a href="{}">{}</a>', url, photo.sha256[:8])


@admin.register(ApiToken)
class ApiTokenAdmin(KeptAsTheyCameAdmin):
    """Whose tokens there are; an administrator may delete one that got out."""

    list_display = [
        "name",
        "user",
        "scopes",
        "created_at",
        "last_used_at",
        "expires_at",
    ]
    list_select_related = ["user"]
    exclude = ["token_hash"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)


@admin.register(Webhook)
class WebhookAdmin(KeptAsTheyCameAdmin):
    """Who has what sent where; an administrator may delete one that should not be."""

    list_display = ["address", "owner", "events", "state", "last_outcome", "created_at"]
    list_filter = ["state"]
    list_select_related = ["owner"]
    exclude = ["seed", "secret_hash", "previous_seed"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)
