"""AccountManager: who may use which account, for what, until when, and how much of it is left."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from accounts.shortage import Shortage, shortage_of_quota, shortage_of_turns
from accounts.vault import Credentials, Vault
from core.clock import Clock, QuotaCalendar
from core.errors import DatabaseContentionError, Evidence, InvalidInputError, QuotaExceededError
from core.leases import Lease, LeaseKind, LeaseRegistry
from storage.crawling import account_leases as leases
from storage.crawling import accounts as rows
from storage.crawling import tasks
from storage.crawling.account_leases import PaceState
from storage.engines.transactions import Database, Tx
from storage.models.accounts import Account, AccountStatus, Health

MAX_ROWS = 2**31 - 1  # what the column holds
MAX_REST_SECS = 7 * 86400.0
PROBATION_ANSWERS = 10
SESSION_CHECK_EVERY = timedelta(days=1)
LONG_REST = timedelta(hours=12)


class Purpose(StrEnum):
    """What an account is leased for; the value is the status it shows meanwhile."""

    INGESTING = "ingesting"
    EXPORTING = "exporting"


@dataclass(frozen=True)
class AccountLease:
    """A leased account. `remaining_quota` is of the moment of leasing."""

    account: Account
    lease: Lease
    purpose: Purpose
    remaining_quota: int

    @property
    def id(self) -> int:
        return self.account.id

    @property
    def username(self) -> str:
        return self.account.username


class AccountManager:
    """Leases accounts to the workers of this process, and is the operator's way to change them.

    Args:
        owner: id of this process, fresh at every start; leases carry it.
        lease_secs: how long a lease lives without the keeper's renewal.
    """

    def __init__(
        self,
        *,
        database: Database,
        vault: Vault,
        clock: Clock,
        calendar: QuotaCalendar,
        book: LeaseRegistry,
        owner: str,
        lease_secs: float,
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._calendar = calendar
        self._book = book
        self._owner = owner
        self._lease_secs = lease_secs

    def lease(self, purpose: Purpose, platform: str) -> AccountLease | None:
        """Lease the least recently used account that is fit; None when none is.

        Fit is who is neither disabled nor cooling down nor leased, and for exporting has quota.
        """
        return self._lease(lambda tx: self._claim(tx, purpose, platform))

    def lease_again(self, account_id: int, purpose: Purpose) -> AccountLease | None:
        """Lease that very account; None when it is not fit just now. Raises as `lease`."""
        account = self._existing(account_id)
        if account.status is not AccountStatus.IDLE:
            return None
        return self._lease(lambda tx: self._claim(tx, purpose, account.platform, only=account_id))

    def has_exports_left(self, account_id: int) -> bool:
        """Whether the account is enabled and has quota left today, whoever uses it just now."""
        account = self._existing(account_id)
        day = self._calendar.day(self._clock.now())
        return account.status is not AccountStatus.DISABLED and account.remaining_quota(day) > 0

    def _lease(self, claim: Callable[[Tx], AccountLease | None]) -> AccountLease | None:
        taken = self._database.write(claim)
        if taken is None and self._database.write(lambda tx: leases.reap(tx, self._clock.now())):
            taken = self._database.write(claim)
        if taken is not None:
            self._book.add(taken.lease)
        return taken

    def release(
        self,
        leased: AccountLease,
        *,
        worked: bool = True,
        good_answers: int = 0,
        asked: PaceState | None = None,
    ) -> None:
        """Give the account back, idle. `worked` clears the failures in a row of a healthy account;
        one on probation becomes healthy after enough good answers.

        `asked` says what was asked of the platform; without it the next user takes the pace for
        used up.
        """
        self._book.strike(leased.lease)
        token, now, account = leased.lease.token, self._clock.now(), leased.account
        on_probation = account.health is Health.PROBATION
        good = account.good_answers + good_answers if on_probation else 0
        proven = on_probation and good >= PROBATION_ANSWERS
        asked_well = worked and leased.purpose is Purpose.INGESTING
        healthy = proven or (asked_well and account.health is Health.HEALTHY)

        def work(tx: Tx) -> None:
            if (
                leases.give_back(
                    tx,
                    leased.id,
                    token,
                    now,
                    healthy=healthy,
                    good_answers=0 if proven else good,
                    asked=asked,
                )
                and proven
            ):
                detail = f"healthy again after {good} good answers"
                rows.note_event(tx, leased.id, "recovered", detail, now)

        self._database.write_idempotent(work)

    def abandon(self, leased: AccountLease) -> None:
        """Stop renewing without telling the database: the lease runs out by itself."""
        self._book.strike(leased.lease)
        leased.lease.mark_lost()

    def cool_down(
        self,
        leased: AccountLease,
        base_secs: float,
        reason: str,
        evidence: Evidence | None = None,
        *,
        suspect: bool = False,
        asked: PaceState | None = None,
    ) -> datetime:
        """Give the account back with a rest, twice as long for each failure in a row (at most 16
        times); returns its end. A `suspect` account is probed before it works again."""
        self._book.strike(leased.lease)
        now = self._clock.now()
        factor = 2 ** min(leased.account.failure_count, 4)
        until = now + timedelta(seconds=min(base_secs * factor, MAX_REST_SECS))
        health = Health.SUSPECT if suspect else leased.account.health
        kind = "suspect" if suspect else "cooldown"

        def work(tx: Tx) -> None:
            if leases.cool_down(
                tx,
                leased.id,
                token=leased.lease.token,
                now=now,
                until=until,
                health=health,
                asked=asked,
            ):
                rows.note_event(
                    tx,
                    leased.id,
                    kind=kind,
                    detail=reason,
                    now=now,
                    evidence=_as_json(evidence),
                    until=until,
                )

        self._database.write_idempotent(work)
        return until

    def spare(
        self,
        leased: AccountLease,
        detail: str,
        evidence: Evidence | None = None,
        asked: PaceState | None = None,
    ) -> None:
        """Give the account back as it was, with a note of a refusal that was not its fault."""
        now = self._clock.now()
        self._database.write_idempotent(
            lambda tx: rows.note_event(
                tx, leased.id, kind="spared", detail=detail, now=now, evidence=_as_json(evidence)
            )
        )
        self.release(leased, worked=False, asked=asked)

    def disable(self, leased: AccountLease, reason: str, evidence: Evidence | None = None) -> None:
        """End the lease for good: the account is disabled with its reason."""
        self._book.strike(leased.lease)
        now = self._clock.now()

        def work(tx: Tx) -> None:
            if leases.disable_leased(tx, leased.id, leased.lease.token, now, reason):
                rows.note_event(
                    tx,
                    leased.id,
                    kind="disabled",
                    detail=reason,
                    now=now,
                    evidence=_as_json(evidence),
                )

        self._database.write_idempotent(work)

    def lease_unchecked(self, platform: str) -> AccountLease | None:
        """Lease an idle account whose session was not looked at for a day; None when there is
        none."""
        return self._lease(lambda tx: self._claim(tx, Purpose.INGESTING, platform, unchecked=True))

    def needs_probe(self, leased: AccountLease) -> bool:
        """Whether to look at the session before the account works: it is suspect, or nobody looked
        for a day, or it rested for long."""
        account, now = leased.account, self._clock.now()
        if account.health is Health.SUSPECT:
            return True
        seen = account.session_checked_at or account.created_at
        rested = account.last_used_at or account.created_at
        return now - seen > SESSION_CHECK_EVERY or now - rested > LONG_REST

    def note_probe(self, leased: AccountLease) -> AccountLease:
        """Write down that the session was looked at and is signed in; a suspect account is on
        probation from now on."""
        now, account = self._clock.now(), leased.account
        was_suspect = account.health is Health.SUSPECT
        health = Health.PROBATION if was_suspect else account.health

        def work(tx: Tx) -> None:
            if leases.set_health(tx, leased.id, leased.lease.token, health, now) and was_suspect:
                rows.note_event(tx, leased.id, "probation", "the probe passed; on probation", now)

        self._database.write_idempotent(work)
        return replace(leased, account=replace(account, health=health, session_checked_at=now))

    def note_hand_over(self, leased: AccountLease, detail: str) -> None:
        """Write into the account's timeline that its quota is used up."""
        now = self._clock.now()
        self._database.write(rows.note_event, leased.id, "hand_over", detail, now)

    def credentials(self, leased: AccountLease) -> Credentials:
        """The account's secrets in clear. Raises CredentialsError when they do not decrypt."""
        account = leased.account
        return Credentials(
            password=self._vault.decrypt(account.password),
            session=self._vault.decrypt(account.session),
            proxy=self._vault.decrypt(account.proxy),
        )

    def shortage(self, purpose: Purpose, platform: str) -> Shortage:
        """Why no account is fit for `purpose`, and when that ends."""
        now = self._clock.now()
        day = self._calendar.day(now)
        pool = self._database.read(rows.pool_state, platform, now, day)
        if purpose is Purpose.EXPORTING:
            return shortage_of_quota(pool, platform, day, self._calendar.next_day_starts(now))
        return shortage_of_turns(pool, platform)

    def has_accounts(self, platform: str) -> bool:
        """Whether the pool has any account of that platform, fit or not."""
        now = self._clock.now()
        pool = self._database.read(
            lambda tx: rows.pool_state(tx, platform, now, self._calendar.day(now))
        )
        return pool.total > 0

    # The operator's interface.

    def get_idle_account(
        self, platform: str = "bilibili", purpose: Purpose = Purpose.INGESTING
    ) -> AccountLease | None:
        """Lease the next fit account for this process; None when none is fit.

        It ends by `set_account_status(id, "idle")`, `release`, or by itself.
        """
        return self.lease(purpose, platform)

    def set_account_status(
        self, account_id: int, status: AccountStatus | str, reason: str | None = None
    ) -> None:
        """Set `idle` (ends cooldown, lease and disabling), `disabled`, or, for an account that this
        process has leased, `ingesting` or `exporting`.

        Raises:
            InvalidInputError: no such account or status, or another process leased it.
        """
        wanted = _status(status)
        self._existing(account_id)
        now = self._clock.now()
        if wanted in (AccountStatus.INGESTING, AccountStatus.EXPORTING):
            if not self._database.write(leases.set_purpose, account_id, self._owner, wanted, now):
                raise InvalidInputError(
                    f"account {account_id} is not leased by this process; lease it with"
                    " get_idle_account() first"
                )
            return
        self._database.write(self._set_by_operator, account_id, wanted, now, reason)
        for lease in self._book.held():
            if lease.kind is LeaseKind.ACCOUNT and lease.row_id == account_id:
                lease.mark_lost()
                self._book.strike(lease)

    def get_remaining_quota(self, account_id: int) -> int:
        """Rows the account may still export today. Raises InvalidInputError for an unknown id."""
        day = self._calendar.day(self._clock.now())
        return self._existing(account_id).remaining_quota(day)

    def update_export_count(self, account_id: int, count: int) -> int:
        """Add `count` exported rows to today's, atomically; what is left of the quota.

        Raises:
            QuotaExceededError: that would pass the limit; nothing was added.
            InvalidInputError: a negative count, or no such account.
        """
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise InvalidInputError(f"count must be a whole number and not negative, got {count!r}")
        self._existing(account_id)
        now = self._clock.now()
        day = self._calendar.day(now)
        if count > MAX_ROWS or not self._database.write(
            leases.spend_quota, account_id, day=day, rows=count, token=None, now=now
        ):
            left = self.get_remaining_quota(account_id)
            raise QuotaExceededError(
                f"account {account_id} has {left} rows left today, not {count}"
            )
        return self.get_remaining_quota(account_id)

    def _claim(
        self,
        tx: Tx,
        purpose: Purpose,
        platform: str,
        *,
        unchecked: bool = False,
        only: int | None = None,
    ) -> AccountLease | None:
        now = self._clock.now()
        asked_at = self._clock.monotonic()
        day = self._calendar.day(now)
        quota_day = day if purpose is Purpose.EXPORTING else None
        until = now + timedelta(seconds=self._lease_secs)
        if unchecked:
            seen = leases.lock_next_unchecked(tx, platform, now, now - SESSION_CHECK_EVERY)
        elif only is not None:
            seen = leases.lock_fit(tx, only, now, quota_day)
        else:
            seen = leases.lock_next_fit(tx, platform, now, quota_day)
        if seen is None:
            return None
        if not leases.claim(
            tx,
            seen,
            purpose=AccountStatus(purpose),
            owner=self._owner,
            now=now,
            until=until,
            quota_day=quota_day,
        ):
            raise DatabaseContentionError(f"account {seen.id} was taken meanwhile")
        lease = Lease(
            kind=LeaseKind.ACCOUNT,
            row_id=seen.id,
            token=seen.lease_token + 1,
            deadline=asked_at + self._lease_secs,
        )
        return AccountLease(
            account=seen, lease=lease, purpose=purpose, remaining_quota=seen.remaining_quota(day)
        )

    def _set_by_operator(
        self, tx: Tx, account_id: int, status: AccountStatus, now: datetime, reason: str | None
    ) -> None:
        disabled = status is AccountStatus.DISABLED
        why = reason or "by the operator"
        rows.set_status(tx, account_id, status, now, why if disabled else None)
        rows.note_event(tx, account_id, "disabled" if disabled else "enabled", why, now)
        account = rows.get(tx, account_id)
        if account is not None and not disabled:
            tasks.wake_waiting(tx, account.platform, now)

    def _existing(self, account_id: int) -> Account:
        known = isinstance(account_id, int) and 0 < account_id < 2**63
        account = self._database.read(rows.get, account_id) if known else None
        if account is None:
            raise InvalidInputError(
                f"no account has the id {account_id}; see: python cli.py accounts list"
            )
        return account


def _status(text: AccountStatus | str) -> AccountStatus:
    try:
        return AccountStatus(text)
    except ValueError:
        names = ", ".join(AccountStatus)
        raise InvalidInputError(f"unknown account status {str(text)!r}; one of {names}") from None


def _as_json(evidence: Evidence | None) -> str | None:
    return None if evidence is None else json.dumps(asdict(evidence), ensure_ascii=False)
