"""kill -9 at random moments: nothing is lost, nothing is written twice, nobody passes the limit.

BATON_KILLS sets the number of deaths for each engine, more in `make proof`; BATON_SEED the seed (it
is printed).
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable

import pytest

from tests.support.processes.launcher import Baton, Process, SandboxProcess
from tests.support.processes.outside import Outside
from tests.support.processes.process_fixtures import look_at

DOMAIN = "美妆"
CREATORS, PAGES = 5000, 250
ACCOUNTS, LIMIT = 14, 400
KILLS = int(os.environ.get("BATON_KILLS", "16"))
AT_WORK = max(2, KILLS // 3 - 4)  # chance spreads widely among few
SEED = int(os.environ.get("BATON_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
ANY_AGE = 0.2  # share of deaths that may hit a process that is still starting
ROLES: tuple[tuple[object, ...], ...] = (
    ("run", "--crawl-workers", 1, "--export-workers", 1),
    ("start_crawl", "--domain", DOMAIN),
    ("start_export", "--domain", DOMAIN, "--workers", 2),
)


class Killer:
    """Keeps one process of each role running and kills one after the other."""

    def __init__(self, baton: Baton, outside: Outside, chance: random.Random) -> None:
        self._baton = baton
        self._outside = outside
        self._chance = chance
        self._running: dict[tuple[object, ...], Process] = {}
        self.deaths = 0
        self.deaths_at_work = 0  # holding a task or an account

    def keep_running(self) -> None:
        for role in ROLES:
            process = self._running.get(role)
            if process is not None and process.code is None:
                continue
            if process is not None:
                assert process.code in (0, -9), f"{role} ended: {process.code}\n{process.err}"
            self._running[role] = self._baton.start(*role, env=self._pace())

    def strike(self) -> None:
        """Kill one at a random moment, mostly one that has begun to work."""
        time.sleep(self._chance.uniform(0.02, 0.5))
        running = [process for process in self._running.values() if process.code is None]
        if self._chance.random() > ANY_AGE:
            known = {row["pid"] for row in self._outside.rows("SELECT pid FROM workers")}
            running = [process for process in running if process.pid in known]
        if not running:
            return
        victim = self._chance.choice(running)
        victim.end()
        self.deaths += 1
        self.deaths_at_work += self._held_something(victim)

    def _held_something(self, dead: Process) -> bool:
        held = "SELECT COUNT(*) FROM {} WHERE lease_owner LIKE '%-" + f"{dead.pid}-%'"
        return any(self._outside.value(held.format(table)) for table in ("tasks", "accounts"))

    def _pace(self) -> dict[str, str]:
        """Crawl slowly when the job would be done before all have died."""
        pages = self._outside.value("SELECT COUNT(*) FROM ingestion_logs") or 0
        ahead = pages / PAGES > 0.8 * self.deaths / KILLS
        return {"BATON_BILIBILI_PACE": "1/10" if ahead else "1/0.25"}


@pytest.mark.slow
def test_processes_killed_at_random_moments_lose_and_double_nothing(
    on_both: Baton, start_sandbox: Callable[..., SandboxProcess]
) -> None:
    print(f"BATON_SEED={SEED} BATON_KILLS={KILLS}")
    platform = start_sandbox(creators=CREATORS)
    on_both.use(platform)
    on_both.env |= {"BATON_LEASE_SECS": "1", "BATON_EXPORT_BATCH_ROWS": "25"}
    on_both.env["BATON_PAGES_PER_TASK"] = "20"
    on_both.add_accounts(*(f"账号{n}" for n in range(ACCOUNTS)), limit=LIMIT)
    outside = look_at(on_both)
    killer = Killer(baton=on_both, outside=outside, chance=random.Random(SEED))
    while killer.deaths < KILLS:
        killer.keep_running()
        killer.strike()
    left = CREATORS - outside.exported()
    print(f"{killer.deaths_at_work} of {killer.deaths} held a lease; {left} creators left")
    assert left > 0, "the job was done before the last death: this proves less than it says"
    assert killer.deaths_at_work >= AT_WORK, "most died idle: this proves less than it says"
    on_both.close()
    finish(on_both)
    assert outside.problems(platform.uids(DOMAIN)) == []
    assert outside.value("SELECT COUNT(*) FROM account_events WHERE kind='hand_over'") >= 5
    assert on_both.verified()["ok"] is True


def finish(baton: Baton) -> None:
    """Run whatever is still open to its end."""
    both = [baton.start(f"start_{job}", "--domain", DOMAIN) for job in ("crawl", "export")]
    for process in both:
        outcome = process.wait(120)
        assert outcome.code == 0, outcome
