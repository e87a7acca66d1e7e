"""A process that was frozen for longer than its lease comes back: it changes nothing any more."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.processes.launcher import Baton, SandboxProcess, freeze_when
from tests.support.processes.outside import Outside
from tests.support.processes.process_fixtures import look_at

DOMAIN = "美妆"
CREATORS = 800
PAGES_AT_FIRST = 20  # of 20 creators each


def test_a_thawed_exporter_changes_nothing_and_ends(
    on_both: Baton, start_sandbox: Callable[..., SandboxProcess]
) -> None:
    platform = start_sandbox(creators=CREATORS)
    on_both.use(platform)
    on_both.add_accounts("acc1", "acc2", limit=500)
    first = on_both.run("start_crawl", "--domain", DOMAIN, "--pages", PAGES_AT_FIRST)
    assert first.code == 0, first
    # The rest is filed but not crawled: however slow we look, the exporter cannot end before.
    assert on_both.run("start_crawl", "--domain", DOMAIN, "--detach").code == 0
    on_both.env |= {"BATON_LEASE_SECS": "1", "BATON_EXPORT_BATCH_ROWS": "1"}
    outside = look_at(on_both)
    zombie = on_both.start("start_export", "--domain", DOMAIN)
    # Whoever froze holding a lock could only be waited for: between two transactions, then.
    freeze_when(lambda: 30 < outside.exported() and outside.is_quiet(), "some rows", zombie)
    assert outside.exported() < CREATORS, "frozen too late to prove anything"
    assert outside.value("SELECT COUNT(*) FROM export_logs WHERE state='open'") == 1
    on_both.crawl(DOMAIN)
    on_both.env["BATON_EXPORT_BATCH_ROWS"] = "500"
    heir = on_both.start("start_export", "--domain", DOMAIN).wait()
    assert heir.code == 0, heir
    assert outside.problems(platform.uids(DOMAIN)) == []
    before = state_of(on_both, outside)
    zombie.thaw()
    assert zombie.wait().code == 0
    assert state_of(on_both, outside) == before
    assert outside.problems(platform.uids(DOMAIN)) == []


def test_a_thawed_crawler_changes_nothing_and_ends(
    on_both: Baton, start_sandbox: Callable[..., SandboxProcess]
) -> None:
    platform = start_sandbox(creators=400)
    on_both.use(platform)
    on_both.add_accounts("acc1", "acc2", "acc3", "acc4")
    on_both.env["BATON_LEASE_SECS"] = "1"
    outside = look_at(on_both)
    slow = {"BATON_BILIBILI_PACE": "1/5"}  # four pages, then a pause in which we look
    zombie = on_both.start("start_crawl", "--domain", DOMAIN, env=slow)
    freeze_when(lambda: 60 <= outside.stored() and outside.is_quiet(), "some pages", zombie)
    assert outside.stored() < 400, "frozen too late to prove anything"
    heir = on_both.start("start_crawl", "--domain", DOMAIN).wait()
    assert heir.code == 0, heir
    stored = {row["uid"] for row in outside.rows("SELECT uid FROM influencers")}
    assert stored == platform.uids(DOMAIN)
    pages = "SELECT id, task_id, page_number, new_count FROM ingestion_logs ORDER BY id"
    before = state_of(on_both, outside), outside.rows(pages)
    zombie.thaw()
    assert zombie.wait().code == 0
    assert (state_of(on_both, outside), outside.rows(pages)) == before
    assert len(before[1]) == 20


def state_of(baton: Baton, outside: Outside) -> object:
    """Everything that a zombie could spoil: rows, segments, quotas, bytes on the disk.

    Not the leases: whoever lives may take back one that has run out.
    """
    queries = (
        "SELECT id, status, export_log_id FROM influencers ORDER BY id",
        "SELECT id, exported_count, state, sha256, file_path FROM export_logs ORDER BY id",
        "SELECT id, today_export_count FROM accounts ORDER BY id",
        "SELECT id, status, progress_marker, item_count FROM tasks ORDER BY id",
    )
    files = {path: path.read_bytes() for path in baton.exports_dir.rglob("*") if path.is_file()}
    return [outside.rows(query) for query in queries], files
