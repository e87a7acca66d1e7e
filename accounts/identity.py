"""Which login an account is: claimed by its cookies, proven by the platform, and never twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from accounts.account_lease import AccountLease
from accounts.lifecycle import deleted_exports
from core.clock import Clock, QuotaCalendar
from core.errors import DuplicateKeyError, InvalidInputError, WrongLoginError
from core.leases import LeaseKind, LeaseRegistry
from core.messages import Message
from storage.crawling import account_leases, account_logins, accounts
from storage.engines.transactions import Database, Tx
from storage.models.accounts import Account

MAX_UID_LETTERS = 32


@dataclass(frozen=True)
class _Finding:
    """The outcome of comparing the login of a leased account with the stored one.

    `reason` says why the account was disabled, None when it was not; `loser_id` is the account that
    lost its lease to it, None when there is none.
    """

    reason: Message | None = None
    loser_id: int | None = None


@dataclass(frozen=True, kw_only=True)
class AccountIdentity:
    """Compares the logins of leased accounts with what is stored, and disables what is wrong.

    Args:
        claimed_uid: returns for a platform's name and a session in clear whose session it says it
            is; None where it does not say.
    """

    database: Database
    clock: Clock
    calendar: QuotaCalendar
    lease_registry: LeaseRegistry
    claimed_uid: Callable[[str, str], str | None]

    def note_claim(self, leased: AccountLease, session: str | None) -> None:
        """Store the login that the session in clear names, for an account of which none is known.

        Raises:
            WrongLoginError: another account, which is older, is the same login; this one is
                disabled now.
        """
        account = leased.account
        if account.platform_uid is not None or session is None:
            return
        uid = self.claimed_uid(account.platform, session)
        if uid is not None:
            self._compare(leased, uid, seen_at=None)

    def confirm(self, leased: AccountLease, uid: str | None) -> None:
        """Store that the platform showed the login's own id; None where it shows none.

        When another account is the same login, the younger one is disabled. When the lease was
        lost, nothing is stored.

        Raises:
            WrongLoginError: it is another login than the stored one, or that of an older account;
                the account is disabled now.
        """
        if uid:
            self._compare(leased, storable_uid(uid), seen_at=self.clock.now())

    def _compare(self, leased: AccountLease, uid: str, *, seen_at: datetime | None) -> None:
        try:
            finding = self.database.write_idempotent(self._settle, leased, uid, seen_at)
        except DuplicateKeyError:
            # Another process stored the same login between our look and our write.
            finding = self.database.write_idempotent(self._settle, leased, uid, seen_at)
        if finding.loser_id is not None:
            self.lease_registry.lose(LeaseKind.ACCOUNT, finding.loser_id)
        if finding.reason is not None:
            raise WrongLoginError(finding.reason)

    def _settle(self, tx: Tx, leased: AccountLease, uid: str, seen_at: datetime | None) -> _Finding:
        stored, now = accounts.get(tx, leased.id), self.clock.now()
        if stored is None or stored.lease_token != leased.lease.token:
            return _Finding()
        if stored.platform_uid not in (None, uid):
            reason = Message.of("login_swapped", uid=uid, was=stored.platform_uid)
            self._disable(tx, leased, reason, now)
            return _Finding(reason=reason)
        other, loser_id = account_logins.find(tx, stored.platform, uid), None
        if other is not None and other.id < stored.id:
            reason = Message.of("login_of_older", name=other.username, uid=uid)
            if self._disable(tx, leased, reason, now):
                self._note_duplicate(tx, other, stored, uid, now)
            return _Finding(reason=reason)
        if other is not None and other.id != stored.id:
            detail = Message.of("login_of_older", name=stored.username, uid=uid).dump()
            account_logins.disable_duplicate(tx, other.id, now, detail)
            accounts.note_event(tx, other.id, "disabled", detail, now)
            self._note_duplicate(tx, stored, other, uid, now)
            loser_id = other.id
        account_logins.prove_uid(tx, stored.id, leased.lease.token, uid, seen_at, now)
        if stored.platform_uid is None:
            deleted_exports.take_over(tx, stored.id, stored.platform, uid)
        return _Finding(loser_id=loser_id)

    def _disable(self, tx: Tx, leased: AccountLease, reason: Message, now: datetime) -> bool:
        """Disable the leased account, which ends its lease; return False when that was lost."""
        token, detail = leased.lease.token, reason.dump()
        if not account_leases.disable_leased(tx, leased.id, token, now, detail):
            return False
        accounts.note_event(tx, leased.id, "disabled", detail, now)
        return True

    def _note_duplicate(
        self, tx: Tx, older: Account, younger: Account, uid: str, now: datetime
    ) -> None:
        """Record with the older account that a younger one, disabled now, was the same login.

        What that exported today counts for the older one from now on: the platform sees one login.
        """
        note = Message.of("login_also_in", name=younger.username, uid=uid)
        accounts.note_event(tx, older.id, "duplicate", note.dump(), now)
        day = self.calendar.day(now)
        rows = younger.exported_on(day)
        if rows:
            account_logins.add_exports_of_duplicate(tx, older.id, day, rows)


def storable_uid(uid: str) -> str:
    """Return the uid as the column holds it: a hash in place of one that is too long."""
    if len(uid) <= MAX_UID_LETTERS:
        return uid
    return hashlib.sha256(uid.encode()).hexdigest()[:MAX_UID_LETTERS]


def require_free_login(
    tx: Tx, platform: str, uid: str | None, name: str, account_id: int | None = None
) -> None:
    """Do nothing when no other account than `account_id` is the login `uid`; None is nobody's.

    Raises:
        InvalidInputError: another one is; `name` is what the message calls the account to be.
    """
    other = None if uid is None else account_logins.find(tx, platform, uid)
    if other is not None and other.id != account_id:
        raise InvalidInputError("login_taken", name=name, other=other.username, uid=uid)
