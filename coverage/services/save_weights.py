from __future__ import annotations

from django.contrib.auth.models import User
from django.utils import timezone

from coverage.models import RankingWeights
from coverage.selectors.priorities import Weights


def save_weights(*, user: User, weights: Weights) -> None:
    """Keep how *user* weighs a ranking. Safe to repeat; the last one holds."""
    RankingWeights.objects.update_or_create(
        user=user,
        defaults={
            **weights.by_name,
            "by_confidence": weights.by_confidence,
            "saved_at": timezone.now(),
        },
    )
