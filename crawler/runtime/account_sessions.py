"""A leased account in use: its session, its pace, and what a refusal means for it."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from accounts.account_lease import AccountLease
from accounts.attribution.reverting import scope_message
from accounts.identity import AccountIdentity
from accounts.manager import AccountManager, Cooldown
from accounts.mass_sign_out import Loss
from accounts.session_updates import SessionUpdates, SessionWatch
from core.attribution import Scope
from core.clock import Clock
from core.errors import (
    AccountBannedError,
    CredentialsError,
    Evidence,
    KeyChangedError,
    LoginExpiredError,
    RetryableError,
    RiskControlError,
    SourceError,
    ThrottledError,
)
from core.messages import Message
from sources.base import AccountSession
from sources.pacing import EVERYTHING, AccountPace, PacedGate
from sources.platform_access import PlatformAccess
from sources.policies import GuardedSource
from storage.crawling.account_leases import PaceState

WINDOW_SHARE = 0.25  # of the learned requests of a window: all accounts wear evenly
PATIENCE_SECS = 0.25  # a longer wait for the next turn lets another account go on


@dataclass(frozen=True)
class CooldownPolicy:
    """The first cooldown after a refusal, in seconds; each in a row lasts twice as long."""

    throttle_secs: float
    risk_secs: float


@dataclass
class AccountCheckout:
    """A leased account while it sends requests to its platform.

    `good_answers` counts requests that were answered well; after `max_answers` of them another
    account should continue. The other fields are set by `AccountSessions.open`.
    """

    account: AccountLease
    good_answers: int = 0
    access: PlatformAccess | None = None
    opened_session: AccountSession | None = None
    gate: PacedGate | None = None
    watch: SessionWatch | None = None
    max_answers: int = 1

    @property
    def is_share_used_up(self) -> bool:
        """Return whether another account should continue, so that all are used evenly."""
        return self.good_answers >= self.max_answers

    @property
    def session(self) -> AccountSession:
        """Return the open session of the account."""
        assert self.opened_session is not None, "the session is not open"
        return self.opened_session

    @property
    def source(self) -> GuardedSource:
        """Return the source of the account's platform."""
        assert self.access is not None, "the session is not open"
        return self.access.source


