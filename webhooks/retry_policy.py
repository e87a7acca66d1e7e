"""What an attempt's outcome means: delivered, again later, or given up."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

from core.errors import UnsendableError
from core.logs import redact
from sources.json_api import retry_after_secs
from storage.distribution.deliveries import DeliveryState
from webhooks.http_client import Answer

MAX_REST_SECS = 86400.0
BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


@dataclass(frozen=True)
class RetryPolicy:
    """After how many seconds a failed attempt is followed by the next.

    Args:
        jitter: up to this share of a delay is added at random, so that what failed together does
            not come back together.
    """

    delays_secs: Sequence[float]
    jitter: float
    random: Callable[[], float] = field(default=random.random, compare=False)

    def next_attempt(
        self, attempts: int, now: datetime, at_least_secs: float = 0.0
    ) -> datetime | None:
        """When to try again after so many attempts; None when they are used up."""
        if attempts > len(self.delays_secs):
            return None
        secs = max(self.delays_secs[attempts - 1], at_least_secs)
        return now + timedelta(seconds=secs * (1 + self.jitter * self.random()))


@dataclass(frozen=True)
class DeliveryOutcome:
    """What becomes of a delivery, and of its endpoint: `disables` with the reason, or nothing is
    sent there before `rest_until`."""

    state: DeliveryState
    status: int | None = None
    response: str | None = None
    error: str | None = None
    not_before: datetime | None = None
    disables: str | None = None
    rest_until: datetime | None = None


def outcome_of(
    outcome: Answer | Exception, attempts: int, plan: RetryPolicy, now: datetime
) -> DeliveryOutcome:
    """Judge an answer, or the error that there was instead of one."""
    if isinstance(outcome, Answer):
        return _of_answer(outcome, attempts, plan, now)
    error = redact(str(outcome))
    if isinstance(outcome, UnsendableError):
        return DeliveryOutcome(DeliveryState.DEAD, error=error)
    return _again(DeliveryOutcome(DeliveryState.FAILED, error=error), attempts, plan, now)


def _of_answer(answer: Answer, attempts: int, plan: RetryPolicy, now: datetime) -> DeliveryOutcome:
    status, text = answer.status, answer.text
    if 200 <= status < 300:
        return DeliveryOutcome(DeliveryState.DELIVERED, status, text)
    error = f"the receiver said HTTP {status}" + (" (not followed)" if 300 <= status < 400 else "")
    if status == HTTPStatus.GONE:
        reason = "the receiver said HTTP 410 Gone"
        return DeliveryOutcome(
            state=DeliveryState.DEAD, status=status, response=text, error=error, disables=reason
        )
    asked_secs = min(retry_after_secs(answer.retry_after, now) or 0.0, MAX_REST_SECS)
    rest = now + timedelta(seconds=asked_secs) if asked_secs and status in BUSY else None
    failed = DeliveryOutcome(
        state=DeliveryState.FAILED, status=status, response=text, error=error, rest_until=rest
    )
    return _again(failed, attempts, plan, now, asked_secs)


def _again(
    failed: DeliveryOutcome,
    attempts: int,
    plan: RetryPolicy,
    now: datetime,
    at_least_secs: float = 0.0,
) -> DeliveryOutcome:
    moment = plan.next_attempt(attempts, now, at_least_secs)
    state = DeliveryState.DEAD if moment is None else DeliveryState.FAILED
    return DeliveryOutcome(
        state=state,
        status=failed.status,
        response=failed.response,
        error=failed.error,
        not_before=moment,
        rest_until=failed.rest_until,
    )
