"""`idle`: what a `run` costs whose accounts have all used up their quota."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from benchmarks import rows
from benchmarks.ground import ROOT, Ground, Place, add_accounts, opened
from benchmarks.results import Figure, Result
from crawler.export.columns import DEFAULT_COLUMNS
from crawler.export.options import ExportOptions

NAME = "idle"
DOMAIN = "美妆"
ACCOUNTS = 3
QUOTA = 100
WARM_UP_SECS = 10.0  # the web console loads meanwhile
SECS = 10.0


def run(ground: Ground, full: bool = False) -> Result:
    """Measure the CPU share of the process over ten seconds."""
    figures = []
    for engine in ground.engines:
        place = ground.place(engine)
        _spend_everything(place)
        share = 100 * _cpu_share(place)
        figures.append(
            Figure(label=f"{engine}: CPU of an idle run", value=share, unit="%", goal="< 1")
        )
        ground.drop(place)
    return Result(NAME, tuple(figures))


def _spend_everything(place: Place) -> None:
    with opened(place) as app:
        add_accounts(app, ACCOUNTS, QUOTA)
        rows.insert(app.database, DOMAIN, 2 * ACCOUNTS * QUOTA)
        options = ExportOptions("csv", DEFAULT_COLUMNS).as_json()
        task = app.crawling.submitter.submit_export("bilibili", DOMAIN, options, 1).task
        worker = app.crawling.export_worker()
        while worker.work_once(threading.Event()):
            pass
        (view,) = app.crawling.snapshots.snapshot((task.id,)).tasks
    assert (view.items, view.task.status) == (ACCOUNTS * QUOTA, "paused"), view


def _cpu_share(place: Place) -> float:
    environment = os.environ | {
        "DATABASE_URL": place.url,
        "BATON_DATA_DIR": str(place.folder / "data"),
        "BATON_LOG_DIR": str(place.folder / "logs"),
    }
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "cli.py"), "run"],
        cwd=place.folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        time.sleep(WARM_UP_SECS)
        before, begin = _cpu_secs(process.pid), time.monotonic()
        time.sleep(SECS)
        used, took = _cpu_secs(process.pid) - before, time.monotonic() - begin
        assert process.poll() is None, f"run ended with {process.returncode}"
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
    return used / took


def _cpu_secs(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
