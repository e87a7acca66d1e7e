"""What happens to simulated processes from outside: time, operators, crawls, losses."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from app.container import App
from core.errors import BatonError
from core.leases import LeaseKind
from crawler.runtime.lease_renewer import LeaseRenewer
from storage.crawling import accounts
from storage.engines.datetimes import from_sql, to_sql
from tests.simulation.fake_platform import PAGES, FakePlatform
from tests.simulation.installation import (
    ACCOUNTS,
    CRAWL_ENDS,
    DOMAIN,
    EXPORT,
    INSERT_ROW,
    LATE_ROW,
    PLATFORM,
    Installation,
)
from tests.simulation.plan import Plan, World
from tests.simulation.process import Process
from tests.support.moving_clock import MovingClock

LEASE_SECS, HALF_A_DAY_SECS = 31.0, 12 * 3600.0
IDLE_SECS = 2.0
MAX_SLEEP_STEPS = 120
HARMFUL = ("write", "lease", "open", "rename")  # where it matters that somebody stands still
LIMITS = (1, 2, 3)
LEASES_THAT_RUN_OUT = (None, LeaseKind.TASK, None, LeaseKind.TASK, LeaseKind.ACCOUNT)  # None: all


@dataclass(frozen=True, kw_only=True)
class Events:
    """Everything that may happen between two steps.

    Args:
        operator: the App of commands, beside the processes.
        reaper: takes the leases of dead processes back, as every living one does.
        draw: draws whether something of a budget happens now, with a chance.
    """

    plan: Plan
    installation: Installation
    operator: App
    reaper: LeaseRenewer
    connection: sqlite3.Connection
    clock: MovingClock
    draws: random.Random
    draw: Callable[[str, float], bool]
    note: Callable[[str], None]
    platform: FakePlatform

    def happen(self, process: Process, awake: Sequence[Process], step: int) -> None:
        """Let happen what is drawn; `process` ran last, and the others of `awake` may."""
        is_harmful = process.stands_before.startswith(HARMFUL) and process.app.leases.held()
        if is_harmful and self.draw("freeze", 0.25):
            self._freeze(process, awake, step)
        if self._chance(0.1):
            self.pass_time(LEASE_SECS, awake)
        if self.draw("midnight", 0.05):
            self.pass_time(HALF_A_DAY_SECS, [])
        if self.draw("refresh", 0.2):
            self._refresh()
        if self._chance(self.plan.crawl_chance):
            self._crawl_goes_on()
        for what, chance, event in (
            ("pause or cancel", 0.05, self._pause_or_cancel),
            ("replace task", 0.05, self._replace_task),
            ("spend quota", 0.1, self._spend_quota),
            ("change limit", 0.1, self._change_limit),
            # What it spoils is what a worker has just seen and is about to write.
            ("join", 0.1 if process.stands_before == "write" else 0.01, self._join),
            ("lose file", 0.05, self._lose_file),
        ):
            if self.draw(what, chance):
                with suppress(BatonError):
                    event()

    def pass_time(self, secs: float, alive: Sequence[Process]) -> None:
        """Move the clock; who is alive keeps its leases."""
        parts = 2 if secs == LEASE_SECS else 1  # no lease lasts so long without a renewal
        for _ in range(parts):
            self.clock.move(secs / parts)
            renewed = [process.renew_leases_if_due() for process in alive]
            if alive and secs >= LEASE_SECS and not any(renewed):
                self.reaper.renew_once()
        self.note(f"{secs:.0f} s pass")

    def wait_for_work(self, awake: Sequence[Process], *, is_still: bool) -> None:
        """Move the clock a little; when nobody has work, to the moment for which all tasks wait."""
        if not is_still:
            self.pass_time(IDLE_SECS, awake)
            return
        first = self._sql(
            "SELECT MIN(COALESCE(not_before, '')) FROM tasks"
            " WHERE is_leaf=1 AND status IN ('pending','in_progress','paused')"
        ).fetchone()[0]
        wait_secs = (from_sql(first) - self.clock.now()).total_seconds() if first else 0.0
        self.pass_time(max(LEASE_SECS, wait_secs), awake)

    def _freeze(self, process: Process, awake: Sequence[Process], step: int) -> None:
        """Let a process stand still until its leases have run out, or one of them.

        One alone runs out where another client has its row locked. The process's clock runs on, or
        stands still as on a suspended host.
        """
        process.asleep_until = step + self.draws.randrange(MAX_SLEEP_STEPS)
        lost = self.draws.choice(LEASES_THAT_RUN_OUT)
        if lost is None:
            self.pass_time(LEASE_SECS, [one for one in awake if one is not process])
        else:
            self.pass_time(LEASE_SECS, awake)
            self._run_out(process, lost)
        if self._chance(0.5):
            self.note("its clock stood still")
            process.clock.sleep_through(LEASE_SECS)

    def _run_out(self, process: Process, kind: LeaseKind) -> None:
        self.note(f"lease of the {kind} runs out")
        now = to_sql(self.clock.now())
        for lease in process.app.leases.held():
            if lease.kind is kind:
                lease.extend(process.clock.monotonic())
                self._sql(f"UPDATE {kind}s SET lease_until=? WHERE id=?", (now, lease.row_id))
        self.clock.move(1.0)
        self.reaper.renew_once()

    def _refresh(self) -> None:
        self._sql("UPDATE influencers SET nickname=nickname||'新'")
        self.platform.version += 1

    def _crawl_goes_on(self) -> None:
        if self.plan.world is World.CRAWL:
            self.platform.pages = min(self.platform.pages + self._chance(0.1), max(PAGES))
            return
        self._sql("UPDATE influencers SET domain=? WHERE id=?", (DOMAIN, LATE_ROW))
        if self._chance(0.5):
            self._sql(CRAWL_ENDS)

    def _pause_or_cancel(self) -> None:
        control, task_id = self.operator.crawling.control, self._newest_export()
        act = self.draws.choice((control.pause, control.cancel))
        with suppress(BatonError):
            act(task_id)
        control.resume(task_id)

    def _replace_task(self) -> None:
        with suppress(BatonError):
            self.operator.crawling.control.cancel(self._newest_export())
        self._file_export()

    def _spend_quota(self) -> None:
        self.operator.pool.manager.update_export_count(self._some_account(), 1)

    def _change_limit(self) -> None:
        account = self.operator.database.read(accounts.get, self._some_account())
        if account is not None:
            self.operator.pool.registry.set_limit(account, self.draws.choice(LIMITS))

    def _join(self) -> None:
        self._file_export()
        if self.plan.world is not World.CRAWL:
            number = self._sql("SELECT MAX(id) FROM influencers").fetchone()[0] + 1
            self._sql(INSERT_ROW, (number, str(number), DOMAIN))

    def _lose_file(self) -> None:
        files = sorted(self.installation.exports.rglob("*.csv"))
        if files:
            lost = self.draws.choice(files)
            lost.unlink()
            lost.with_name(f"{lost.name}.manifest.json").unlink(missing_ok=True)

    def _some_account(self) -> int:
        """Return an account, in use if there is one: that of others concerns nobody yet."""
        used = self._sql("SELECT id FROM accounts WHERE lease_owner IS NOT NULL").fetchall()
        return int(self.draws.choice(used)["id"]) if used else self.draws.randint(1, ACCOUNTS)

    def _file_export(self) -> None:
        self.operator.crawling.submitter.submit_export(PLATFORM, DOMAIN, EXPORT, 1)

    def _newest_export(self) -> int:
        found = self._sql(
            "SELECT MAX(id) FROM tasks WHERE task_type='export' AND parent_id IS NULL"
        ).fetchone()
        return int(found[0])

    def _chance(self, chance: float) -> bool:
        return self.draws.random() < chance

    def _sql(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        return self.connection.execute(sql, values)
