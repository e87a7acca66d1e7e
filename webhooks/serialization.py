"""Deliveries as JSON objects, with credentials in URLs and texts redacted."""

from __future__ import annotations

from typing import Any

from core.clock import iso_utc
from core.logs import Render, redact
from core.message_json import message_keys
from storage.distribution.deliveries import Attempt, Delivery, DeliveryState
from webhooks.retry_policy import DeliveryOutcome
from webhooks.service import DeliveryDetails


def delivery_object(delivery: Delivery, render: Render) -> dict[str, Any]:
    """Return the columns of a delivery as JSON, without its body; times in ISO form, UTC.

    `render` makes the sentence of a message; its code and parameters are separate keys.
    """
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
        **message_keys("last_error", delivery.last_error, render),
        "created_at": delivery.created_at and iso_utc(delivery.created_at),
        "finished_at": delivery.finished_at and iso_utc(delivery.finished_at),
    }


def delivery_details_object(details: DeliveryDetails, render: Render) -> dict[str, Any]:
    """Return a delivery as JSON with its body, its tasks, its attempts and the state of its
    callback URL."""
    endpoint = details.endpoint
    reason = endpoint.reason if endpoint is not None else None
    return {
        **delivery_object(details.delivery, render),
        "body": details.delivery.body,
        "tasks": [{"task_id": task.task_id, "title": task.title} for task in details.tasks],
        "endpoint_enabled": endpoint is None or endpoint.is_enabled,
        **message_keys("endpoint_reason", reason, render),
        "attempt_log": [attempt_object(attempt, render) for attempt in details.attempts],
    }


def trial_object(delivery: Delivery, outcome: DeliveryOutcome, render: Render) -> dict[str, Any]:
    """Return the result of a test event as JSON: `delivered`, status, error and response."""
    return {
        "id": delivery.id,
        "event_id": delivery.event_id,
        "delivered": outcome.state is DeliveryState.DELIVERED,
        "status": outcome.status,
        **message_keys("error", outcome.error, render),
        "response": outcome.response and redact(outcome.response),
    }


def attempt_object(attempt: Attempt, render: Render) -> dict[str, Any]:
    """Return an attempt as JSON, with the receiver's answer."""
    return {
        "number": attempt.number,
        "started_at": attempt.started_at and iso_utc(attempt.started_at),
        "finished_at": attempt.finished_at and iso_utc(attempt.finished_at),
        "status": attempt.status,
        **message_keys("error", attempt.error, render),
        "response": attempt.response and redact(attempt.response),
    }
