"""The one place where the verdict on an answer becomes the error that names the reaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.attribution import Reaction, Scope, Verdict
from core.errors import (
    AccountBannedError,
    BadRequestError,
    EndpointUnusableError,
    Evidence,
    FaultUnit,
    ItemUnavailableError,
    LoginExpiredError,
    NotFoundError,
    PlatformQuotaError,
    RetryableError,
    RiskControlError,
    SourceError,
    ThrottledError,
    TransportFault,
    UnexpectedResponseError,
)
from core.messages import Message

PLAIN: dict[Reaction, type[SourceError]] = {
    Reaction.FAIL: BadRequestError,
    Reaction.SPLIT: BadRequestError,
    Reaction.PER_ITEM: EndpointUnusableError,
    Reaction.RETRY_OTHER: UnexpectedResponseError,
    Reaction.CHECK_SESSION: LoginExpiredError,
}


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """An answer that is no good one: its message and evidence, without secrets.

    Args:
        retry_after_secs: what the platform asks for; None when it names no time.
        resets_at: the moment (UTC) when a used-up quota is full again; None where there is none.
    """

    message: Message
    evidence: Evidence
    retry_after_secs: float | None = None
    resets_at: datetime | None = None


def error_of(verdict: Verdict, refusal: Refusal) -> SourceError:
    """Return the error that asks for the verdict's reaction; its `verdict` is set."""
    error = _error_of(verdict, refusal)
    error.verdict = verdict
    return error


def _error_of(verdict: Verdict, refusal: Refusal) -> SourceError:
    evidence = refusal.evidence
    match verdict.reaction:
        case Reaction.SKIP:
            kind = NotFoundError if verdict.final else ItemUnavailableError
            return kind(refusal.message, evidence)
        case Reaction.RETRY:
            return RetryableError(
                refusal.message,
                evidence,
                damaged=verdict.scope is Scope.REQUEST,
                fault=_egress_fault(refusal.message) if verdict.scope is Scope.EGRESS else None,
                retry_after_secs=refusal.retry_after_secs,
            )
        case Reaction.COOL_DOWN if verdict.scope in (Scope.ACCOUNT, Scope.KEY):
            return ThrottledError(
                refusal.message, evidence, retry_after_secs=refusal.retry_after_secs
            )
        case Reaction.COOL_DOWN | Reaction.SUSPECT:
            return RiskControlError(refusal.message, refusal.evidence)
        case Reaction.DISABLE if verdict.scope is Scope.ACCOUNT:
            return AccountBannedError(refusal.message, evidence)
        case Reaction.DISABLE:
            return LoginExpiredError(refusal.message, evidence)
        case Reaction.WAIT_FOR_QUOTA:
            assert refusal.resets_at is not None, "a quota has a reset"
            return PlatformQuotaError(refusal.message, refusal.resets_at, evidence)
        case plain:
            return PLAIN[plain](refusal.message, evidence)


def _egress_fault(message: Message) -> TransportFault:
    return TransportFault(FaultUnit.EGRESS, message, is_certain=True, through_proxy=True)
