"""`pool`: 600 pages by 8 good accounts and 2 that get banned, as fast as the platform lets them.

The sandbox allows 20 requests in 10 seconds per account. Ideal is what 8 such windows allow: 160
pages at once, and again every 10 seconds, so that 600 pages take 30 seconds.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

import requests

from accounts.vault import Credentials
from app.container import App
from benchmarks.ground import ROOT, Ground, Place, opened, sandbox_process
from benchmarks.results import Figure, Result
from storage.engines.datetimes import from_sql

NAME = "pool"
DOMAIN = "美妆"
PAGES, PAGE_ROWS = 600, 20
GOOD, BAD = 8, 2
WINDOW, WINDOW_SECS = 20, 10
IDEAL_SECS = (PAGES - 1) // (GOOD * WINDOW) * WINDOW_SECS
PROCESSES = (1, 4)


def run(ground: Ground, full: bool = False) -> Result:
    """Measure the crawl by one and by four processes on one SQLite file."""
    figures: list[Figure] = []
    for processes in PROCESSES:
        label = f"{processes} process{'es' if processes > 1 else ''}"
        figures += crawl_figures(ground, processes, label)
    return Result(NAME, tuple(figures))


def crawl_figures(ground: Ground, processes: int, label: str) -> list[Figure]:
    """Crawl by that many processes of Baton; return its figures."""
    with sandbox_process(PAGES * PAGE_ROWS, DOMAIN, rate=f"{WINDOW}/{WINDOW_SECS}") as url:
        secs = _crawl(ground.place("sqlite"), url, processes)
        stats = requests.get(f"{url}/__sandbox__/stats", timeout=10).json()
    return figures_of(label, secs, stats)


def names() -> list[str]:
    """Return the names of the accounts, by which the sandbox knows whom it bans."""
    return [f"good-{n}" for n in range(GOOD)] + [f"banned-{n}" for n in range(BAD)]


def figures_of(
    label: str, secs: float, stats: Mapping[str, Any], goals: bool = True
) -> list[Figure]:
    """Return what a crawl took, and what the sandbox counted; goals bind Baton only."""
    accounts: Mapping[str, Any] = stats["accounts"]
    uses = [accounts[f"good-{n}"]["requests"] for n in range(GOOD)]
    found = [
        (f"{PAGES} pages", secs, "s", ""),
        ("time / ideal time", secs / IDEAL_SECS, "", "<= 1.05"),
        ("pages fetched twice", stats["duplicate_pages"], "", "= 0"),
        ("requests over the limit", stats["over_limit"], "", "= 0"),
        ("requests after a ban", stats["after_ban"], "", f"<= {BAD}"),
        ("most used / least used good account", max(uses) / min(uses), "", "<= 1.2"),
    ]
    return [
        Figure(f"{label}: {name}", value, unit, goal if goals else "")
        for name, value, unit, goal in found
    ]


def environment(place: Place, url: str, pace: str = f"{WINDOW}/{WINDOW_SECS}") -> dict[str, str]:
    """Return the environment of a command that works at a place with that pace."""
    return {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": place.url,
        "BATON_DATA_DIR": str(place.folder / "data"),
        "BATON_LOG_DIR": str(place.folder / "logs"),
        "BATON_BILIBILI_BASE_URL": url,
        "BATON_BILIBILI_PACE": pace,
    }


def _crawl(place: Place, url: str, processes: int) -> float:
    """Return the seconds of the crawl by that many processes."""
    with opened(place, bilibili_base_url=url) as app:
        for name in names():
            app.pool.registry.add("bilibili", name, Credentials(session=f"SESSDATA={name}"), 4000)
        command = [sys.executable, "cli.py", "start_crawl", "--domain", DOMAIN, "--workers", "4"]
        running = [
            subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment(place, url),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for _ in range(processes)
        ]
        for process in running:
            process.wait()
        return _secs(app)


def _secs(app: App) -> float:
    """Return the seconds from the first page's request to the last page's commit."""
    row = app.database.read(
        lambda tx: tx.one("SELECT MIN(start_time) AS a, MAX(end_time) AS b FROM ingestion_logs")
    )
    assert row is not None
    pages = app.database.read(lambda tx: tx.one("SELECT COUNT(*) AS n FROM ingestion_logs"))
    assert pages is not None and pages["n"] == PAGES, pages
    return (from_sql(str(row["b"])) - from_sql(str(row["a"]))).total_seconds()
