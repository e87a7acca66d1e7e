"""Random days: whatever is exported, and however the clock moves, no day passes its limit."""

from __future__ import annotations

import shutil
import tempfile
from collections import defaultdict
from datetime import date
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from pydantic import SecretStr

from accounts.account_lease import AccountLease, Purpose
from app.container import App
from core.errors import QuotaExceededError
from storage.crawling import account_leases
from tests.support.apps import GivenSettings, add_account
from tests.support.moving_clock import MovingClock

LIMIT = 10


class QuotaMachine(RuleBasedStateMachine):
    """One account, its operator and a worker; the model is a count per day that never goes back."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="baton-quota-"))
        self.clock = MovingClock()
        url = SecretStr(f"sqlite:///{self.folder / 'b.db'}")
        config = GivenSettings(database_url=url, data_dir=self.folder)
        self.app = App(config, clock=self.clock).open()
        self.account = add_account(self.app, "a", LIMIT)
        self.counts: dict[date, int] = defaultdict(int)
        self.latest = date(1970, 1, 1)
        self.limit = LIMIT
        self.leased: AccountLease | None = None

    def teardown(self) -> None:
        self.app.close()
        shutil.rmtree(self.folder)

    @property
    def today(self) -> date:
        return self.app.calendar.day(self.clock.now())

    def remaining(self) -> int:
        if self.today < self.latest:
            return 0
        return max(0, self.limit - self.counts[self.today])

    def book(self, count: int, granted: bool) -> None:
        # Granting no rows is no promise, whatever the quota is.
        assert granted == (count <= self.remaining()) or count == 0
        if granted:
            self.counts[self.today] += count
            self.latest = max(self.latest, self.today)

    @rule(count=st.integers(0, 12))
    def operator_counts(self, count: int) -> None:
        try:
            self.app.pool.manager.update_export_count(self.account, count)
        except QuotaExceededError:
            self.book(count, False)
        else:
            self.book(count, True)

    @rule(count=st.integers(1, 12))
    def worker_exports(self, count: int) -> None:
        if self.leased is None:
            return
        token, now = self.leased.lease.token, self.app.clock.now()
        stale = self.app.pool.registry.find("a").lease_token != token
        granted = self.app.database.write(
            account_leases.spend_quota,
            self.account,
            day=self.today,
            rows=count,
            token=token,
            now=now,
        )
        if stale:
            assert not granted
            self.leased = None
        else:
            self.book(count, granted)

    @rule()
    def worker_leases(self) -> None:
        if self.leased is None:
            self.leased = self.app.pool.manager.lease(Purpose.EXPORTING, "bilibili")
            assert (self.leased is not None) == (self.remaining() > 0)

    @rule()
    def worker_releases(self) -> None:
        if self.leased is not None:
            self.app.pool.manager.release(self.leased)
            self.leased = None

    @rule()
    def operator_takes_it_away(self) -> None:
        self.app.pool.manager.set_account_status(self.account, "idle")

    @rule(hours=st.integers(-30, 40))
    def time_goes(self, hours: int) -> None:
        self.clock.move(hours * 3600)

    @rule(limit=st.integers(0, 15))
    def operator_sets_limit(self, limit: int) -> None:
        self.app.pool.registry.set_limit(self.app.pool.registry.find("a"), limit)
        self.limit = limit

    @invariant()
    def quota_is_what_the_days_left(self) -> None:
        assert self.app.pool.manager.get_remaining_quota(self.account) == self.remaining()
        assert all(count <= 15 for count in self.counts.values())


TestQuotaMachine = QuotaMachine.TestCase
TestQuotaMachine.settings = settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
