"""What people decided about reports, kept for good."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from villages.models.reports import ReviewState, SignalReport

LONGEST_REASON = 1000


class ReportReview(models.Model):
    """One decision about one report, or the reporter's answer to a question.

    Only added to: the database refuses to change or delete a row. It outlives the
    account of who decided (only the link to it is cut) and the report itself. Numbers
    grow in the order in which decisions become visible, so that a phone can ask for
    what it has not seen.
    """

    report = models.ForeignKey(
        SignalReport,
        models.DO_NOTHING,
        db_constraint=False,
        related_name="reviews",
        verbose_name=_("report"),
    )
    decision = models.CharField(_("decision"), max_length=12, choices=ReviewState)
    previous_state = models.CharField(
        _("state before"), max_length=12, choices=ReviewState
    )
    reason = models.CharField(_("reason"), max_length=LONGEST_REASON, blank=True)
    decided_at = models.DateTimeField(_("decided at"), db_default=Now())
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("decided by"),
    )
    decided_by_name = models.CharField(_("name of who decided"), max_length=150)

    class Meta:
        ordering = ["id"]
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        constraints = [
            models.CheckConstraint(
                name="report_review_decides",
                condition=Q(decision__in=ReviewState)
                & ~Q(decision=ReviewState.UNREVIEWED),
            ),
            models.CheckConstraint(
                name="report_review_state_before_known",
                condition=Q(previous_state__in=ReviewState),
            ),
            models.CheckConstraint(
                # Only what is accepted needs no words.
                name="report_review_says_why",
                condition=Q(decision=ReviewState.ACCEPTED) | ~Q(reason=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decision} ({self.report_id})"
