"""Fault attribution: who is to blame for a refusal, judged by the answers of the last minute."""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from dataclasses import dataclass

from core.attribution import Scope
from core.clock import Clock
from core.errors import (
    AccountBannedError,
    Culprit,
    LoginExpiredError,
    PlatformQuotaError,
    RetryableError,
    RiskControlError,
    SourceError,
    ThrottledError,
)

WINDOW_SECS = 60.0
SIGNATURE_CODES = (-352, -403)
# A refusal that says by itself that no account is at fault.
DECLARED_SCOPES = {Scope.ENDPOINT: Culprit.ENDPOINT, Scope.PLATFORM: Culprit.PLATFORM}


@dataclass(frozen=True)
class Asked:
    """A request: its account, its egress (a proxy's name or `direct`) and its operation."""

    account_id: int
    egress: str
    kind: str  # the source's operation, e.g. search


@dataclass(frozen=True)
class _Answer:
    at: float
    asked: Asked
    good: bool


class Blame:
    """Remembers a minute of answers for each platform, in this process.

    One account that is refused while others are not is to blame itself. When `accounts` of them are
    refused within a minute, it is what they have in common: their egress, if others get through by
    other ones; the endpoint (or the signature), if other endpoints answer; else the platform as a
    whole. A server's failure, a dead proxy or a bug of Baton is no account's fault.
    """

    def __init__(self, *, clock: Clock, accounts: int) -> None:
        self._clock = clock
        self._accounts = accounts
        self._lock = threading.Lock()
        self._answers: dict[str, deque[_Answer]] = defaultdict(deque)

    def note_good(self, platform: str, asked: Asked) -> None:
        """Remember that a request got a good answer."""
        with self._lock:
            self._remember(platform, asked, good=True)

    def judge(self, platform: str, asked: Asked, error: SourceError) -> Culprit:
        """Return who is to blame for `error`, and remember it when it is about risk control."""
        match error:
            case ThrottledError() | LoginExpiredError() | AccountBannedError():
                return Culprit.ACCOUNT
            case RetryableError():
                return Culprit.PROXY if error.of_proxy else Culprit.PLATFORM
            case PlatformQuotaError():
                return Culprit.PLATFORM
            case RiskControlError():
                with self._lock:
                    self._remember(platform, asked, good=False)
                    if error.whole_egress:
                        return Culprit.PROXY
                    declared = DECLARED_SCOPES.get(error.verdict.scope) if error.verdict else None
                    if declared is not None:
                        return declared
                    return self._of_risk(platform, asked, error)
            case _:
                return Culprit.OURSELVES

    def _of_risk(self, platform: str, asked: Asked, error: RiskControlError) -> Culprit:
        answers = self._answers[platform]
        refused = [one.asked for one in answers if not one.good]
        if len({one.account_id for one in refused}) < self._accounts:
            return Culprit.ACCOUNT
        good = [one.asked for one in answers if one.good and one.asked not in refused]
        ways = {one.egress for one in refused}
        if len(ways) == 1 and any(one.egress not in ways for one in good):
            return Culprit.PROXY
        if any(one.kind != asked.kind for one in good):
            code = error.evidence.code if error.evidence else None
            return Culprit.SIGNATURE if code in SIGNATURE_CODES else Culprit.ENDPOINT
        return Culprit.PLATFORM

    def _remember(self, platform: str, asked: Asked, *, good: bool) -> None:
        now = self._clock.monotonic()
        answers = self._answers[platform]
        answers.append(_Answer(now, asked, good))
        while answers and now - answers[0].at > WINDOW_SECS:
            answers.popleft()
