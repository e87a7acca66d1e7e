"""Aggregates without end: each number and its report in one transaction. `report_maker.py URL`."""

from __future__ import annotations

import sys
import time
from datetime import date
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from app.container import App
from core.settings import load_settings
from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx
from webhooks.outbox import Report

DAY = date(2026, 11, 21)


def make(app: App, url: str, number: int) -> None:
    task = f"task-{number % 7}"
    report = Report(
        kind="daily",
        event_id=f"daily-{number}",
        url=url,
        task_id=task,
        stats_date=DAY,
        body=f'{{"number": {number}}}',
    )

    def work(tx: Tx) -> None:
        tx.execute(
            "INSERT INTO task_daily_stats (task_id, stats_date, scanned_at)"
            " VALUES (:task, :day, :now)",
            task=f"made-{number}",
            day=str(DAY),
            now=to_sql(app.clock.now()),
        )
        assert app.webhooks.outbox.enqueue(tx, report)

    app.database.write(work)


def made(app: App) -> int:
    """Return how many reports were made, which is the number of the next."""
    row = app.database.read(lambda tx: tx.one("SELECT COUNT(*) AS n FROM task_daily_stats"))
    return int(row["n"]) if row else 0


if __name__ == "__main__":
    app = App(load_settings(), patience_secs=30).open()
    number = made(app)
    while True:
        make(app, sys.argv[1], number)
        number += 1
        time.sleep(0.05)
