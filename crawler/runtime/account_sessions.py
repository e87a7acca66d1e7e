"""An account's visit to its platform: its session, its pace, and what a refusal means for it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from accounts.account_lease import AccountLease
from accounts.manager import AccountManager
from core.clock import Clock
from core.errors import (
    AccountBannedError,
    CredentialsError,
    Culprit,
    Evidence,
    LoginExpiredError,
    RetryableError,
    RiskControlError,
    SourceError,
    ThrottledError,
)
from sources.base import AccountSession
from sources.pacing import EVERYTHING, AccountPace, PacedGate
from sources.platform_access import PlatformAccess
from sources.policies import GuardedSource
from storage.crawling.account_leases import PaceState

SHARE = 0.25  # of a window, in one visit
PATIENCE_SECS = 0.25  # a longer wait for the next turn lets another account go on


@dataclass(frozen=True)
class RestLimits:
    """First rests; each in a row lasts twice as long."""

    throttle_secs: float
    risk_secs: float


@dataclass
class AccountCheckout:
    """A leased account at its platform. What it was told there is known when it leaves."""

    account: AccountLease
    good_answers: int = 0
    access: PlatformAccess | None = None
    entered: AccountSession | None = None
    gate: PacedGate | None = None
    share: int = 1

    @property
    def has_had_its_share(self) -> bool:
        """Whether others should go on now: all work alike, also when the work ends early."""
        return self.good_answers >= self.share

    @property
    def session(self) -> AccountSession:
        assert self.entered is not None, "the visit has not begun"
        return self.entered

    @property
    def source(self) -> GuardedSource:
        assert self.access is not None, "the visit has not begun"
        return self.access.source


class AccountSessions:
    """Begins and ends visits. Only the account's side is decided here; the task's is the caller's.

    Args:
        patience_secs: how long a visit waits for its next turn before OutOfTurnSignal.
    """

    def __init__(
        self,
        *,
        accounts: AccountManager,
        platforms: Mapping[str, PlatformAccess],
        clock: Clock,
        rests: RestLimits,
        patience_secs: float = PATIENCE_SECS,
    ) -> None:
        self._accounts = accounts
        self._platforms = platforms
        self._clock = clock
        self._rests = rests
        self._patience_secs = patience_secs

    def enter(self, visit: AccountCheckout, stop: threading.Event) -> None:
        """Open the account's session at its pace; look whether it is signed in where that is due.

        Raises:
            SourceError, CredentialsError, StoppedSignal, OutOfTurnSignal: leave accordingly.
        """
        leased = visit.account
        account = leased.account
        visit.access = self._platforms[account.platform]
        paces = visit.access.source.paces
        pace = AccountPace.load(paces, account.pace, self._clock.now(), known=account.pace_known)
        visit.share = max(1, int(pace.windows[EVERYTHING].learned * SHARE))
        visit.gate = PacedGate(
            pace=pace, clock=self._clock, stop=stop, patience_secs=self._patience_secs
        )
        secrets = self._accounts.credentials(leased)
        visit.entered = visit.access.sessions.session(
            account.id, account.username, secrets.session, secrets.proxy
        )
        visit.entered.gate = visit.gate
        if self._accounts.needs_probe(leased):
            self.probe(visit, stop)

    def probe(self, visit: AccountCheckout, stop: threading.Event) -> None:
        """One cheap request that tells whether the account is well. Raises as `enter`."""
        if not visit.source.check_session(visit.session, stop).signed_in:
            asked = Evidence("check of the session", 200)
            raise LoginExpiredError("the session is not signed in any more", asked)
        visit.account = self._accounts.record_probe(visit.account)

    def leave(self, visit: AccountCheckout) -> None:
        """Give the account back after good work, or none."""
        self._accounts.release(
            visit.account,
            worked=visit.good_answers > 0,
            successful_requests=visit.good_answers,
            pace=self._asked(visit),
        )

    def leave_after(self, visit: AccountCheckout, error: SourceError | CredentialsError) -> None:
        """Give the account back as an error and its culprit ask for."""
        accounts, leased, asked = self._accounts, visit.account, self._asked(visit)
        evidence = error.evidence if isinstance(error, SourceError) else None
        match error:
            case LoginExpiredError() | AccountBannedError() | CredentialsError():
                accounts.disable(leased, f"{_reason(error)}: {error}", evidence)
            case ThrottledError():
                rest = error.retry_after_secs or self._rests.throttle_secs
                accounts.cool_down(leased, rest, f"throttled: {error}", evidence, pace=asked)
            case RiskControlError() if error.culprit in (None, Culprit.ACCOUNT):
                rest = self._rests.risk_secs
                accounts.cool_down(
                    leased, rest, f"risk control: {error}", evidence, suspect=True, pace=asked
                )
            case RiskControlError():
                detail = f"risk control: {error}; to blame is the {error.culprit}, not the account"
                accounts.release_unharmed(leased, detail, evidence, asked)
            case RetryableError() if error.of_proxy:
                rest = self._rests.throttle_secs
                detail = f"its proxy does not let it through: {error}"
                accounts.cool_down(leased, rest, detail, evidence, pace=asked)
            case _:
                self.leave(visit)

    def _asked(self, visit: AccountCheckout) -> PaceState | None:
        if visit.gate is None:
            return None
        now = self._clock.now()
        return PaceState(visit.gate.pace.dump(now), visit.gate.pace.ready_at(now))


def _reason(error: Exception) -> str:
    if isinstance(error, LoginExpiredError):
        return "session expired"
    return "banned" if isinstance(error, AccountBannedError) else "credentials"
