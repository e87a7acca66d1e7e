"""Reports in real processes: each is sent once, in order; a death loses none and renames none.

BATON_REPORTS and BATON_WEBHOOK_KILLS set the numbers of reports and of deaths for each engine, more
in `make proof`; BATON_SEED the seed (it is printed).
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.processes.launcher import (
    Baton,
    Process,
    SandboxProcess,
    end_in_order,
    wait_until,
)
from tests.support.processes.process_fixtures import look_at
from tests.support.processes.webhook_stage import Stage

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
REPORTS, TASKS = int(os.environ.get("BATON_REPORTS", "100")), 20
KILLS = int(os.environ.get("BATON_WEBHOOK_KILLS", "5"))
SEED = int(os.environ.get("BATON_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
MAKER = Path(__file__).parents[1] / "support/processes/report_maker.py"
LONG_SECS = 240.0


@pytest.mark.slow
def test_two_processes_send_every_report_once_and_in_order(
    on_both: Baton, start_sandbox: Callable[..., SandboxProcess]
) -> None:
    stage = Stage(baton=on_both, sandbox=start_sandbox(creators=0), behaviour="half")
    stage.file(REPORTS, TASKS, SECRET)
    senders = [stage.start(), stage.start()]
    wait_until(lambda: stage.inbox().get("accepted") == REPORTS, "all accepted", LONG_SECS)
    wait_until(lambda: stage.undelivered() == 0, "all written down")
    assert all(outcome.code == 0 for outcome in end_in_order(*senders))
    seen = stage.inbox()
    print({name: value for name, value in seen.items() if not isinstance(value, list)})
    assert seen["requests"] > 1.5 * REPORTS  # half of them failed
    assert (seen["repeats"], seen["second_ids"], seen["changed_bodies"]) == (0, 0, 0)
    assert set(seen["signatures"]) == {"good"}
    for task in range(TASKS):
        ours = [one for one in seen["order"] if int(one) % TASKS == task]
        assert ours == sorted(ours) and len(ours) == REPORTS // TASKS
    attempts = look_at(on_both).value("SELECT COUNT(*) FROM webhook_attempts")
    assert attempts == seen["requests"]


class Deaths:
    """Keeps an aggregating and two sending processes running, and kills one after the other."""

    def __init__(self, baton: Baton, stage: Stage, chance: random.Random) -> None:
        self._baton = baton
        self._stage = stage
        self._chance = chance
        self._running: dict[str, Process] = {}
        self._outside = look_at(baton)
        self.while_sending = 0

    def keep_running(self) -> None:
        for name in ("maker", "one", "other"):
            process = self._running.get(name)
            if process is None or process.code is not None:
                assert process is None or process.code == -9, process.err
                maker = name == "maker"
                self._running[name] = (
                    self._baton.script(MAKER, self._stage.url) if maker else self._stage.start()
                )

    def strike(self) -> None:
        """Kill the aggregating process, or one that is in the middle of a request."""
        time.sleep(self._chance.uniform(0.02, 0.5))
        if self._chance.random() < 0.3:
            self._running["maker"].end()
            return
        victim = wait_until(self._a_sender, "a process that sends", LONG_SECS)
        victim.freeze()
        self.while_sending += victim in self._senders()
        victim.end()

    def end(self) -> None:
        for process in self._running.values():
            process.end()

    def _a_sender(self) -> Process | None:
        return next(iter(self._senders()), None)

    def _senders(self) -> list[Process]:
        rows = self._outside.rows(
            "SELECT lease_owner FROM webhook_deliveries WHERE state='sending'"
        )
        pids = {row["lease_owner"].split("-")[-2] for row in rows}
        alive = [one for one in self._running.values() if one.code is None]
        return [one for one in alive if str(one.pid) in pids]


@pytest.mark.slow
def test_deaths_between_aggregation_and_delivery_lose_and_rename_nothing(
    on_both: Baton, start_sandbox: Callable[..., SandboxProcess]
) -> None:
    print(f"BATON_SEED={SEED} BATON_WEBHOOK_KILLS={KILLS}")
    stage = Stage(baton=on_both, sandbox=start_sandbox(creators=0), behaviour="half")
    deaths = Deaths(baton=on_both, stage=stage, chance=random.Random(SEED))
    for _ in range(KILLS):
        deaths.keep_running()
        deaths.strike()
    deaths.end()
    outside = look_at(on_both)
    made = outside.value("SELECT COUNT(*) FROM task_daily_stats")
    assert made == outside.value("SELECT COUNT(*) FROM webhook_deliveries") > 0
    sender = stage.start()
    wait_until(lambda: stage.undelivered() == 0, "all delivered", LONG_SECS)
    assert end_in_order(sender)[0].code == 0
    seen = stage.inbox()
    print(
        f"{deaths.while_sending} of {KILLS} died while sending; {made} reports,"
        f" {seen['requests']} requests, {seen['repeats']} repeats"
    )
    assert deaths.while_sending > 0, "nobody died while sending: this proves less than it says"
    assert sorted(seen["order"]) == sorted(f"daily-{number}" for number in range(made))
    assert seen["accepted"] == made
    assert (seen["second_ids"], seen["changed_bodies"]) == (0, 0)
