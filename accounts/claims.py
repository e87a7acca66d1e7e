"""Claiming of accounts: one transaction that picks a fit account and leases it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from accounts.account_lease import AccountLease, Purpose
from core.clock import Clock, QuotaCalendar
from core.errors import DatabaseContentionError
from core.leases import Lease, LeaseKind, LeaseRegistry
from storage.crawling import account_leases
from storage.engines.transactions import Database, Tx
from storage.models.accounts import Account, AccountStatus

Pick = Callable[[Tx, datetime, date | None], Account | None]


@dataclass(frozen=True, kw_only=True)
class AccountClaims:
    """Claims accounts for this process and registers their leases for renewal.

    An account is fit for exporting when it is idle, not cooling down and has quota left today; for
    ingesting, when it is idle, not cooling down and its pace allows a request now.

    Args:
        owner: id of this process, fresh at every start; leases carry it.
        lease_secs: seconds that a lease lasts unless it is renewed.
    """

    database: Database
    clock: Clock
    calendar: QuotaCalendar
    lease_registry: LeaseRegistry
    owner: str
    lease_secs: float

    def claim_next(
        self,
        platform: str,
        purpose: Purpose,
        task_id: int | None,
        excluding: Collection[int] = (),
    ) -> AccountLease | None:
        """Lease the platform's least recently used account that is fit; None when none is.

        Args:
            task_id: the top-level task that it will work for; None for other work.
            excluding: ids of accounts that are passed over.
        """
        return self._claim(
            lambda tx, now, day: account_leases.lock_next_fit(tx, platform, now, day, excluding),
            purpose,
            task_id,
        )

    def claim_account(
        self, account_id: int, purpose: Purpose, task_id: int | None
    ) -> AccountLease | None:
        """Lease the account with that id; None when it is not fit or does not exist.

        `task_id` is the top-level task that it will work for; None for other work.
        """
        return self._claim(
            lambda tx, now, day: account_leases.lock_fit(tx, account_id, now, day),
            purpose,
            task_id,
        )

    def claim_unchecked(self, platform: str, unchecked_for: timedelta) -> AccountLease | None:
        """Lease an account for ingesting whose session was not checked for `unchecked_for`.

        It is an idle one that has a session and may send a request now. None: there is no such
        account.
        """
        return self._claim(
            lambda tx, now, _day: account_leases.lock_next_unchecked(
                tx, platform, now, now - unchecked_for
            ),
            Purpose.INGESTING,
            task_id=None,
        )

    def _claim(self, pick: Pick, purpose: Purpose, task_id: int | None) -> AccountLease | None:
        def claim(tx: Tx) -> AccountLease | None:
            return self._claim_in(tx, pick, purpose, task_id)

        claimed = self.database.write(claim)
        # Expired leases are ended only when nothing is free: that keeps the usual claim short.
        if claimed is None and self.database.write(
            lambda tx: account_leases.reap(tx, self.clock.now())
        ):
            claimed = self.database.write(claim)
        if claimed is not None:
            self.lease_registry.add(claimed.lease)
        return claimed

    def _claim_in(
        self, tx: Tx, pick: Pick, purpose: Purpose, task_id: int | None
    ) -> AccountLease | None:
        now = self.clock.now()
        # Read before the update: a slow transaction must not lengthen our view of the lease.
        claimed_at = self.clock.monotonic()
        day = self.calendar.day(now)
        quota_day = day if purpose is Purpose.EXPORTING else None
        account = pick(tx, now, quota_day)
        if account is None:
            return None
        if not account_leases.claim(
            tx,
            account,
            purpose=AccountStatus(purpose),
            owner=self.owner,
            now=now,
            until=now + timedelta(seconds=self.lease_secs),
            quota_day=quota_day,
            task_id=task_id,
        ):
            raise DatabaseContentionError("account_taken_meanwhile", account_id=account.id)
        lease = Lease(
            kind=LeaseKind.ACCOUNT,
            row_id=account.id,
            token=account.lease_token + 1,
            deadline=claimed_at + self.lease_secs,
        )
        return AccountLease(
            account=account,
            lease=lease,
            purpose=purpose,
            remaining_quota=account.remaining_quota(day),
        )
