"""Claiming of accounts: one transaction that picks a fit account and leases it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from accounts.account_lease import AccountLease, Purpose
from accounts.egress.route_states import read_route_states
from core.clock import Clock, QuotaCalendar
from core.errors import DatabaseContentionError
from core.leases import Lease, LeaseKind, LeaseRegistry
from storage.crawling import account_leases, proxies
from storage.crawling.proxies import NONE_CLOSED, ClosedRoutes
from storage.engines.transactions import Database, Tx
from storage.models.accounts import Account, AccountStatus
from storage.models.tasks import NO_PIN, Pin

Pick = Callable[[Tx, datetime, date | None, ClosedRoutes], Account | None]


@dataclass(frozen=True, kw_only=True)
class _Wish:
    """A wish for an account: how `pick` locks it, its purpose, and the task it will work for."""

    pick: Pick
    purpose: Purpose
    platform: str
    task_id: int | None = None
    endpoints: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AccountClaims:
    """Claims accounts for this process and registers their leases for renewal.

    An account is fit for exporting when it is idle, not cooling down and has quota left today; for
    ingesting, when it is idle, not cooling down, its pace allows a request now and its egress route
    is open. The account of a route whose cooldown is over is leased to one process at a time, as
    its next request shows whether the route works again.

    Args:
        owner: id of this process, fresh at every start; leases carry it.
        lease_secs: seconds that a lease lasts unless it is renewed.
        direct: name of the egress route by which accounts without a proxy leave this host.
    """

    database: Database
    clock: Clock
    calendar: QuotaCalendar
    lease_registry: LeaseRegistry
    owner: str
    lease_secs: float
    direct: str

    def claim_next(
        self,
        platform: str,
        purpose: Purpose,
        task_id: int | None,
        excluding: Collection[int] = (),
        endpoints: tuple[str, ...] = (),
        pin: Pin = NO_PIN,
        sparing: Collection[Pin] = (),
    ) -> AccountLease | None:
        """Lease the platform's least recently used account that is fit; None when none is.

        Args:
            task_id: the top-level task that it will work for; None for other work.
            excluding: ids of accounts that are passed over.
            endpoints: those that it will ask, as response rules name them.
            pin: only accounts that it admits count.
            sparing: accounts that one of these pins admits are passed over.
        """

        def pick(tx: Tx, now: datetime, day: date | None, closed: ClosedRoutes) -> Account | None:
            return account_leases.lock_next_fit(
                tx, platform, now, day, excluding, closed=closed, pin=pin, sparing=sparing
            )

        return self._claim(
            _Wish(
                pick=pick,
                purpose=purpose,
                platform=platform,
                task_id=task_id,
                endpoints=endpoints,
            )
        )

    def claim_account(
        self, account: Account, purpose: Purpose, task_id: int | None
    ) -> AccountLease | None:
        """Lease that account; None when it is not fit or exists no more.

        `task_id` is the top-level task that it will work for; None for other work.
        """
        return self._claim(
            _Wish(
                pick=lambda tx, now, day, closed: account_leases.lock_fit(
                    tx, account.id, now, day, closed
                ),
                purpose=purpose,
                platform=account.platform,
                task_id=task_id,
            )
        )

    def claim_unchecked(self, platform: str, unchecked_for: timedelta) -> AccountLease | None:
        """Lease an account for ingesting whose session was not checked for `unchecked_for`.

        It is an idle one that has a session and may send a request now. None: there is no such
        account.
        """
        return self._claim(
            _Wish(
                pick=lambda tx, now, _day, closed: account_leases.lock_next_unchecked(
                    tx, platform, now, now - unchecked_for, closed
                ),
                purpose=Purpose.INGESTING,
                platform=platform,
            )
        )

    def _claim(self, wish: _Wish) -> AccountLease | None:
        def claim(tx: Tx) -> AccountLease | None:
            return self._claim_in(tx, wish)

        claimed = self.database.write(claim)
        # Expired leases are ended only when nothing is free: that keeps the usual claim short.
        if claimed is None and self.database.write(
            lambda tx: account_leases.reap(tx, self.clock.now())
        ):
            claimed = self.database.write(claim)
        if claimed is not None:
            self.lease_registry.add(claimed.lease)
        return claimed

    def _claim_in(self, tx: Tx, wish: _Wish) -> AccountLease | None:
        now = self.clock.now()
        # Read before the update: a slow transaction must not lengthen our view of the lease.
        claimed_at = self.clock.monotonic()
        day = self.calendar.day(now)
        quota_day = day if wish.purpose is Purpose.EXPORTING else None
        account = self._pick(tx, wish, now, quota_day)
        if account is None:
            return None
        if not account_leases.claim(
            tx,
            account,
            purpose=AccountStatus(wish.purpose),
            owner=self.owner,
            now=now,
            until=now + timedelta(seconds=self.lease_secs),
            quota_day=quota_day,
            task_id=wish.task_id,
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
            purpose=wish.purpose,
            remaining_quota=account.remaining_quota(day),
        )

    def _pick(self, tx: Tx, wish: _Wish, now: datetime, quota_day: date | None) -> Account | None:
        if quota_day is not None:  # exports send no requests
            return wish.pick(tx, now, quota_day, NONE_CLOSED)
        routes = read_route_states(tx, self.direct, wish.platform, wish.endpoints, now)
        while True:
            account = wish.pick(tx, now, None, routes.closed)
            route = None if account is None else routes.route_of(account)
            if route is None or route not in routes.due or proxies.take_probe(tx, route, now):
                return account
            routes = routes.without(route)
