"""What a daily report's delivery tells of the days that were in it."""

from __future__ import annotations

from storage.distribution import daily_stats
from storage.distribution.deliveries import DeliveryKind, DeliveryState
from storage.engines.transactions import Tx
from webhooks.queue import SettledDelivery

RESPONSE_CHARS = 1024


def record_daily_delivery(tx: Tx, settled: SettledDelivery) -> None:
    """Write down, with the end of an attempt, whether the days were sent, and what came back."""
    delivery, verdict = settled.delivery, settled.verdict
    if delivery.kind is not DeliveryKind.DAILY:
        return
    arrived = verdict.state is DeliveryState.DELIVERED
    said = f"{verdict.status or ''} {verdict.error or verdict.response or ''}".strip()
    daily_stats.note_delivery(
        tx,
        delivery.event_id,
        settled.at if arrived else None,
        said[:RESPONSE_CHARS] or None,
        delivery.attempts,
    )
