"""The catalogue with real processes: rounds of play counts, and `run` that follows changes."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from core.file_lock import file_lock
from sandbox import RateLimit, SandboxConfig
from tests.support.processes.launcher import Baton, end_in_order, wait_until
from tests.support.works.shelf import Witness

QUICK = {"BATON_PLAY_COUNTS_BATCH_PAUSE_SECS": "0.05", "BATON_PLAY_COUNTS_REQUEST_PAUSE_SECS": "0"}


@pytest.fixture
def witness() -> Iterator[Witness]:
    config = SandboxConfig(creators=400, domains=("美妆",), rate=RateLimit(100_000, 1))
    with Witness(config) as server:
        yield server


@pytest.fixture
def here(make_baton: Callable[..., Baton], witness: Witness) -> Baton:
    made = make_baton(**QUICK)
    made.env["BATON_BILIBILI_BASE_URL"] = witness.url
    made.add_accounts("acc1", "acc2", "acc3")
    return made


def rows(baton: Baton, sql: str) -> list[Any]:
    path = baton.database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path)) as database:
        return database.execute(sql).fetchall()


def put(baton: Baton, videos: list[dict[str, Any]]) -> None:
    file = baton.work / "works.json"
    file.write_text(json.dumps([video["url"] for video in videos]), encoding="utf-8")
    outcome = baton.run("works", "import", file)
    assert outcome.code == 0, outcome


def listed(baton: Baton) -> dict[str, Any]:
    path = baton.data_dir / "spider" / "views.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"works": []}


def test_run_follows_the_inbox_and_the_changes_of_others(here: Baton, witness: Witness) -> None:
    videos = witness.videos("bilibili", 3, state="visible")
    process = here.start("run", "--crawl-workers", 1, "--export-workers", 0)
    wait_until(lambda: process.err, "the console")
    put(here, videos[:1])
    wait_until(lambda: len(listed(here)["works"]) == 1, "the change of another process")
    inbox = here.data_dir / "spider" / "inbox"
    inbox.mkdir(parents=True)
    told = {"platform": "bilibili", "work_id": videos[1]["id"], "title": "from the site"}
    (inbox / ".1.part").write_text(json.dumps(told), encoding="utf-8")
    (inbox / ".1.part").rename(inbox / "1.json")
    wait_until(lambda: not (inbox / "1.json").exists(), "the file taken in")
    wait_until(lambda: len(listed(here)["works"]) == 2, "the work of the site")
    assert [one.code for one in end_in_order(process)] == [0]


def test_what_waits_while_baton_is_down_comes_in_later(here: Baton) -> None:
    inbox = here.data_dir / "spider" / "inbox"
    inbox.mkdir(parents=True)
    work = {"platform": "youtube", "work_id": "dQw4w9WgXcQ"}
    (inbox / "1.json").write_text(json.dumps(work), encoding="utf-8")
    (inbox / "2.json").write_text("{", encoding="utf-8")
    outcome = here.run("works", "import", "--inbox")
    assert (outcome.code, outcome.out) == (3, "2 files: 1 new, 0 changed, 0 unchanged\n")
    assert "1 file rejected" in outcome.err
    assert rows(here, "SELECT work_id FROM works") == [("dQw4w9WgXcQ",)]


def test_a_database_that_another_program_holds_is_told(here: Baton) -> None:
    file = here.work / "w.csv"
    file.write_text("id\nBV1GJ411x7h7\n", encoding="utf-8")
    path = here.database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        outcome = here.run("works", "import", file)
    assert outcome.code == 1 and "database is locked" in outcome.err, outcome
    assert here.run("works", "import", file).code == 0


def test_one_round_at_a_time(here: Baton) -> None:
    with file_lock(here.data_dir / ".video_update.lock", wait=True):
        outcome = here.run("update_play_counts")
    assert outcome.code == 1 and "another process" in outcome.err


def test_a_backup_is_a_whole_database(here: Baton, witness: Witness) -> None:
    put(here, witness.videos("bilibili", 2, state="visible"))
    outcome = here.run("update_play_counts", "--backup")
    assert outcome.code == 0, outcome
    (copy,) = (here.data_dir / "backups").iterdir()
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT COUNT(*), MAX(checked_at) FROM works").fetchone() == (
            2,
            None,
        )


def test_on_a_server_the_backup_is_told_and_nothing_is_asked(
    make_baton: Callable[..., Baton], mysql_url: str, witness: Witness
) -> None:
    baton = make_baton(mysql_url)
    baton.env["BATON_BILIBILI_BASE_URL"] = witness.url
    baton.add_accounts("acc1")
    put(baton, witness.videos("bilibili", 2, state="visible"))
    outcome = baton.run("update_play_counts", "--backup")
    assert outcome.code == 2 and "mariadb-dump --single-transaction" in outcome.err
    assert witness.batches == []
    assert baton.run("update_play_counts").code == 0


def test_the_log_is_one_file(here: Baton, witness: Witness) -> None:
    put(here, witness.videos("bilibili", 2, state="visible"))
    assert here.run("update-play-counts").code == 0
    assert "ended: 2 updated" in (here.log_dir / "video_update.log").read_text(encoding="utf-8")
    assert not list(Path(here.log_dir).glob("video_update-*"))


def test_a_timer_takes_the_inbox_in_before_it_asks_for_the_hour(
    here: Baton, witness: Witness
) -> None:
    video = witness.videos("bilibili", 1, state="visible")[0]
    inbox = here.data_dir / "spider" / "inbox"
    inbox.mkdir(parents=True)
    told = {"platform": "bilibili", "work_id": video["id"]}
    (inbox / "1.json").write_text(json.dumps(told), encoding="utf-8")
    outcome = here.run("jobs", "run", "hourly_views", "--scheduled")
    assert outcome.code == 0, outcome
    assert [work["work_id"] for work in listed(here)["works"]] == [video["id"]]
    with closing(sqlite3.connect(here.data_dir / "view_data.sqlite3")) as data:
        assert data.execute("SELECT work_id FROM work_metrics").fetchall() == [(video["id"],)]


def test_an_inbox_that_may_not_be_read_does_not_hold_the_hour_up(
    here: Baton, witness: Witness
) -> None:
    put(here, witness.videos("bilibili", 1, state="visible"))
    inbox = here.data_dir / "spider" / "inbox"
    inbox.mkdir(parents=True)
    (inbox / ".taking").mkdir()  # so that the lock cannot be taken
    outcome = here.run("views", "--full")
    assert outcome.code == 0, outcome
    [log] = (here.log_dir / "spider").glob("views_crawler_*.log")
    assert "the inbox waits" in log.read_text(encoding="utf-8")


def test_rejected_rows_are_listed_with_their_reasons(here: Baton) -> None:
    assert here.run("works", "rejected").out == "nothing was rejected\n"
    inbox = here.work / "elsewhere"
    here.env["BATON_INBOX"] = str(inbox)
    inbox.mkdir()
    odd = {"platform": "weibo", "work_id": "1", "title": "\ud83d"}
    (inbox / "1.json").write_text(json.dumps([{"work_id": "BV1GJ411x7h7"}, odd]), encoding="utf-8")
    (inbox / "2.json").write_text("{", encoding="utf-8")
    imported = here.run("works", "import", "--inbox", "--json")
    assert imported.code == 3
    assert {name: imported.json[name] for name in ("files", "rejected", "rejected_rows")} == {
        "files": 2,
        "rejected": 1,
        "rejected_rows": 1,
    }
    told = here.run("works", "rejected")
    assert told.code == 0 and "weibo:1" in told.out and "2.json" in told.out, told
    found = here.run("works", "rejected", "--json").json
    assert sorted((row["row"] or {}).get("work_id", "") for row in found) == ["", "1"]
    assert all(row["reason"] and row["rejected_at"].endswith("Z") for row in found)
    assert len(here.run("works", "rejected", "--limit", 1, "--json").json) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to any group")
def test_what_commands_write_has_the_mode_and_the_group(here: Baton, witness: Witness) -> None:
    here.env |= {"BATON_FILES_GROUP": "61234", "BATON_FILES_MODE": "0660"}
    put(here, witness.videos("bilibili", 2, state="visible"))
    here.crawl("美妆")
    for command in (("start_export", "--domain", "美妆"), ("views", "--full")):
        outcome = here.run(*command)
        assert outcome.code == 0, outcome
    shared = (here.exports_dir, here.data_dir / "spider", here.log_dir)
    paths = [path for top in shared for path in (top, *top.rglob("*"))]
    kinds = {path.suffix for path in paths if path.is_file()}
    assert {".csv", ".json", ".log", ".label", ".lock"} <= kinds
    for path in (*paths, here.data_dir / "view_data.sqlite3"):
        seen = path.stat()
        wanted = (0o770 if path.is_dir() else 0o660, 61_234)
        assert (seen.st_mode & 0o7777, seen.st_gid) == wanted, path
    [key] = here.data_dir.glob("secret.key")
    for path in (key, Path(here.database_url.removeprefix("sqlite:///"))):
        assert path.stat().st_mode & 0o777 == 0o600, path
    findings = here.run("doctor", "--json").json
    assert "mode 0660, group 61234" in str(findings)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to any group")
def test_doctor_gives_older_files_mode_and_group(here: Baton, witness: Witness) -> None:
    put(here, witness.videos("bilibili", 1, state="visible"))
    assert here.run("views", "--export-only").code == 0
    inbox = here.data_dir / "spider" / "inbox"
    inbox.mkdir(mode=0o700)
    (inbox / "1.json").write_text("{}")
    listing, database = here.data_dir / "spider/views.json", here.database_url
    path = Path(database.removeprefix("sqlite:///"))
    path.chmod(0o644)
    here.env["BATON_FILES_GROUP"] = "61234"

    def told(*args: str) -> str:
        return str([line for line in here.run("doctor", *args, "--json").json if line["advice"]])

    before = told()
    assert "not mode 0640, group 61234" in before and "has mode 644" in before
    assert f"chmod 2770 {inbox}" in before
    told("--fix")
    after = told()
    assert "not mode" not in after and "has mode" not in after
    assert (listing.stat().st_gid, path.stat().st_mode & 0o777) == (61_234, 0o600)
    assert (inbox / "1.json").stat().st_gid != 61_234, "the site's own"
    here.env["BATON_FILES_GROUP"] = "no_such_group"
    refused = here.run("doctor")
    assert refused.code == 1 and "no group 'no_such_group'" in refused.out
    started = here.run("works", "list")
    assert started.code == 1 and "no group 'no_such_group'" in started.err
