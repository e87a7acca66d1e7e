"""How long statistics are waited for, and for what another account is asked."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import (
    AccountBannedError,
    CredentialsError,
    LoginExpiredError,
    RetryableError,
    RiskControlError,
    SourceError,
    ThrottledError,
)

REST_SECS = 30.0
MAX_WAIT_SECS = 120.0


@dataclass(frozen=True)
class StatsRetryPolicy:
    """How long one batch is waited for: a rest where the platform names none, and at most.

    `others_try`: what is not an account's fault is tried with other accounts too.
    """

    rest_secs: float = REST_SECS
    max_secs: float = MAX_WAIT_SECS
    others_try: bool = True


def is_of_account(error: SourceError | CredentialsError) -> bool:
    """Whether another account may have an answer where this one had none."""
    if isinstance(error, RetryableError):
        return error.of_proxy
    faults = (
        ThrottledError,
        RiskControlError,
        LoginExpiredError,
        AccountBannedError,
        CredentialsError,
    )
    return isinstance(error, faults)
