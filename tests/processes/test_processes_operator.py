"""The operator's words while others work: pause, resume, cancel."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.processes.launcher import Baton, SandboxProcess, freeze_when, wait_until
from tests.support.processes.outside import Outside
from tests.support.processes.process_fixtures import Crawled, look_at

DOMAIN = "美妆"


def status(outside: Outside, task_id: int) -> object:
    return outside.value(f"SELECT status FROM tasks WHERE id={task_id}")


def test_a_paused_crawl_stands_still_until_it_is_resumed(
    baton: Baton, start_sandbox: Callable[..., SandboxProcess]
) -> None:
    platform = start_sandbox(creators=20_000)  # more than anybody crawls in the time of this test
    baton.use(platform)
    baton.add_accounts("acc1", "acc2")
    outside = look_at(baton)
    runner = baton.start("run", env={"BATON_BILIBILI_PACE": "1/0.3"})
    assert baton.run("start_crawl", "--domain", DOMAIN, "--detach").code == 0
    wait_until(lambda: outside.stored() >= 40, "some pages")
    assert baton.run("tasks", "pause", 1).code == 0
    held = "SELECT COUNT(*) FROM tasks WHERE lease_owner IS NOT NULL"
    wait_until(lambda: outside.value(held) == 0, "the workers to let go")
    assert status(outside, 1) == "paused"
    stored = outside.stored()
    joined = baton.run("status", "--json").json  # as good a moment to pass as any
    assert [task["status"] for task in joined["tasks"]] == ["paused"]
    assert outside.stored() == stored
    assert baton.run("tasks", "resume", 1).code == 0
    wait_until(lambda: outside.stored() > stored, "a page after the pause")
    twice = "SELECT COUNT(*) - COUNT(DISTINCT page_number) FROM ingestion_logs"
    assert outside.value(twice) == 0
    assert platform.stats()["duplicate_pages"] <= 2  # a page in hand when it was paused
    assert runner.code is None


def test_a_crawl_that_is_paused_elsewhere_ends_its_command_with_partial(
    baton: Baton, start_sandbox: Callable[..., SandboxProcess]
) -> None:
    baton.use(start_sandbox(creators=300))
    baton.add_accounts("acc1")
    outside = look_at(baton)
    crawl = baton.start("start_crawl", "--domain", DOMAIN, env={"BATON_BILIBILI_PACE": "1/60"})
    wait_until(lambda: outside.stored() >= 20, "a page")
    assert baton.run("tasks", "pause", 1).code == 0
    outcome = crawl.wait()
    assert outcome.code == 3, outcome
    assert "tasks resume 1" in outcome.err


def test_cancel_while_exporting_seals_the_file(crawled: Crawled) -> None:
    baton, _ = crawled
    outside = look_at(baton)
    export = baton.start("start_export", "--domain", DOMAIN, "--follow")
    wait_until(outside.exported, "some rows")
    task_id = outside.value("SELECT id FROM tasks WHERE task_type='export'")
    assert baton.run("tasks", "cancel", task_id).code == 0
    outcome = export.wait()
    assert outcome.code == 1, outcome
    assert "cancelled by the operator" in outcome.err
    assert outside.value("SELECT state FROM export_logs") == "sealed"
    assert baton.verified()["ok"] is True


def test_cancel_finishes_the_files_of_dead_workers(crawled: Crawled) -> None:
    baton, _ = crawled
    outside = look_at(baton)
    task_id = die_exporting(baton, outside, workers=2)
    alive = "SELECT MAX(lease_until) > strftime('%Y-%m-%d %H:%M:%f', 'now') FROM tasks"
    wait_until(lambda: not outside.value(alive), "the leases to run out")
    assert baton.run("tasks", "cancel", task_id).code == 0
    assert states_of_segments(outside) == {"sealed"}


def test_files_of_a_task_that_was_cancelled_too_early_are_finished_by_the_next_export(
    crawled: Crawled,
) -> None:
    baton, _ = crawled
    outside = look_at(baton)
    task_id = die_exporting(baton, outside, workers=1)
    assert baton.run("tasks", "cancel", task_id).code == 0  # the dead worker's lease still lives
    alive = "SELECT MAX(lease_until) > strftime('%Y-%m-%d %H:%M:%f', 'now') FROM tasks"
    wait_until(lambda: not outside.value(alive), "the lease to run out")
    assert baton.run("start_export", "--domain", DOMAIN).code == 0
    assert states_of_segments(outside) == {"sealed"}


def die_exporting(baton: Baton, outside: Outside, workers: int) -> object:
    """Kill an export in the middle of its files; the task's id."""
    slow = {"BATON_EXPORT_BATCH_ROWS": "1", "BATON_LEASE_SECS": "2"}
    export = baton.start("start_export", "--domain", DOMAIN, "--workers", workers, env=slow)
    files = "SELECT COUNT(*) FROM export_logs"
    freeze_when(lambda: outside.value(files) == workers, "its files", export)
    export.end()
    assert states_of_segments(outside) == {"open"}
    return outside.value("SELECT id FROM tasks WHERE task_type='export' AND parent_id IS NULL")


def states_of_segments(outside: Outside) -> set[object]:
    return {row["state"] for row in outside.rows("SELECT state FROM export_logs")}
