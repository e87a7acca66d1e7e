"""The main job by several processes at once: every creator in exactly one file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.processes.launcher import Baton, SandboxProcess, end_in_order, wait_until
from tests.support.processes.outside import Outside, Row
from tests.support.processes.process_fixtures import look_at

DOMAIN = "美妆"
UNHURRIED = {"BATON_LEASE_SECS": "30"}  # no slow machine lets a lease run out: nothing twice


@pytest.mark.parametrize("first", ["crawl", "export"])
def test_crawl_and_export_started_together_leave_nothing_out(
    on_both: Baton, start_sandbox: Callable[..., SandboxProcess], first: str
) -> None:
    platform = start_sandbox(creators=1010)
    on_both.use(platform)
    on_both.env |= UNHURRIED
    on_both.add_accounts("甲", "乙", "丙", limit=400)
    order = ["crawl", "export"] if first == "crawl" else ["export", "crawl"]
    processes = {name: on_both.start(f"start_{name}", "--domain", DOMAIN) for name in order}
    for process in processes.values():
        outcome = process.wait()
        assert outcome.code == 0, outcome
    outside = look_at(on_both)
    assert outside.problems(platform.uids(DOMAIN)) == []
    per_account = Counter[int]()
    for row in outside.rows("SELECT account_id, exported_count FROM export_logs"):
        per_account[row["account_id"]] += row["exported_count"]
    assert sorted(per_account.values()) == [210, 400, 400]
    assert on_both.verified()["ok"] is True


def test_three_exports_with_three_workers_each_share_one_task(
    on_both: Baton, start_sandbox: Callable[..., SandboxProcess]
) -> None:
    platform = start_sandbox(creators=1200)
    on_both.use(platform)
    on_both.env |= UNHURRIED | {"BATON_EXPORT_BATCH_ROWS": "2"}
    on_both.add_accounts(*(f"acc{n}" for n in range(14)), limit=120)
    for job in (("start_crawl",), ("start_export", "--workers", 9)):
        assert on_both.run(*job, "--domain", DOMAIN, "--detach").code == 0
    # As long as a crawl is open that stores next to nothing, no export can end.
    crawl = on_both.start("start_crawl", "--domain", DOMAIN, env={"BATON_BILIBILI_PACE": "1/2"})
    started = [on_both.start("start_export", "--domain", DOMAIN, "--workers", 3) for _ in range(3)]
    outside = look_at(on_both)
    wait_until(lambda: len(exporting(outside)) == 3, "three processes at work on it")
    end_in_order(crawl)
    on_both.crawl(DOMAIN)
    for process in started:
        outcome = process.wait()
        assert outcome.code == 0, outcome
    assert outside.problems(platform.uids(DOMAIN)) == []
    tasks = "SELECT COUNT(*) FROM tasks WHERE task_type='export' AND parent_id IS NULL"
    assert outside.value(tasks) == 1


def exporting(outside: Outside) -> list[Row]:
    """The processes that hold a piece of an export."""
    return outside.rows(
        "SELECT DISTINCT lease_owner FROM tasks WHERE task_type='export' AND is_leaf=1"
        " AND lease_owner IS NOT NULL"
    )


def test_two_crawls_started_at_once_join_one_task(
    on_both: Baton, start_sandbox: Callable[..., SandboxProcess]
) -> None:
    platform = start_sandbox(creators=400)
    on_both.use(platform)
    on_both.env |= UNHURRIED | {"BATON_REQUEST_TIMEOUT_SECS": "600"}
    on_both.add_accounts("acc1", "acc2", "acc3")
    platform.process.freeze()  # no page is answered before both are at work
    started = [on_both.start("start_crawl", "--domain", DOMAIN, "--json") for _ in range(2)]
    outside = look_at(on_both)
    wait_until(lambda: outside.value("SELECT COUNT(*) FROM workers") == 2, "both processes")
    platform.process.thaw()
    outcomes = [process.wait() for process in started]
    assert [outcome.code for outcome in outcomes] == [0, 0], outcomes
    assert outside.value("SELECT COUNT(*) FROM tasks WHERE parent_id IS NULL") == 1
    assert {row["uid"] for row in outside.rows("SELECT uid FROM influencers")} == platform.uids(
        DOMAIN
    )
    assert platform.stats()["duplicate_pages"] == 0


def test_the_checker_from_outside_sees_damage(
    baton: Baton, start_sandbox: Callable[..., SandboxProcess]
) -> None:
    platform = start_sandbox(creators=60)
    baton.use(platform)
    baton.add_accounts("acc1")
    baton.crawl(DOMAIN)
    assert baton.run("start_export", "--domain", DOMAIN).code == 0
    outside, wanted = look_at(baton), platform.uids(DOMAIN)
    assert outside.problems(wanted) == []
    (file,) = baton.exports_dir.rglob("*.csv")
    lines = file.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    file.write_text("".join([*lines, lines[-1]]), encoding="utf-8-sig")
    (file.parent / ".left.part").touch()
    found = "\n".join(outside.problems(wanted | {"1"}))
    for what in ("1 creators lost", "61 rows in the file", "in 2 files", "stray file .left.part"):
        assert what in found
    verdict = baton.run("exports", "verify", "--json")
    assert verdict.code == 1
    assert verdict.json["ok"] is False


def test_a_running_process_works_on_what_others_file(
    baton: Baton, start_sandbox: Callable[..., SandboxProcess]
) -> None:
    platform = start_sandbox(creators=200)
    baton.use(platform)
    baton.add_accounts("acc1", "acc2")
    outside = look_at(baton)
    runner = baton.start("run")
    filed = baton.run("start_crawl", "--domain", DOMAIN, "--detach", "--json")
    assert filed.json == {"task_id": 1, "new": True}
    wait_until(lambda: outside.stored() >= 20, "the first page")
    filed = baton.run("start_export", "--domain", DOMAIN, "--detach")
    assert filed.code == 0, filed
    done = "SELECT COUNT(*) FROM tasks WHERE status='completed' AND parent_id IS NULL"
    wait_until(lambda: outside.value(done) == 2, "both tasks")
    assert outside.problems(platform.uids(DOMAIN)) == []
    assert runner.code is None


def test_an_export_into_another_folder_is_found_by_verify(
    baton: Baton, start_sandbox: Callable[..., SandboxProcess], tmp_path: Path
) -> None:
    platform = start_sandbox(creators=60)
    baton.use(platform)
    baton.add_accounts("acc1")
    baton.crawl(DOMAIN)
    out = tmp_path / "导出 到这里"
    outcome = baton.run("start_export", "--domain", DOMAIN, "--out", out, "--format", "jsonl")
    assert outcome.code == 0, outcome
    assert look_at(baton).problems(platform.uids(DOMAIN), out) == []
    assert len(list(out.rglob("*.jsonl"))) == 1
    assert baton.verified()["ok"] is True
