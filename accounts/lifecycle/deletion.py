"""Deletion of accounts: a tombstone stays, without secrets, so that what it exported is proven."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from accounts import mass_sign_out
from accounts.lifecycle import deleted_exports
from accounts.requests import MAX_NAME_LETTERS
from accounts.shortage import pin_lost
from core.clock import Clock, QuotaCalendar
from core.errors import InvalidInputError
from core.leases import LeaseKind, LeaseRegistry
from core.messages import Message
from storage.crawling import account_tombstones, accounts, task_pins
from storage.engines.transactions import Database, Tx
from storage.models.accounts import Account


@dataclass(frozen=True)
class DeletedAccount:
    """The outcome of a deletion: the name that files, logs and reports show from now on, and the
    ids of the open tasks that were pinned to the account and wait now."""

    name: str
    waiting_tasks: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class AccountDeletion:
    """Deletes accounts.

    Args:
        login_of: returns the uid of the login that an account is; None where nobody knows it.
    """

    database: Database
    clock: Clock
    calendar: QuotaCalendar
    lease_registry: LeaseRegistry
    login_of: Callable[[Account], str | None]

    def delete(self, account: Account) -> DeletedAccount:
        """Erase an account's secrets and free its name and login; its row and history stay.

        Whoever uses it just now stops at its next write, and goes on with another account. Tasks
        that are pinned to it wait, and say why, until they are pinned otherwise.

        Raises:
            InvalidInputError: it was deleted before, or there is no such account.
        """
        uid = self.login_of(account)

        def work(tx: Tx) -> DeletedAccount:
            now = self.clock.now()
            # Tasks are locked before accounts, as everywhere.
            waiting = task_pins.pinned_to(tx, account.id)
            stored = require_live(accounts.get(tx, account.id), account.id)
            name = _tombstone_name(tx, stored)
            lost = pin_lost(account_name=name, group=None).dump()
            for task_id in waiting:
                task_pins.tell_unclaimed(tx, task_id, lost, now)
            detail = Message.of("account_deleted", name=stored.username).dump()
            account_tombstones.bury(tx, stored.id, name, now, detail)
            accounts.note_event(tx, stored.id, "deleted", detail, now)
            if uid is not None:
                self._keep_exports(tx, stored, uid, now)
            mass_sign_out.forget_account(tx, stored.platform, stored.id)
            return DeletedAccount(name, tuple(waiting))

        done = self.database.write(work)
        # The token ended the lease in the database: its holder in this process must notice.
        self.lease_registry.lose(LeaseKind.ACCOUNT, account.id)
        return done

    def _keep_exports(self, tx: Tx, account: Account, uid: str, now: datetime) -> None:
        # Read again: an export may have counted rows until the account was locked.
        stored, day = accounts.get(tx, account.id) or account, self.calendar.day(now)
        deleted_exports.keep(tx, account.platform, uid, stored.exported_on(day), day)


def require_live(account: Account | None, account_id: int) -> Account:
    """Return the account. Raise InvalidInputError when there is none, or it was deleted."""
    if account is None:
        raise InvalidInputError("account_not_found", account_id=account_id)
    if account.deleted_at is not None:
        raise InvalidInputError("account_is_deleted", name=account.username)
    return account


def _tombstone_name(tx: Tx, account: Account) -> str:
    """Return what a deleted account is called: its old name, and where needed its id."""
    for ending in (" (deleted)", f" (deleted {account.id})"):
        name = account.username[: MAX_NAME_LETTERS - len(ending)] + ending
        if not account_tombstones.is_name_taken(tx, account.platform, name):
            return name
    return f"#{account.id}{ending}"
