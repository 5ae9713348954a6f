"""The outbox of webhooks: messages are written where and when something happens.

Inside the transaction in which it happens, so that there is a message exactly when it
did. Nothing is sent here; `deliver_webhooks` sends what is committed.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from kukar_connect.roles import has_role
from villages.models import Webhook, WebhookDelivery, WebhookEvent

# So many blank spots or reports are in one message: about 60 kB. What is more comes in
# further messages.
MOST_IN_ONE = 200
# Who may see single reports hears of all, others with this role of their own.
_LEAST_ROLE = {WebhookEvent.REPORT_REVIEWED: "field"}
LEAST_ROLE = "viewer"


def may_hear(user: User, event: str) -> bool:
    return has_role(user, _LEAST_ROLE.get(WebhookEvent(event), LEAST_ROLE))


def listeners(event: WebhookEvent) -> list[Webhook]:
    """Return the active webhooks that ask for *event* and whose owners may hear it."""
    found = Webhook.objects.filter(
        state=Webhook.State.ACTIVE, events__contains=[event]
    ).select_related("owner")
    return [webhook for webhook in found if may_hear(webhook.owner, event)]


def in_parts(
    name: str, items: Sequence[dict[str, Any]], *, most: int = MOST_IN_ONE
) -> Iterator[dict[str, Any]]:
    """Yield *items* under *name*, at most *most* at a time, numbered from 1."""
    parts = -(-len(items) // most)
    for part in range(parts):
        yield {
            "part": part + 1,
            "parts": parts,
            name: items[part * most : (part + 1) * most],
        }


@transaction.atomic
def leave_messages(
    *,
    webhooks: Sequence[Webhook],
    event: WebhookEvent,
    messages: Sequence[dict[str, Any]],
    now: datetime,
) -> list[WebhookDelivery]:
    """Write each of *messages* for each of *webhooks*.

    Call it inside the transaction in which it happened. Not safe to repeat.
    """
    rows: list[WebhookDelivery] = []
    for data in messages:
        message_id = uuid.uuid4()
        body = json.dumps(
            {
                "type": event.value,
                "timestamp": now.astimezone(UTC).isoformat().replace("+00:00", "Z"),
                "data": data,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )
        rows.extend(
            WebhookDelivery(
                webhook=webhook,
                message_id=message_id,
                event=event,
                body=body,
                created_at=now,
                next_attempt_at=now,
            )
            for webhook in webhooks
        )
    return WebhookDelivery.objects.bulk_create(rows)


def leave_reviews(
    *, reviewed: Sequence[tuple[str, int | None]], state: str, now: datetime
) -> None:
    """Tell of reports that are *state* now, each (id, who sent it).

    Call it inside the transaction of the decision.
    """
    webhooks = listeners(WebhookEvent.REPORT_REVIEWED)
    if not webhooks or not reviewed:
        return
    hears_all = [hook for hook in webhooks if has_role(hook.owner, "verifier")]
    groups: list[tuple[list[Webhook], Sequence[tuple[str, int | None]]]] = [
        (hears_all, reviewed)
    ]
    for webhook in webhooks:
        if webhook not in hears_all:
            own = [each for each in reviewed if each[1] == webhook.owner_id]
            groups.append(([webhook], own))
    for group, told in groups:
        items = [{"id": str(report_id), "state": state} for report_id, _by in told]
        leave_messages(
            webhooks=group,
            event=WebhookEvent.REPORT_REVIEWED,
            messages=list(in_parts("reports", items)),
            now=now,
        )
