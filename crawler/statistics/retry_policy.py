"""How long to wait for counters, and which errors another account may not meet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.attribution import Scope
from core.errors import (
    AccountBannedError,
    AccountTakenError,
    CredentialsError,
    LoginExpiredError,
    RiskControlError,
    SourceError,
    ThrottledError,
    UnexpectedResponseError,
)

THROTTLE_WAIT_SECS = 30.0
MAX_WAIT_SECS = 120.0


@dataclass(frozen=True)
class StatsRetryPolicy:
    """How a batch of video ids is tried again when it got no answer.

    After a throttle it waits `throttle_wait_secs` where the platform names no time. No single wait
    is longer than `max_wait_secs`. With `try_other_accounts` other accounts are tried also after
    errors that no account caused.
    """

    throttle_wait_secs: float = THROTTLE_WAIT_SECS
    max_wait_secs: float = MAX_WAIT_SECS
    try_other_accounts: bool = True


def may_help_other(error: SourceError | CredentialsError) -> bool:
    """Return whether another account may get an answer where this one got none."""
    attribution = error.attribution if isinstance(error, SourceError) else None
    if attribution is not None:
        return attribution.scope in (Scope.ACCOUNT, Scope.EGRESS)
    faults = (
        ThrottledError,
        RiskControlError,
        LoginExpiredError,
        AccountBannedError,
        AccountTakenError,
        CredentialsError,
        UnexpectedResponseError,
    )
    return isinstance(error, faults)


def secs_until_asked_again(error: SourceError | CredentialsError, now: datetime) -> float | None:
    """Return for how many seconds the unit that an error concerns is left alone, for everybody.

    None: the error concerns the account, its egress or the question.
    """
    attribution = error.attribution if isinstance(error, SourceError) else None
    if attribution is None or attribution.until is None:
        return None
    if attribution.scope not in (Scope.ENDPOINT, Scope.PLATFORM, Scope.KEY):
        return None
    return max(0.0, (attribution.until - now).total_seconds())
