"""The bulk files of a run: built once, and what they hold never changes."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from coverage.models.runs import CoverageRun, LayerOperator, Service


class RunFileSet(models.Model):
    """The files of one run: being built, whole, or why they could not be built."""

    class State(models.TextChoices):
        BUILDING = "building", _("being built")
        WHOLE = "whole", _("complete")
        FAILED = "failed", _("failed")

    run = models.OneToOneField(
        CoverageRun, models.CASCADE, primary_key=True, related_name="file_set"
    )
    state = models.CharField(
        _("state"), max_length=8, choices=State, default=State.BUILDING
    )
    began_at = models.DateTimeField(_("began at"), db_default=Now())
    ended_at = models.DateTimeField(_("ended at"), null=True)
    error = models.TextField(_("error"), blank=True)

    class Meta:
        verbose_name = _("files of a run")
        verbose_name_plural = _("files of runs")
        constraints = [
            models.CheckConstraint(
                name="run_file_set_state_known",
                condition=Q(state__in=["building", "whole", "failed"]),
            ),
            models.CheckConstraint(
                name="run_file_set_ended_unless_building",
                condition=Q(state="building", ended_at__isnull=True)
                | Q(~Q(state="building"), ended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="run_file_set_failed_says_why",
                condition=Q(Q(state="failed"), ~Q(error=""))
                | Q(~Q(state="failed"), error=""),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.run_id} {self.state}"


class RunFile(models.Model):
    """One file of a run, as it lies on the disk under its name."""

    class Format(models.TextChoices):
        GEOPACKAGE = "gpkg", "GeoPackage"
        GEOPARQUET = "parquet", "GeoParquet"
        FLATGEOBUF = "fgb", "FlatGeobuf"
        CSV = "csv", "CSV"
        KML = "kml", "KML"
        SHAPEFILE = "shp.zip", "Shapefile"
        COG = "tif", "GeoTIFF (COG)"
        PMTILES = "pmtiles", "PMTiles"

    class Content(models.TextChoices):
        EVERYTHING = "all", _("Blank spots and coverage by village")
        BLANK_SPOTS = "blank-spots", _("Blank spots")
        COVERAGE = "coverage-by-village", _("Coverage by village")
        SURFACE = "surface", _("Signal surface")

    file_set = models.ForeignKey(RunFileSet, models.CASCADE, related_name="files")
    name = models.CharField(_("name"), max_length=60)
    content = models.CharField(_("content"), max_length=20, choices=Content)
    format = models.CharField(_("format"), max_length=8, choices=Format)
    # Of a surface; empty where all layers are in the file.
    operator = models.CharField(
        _("operator"), max_length=16, choices=LayerOperator, blank=True
    )
    service = models.CharField(_("service"), max_length=8, choices=Service, blank=True)
    media_type = models.CharField(_("media type"), max_length=60)
    bytes = models.PositiveBigIntegerField(_("bytes"))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    # Of tables: how many rows, of all layers together.
    rows = models.PositiveIntegerField(_("rows"), null=True)

    class Meta:
        ordering = ["content", "operator", "service", "name"]
        verbose_name = _("file of a run")
        verbose_name_plural = _("files of a run")
        constraints = [
            models.UniqueConstraint(
                name="run_file_once_of_a_name", fields=["file_set", "name"]
            ),
            # It is part of an address and of a path: nothing else may be in it.
            models.CheckConstraint(
                name="run_file_name_form",
                condition=Q(name__regex=r"^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z]+){1,2}$"),
            ),
            models.CheckConstraint(
                name="run_file_content_known",
                condition=Q(
                    content__in=[
                        "all",
                        "blank-spots",
                        "coverage-by-village",
                        "surface",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="run_file_format_known",
                condition=Q(
                    format__in=[
                        "gpkg",
                        "parquet",
                        "fgb",
                        "csv",
                        "kml",
                        "shp.zip",
                        "tif",
                        "pmtiles",
                    ]
                ),
            ),
            models.CheckConstraint(
                name="run_file_layer_of_a_surface",
                condition=Q(
                    content="surface",
                    operator__in=[o.value for o in LayerOperator],
                    service__in=["internet", "voice"],
                )
                | Q(~Q(content="surface"), operator="", service=""),
            ),
            models.CheckConstraint(
                name="run_file_surface_has_no_rows",
                condition=Q(content="surface", rows__isnull=True)
                | Q(~Q(content="surface"), rows__isnull=False),
            ),
            models.CheckConstraint(name="run_file_not_empty", condition=Q(bytes__gt=0)),
            models.CheckConstraint(
                name="run_file_sha256_form",
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.file_set_id} {self.name}"
