"""Short ways to accounts in a pool."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from accounts.account_lease import AccountLease, Purpose
from accounts.manager import AccountManager
from app.container import App
from storage.crawling import account_leases
from storage.crawling import accounts as rows
from storage.models.accounts import Account, AccountEvent, AccountStatus
from tests.support.apps import add_account

PLATFORM = "bilibili"


@dataclass
class Pool:
    """An App's accounts as a test talks about them."""

    app: App

    @property
    def manager(self) -> AccountManager:
        return self.app.pool.manager

    def add(self, *names: str, limit: int = 4000) -> list[int]:
        return [add_account(self.app, name, limit) for name in names]

    def lease(self, purpose: Purpose = Purpose.EXPORTING) -> AccountLease | None:
        return self.manager.lease(purpose, PLATFORM)

    def must_lease(self, purpose: Purpose = Purpose.EXPORTING) -> AccountLease:
        leased = self.lease(purpose)
        assert leased is not None
        return leased

    def account(self, account_id: int) -> Account:
        account = self.app.database.read(rows.get, account_id)
        assert account is not None
        return account

    def status(self, account_id: int) -> AccountStatus:
        return self.account(account_id).status

    def events(self, account_id: int) -> list[AccountEvent]:
        """Oldest first."""
        return self.app.pool.registry.events(self.account(account_id))[::-1]

    def kinds(self, account_id: int) -> list[str]:
        return [event.kind for event in self.events(account_id)]

    def spend(self, leased: AccountLease, count: int) -> bool:
        """What an export batch does under its lease."""
        now = self.app.clock.now()
        day = self.app.calendar.day(now)
        return self.app.database.write(
            account_leases.spend_quota,
            leased.id,
            day=day,
            rows=count,
            token=leased.lease.token,
            now=now,
        )


@pytest.fixture
def pool(app: App) -> Pool:
    return Pool(app)
