"""Processes that are killed between two statements of a round: nothing is lost or out of order."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

from tests.support.processes.launcher import (
    ROOT,
    Baton,
    SandboxProcess,
    end_in_order,
    wait_until,
)
from tests.support.processes.process_fixtures import look_at
from tests.support.processes.webhook_stage import Stage

SCRIPT = Path(__file__).parents[1] / "support/webhooks/killed_senders.py"
BEGIN = "import sys, runpy; sys.path.insert(0, sys.argv.pop(1)); runpy.run_path(sys.argv.pop(1))"
REPORTS, TASKS = 24, 3


def test_a_kill_between_two_statements_loses_nothing_and_counts_each_attempt(
    on_both: Baton, start_sandbox: Callable[..., SandboxProcess]
) -> None:
    stage = Stage(baton=on_both, sandbox=start_sandbox(creators=0), behaviour="ok")
    on_both.env["BATON_WEBHOOK_PER_HOST"] = "3"
    stage.file(REPORTS, TASKS)
    # In a claim, in the claim of a settling round, in the settling of a later one.
    for number in (9, 22, 31):
        killed = on_both.python("-c", BEGIN, ROOT, SCRIPT, number)
        assert killed.wait().code == -signal.SIGKILL
        attempts = look_at(on_both).value("SELECT COUNT(*) FROM webhook_attempts")
        assert attempts >= stage.inbox().get("requests", 0), "each was counted before it was made"
    sender = stage.start()
    wait_until(lambda: stage.undelivered() == 0, "all delivered")
    assert end_in_order(sender)[0].code == 0
    seen = stage.inbox()
    assert seen["accepted"] == REPORTS
    assert (seen["second_ids"], seen["changed_bodies"]) == (0, 0)
    for task in range(TASKS):
        ours = [one for one in seen["order"] if int(one) % TASKS == task]
        assert ours == sorted(ours)
