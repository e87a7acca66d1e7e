"""Deliveries as JSON objects: what looks like a credential is struck out."""

from __future__ import annotations

from typing import Any

from core.clock import iso_utc
from core.logs import redact
from storage.distribution.deliveries import Delivery, DeliveryState
from webhooks.retry_policy import DeliveryOutcome
from webhooks.service import DeliveryDetails


def delivery_object(one: Delivery) -> dict[str, Any]:
    """The columns for programs; what looks like a credential is struck out."""
    return {
        "id": one.id,
        "event_id": one.event_id,
        "kind": one.kind.value,
        "url": redact(one.url),
        "task_id": one.task_id,
        "stats_date": str(one.stats_date) if one.stats_date else None,
        "state": one.state.value,
        "attempts": one.attempts,
        "not_before": one.not_before and iso_utc(one.not_before),
        "last_status": one.last_status,
        "last_error": one.last_error and redact(one.last_error),
        "created_at": one.created_at and iso_utc(one.created_at),
        "finished_at": one.finished_at and iso_utc(one.finished_at),
    }


def shown_object(shown: DeliveryDetails) -> dict[str, Any]:
    """A delivery with its body, its attempts, and whether its endpoint is enabled."""
    endpoint = shown.endpoint
    return {
        **delivery_object(shown.delivery),
        "body": shown.delivery.body,
        "endpoint_enabled": endpoint is None or endpoint.is_enabled,
        "endpoint_reason": endpoint.reason if endpoint is not None else None,
        "attempt_log": [
            {
                "number": one.number,
                "started_at": one.started_at and iso_utc(one.started_at),
                "finished_at": one.finished_at and iso_utc(one.finished_at),
                "status": one.status,
                "error": one.error and redact(one.error),
                "response": one.response and redact(one.response),
            }
            for one in shown.attempts
        ],
    }


def trial_object(delivery: Delivery, outcome: DeliveryOutcome) -> dict[str, Any]:
    """Return how a test event went."""
    return {
        "id": delivery.id,
        "event_id": delivery.event_id,
        "delivered": outcome.state is DeliveryState.DELIVERED,
        "status": outcome.status,
        "error": outcome.error,
        "response": outcome.response and redact(outcome.response),
    }
