"""`memory`: what a process that stores pages and exports takes, for few rows and for many."""

from __future__ import annotations

import multiprocessing
import re
import threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from app.container import App
from benchmarks import rows
from benchmarks.ground import Ground, Place, add_accounts, opened
from benchmarks.results import Figure, Result
from crawler.export.columns import DEFAULT_COLUMNS
from crawler.export.options import ExportOptions
from crawler.tasks.options import CrawlOptions
from sources.base import Creator, CreatorPage
from storage.models.tasks import TaskType

NAME = "memory"
DOMAIN = "美妆"
FEW_ROWS = 10_000
MANY_ROWS = 200_000
FULL_ROWS = 1_000_000
PAGE_ROWS = 20
STORED_OF = 4  # one row is stored for so many that are exported
HIGH_LIMIT = 100_000_000


def run(ground: Ground, full: bool = False) -> Result:
    """Measure the peak resident memory of child processes, on SQLite."""
    many = FULL_ROWS if full else MANY_ROWS
    few_mib, many_mib = (_peak_mib(ground, count) for count in (FEW_ROWS, many))
    return Result(
        NAME,
        (
            Figure(f"peak at {FEW_ROWS:,} rows", few_mib, "MiB"),
            Figure(f"peak at {many:,} rows", many_mib, "MiB"),
            Figure(label="many / few", value=many_mib / few_mib, unit="", goal="<= 1.2"),
        ),
    )


def _peak_mib(ground: Ground, count: int) -> float:
    place = ground.place("sqlite")
    with opened(place) as app:
        add_accounts(app, 2, HIGH_LIMIT)
        rows.insert_in_sqlite(app.database, DOMAIN, count)
        options = ExportOptions("csv", DEFAULT_COLUMNS).as_json()
        app.crawling.submitter.submit_export("bilibili", DOMAIN, options, 1)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        peak = pool.submit(_process, place, count).result()
    ground.drop(place)
    return peak


def _process(place: Place, count: int) -> float:
    with opened(place) as app:
        storing = threading.Thread(target=_store, args=(app, count // STORED_OF // PAGE_ROWS))
        storing.start()
        worker, stop = app.crawling.export_worker(), threading.Event()
        while worker.work_once(stop) or storing.is_alive():
            pass
        storing.join()
        done = app.database.read(
            lambda tx: tx.one("SELECT SUM(exported_count) AS n FROM export_logs")
        )
    assert done is not None
    assert done["n"] >= count, done
    return _peak_of_this_process_mib()


def _store(app: App, pages: int) -> None:
    """Store pages of another domain, as a crawl beside the export does."""
    task = app.crawling.submitter.submit_crawl("bilibili", "游戏", pages, CrawlOptions()).task
    store = app.crawling.pages
    while (leased := app.crawling.scheduler.claim(TaskType.INGESTION, task.id)) is not None:
        first, last = leased.task.page_from or 1, leased.task.page_to or pages
        for number in range(first, last + 1):
            store.store(leased, 1, _page(number, pages), last, app.clock.now())
        app.crawling.scheduler.finish(leased)


def _page(number: int, pages: int) -> CreatorPage:
    uids = range(number * PAGE_ROWS, (number + 1) * PAGE_ROWS)
    raw = {"uname": "小鹿研究所", "usign": "合作请私信" * 20, "fans": 4711, "videos": 12}
    creators = tuple(Creator(str(10**9 + uid), f"小鹿{uid}", raw) for uid in uids)
    return CreatorPage(number, pages, creators)


def _peak_of_this_process_mib() -> float:
    status = Path("/proc/self/status").read_text()  # getrusage would count the parent's, too
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024
