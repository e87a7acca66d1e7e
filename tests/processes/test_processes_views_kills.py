"""kill -9 at random moments of the full hourly run, each followed by a restart.

BATON_VIEWS_KILLS sets the number of deaths on each engine, BATON_SEED the seed (it is printed).
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from typing import Any

import pytest

from core.clock import SystemClock
from storage.engines.transactions import Database, open_engine
from tests.support.processes.launcher import Baton, Outcome, SandboxProcess
from works.hour_data.hours import Hour

KILLS = int(os.environ.get("BATON_VIEWS_KILLS", "6"))
SEED = int(os.environ.get("BATON_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
WORKS = 300
NO_DEATH = 0.1  # share of runs that may come to their end
STARTING = 0.2  # share of deaths that may come before anything is fetched


TABLES = (
    "view_points",
    "view_hours",
    "view_errors",
    "view_days",
    "view_totals",
    "view_titles",
    "view_works",
)
POINTS = (
    "SELECT w.work_id, p.* FROM view_points p JOIN view_works w ON w.id=p.work"
    " ORDER BY p.hour, w.work_id"
)


class Hours:
    """The hours as an outsider reads them: in the main database, and in the files."""

    def __init__(self, baton: Baton, platform: SandboxProcess) -> None:
        self._baton = baton
        self.folder = baton.data_dir / "spider" / "views"
        self.database = baton.data_dir / "view_data.sqlite3"
        engine = open_engine(baton.env["DATABASE_URL"], 1)
        self.main = Database(engine=engine, clock=SystemClock())
        found = platform.videos("bilibili", WORKS, state="visible")
        self.ids = {video["id"] for video in found}
        assert len(self.ids) == WORKS

    def write_list(self) -> None:
        works = [
            {"platform": "bilibili", "work_id": each, "title": "", "is_valid": True}
            for each in sorted(self.ids)
        ]
        path = self._baton.data_dir / "spider" / "views.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"works": works}))

    def fetched(self) -> dict[tuple[str, str], Any]:
        """Every success in the main database by (hour, work)."""
        found = {}
        for row in self.main.read(lambda tx: tx.all(POINTS)):
            hour = Hour.from_index(row["hour"])
            found[f"{hour.date_text}-{hour.hour_text}", row["work_id"]] = dict(row)
        return found

    def in_files(self) -> set[tuple[str, str]]:
        """Return (hour, work) of every success in the data files."""
        found = set()
        for path in sorted(self.folder.rglob("2*_views_data.json")):
            report = json.loads(path.read_text("utf-8"))
            assert report["success_count"] == len(report["data"])
            assert report["total_count"] == len(report["data"]) + len(report["errors"])
            found |= {(path.name[:13], one["work_id"]) for one in report["data"]}
        return found

    def rows(self) -> list[tuple[str, str]]:
        """(hour, work) of every row of the statistics file."""
        if not self.database.exists():
            return []
        with closing(sqlite3.connect(self.database)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            if not connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
                return []
            sql = "SELECT crawl_date || '-' || crawl_hour, work_id FROM work_metrics"
            return connection.execute(sql).fetchall()

    def clear(self) -> None:
        shutil.rmtree(self.folder)
        for file in self.database.parent.glob("view_data.sqlite3*"):
            file.unlink()
        for table in TABLES:
            self.main.write(lambda tx, name=table: tx.execute(f"DELETE FROM {name}"))


def check_nothing_was_lost(before: dict[tuple[str, str], Any], hours: Hours) -> None:
    now = hours.fetched()
    lost = before.keys() - now.keys()
    assert not lost, f"{len(lost)} fetched works are gone"
    changed = [key for key in before if before[key] != now[key]]
    assert not changed, f"{len(changed)} works have other numbers than before"
    rows = Counter(hours.rows())
    assert not [key for key, times in rows.items() if times > 1]
    assert rows.keys() <= now.keys(), "rows that are not in the main database"
    assert hours.in_files() <= now.keys(), "entries that are not in the main database"


def check_all_is_there(hours: Hours, outcome: Outcome) -> None:
    assert outcome.code == 0, outcome
    fetched = hours.fetched()
    newest = max(hour for hour, _ in fetched)
    assert {work for hour, work in fetched if hour == newest} == hours.ids
    assert set(hours.rows()) == hours.in_files() == fetched.keys()
    left = [path for path in hours.folder.rglob("*.part") if path.is_file()]
    assert left == [], "something was left behind"


@pytest.mark.slow
def test_a_full_run_that_is_killed_anywhere_loses_no_hour(
    on_both: Baton, start_sandbox: Callable[..., SandboxProcess]
) -> None:
    baton = on_both
    print(f"BATON_SEED={SEED} BATON_VIEWS_KILLS={KILLS}")
    chance = random.Random(SEED)
    platform = start_sandbox(creators=WORKS)
    baton.use(platform)
    baton.env |= {"BATON_LEASE_SECS": "1", "BATON_BILIBILI_PACE": "1/0.08"}
    baton.add_accounts("one", "two")
    hours = Hours(baton=baton, platform=platform)
    hours.write_list()
    deaths = at_work = whole = 0
    begun = time.monotonic()
    check_all_is_there(hours, baton.run("views", "--full"))
    reach_secs = time.monotonic() - begun  # the latest death; learned, as machines differ
    hours.clear()
    while deaths < KILLS:
        before = hours.fetched()
        run = baton.start("views", "--full")
        if chance.random() > NO_DEATH:
            time.sleep(reach_secs * chance.uniform(0 if chance.random() < STARTING else 0.5, 1))
            run.end()
        outcome = run.wait()
        check_nothing_was_lost(before, hours)
        if outcome.code == -9:
            deaths += 1
            reach_secs *= 1.1
            at_work += hours.fetched() != before
            continue
        check_all_is_there(hours, outcome)
        whole += 1
        reach_secs *= 0.7
        hours.clear()
    outcome = baton.run("views", "--full")
    check_all_is_there(hours, outcome)
    print(f"{at_work} of {deaths} died after fetching something; {whole} runs were whole")
    assert at_work >= KILLS // 10, "most died before they had begun: this proves less than it says"
    assert whole, "no run came to its end between the deaths"
