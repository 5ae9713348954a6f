"""What lies between two runs, kept because two runs never change."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from coverage.models.runs import CoverageRun, LayerOperator, Service


class RunDifference(models.Model):
    """The difference between two published runs in one layer, as it is answered.

    It can be computed again at any time; when a run is thinned it goes with it.
    """

    from_run = models.ForeignKey(CoverageRun, models.CASCADE, related_name="+")
    to_run = models.ForeignKey(CoverageRun, models.CASCADE, related_name="+")
    operator = models.CharField(max_length=16, choices=LayerOperator)
    service = models.CharField(max_length=8, choices=Service)
    # Of the boundaries by which it was summed, and of the way it was computed.
    fingerprint = models.CharField(max_length=64)
    # zlib of JSON: areas by change of each village, and the polygons as features.
    body = models.BinaryField()
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="run_difference_once",
                fields=["from_run", "to_run", "operator", "service"],
            ),
            models.CheckConstraint(
                name="run_difference_of_two_runs",
                condition=~Q(from_run=F("to_run")),
            ),
            models.CheckConstraint(
                name="run_difference_layer_known",
                condition=Q(
                    operator__in=[o.value for o in LayerOperator],
                    service__in=["internet", "voice"],
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.from_run} → {self.to_run} {self.operator}/{self.service}"
