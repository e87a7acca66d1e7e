"""Changes that an operator makes to accounts by id: their status and today's export count."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.lifecycle.deletion import require_live
from core.clock import Clock, QuotaCalendar
from core.errors import InvalidInputError, QuotaExceededError
from core.leases import LeaseKind, LeaseRegistry
from core.messages import Message
from storage.crawling import account_leases, accounts, task_control
from storage.engines.transactions import Database, Tx
from storage.models.accounts import Account, AccountStatus

MAX_ROWS = 2**31 - 1  # what the column holds


@dataclass(frozen=True, kw_only=True)
class AccountOperator:
    """Checks and makes the changes that an operator asks for; AccountManager offers them to
    callers.
    """

    database: Database
    clock: Clock
    calendar: QuotaCalendar
    lease_registry: LeaseRegistry
    owner: str

    def existing(self, account_id: int) -> Account:
        """Return the account with that id.

        Raises:
            InvalidInputError: there is none, it was deleted, or the id is no positive 63-bit
                integer.
        """
        is_valid = isinstance(account_id, int) and 0 < account_id < 2**63
        account = self.database.read(accounts.get, account_id) if is_valid else None
        return require_live(account, account_id)

    def set_status(
        self, account_id: int, text: AccountStatus | str, reason: Message | str | None
    ) -> None:
        """Set the status of an account; `idle` and `disabled` end its lease, also in this process.

        Raises:
            InvalidInputError: there is no such account or status; or `ingesting` or `exporting` is
                asked for, and this process has not leased the account.
        """
        status = _parse_status(text)
        self.existing(account_id)
        now = self.clock.now()
        if status in (AccountStatus.INGESTING, AccountStatus.EXPORTING):
            if not self.database.write(
                account_leases.set_purpose, account_id, self.owner, status, now
            ):
                raise InvalidInputError("account_not_leased_here", account_id=account_id)
            return
        detail = Message.text(reason) if isinstance(reason, str) and reason else reason
        self.database.write(
            _set_status, account_id, status, now, detail or Message.of("by_operator")
        )
        # The status ended the lease in the database: its holder in this process must notice.
        self.lease_registry.lose(LeaseKind.ACCOUNT, account_id)

    def remaining_quota(self, account_id: int) -> int:
        """Return the rows the account may still export today.

        Raises:
            InvalidInputError: there is no such account.
        """
        day = self.calendar.day(self.clock.now())
        return self.existing(account_id).remaining_quota(day)

    def add_exported(self, account_id: int, count: int) -> int:
        """Add `count` exported rows to today's, atomically, and return what is left of the quota.

        Raises:
            QuotaExceededError: that would pass the limit; nothing was added.
            InvalidInputError: the count is negative or no integer, or there is no such account.
        """
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise InvalidInputError("export_count_invalid", count=repr(count))
        self.existing(account_id)
        now = self.clock.now()
        day = self.calendar.day(now)
        if count > MAX_ROWS or not self.database.write(
            account_leases.spend_quota, account_id, day=day, rows=count, token=None, now=now
        ):
            left = self.remaining_quota(account_id)
            raise QuotaExceededError(
                "quota_too_small", account_id=account_id, left=left, rows=count
            )
        return self.remaining_quota(account_id)


def _set_status(
    tx: Tx, account_id: int, status: AccountStatus, now: datetime, reason: Message
) -> None:
    is_disabled = status is AccountStatus.DISABLED
    detail = reason.dump()
    accounts.set_status(tx, account_id, status, now, detail if is_disabled else None)
    accounts.note_event(tx, account_id, "disabled" if is_disabled else "enabled", detail, now)
    account = accounts.get(tx, account_id)
    if account is not None and not is_disabled:
        task_control.wake_waiting(tx, account.platform, now)


def _parse_status(text: AccountStatus | str) -> AccountStatus:
    try:
        return AccountStatus(text)
    except ValueError:
        raise InvalidInputError(
            "account_status_unknown", status=str(text), known=list(AccountStatus)
        ) from None
