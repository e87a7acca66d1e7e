"""`export`: the export service against a bare loop of the same batches and files.

Once with four domains of 10,000 rows, where what a task costs once counts, and once with one of
40,000.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from app.container import App
from benchmarks import bare_export, rows
from benchmarks.ground import Ground, Place, add_accounts, opened
from benchmarks.results import Figure, Result
from crawler.export.columns import DEFAULT_COLUMNS
from crawler.export.options import ExportOptions

NAME = "export"
DOMAINS = ("美妆", "游戏", "美食", "数码")
ROWS = 40_000
SIZES = {10_000: ">= 0.9", 40_000: ">= 0.95"}  # rows of a domain, and the goal
BATCH_ROWS = 500
ROUNDS = 5
HIGH_LIMIT = 1_000_000


@dataclass(frozen=True)
class Work:
    """One domain for each task and account."""

    domains: tuple[str, ...]
    accounts: tuple[int, ...]
    tasks: tuple[int, ...]


@dataclass(frozen=True)
class Spent:
    """Seconds by the clock, and of the processor."""

    secs: float
    cpu: float


Timed = Callable[[App, Place, Work], None]


def run(ground: Ground, full: bool = False) -> Result:
    """Measure both in turn: medians, and the medians of the rounds' ratios."""
    figures: list[Figure] = []
    for engine in ground.engines:
        for size, goal in SIZES.items():
            figures += _size(ground, engine, size, goal)
    return Result(NAME, tuple(figures))


def _size(ground: Ground, engine: str, size: int, goal: str) -> list[Figure]:
    rounds = [
        (_measure(ground, engine, size, _bare), _measure(ground, engine, size, _service))
        for _ in range(ROUNDS)
    ]
    rate = median(bare.secs / service.secs for bare, service in rounds)
    cost = median(service.cpu / bare.cpu for bare, service in rounds)
    what = f"{engine}, {size:,} rows"
    return [
        Figure(f"{what}: bare loop", median(ROWS / bare.secs for bare, _ in rounds), "rows/s"),
        Figure(f"{what}: service", median(ROWS / service.secs for _, service in rounds), "rows/s"),
        Figure(label=f"{what}: service / bare loop", value=rate, unit="", goal=goal),
        Figure(label=f"{what}: service / bare loop, CPU", value=cost, unit="", goal="<= 1.1"),
    ]


def _measure(ground: Ground, engine: str, size: int, timed: Timed) -> Spent:
    place = ground.place(engine)
    domains = DOMAINS[: ROWS // size]
    try:
        with opened(place, export_batch_rows=BATCH_ROWS) as app:
            accounts = tuple(add_accounts(app, len(domains), HIGH_LIMIT))
            for domain in domains:
                rows.insert(app.database, domain, size)
            tasks = tuple(_file_task(app, domain) for domain in domains)
            begin, spent = time.perf_counter(), time.process_time()
            timed(app, place, Work(domains, accounts, tasks))
            secs, cpu = time.perf_counter() - begin, time.process_time() - spent
            _check(app)
    finally:
        ground.drop(place)
    return Spent(secs, cpu)


def _file_task(app: App, domain: str) -> int:
    options = ExportOptions("csv", DEFAULT_COLUMNS).as_json()
    return app.crawling.submitter.submit_export("bilibili", domain, options, 1).task.id


def _service(app: App, place: Place, work: Work) -> None:
    worker, stop = app.crawling.export_worker(), threading.Event()
    while worker.work_once(stop):
        pass


def _bare(app: App, place: Place, work: Work) -> None:
    connection = bare_export.connect(place)
    for domain, account, task in zip(work.domains, work.accounts, work.tasks, strict=True):
        file = place.folder / f"{domain}.csv"
        bare_export.export_domain(
            connection, domain, account=account, task=task, batch=BATCH_ROWS, file=file
        )
    connection.close()


def _check(app: App) -> None:
    """Assert that everything was exported."""
    left = app.database.read(
        lambda tx: tx.one("SELECT COUNT(*) AS n FROM influencers WHERE status='pending_export'")
    )
    assert left["n"] == 0, left["n"]
