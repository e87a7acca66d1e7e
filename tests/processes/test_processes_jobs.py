"""Scheduled jobs in real processes: many at once, killed in the middle, ended in order."""

from __future__ import annotations

import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from core.clock import SystemClock
from storage.engines.transactions import Database, open_engine
from tests.support.processes.launcher import Baton, SandboxProcess, end_in_order, wait_until
from tests.support.processes.outside import Outside
from tests.support.processes.process_fixtures import look_at

NAV = "/x/web-interface/nav"
MET = "SELECT value FROM meta WHERE name='job_met:quota_reset'"
CHECKS = ("jobs", "run", "session_checks", "--scheduled", "--json")


def job_runs(outside: Outside, job: str) -> list[dict[str, Any]]:
    return outside.rows(f"SELECT * FROM job_runs WHERE job='{job}' ORDER BY scheduled_at")


def hanging_checks(baton: Baton, platform: SandboxProcess, secs: float) -> Any:
    """A run whose only question is answered after that time."""
    baton.use(platform)
    baton.add_accounts("acc1")
    platform.order_faults({"kind": "delay", "endpoint": NAV, "times": 1, "delay_secs": secs})
    process = baton.start(*CHECKS)
    wait_until(lambda: platform.stats()["faults"].get("delay"), "a question that hangs")
    return process


def test_of_many_processes_one_runs_it(on_both: Baton) -> None:
    on_both.add_accounts("acc1")
    started = [
        on_both.start("jobs", "run", "quota_reset", "--scheduled", "--json") for _ in range(4)
    ]
    outcomes = [process.wait() for process in started]
    assert [outcome.code for outcome in outcomes] == [0] * 4, outcomes
    assert sum("nothing to do" in outcome.err for outcome in outcomes) == 3
    [run] = job_runs(look_at(on_both), "quota_reset")
    assert (run["state"], run["lease_token"]) == ("succeeded", 1)


def test_a_killed_run_is_done_again_by_the_next(
    on_both: Baton, start_sandbox: Callable[..., SandboxProcess]
) -> None:
    process = hanging_checks(on_both, start_sandbox(creators=10), secs=600)
    outside = look_at(on_both)
    process.signal(signal.SIGKILL)
    process.wait()
    [dead] = job_runs(outside, "session_checks")
    assert dead["state"] == "running"

    def taken_over() -> Any:
        outcome = on_both.run(*CHECKS)
        assert outcome.code == 0, outcome
        return outcome.json["state"] == "succeeded" and outcome.json

    run = wait_until(taken_over, "the run is taken over when its lease has run out")
    assert run["id"] == dead["id"] and run["lease_token"] == 2
    assert run["result"].startswith("sessions looked at: ")


def test_ctrl_c_hands_a_run_back(
    baton: Baton, start_sandbox: Callable[..., SandboxProcess]
) -> None:
    process = hanging_checks(baton, start_sandbox(creators=10), secs=2)
    process.signal(signal.SIGINT)
    outcome = process.wait()
    assert outcome.code == 130, outcome
    [run] = job_runs(look_at(baton), "session_checks")
    assert (run["state"], run["lease_owner"]) == ("running", None)
    again = baton.run(*CHECKS)
    assert (again.code, again.json["state"], again.json["lease_token"]) == (0, "succeeded", 2)


def test_run_makes_up_for_what_was_missed(on_both: Baton) -> None:
    outside = look_at(on_both)
    on_both.env["BATON_QUOTA_TIMEZONE"] = zone_where_it_is_noon()  # midnight is far
    on_both.add_accounts("acc1")
    first = on_both.start("run")
    wait_until(lambda: outside.value(MET), "the job is met")
    assert end_in_order(first)[0].code == 0
    assert job_runs(outside, "quota_reset") == [], "what was before is not missed"
    met = f"{datetime.now(UTC) - timedelta(days=3):%Y-%m-%d %H:%M:%S.000}"
    change(on_both, f"UPDATE meta SET value='{met}' WHERE name='job_met:quota_reset'")
    both = [on_both.start("run") for _ in range(2)]
    wait_until(lambda: outside.value("SELECT COUNT(*) FROM workers") == 2, "both run")
    wait_until(lambda: "succeeded" in states(outside), "the newest is made up for")
    assert [outcome.code for outcome in end_in_order(*both)] == [0, 0]
    missed, done = job_runs(outside, "quota_reset")
    assert (missed["state"], missed["times"]) == ("missed", 2)
    assert '"code":"no_process_running"' in missed["result"]
    assert (done["state"], done["times"], done["cause"]) == ("succeeded", 1, "catch_up")


def states(outside: Outside) -> set[str]:
    return {run["state"] for run in job_runs(outside, "quota_reset")}


def zone_where_it_is_noon() -> str:
    hours = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-hours:+d}" if hours else "Etc/GMT"  # their signs are the other way round


def change(baton: Baton, sql: str) -> None:
    database = Database(engine=open_engine(baton.database_url, 1), clock=SystemClock())
    database.write(lambda tx: tx.execute(sql))
    database.close()
