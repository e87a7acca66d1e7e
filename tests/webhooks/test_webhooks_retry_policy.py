"""What an outcome leads to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import NotSentError, UnsendableError
from storage.distribution.deliveries import DeliveryState
from tests.support.messages import english
from webhooks.http_client import Answer
from webhooks.retry_policy import RetryPolicy, outcome_of

NOW = datetime(2026, 11, 22, tzinfo=UTC)
PLAN = RetryPolicy((5.0, 300.0), 0.0)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (200, "delivered"),
        (204, "delivered"),
        (299, "delivered"),
        (301, "failed"),
        (400, "failed"),
        (401, "failed"),
        (404, "failed"),
        (408, "failed"),
        (410, "dead"),
        (429, "failed"),
        (500, "failed"),
        (503, "failed"),
        (700, "failed"),
    ],
)
def test_statuses(status: int, state: str) -> None:
    assert outcome_of(Answer(status, "", None), 1, PLAN, NOW).state.value == state


@pytest.mark.parametrize(
    ("status", "header", "secs", "rests"),
    [
        (429, "900", 900, True),
        (503, "Sun, 22 Nov 2026 00:20:00 GMT", 1200, True),
        (500, "900", 900, False),
        (429, "1", 5, True),  # not sooner than the plan: else all attempts would be gone at once
        (429, "99999999", 86400, True),
        (429, "Fri, 31 Dec 9999 23:59:59 -0100", 86400, True),
        (429, "soon", 5, False),
        (429, "-5", 5, False),
        (429, None, 5, False),
    ],
)
def test_retry_after(status: int, header: str | None, secs: float, rests: bool) -> None:
    outcome = outcome_of(Answer(status, "", header), 1, PLAN, NOW)
    assert outcome.not_before == NOW + timedelta(seconds=secs)
    assert (outcome.rest_until is not None) is rests


def test_the_plan_ends() -> None:
    broken = NotSentError("no answer")
    assert outcome_of(broken, 2, PLAN, NOW).not_before == NOW + timedelta(seconds=300)
    last = outcome_of(broken, 3, PLAN, NOW)
    assert (last.state, last.not_before) == (DeliveryState.DEAD, None)
    assert english(last.error) == "no answer"


def test_what_cannot_be_sent_is_not_tried_again() -> None:
    assert outcome_of(UnsendableError("no URL"), 1, PLAN, NOW).state is DeliveryState.DEAD


def test_jitter_lengthens_a_delay_by_its_share_at_most() -> None:
    for drawn, secs in ((0.0, 300), (0.5, 330), (1.0, 360)):
        plan = RetryPolicy((5.0, 300.0), 0.2, lambda drawn=drawn: drawn)
        assert plan.next_attempt(2, NOW) == NOW + timedelta(seconds=secs)


def test_what_an_error_tells_is_redacted() -> None:
    outcome = outcome_of(NotSentError("http://u:pass@h/?token=abc"), 1, PLAN, NOW)
    assert outcome.error is not None
    assert "pass" not in str(outcome.error) and "abc" not in str(outcome.error)
