"""What an attempt's outcome means: delivered, again later, or given up."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

from core.logs import redact
from sources.json_api import retry_after_secs
from storage.distribution.deliveries import DeliveryState
from webhooks.http_client import Answer, Unsendable

LONGEST_REST_SECS = 86400.0
BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


@dataclass(frozen=True)
class RetryPlan:
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
class Verdict:
    """What becomes of a delivery, and of its endpoint: `disables` with the reason, or nothing is
    sent there before `rest_until`."""

    state: DeliveryState
    status: int | None = None
    response: str | None = None
    error: str | None = None
    not_before: datetime | None = None
    disables: str | None = None
    rest_until: datetime | None = None


def verdict_of(
    outcome: Answer | Exception, attempts: int, plan: RetryPlan, now: datetime
) -> Verdict:
    """Judge an answer, or the error that there was instead of one."""
    if isinstance(outcome, Answer):
        return _of_answer(outcome, attempts, plan, now)
    error = redact(str(outcome))
    if isinstance(outcome, Unsendable):
        return Verdict(DeliveryState.DEAD, error=error)
    return _again(Verdict(DeliveryState.FAILED, error=error), attempts, plan, now)


def _of_answer(answer: Answer, attempts: int, plan: RetryPlan, now: datetime) -> Verdict:
    status, text = answer.status, answer.text
    if 200 <= status < 300:
        return Verdict(DeliveryState.DELIVERED, status, text)
    error = f"the receiver said HTTP {status}" + (" (not followed)" if 300 <= status < 400 else "")
    if status == HTTPStatus.GONE:
        reason = "the receiver said HTTP 410 Gone"
        return Verdict(
            state=DeliveryState.DEAD, status=status, response=text, error=error, disables=reason
        )
    asked_secs = min(retry_after_secs(answer.retry_after, now) or 0.0, LONGEST_REST_SECS)
    rest = now + timedelta(seconds=asked_secs) if asked_secs and status in BUSY else None
    failed = Verdict(
        state=DeliveryState.FAILED, status=status, response=text, error=error, rest_until=rest
    )
    return _again(failed, attempts, plan, now, asked_secs)


def _again(
    failed: Verdict, attempts: int, plan: RetryPlan, now: datetime, at_least_secs: float = 0.0
) -> Verdict:
    moment = plan.next_attempt(attempts, now, at_least_secs)
    state = DeliveryState.DEAD if moment is None else DeliveryState.FAILED
    return Verdict(
        state=state,
        status=failed.status,
        response=failed.response,
        error=failed.error,
        not_before=moment,
        rest_until=failed.rest_until,
    )
