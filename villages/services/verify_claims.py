"""Saying of a claim whether it was found to be so."""

from __future__ import annotations

from django.db import transaction

from villages.models import Claim, ClaimDecision


@transaction.atomic
def verify_claim(
    *, claim_id: int, verification: str, reason: str, decided_by_id: int | None
) -> Claim:
    """Keep a verifier's decision on a claim that came in a sheet.

    The newest decision holds; those before it stay on record. Safe to repeat: the
    same decision with the same reason by the same person adds nothing.
    """
    claim = Claim.objects.select_for_update().get(
        pk=claim_id, kind__in=Claim.SHEET_KINDS
    )
    newest = claim.decisions.first()
    decision = ClaimDecision(
        claim=claim,
        verification=verification,
        reason=reason,
        decided_by_id=decided_by_id,
    )
    is_same = newest is not None and all(
        getattr(newest, name) == getattr(decision, name)
        for name in ("verification", "reason", "decided_by_id")
    )
    if not is_same:
        decision.save()
        claim.verification = verification
        claim.save(update_fields=["verification"])
    return claim
