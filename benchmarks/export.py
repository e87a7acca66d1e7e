"""`export`: the export service against a bare loop of the same transactions."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from statistics import median

from app.container import App
from benchmarks import bare_export, rows
from benchmarks.ground import Ground, Place, add_accounts, opened
from benchmarks.results import Figure, Result
from crawler.export.columns import DEFAULT_COLUMNS
from crawler.export.options import ExportOptions

NAME = "export"
DOMAINS = ("美妆", "游戏", "美食", "数码")
ROWS_PER_DOMAIN = 10_000
BATCH_ROWS = 500
ROUNDS = 5
HIGH_LIMIT = 1_000_000
Timed = Callable[[App, Place, list[int], list[int]], float]


def run(ground: Ground, full: bool = False) -> Result:
    """Measure rows a second of both in turn: medians, and the median of the rounds' ratios."""
    figures: list[Figure] = []
    for engine in ground.engines:
        bare, service = [], []
        for _ in range(ROUNDS):
            bare.append(_measure(ground, engine, _bare_secs))
            service.append(_measure(ground, engine, _service_secs))
        ratio = median(mine / its for mine, its in zip(service, bare, strict=True))
        figures += [
            Figure(f"{engine}: bare loop", median(bare), "rows/s"),
            Figure(f"{engine}: export service", median(service), "rows/s"),
            Figure(label=f"{engine}: service / bare loop", value=ratio, unit="", goal=">= 0.8"),
        ]
    return Result(NAME, tuple(figures))


def _measure(ground: Ground, engine: str, timed: Timed) -> float:
    place = ground.place(engine)
    try:
        with opened(place, export_batch_rows=BATCH_ROWS) as app:
            accounts = add_accounts(app, len(DOMAINS), HIGH_LIMIT)
            for domain in DOMAINS:
                rows.insert(app.database, domain, ROWS_PER_DOMAIN)
            tasks = [_file_task(app, domain) for domain in DOMAINS]
            secs = timed(app, place, accounts, tasks)
            _check(app)
    finally:
        ground.drop(place)
    return len(DOMAINS) * ROWS_PER_DOMAIN / secs


def _file_task(app: App, domain: str) -> int:
    options = ExportOptions("csv", DEFAULT_COLUMNS).as_json()
    return app.crawling.submitter.submit_export("bilibili", domain, options, 1).task.id


def _service_secs(app: App, place: Place, accounts: list[int], tasks: list[int]) -> float:
    worker, stop = app.crawling.export_worker(), threading.Event()
    begin = time.perf_counter()
    while worker.work_once(stop):
        pass
    return time.perf_counter() - begin


def _bare_secs(app: App, place: Place, accounts: list[int], tasks: list[int]) -> float:
    connection = bare_export.connect(place)
    begin = time.perf_counter()
    for domain, account, task in zip(DOMAINS, accounts, tasks, strict=True):
        file = place.folder / f"{domain}.csv"
        bare_export.export_domain(
            connection, domain, account=account, task=task, batch=BATCH_ROWS, file=file
        )
    secs = time.perf_counter() - begin
    connection.close()
    return secs


def _check(app: App) -> None:
    """Assert that everything was exported."""
    left = app.database.read(
        lambda tx: tx.one("SELECT COUNT(*) AS n FROM influencers WHERE status='pending_export'")
    )
    assert left["n"] == 0, left["n"]
