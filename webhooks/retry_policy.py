"""Decide what follows from an attempt: delivered, retried later, or given up."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

from core.errors import UnsendableError
from core.logs import redact
from core.messages import Message, message_of
from sources.transport.retry_after import retry_after_secs
from storage.distribution.deliveries import DeliveryState
from webhooks.http_client import Answer

BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


@dataclass(frozen=True)
class RetryPolicy:
    """The delays between attempts: `delays_secs[n]` after failed attempt n, counted from 0.

    Args:
        delays_secs: seconds; one attempt more than there are delays is made.
        jitter: the greatest share of a delay that is added at random, so that deliveries that
            failed together are not retried together; 0.2 adds up to a fifth.
        random: returns numbers from 0 to 1.
    """

    delays_secs: Sequence[float]
    jitter: float
    random: Callable[[], float] = field(default=random.random, compare=False)

    def next_attempt(
        self, attempts: int, now: datetime, at_least_secs: float = 0.0
    ) -> datetime | None:
        """Return the UTC time of the attempt after `attempts` failed ones; None after the last.

        Args:
            at_least_secs: the delay that the receiver asked for; it never shortens a delay.
        """
        if attempts > len(self.delays_secs):
            return None
        secs = max(self.delays_secs[attempts - 1], at_least_secs)
        return now + timedelta(seconds=secs * (1 + self.jitter * self.random()))


@dataclass(frozen=True)
class DeliveryOutcome:
    """The result of an attempt, to be recorded.

    Args:
        status: HTTP status; None when no response came.
        response: the beginning of the response's body; None when no response came.
        not_before: time of the next attempt (UTC); None when the delivery is finished.
        disables: the reason to disable the callback URL; None to leave it enabled.
        rest_until: UTC time before which nothing is sent to the callback URL; None for now.
    """

    state: DeliveryState
    status: int | None = None
    response: str | None = None
    error: Message | None = None
    not_before: datetime | None = None
    disables: Message | None = None
    rest_until: datetime | None = None


def outcome_of(
    result: Answer | Exception, attempts: int, policy: RetryPolicy, now: datetime
) -> DeliveryOutcome:
    """Return the outcome of an attempt from the response or from the error that prevented one.

    2xx is delivered, 410 disables the URL, UnsendableError is given up; everything else is retried
    until `policy` has no attempt left.

    Args:
        attempts: the number of attempts made, this one included.
    """
    if isinstance(result, Answer):
        return _outcome_of_answer(result, attempts, policy, now)
    error = (message_of(result) or Message.text(str(result))).with_texts(redact)
    if isinstance(result, UnsendableError):
        return DeliveryOutcome(DeliveryState.DEAD, error=error)
    failed = DeliveryOutcome(DeliveryState.FAILED, error=error)
    return _retried(failed, attempts, policy, now)


def _outcome_of_answer(
    answer: Answer, attempts: int, policy: RetryPolicy, now: datetime
) -> DeliveryOutcome:
    status, text = answer.status, answer.text
    if 200 <= status < 300:
        return DeliveryOutcome(DeliveryState.DELIVERED, status, text)
    error = Message.of("receiver_refused", status=status)
    if 300 <= status < 400:
        error = Message.of("receiver_redirected", status=status)
    if status == HTTPStatus.GONE:
        return DeliveryOutcome(
            state=DeliveryState.DEAD,
            status=status,
            response=text,
            error=error,
            disables=Message.of("receiver_gone"),
        )
    asked_secs = retry_after_secs(answer.retry_after, now) or 0.0
    rest = now + timedelta(seconds=asked_secs) if asked_secs and status in BUSY else None
    failed = DeliveryOutcome(
        state=DeliveryState.FAILED, status=status, response=text, error=error, rest_until=rest
    )
    return _retried(failed, attempts, policy, now, asked_secs)


def _retried(
    failed: DeliveryOutcome,
    attempts: int,
    policy: RetryPolicy,
    now: datetime,
    at_least_secs: float = 0.0,
) -> DeliveryOutcome:
    """Return `failed` with the time of its next attempt, or as given up when no attempt is left."""
    not_before = policy.next_attempt(attempts, now, at_least_secs)
    state = DeliveryState.DEAD if not_before is None else DeliveryState.FAILED
    return DeliveryOutcome(
        state=state,
        status=failed.status,
        response=failed.response,
        error=failed.error,
        not_before=not_before,
        rest_until=failed.rest_until,
    )
