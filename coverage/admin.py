from __future__ import annotations

from django.contrib import admin

from coverage.models import CoverageRun
from villages.admin import KeptAsTheyCameAdmin


@admin.register(CoverageRun)
class CoverageRunAdmin(KeptAsTheyCameAdmin):
    list_display = ["id", "state", "is_current", "is_full", "is_demo", "published_at"]
    list_filter = ["state", "is_full", "is_demo"]
