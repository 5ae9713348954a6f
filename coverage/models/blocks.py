"""Reports counted by blocks of squares, for those who may not see single ones."""

from __future__ import annotations

from django.contrib.gis.db import models
from django.db.models import F, Q

from coverage.models.runs import CoverageRun
from villages.models import Operator


class ReportBlock(models.Model):
    """How many reports of an operator and a technology there are in one block.

    A tile of a web map is the block, of zoom 15 (1.2 km), 13 or 11. Counted anew for
    each run (`coverage.services.count_blocks`); fewer than `FEWEST` are in no block.
    """

    # As few as could be one household's.
    FEWEST = 5
    # From the smallest block on.
    ZOOMS = (15, 13, 11)

    # Operator, technology, zoom, x and y, with hyphens: the same from run to run.
    code = models.CharField(max_length=64, primary_key=True)
    run = models.ForeignKey(CoverageRun, models.CASCADE, related_name="+")
    operator = models.CharField(max_length=16, choices=Operator)
    # As in reports, and "unknown" where they do not say.
    technology = models.CharField(max_length=8)
    zoom = models.PositiveSmallIntegerField()
    x = models.PositiveIntegerField()
    y = models.PositiveIntegerField()
    polygon = models.PolygonField()
    reports = models.PositiveIntegerField()
    readings = models.PositiveIntegerField()
    # Of `FEWEST` readings or more.
    median_dbm = models.FloatField(null=True)
    no_service = models.PositiveIntegerField()
    # 2026-11, WITA: the day could tell who it was.
    newest_month = models.CharField(max_length=7)
    is_demo = models.BooleanField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="report_block_of_enough", condition=Q(reports__gte=5)
            ),
            models.CheckConstraint(
                name="report_block_counts_within",
                condition=Q(
                    readings__lte=F("reports"),
                    no_service__lte=F("reports"),
                ),
            ),
            models.CheckConstraint(
                name="report_block_median_of_enough",
                condition=Q(median_dbm=None) | Q(readings__gte=5),
            ),
            models.CheckConstraint(
                name="report_block_zoom_known", condition=Q(zoom__in=[11, 13, 15])
            ),
        ]

    def __str__(self) -> str:
        return self.code
