"""Kills between aggregation and report, and two at once: every report is filed once."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from distribution.intake.importer import ImportOptions
from tests.support.distribution.distribution import FULL, posted, task, youtube
from tests.support.processes.launcher import ROOT, Baton

TASKS = 7
DAY = datetime.now(UTC).date() - timedelta(days=3)
SCRIPT = Path(__file__).parents[1] / "support/distribution/killed_scan.py"
BEGIN = "import sys, runpy; sys.path.insert(0, sys.argv.pop(1)); runpy.run_path(sys.argv.pop(1))"


def prepared(baton: Baton) -> None:
    """Seven tasks with a verified video each, reported two by two."""
    baton.env["BATON_REPORT_PART_TASKS"] = "2"
    at = datetime(DAY.year, DAY.month, DAY.day, 4, tzinfo=UTC)
    with baton.opened_app() as app:
        app.distribution.importer.add_dramas(task(f"t{n}") for n in range(TASKS))
        app.distribution.importer.add_completions(
            (posted(f"t{n}", "u", youtube(n), at, FULL) for n in range(TASKS)),
            ImportOptions(report=False),
        )


def deliveries(baton: Baton) -> list[dict[str, Any]]:
    with baton.opened_app() as app:
        rows = app.database.read(lambda tx: tx.all("SELECT * FROM webhook_deliveries ORDER BY id"))
    return [dict(row) for row in rows]


def told(found: list[dict[str, Any]]) -> Counter[str]:
    return Counter(entry["task_id"] for one in found for entry in json.loads(one["body"])["stats"])


def test_a_kill_between_sum_and_report_loses_none_and_files_none_twice(on_both: Baton) -> None:
    prepared(on_both)
    for number, filed in ((1, 0), (2, 1), (2, 2)):
        killed = on_both.python("-c", BEGIN, ROOT, SCRIPT, DAY, number)
        assert killed.wait().code == -signal.SIGKILL
        assert len(deliveries(on_both)) == filed
    done = on_both.run("daily_stats", DAY)
    assert done.code == 0 and f"{DAY}: tasks 7 (new 3, changed 0, unchanged 4)" in done.out, done
    found = deliveries(on_both)
    assert told(found) == dict.fromkeys((f"t{n}" for n in range(TASKS)), 1)
    assert len({one["event_id"] for one in found}) == len(found) == 4
    assert on_both.run("daily_stats", DAY).code == 0 and deliveries(on_both) == found


def test_two_processes_that_scan_one_day_tell_it_once(
    make_baton: Callable[..., Baton], database_url: str
) -> None:
    baton = make_baton(database_url)
    prepared(baton)
    both = [baton.start("daily_stats", DAY) for _ in range(2)]
    assert [process.wait().code for process in both] == [0, 0]
    assert told(deliveries(baton)) == dict.fromkeys((f"t{n}" for n in range(TASKS)), 1)
