"""The accounts of the pool in the form in which a forecast counts on them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from accounts.manager import LONG_REST, SESSION_CHECK_EVERY
from core.clock import QuotaCalendar
from core.errors import CredentialsError
from core.settings import Pace
from crawler.planning.advice import SpareAccounts
from crawler.planning.forecast import PlannedAccount
from sources.pace_forecast import forecast_pace
from sources.pacing import EVERYTHING, AccountPace, RateWindow
from storage.models.accounts import Account, AccountStatus, Health
from storage.models.tasks import Pin


@dataclass(frozen=True)
class Search:
    """A platform's search.

    `paces` are the declared ones, by path prefix. `page_creators` is the size of a full page and
    `max_pages` the most pages, None where unknown. `sequential`: pages must be fetched in order, by
    one worker.
    """

    paces: Mapping[str, Pace]
    page_creators: int | None
    max_pages: int | None
    sequential: bool


@dataclass(frozen=True, kw_only=True)
class WorkPins:
    """Whom the tasks of a plan are pinned to: an account works on what one of the pins admits."""

    crawl: Collection[Pin]
    export: Collection[Pin]

    def may_crawl(self, account: Account) -> bool:
        """Return whether the account may work on a crawl of the plan."""
        return any(admits(pin, account) for pin in self.crawl)

    def may_export(self, account: Account) -> bool:
        """Return whether the account may work on the export of the plan."""
        return any(admits(pin, account) for pin in self.export)


def admits(pin: Pin, account: Account) -> bool:
    """Return whether an account may work on what is pinned so."""
    if pin.account_id is not None:
        return account.id == pin.account_id
    return pin.group in (None, account.group_name)


@dataclass(frozen=True, kw_only=True)
class PoolReader:
    """Turns stored accounts into planned ones, as they are at the moment `now`."""

    search: Search
    pins: WorkPins
    now: datetime
    calendar: QuotaCalendar
    answer_secs: float
    default_limit: int

    def members(
        self, pool: Sequence[Account], wanted: int | None, *, crawls: bool
    ) -> tuple[PlannedAccount, ...]:
        """Return the usable accounts in the order of their use: the one unused for longest comes
        first.

        Args:
            wanted: return so many, the first of the pool or filled up with new ones; None: all of
                the pool.
            crawls: of the accounts that may crawl, only those with a session are usable.

        Raises:
            CredentialsError: the pool has no usable account, and `wanted` is None.
        """
        usable = [account for account in pool if account.status is not AccountStatus.DISABLED]
        if crawls:
            # An account without a session is disabled as soon as a crawl leases it.
            usable = [
                account
                for account in usable
                if account.session is not None or not self.pins.may_crawl(account)
            ]
        by_use = sorted(
            usable, key=lambda account: (account.last_used_at or account.created_at, account.id)
        )
        members = [self._planned(account) for account in by_use]
        if wanted is None:
            _require_any(members, pool)
            return tuple(members)
        fresh = self._fresh(members)
        more = [replace(fresh, name=f"+{number}") for number in range(1, wanted + 1)]
        return tuple((members + more)[:wanted])

    def spares(self, pool: Sequence[Account], members: Sequence[PlannedAccount]) -> SpareAccounts:
        """Return the accounts that the operator could get besides the `members` of the plan."""
        return SpareAccounts(
            fresh=self._fresh(members),
            rested=self._rested(pool),
            disabled=tuple(self._enabled(account) for account in disabled_accounts(pool)),
        )

    def _fresh(self, members: Sequence[PlannedAccount]) -> PlannedAccount:
        """Return a new account: at the declared pace, with the limit that most others have."""
        limits = [account.daily_limit for account in members if account.daily_limit]
        limit = statistics.mode(limits) if limits else self.default_limit
        window = RateWindow(self.search.paces[EVERYTHING])
        return PlannedAccount(
            name="+1",
            pace=forecast_pace(window, self.now.timestamp(), 0.0, self.answer_secs),
            from_secs=0.0,
            until_secs=math.inf,
            daily_limit=limit,
            left_today=limit,
        )

    def _rested(self, pool: Sequence[Account]) -> dict[str, PlannedAccount]:
        """Return each account, by name, without cooldown and at the declared pace."""
        return {
            account.username: replace(
                self._planned(replace(account, pace=None, cooldown_until=None)), until_secs=math.inf
            )
            for account in pool
        }

    def _enabled(self, account: Account) -> PlannedAccount:
        """Return a disabled account as it would be when enabled, with a session that lasts."""
        usable = replace(
            account, session=account.session or "", cooldown_until=None, session_expires_at=None
        )
        return self._planned(usable)

    def _planned(self, account: Account) -> PlannedAccount:
        now = self.now
        cooldown, end = account.cooldown_until, account.session_expires_at
        from_secs = max(0.0, (cooldown - now).total_seconds()) if cooldown else 0.0
        learned = AccountPace.load(self.search.paces, account.pace, now, known=account.pace_known)
        window = learned.windows[EVERYTHING]
        pace = forecast_pace(window, now.timestamp(), from_secs, self.answer_secs)
        if self._is_probed_first(account):
            pace = replace(pace, ahead=pace.ahead - 1)  # the probe takes a request
        may_crawl, may_export = self.pins.may_crawl(account), self.pins.may_export(account)
        return PlannedAccount(
            name=account.username,
            pace=pace if account.session is not None and may_crawl else None,
            from_secs=from_secs,
            until_secs=max(0.0, (end - now).total_seconds()) if end else math.inf,
            daily_limit=account.daily_export_limit if may_export else 0,
            left_today=account.remaining_quota(self.calendar.day(now)) if may_export else 0,
            may_crawl=may_crawl,
            may_export=may_export,
        )

    def _is_probed_first(self, account: Account) -> bool:
        # `AccountManager.needs_probe` decides so when the account is leased: keep them the same.
        checked = account.session_checked_at or account.created_at
        used = account.last_used_at or account.created_at
        starts = max(self.now, account.cooldown_until or self.now)
        return (
            account.health is Health.SUSPECT
            or starts - checked > SESSION_CHECK_EVERY
            or starts - used > LONG_REST
        )


def disabled_accounts(pool: Sequence[Account]) -> list[Account]:
    """Return the accounts of the pool that are disabled, in the same order."""
    return [account for account in pool if account.status is AccountStatus.DISABLED]


def _require_any(members: Sequence[PlannedAccount], pool: Sequence[Account]) -> None:
    if members:
        return
    if not pool:
        raise CredentialsError("plan_without_accounts")
    if all(account.status is AccountStatus.DISABLED for account in pool):
        raise CredentialsError("plan_all_disabled")
    raise CredentialsError("plan_without_sessions")
