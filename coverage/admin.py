from __future__ import annotations

from django.contrib import admin

from coverage.models import CoverageRun, RunFileSet
from villages.admin import KeptAsTheyCameAdmin


@admin.register(CoverageRun)
class CoverageRunAdmin(KeptAsTheyCameAdmin):
    list_display = ["id", "state", "is_current", "is_full", "is_demo", "published_at"]
    list_filter = ["state", "is_full", "is_demo"]


@admin.register(RunFileSet)
class RunFileSetAdmin(KeptAsTheyCameAdmin):
    list_display = ["run", "state", "began_at", "ended_at", "error"]
    list_filter = ["state"]