@dataclass(frozen=True, kw_only=True)
class AccountSessions:
    """Opens and closes the sessions of leased accounts, at their learned pace.

    It decides what an error means for the account; what it means for the task is decided by the
    caller.

    Args:
        patience_secs: longest wait of a request for its turn; a longer one raises OutOfTurnSignal.
    """

    accounts: AccountManager
    identity: AccountIdentity
    updates: SessionUpdates
    platforms: Mapping[str, PlatformAccess]
    clock: Clock
    cooldowns: CooldownPolicy
    patience_secs: float = PATIENCE_SECS

    def endpoints_of(self, platform: str, kind: str) -> tuple[str, ...]:
        """Return the names of the endpoints that a call of that kind asks at a platform."""
        return self.platforms[platform].source.endpoints_of(kind)

    def open(self, checkout: AccountCheckout, stop: threading.Event) -> None:
        """Open the account's session, and check that it is signed in when a check is due.

        `checkout` holds the session, its gate and its source from then on. The gate lets requests
        through at the pace learned for the account. Whatever is raised, the caller still has to
        give the account back.

        Raises:
            SourceError: the platform refused the check, or the stored session is unusable; then
                call `leave_after`.
            CredentialsError: no key decrypts the account's secrets; then call `leave_after`.
            StoppedSignal: `stop` was set before the check was sent; then call `close`.
            OutOfTurnSignal: the check would have to wait longer than `patience_secs`, or the
                account leaves by a route that is in cooldown; then call `close`.
        """
        leased = checkout.account
        account = leased.account
        checkout.access = self.platforms[account.platform]
        paces = checkout.access.source.paces
        pace = AccountPace.load(paces, account.pace, self.clock.now(), known=account.pace_known)
        checkout.max_answers = max(1, int(pace.windows[EVERYTHING].learned * WINDOW_SHARE))
        checkout.gate = PacedGate(
            pace=pace, clock=self.clock, stop=stop, patience_secs=self.patience_secs
        )
        secrets = self.accounts.credentials(leased)
        route = self.accounts.record_egress(leased, secrets.proxy)
        session = checkout.access.sessions.session(
            account.id,
            account.username,
            secrets.session,
            secrets.proxy,
            user_agent=account.user_agent,
            egress=route.name,
        )
        session.lease_token = leased.lease.token
        session.gate = checkout.gate
        checkout.opened_session = session
        checkout.watch = self.updates.watch(leased, checkout.access, session, secrets)
        self.identity.note_claim(leased, secrets.session)
        if self.accounts.needs_probe(leased):
            self.probe(checkout, stop)

    def probe(self, checkout: AccountCheckout, stop: threading.Event) -> None:
        """Check with one cheap request whether the account is signed in, and record that it is.

        Raises:
            LoginExpiredError: it is not signed in; nothing is recorded.
            WrongLoginError: it is signed in as another login; the account is disabled now.
            SourceError: the platform refused the check or did not answer.
            StoppedSignal: `stop` was set before the request.
            OutOfTurnSignal: the request would have to wait longer than `patience_secs`.
        """
        status = checkout.source.check_session(checkout.session, stop)
        if not status.signed_in:
            raise LoginExpiredError("session_not_signed_in", Evidence("check of the session", 200))
        self.identity.confirm(checkout.account, status.uid)
        checkout.account = self.accounts.record_probe(checkout.account)

    def close(self, checkout: AccountCheckout, *, keeps_task: bool = False) -> None:
        """Give the account back, idle, and store the pace that it has learned.

        For the end of the work and for errors that were not the account's fault.

        `keeps_task`: it only rests until its task needs it again.
        """
        self.accounts.release(
            checkout.account,
            worked=checkout.good_answers > 0,
            successful_requests=checkout.good_answers,
            pace=self._pace_state(checkout),
            keeps_task=keeps_task,
            swaps=checkout.watch.swaps() if checkout.watch else (),
        )

    def leave_after(self, checkout: AccountCheckout, error: SourceError | CredentialsError) -> None:
        """Give the account back as an error and its attribution ask for.

        It is disabled when the session or its secrets are unusable or the account is banned, cools
        down after a throttle or a risk check that concerns nobody else, and is just idle otherwise.
        """
        accounts, leased, asked = self.accounts, checkout.account, self._pace_state(checkout)
        evidence = error.evidence if isinstance(error, SourceError) else None
        match error:
            case KeyChangedError():
                self.close(checkout)
            case LoginExpiredError() if evidence is None:
                # The stored session itself cannot be used: nothing was asked that others share.
                accounts.disable(leased, Message.of(_reason_code(error), cause=error))
            case LoginExpiredError() | CredentialsError():
                is_signed_out = isinstance(error, LoginExpiredError)
                loss = Loss.SIGNED_OUT if is_signed_out else Loss.UNREADABLE
                rest = self.cooldowns.risk_secs
                reason = Message.of(_reason_code(error), cause=error)
                accounts.disable_for_loss(leased, loss, reason, evidence, rest_secs=rest)
            case AccountBannedError():
                accounts.disable(leased, Message.of(_reason_code(error), cause=error), evidence)
            case ThrottledError() | RiskControlError() if _concerns_account(error):
                accounts.cool_down(
                    leased, self._cooldown_after(error), evidence=evidence, pace=asked
                )
            case ThrottledError() | RiskControlError() | RetryableError() if error.attribution:
                scope = scope_message(error.attribution.scope, leased.account.egress)
                detail = Message.of("refusal_elsewhere", cause=error, scope=scope)
                accounts.release_unharmed(leased, detail, evidence, asked)
            case _:
                self.close(checkout)

    def _cooldown_after(self, error: ThrottledError | RiskControlError) -> Cooldown:
        refusal_id = error.attribution.refusal_id if error.attribution else None
        if isinstance(error, ThrottledError):
            return Cooldown(
                base_secs=error.retry_after_secs or self.cooldowns.throttle_secs,
                reason=Message.of("account_throttled", cause=error),
                refusal_id=refusal_id,
            )
        return Cooldown(
            base_secs=self.cooldowns.risk_secs,
            reason=Message.of("risk_control", cause=error),
            suspect=True,
            refusal_id=refusal_id,
        )

    def _pace_state(self, checkout: AccountCheckout) -> PaceState | None:
        if checkout.gate is None:
            return None
        now = self.clock.now()
        pace = checkout.gate.pace
        return PaceState(
            pace=pace.dump(now),
            ready_at=pace.ready_at(now),
            answers=checkout.good_answers,
            day=self.accounts.calendar.day(now),
        )


def _concerns_account(error: SourceError) -> bool:
    return error.attribution is None or error.attribution.scope in (Scope.ACCOUNT, Scope.KEY)


def _reason_code(error: Exception) -> str:
    if isinstance(error, LoginExpiredError):
        return "session_expired"
    return "account_banned" if isinstance(error, AccountBannedError) else "credentials_unusable"
