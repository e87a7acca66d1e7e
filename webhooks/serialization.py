"""Deliveries as JSON objects, with credentials in URLs and texts redacted."""

from __future__ import annotations

from typing import Any

from core.clock import iso_utc
from core.logs import redact
from storage.distribution.deliveries import Delivery, DeliveryState
from webhooks.retry_policy import DeliveryOutcome
from webhooks.service import DeliveryDetails


def delivery_object(delivery: Delivery) -> dict[str, Any]:
    """Return the columns of a delivery without its body; times in ISO form, UTC."""
    return {
        "id": delivery.id,
        "event_id": delivery.event_id,
        "kind": delivery.kind.value,
        "url": redact(delivery.url),
        "task_id": delivery.task_id,
        "stats_date": str(delivery.stats_date) if delivery.stats_date else None,
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "not_before": delivery.not_before and iso_utc(delivery.not_before),
        "last_status": delivery.last_status,
        "last_error": delivery.last_error and redact(delivery.last_error),
        "created_at": delivery.created_at and iso_utc(delivery.created_at),
        "finished_at": delivery.finished_at and iso_utc(delivery.finished_at),
    }


def delivery_details_object(details: DeliveryDetails) -> dict[str, Any]:
    """Return a delivery with its body, its attempts, and whether its endpoint is enabled."""
    endpoint = details.endpoint
    return {
        **delivery_object(details.delivery),
        "body": details.delivery.body,
        "endpoint_enabled": endpoint is None or endpoint.is_enabled,
        "endpoint_reason": endpoint.reason if endpoint is not None else None,
        "attempt_log": [
            {
                "number": attempt.number,
                "started_at": attempt.started_at and iso_utc(attempt.started_at),
                "finished_at": attempt.finished_at and iso_utc(attempt.finished_at),
                "status": attempt.status,
                "error": attempt.error and redact(attempt.error),
                "response": attempt.response and redact(attempt.response),
            }
            for attempt in details.attempts
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
