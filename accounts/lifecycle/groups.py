"""Groups of accounts, such as one for each client: who belongs to which, and their totals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.lifecycle.deletion import require_live
from core.clock import Clock, QuotaCalendar
from core.messages import Message
from storage.crawling import account_groups, accounts, task_control
from storage.crawling.account_groups import GroupTotals
from storage.engines.transactions import Database, Tx
from storage.models.accounts import Account


@dataclass(frozen=True, kw_only=True)
class AccountGroups:
    """Puts accounts into groups, and sums up what the accounts of each group may do."""

    database: Database
    clock: Clock
    calendar: QuotaCalendar

    def assign(self, chosen: Sequence[Account], group: str | None) -> list[Account]:
        """Put accounts into a group (None: into none), all or none; return those that changed.

        Tasks that wait for an account look again.

        Raises:
            InvalidInputError: one of them was deleted meanwhile; nothing was changed.
        """

        def work(tx: Tx) -> list[Account]:
            now, changed = self.clock.now(), []
            for account in sorted(chosen, key=lambda one: one.id):
                stored = require_live(accounts.get(tx, account.id), account.id)
                if stored.group_name == group:
                    continue
                account_groups.set_group(tx, stored.id, group, now)
                detail = (
                    Message.of("group_left", group=stored.group_name)
                    if group is None
                    else Message.of("group_joined", group=group)
                )
                accounts.note_event(tx, stored.id, "group", detail.dump(), now)
                changed.append(stored)
            for platform in sorted({account.platform for account in changed}):
                task_control.wake_waiting(tx, platform, now)
            return changed

        return self.database.write_idempotent(work)

    def exists(self, platform: str, group: str) -> bool:
        """Return whether an account of the platform belongs to the group."""
        return self.database.read(account_groups.exists, platform, group)

    def totals(self) -> list[GroupTotals]:
        """Return today's totals of each group and platform; accounts without a group come last."""
        day = self.calendar.day(self.clock.now())
        return self.database.read(account_groups.totals, day)
