"""Ctrl-C and SIGTERM: the first drains and hands back, the second ends at once."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest

from tests.support.processes.launcher import CLI, Baton, SandboxProcess, wait_until
from tests.support.processes.outside import Outside
from tests.support.processes.process_fixtures import look_at

DOMAIN = "美妆"
SLOW = {"BATON_BILIBILI_PACE": "1/8"}  # a page of each account, and then a pause


def test_ctrl_c_seals_the_file_and_the_same_command_goes_on(
    on_both: Baton, start_sandbox: Callable[..., SandboxProcess]
) -> None:
    platform = start_sandbox(creators=200)
    on_both.use(platform)
    on_both.env["BATON_LEASE_SECS"] = "30"  # none runs out on a slow machine: no page twice
    on_both.add_accounts("acc1", "acc2", "acc3")
    outside = look_at(on_both)
    crawl = on_both.start("start_crawl", "--domain", DOMAIN, env=SLOW)
    export = on_both.start("start_export", "--domain", DOMAIN)
    wait_until(lambda: outside.exported() >= 40, "the first exported rows")
    for process in (export, crawl):
        process.signal(signal.SIGINT)
        outcome = process.wait()
        assert outcome.code == 130, outcome
        assert "goes on from here" in outcome.err
    assert 0 < outside.exported() < 200
    assert outside.value("SELECT COUNT(*) FROM export_logs WHERE state='open'") == 0
    assert nobody_holds_anything(outside)
    verdict = on_both.run("exports", "verify", "--json")
    assert verdict.code == 0, verdict
    again = [on_both.start(f"start_{job}", "--domain", DOMAIN) for job in ("crawl", "export")]
    for process in again:
        outcome = process.wait()
        assert outcome.code == 0, outcome
        assert "is open already; going on with it" in outcome.err
    assert outside.problems(platform.uids(DOMAIN)) == []
    assert platform.stats()["duplicate_pages"] == 0


def test_a_second_ctrl_c_ends_at_once(
    baton: Baton, start_sandbox: Callable[..., SandboxProcess]
) -> None:
    platform = start_sandbox(creators=100)
    baton.use(platform)
    baton.add_accounts("acc1")
    baton.env["BATON_REQUEST_TIMEOUT_SECS"] = "600"
    platform.order_faults({"kind": "delay", "delay_secs": 600})
    crawl = baton.start("start_crawl", "--domain", DOMAIN)
    wait_until(lambda: platform.stats()["faults"].get("delay"), "a request that hangs")
    crawl.signal(signal.SIGINT)
    with pytest.raises(AssertionError, match="still runs"):
        crawl.wait(1)  # it drains: the answer may still come
    crawl.signal(signal.SIGINT)
    assert crawl.wait().code == 130


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_hands_everything_back_when_it_is_told_to_end(
    baton: Baton, start_sandbox: Callable[..., SandboxProcess], number: signal.Signals
) -> None:
    platform = start_sandbox(creators=400)
    baton.use(platform)
    baton.add_accounts("acc1", "acc2", "acc3", "acc4")
    outside = look_at(baton)
    runner = baton.python(CLI, "run", env=SLOW)
    assert baton.run("start_crawl", "--domain", DOMAIN, "--detach").code == 0
    wait_until(lambda: outside.stored() > 0, "the first page")
    assert baton.run("start_export", "--domain", DOMAIN, "--detach").code == 0
    wait_until(lambda: outside.exported() > 0, "the first exported row")
    runner.signal(number)
    outcome = runner.wait()
    assert outcome.code in (0, 130), outcome
    assert "handed back" in outcome.err
    assert nobody_holds_anything(outside)
    assert outside.value("SELECT COUNT(*) FROM export_logs WHERE state='open'") == 0
    assert outside.value("SELECT COUNT(*) FROM workers") == 0
    assert baton.verified()["ok"] is True


def nobody_holds_anything(outside: Outside) -> bool:
    held = "SELECT COUNT(*) FROM {} WHERE lease_owner IS NOT NULL OR status IN ({})"
    return (
        outside.value(held.format("tasks", "'in_progress'") + " AND is_leaf=1") == 0
        and outside.value(held.format("accounts", "'ingesting','exporting'")) == 0
    )
