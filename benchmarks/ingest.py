"""`ingest`: the ingestion service against a bare loop that writes the same tables.

Without a pace both are bound by the processors, which the sandbox shares. With one (25 requests a
second and account, ten times what a real platform is asked) fetching waits, as in real use: there
the service is measured against what the pace allows.
"""

from __future__ import annotations

import threading
import time
from statistics import median

from app.container import App
from benchmarks import bare_ingest
from benchmarks.ground import Ground, add_accounts, opened, sandbox_process
from benchmarks.results import Figure, Result
from core.settings import Pace
from crawler.tasks.options import CrawlOptions
from storage.crawling import tasks
from storage.engines.transactions import Tx

NAME = "ingest"
DOMAIN = "美妆"
THREADS = 4
ACCOUNTS = 8
PAGES = 600
PAGE_ROWS = 20
ROUNDS = 3
OPTIONS = CrawlOptions()
PACE = Pace(25, 1)
MAX_SERVE_SECS = 300.0
LOOK_SECS = 0.05


def run(ground: Ground, full: bool = False) -> Result:
    """Measure pages a second of each in turn: medians, and the medians of the rounds' ratios."""
    figures: list[Figure] = []
    with sandbox_process(PAGES * PAGE_ROWS, DOMAIN) as url:
        for engine in ground.engines:
            figures += _engine(ground, engine, url)
    return Result(NAME, tuple(figures))


def _engine(ground: Ground, engine: str, url: str) -> list[Figure]:
    rounds = [(_bare(ground, engine, url), _service(ground, engine, url)) for _ in range(ROUNDS)]
    rate = median(bare[0] / service[0] for bare, service in rounds)
    cost = median(service[1] / bare[1] for bare, service in rounds)
    figures = [
        Figure(f"{engine}: {name}", median(PAGES / each[n][0] for each in rounds), "pages/s")
        for n, name in enumerate(("bare loop", "service"))
    ]
    figures += [
        Figure(f"{engine}: {name}, CPU", median(each[n][1] for each in rounds) / PAGES * 1000, "ms")
        for n, name in enumerate(("bare loop", "service"))
    ]
    return [
        *figures,
        Figure(label=f"{engine}: service / bare loop", value=rate, unit="", goal=">= 1"),
        Figure(
            label=f"{engine}: service / bare loop, CPU a page", value=cost, unit="", goal="<= 1.2"
        ),
        *_paced(ground, engine, url),
    ]


def _bare(ground: Ground, engine: str, url: str) -> tuple[float, float]:
    """Return the seconds of the bare loop, and those of the processor."""
    place = ground.place(engine)
    try:
        with opened(place, THREADS, bilibili_base_url=url) as app:
            add_accounts(app, THREADS, 0)
            app.crawling.submitter.submit_crawl("bilibili", DOMAIN, PAGES, OPTIONS)
            secs = bare_ingest.crawl(url, place, DOMAIN, PAGES, THREADS)
            check_stored(app, PAGES)
            return secs
    finally:
        ground.drop(place)


def _service(ground: Ground, engine: str, url: str) -> tuple[float, float]:
    """Return the seconds of the service, and those of the processor."""
    place = ground.place(engine)
    try:
        with opened(place, THREADS, bilibili_base_url=url, pages_per_task=10) as app:
            add_accounts(app, ACCOUNTS, 0)
            # This thread only looks when the crawl has ended, which is no cost of the service.
            spent, looking = time.process_time(), time.thread_time()
            secs = _serve(app)
            looked = time.thread_time() - looking
            return secs, time.process_time() - spent - looked
    finally:
        ground.drop(place)


def _paced(ground: Ground, engine: str, url: str) -> list[Figure]:
    """Measure the service where the pace of its accounts is the limit."""
    place = ground.place(engine)
    options = {"bilibili_base_url": url, "bilibili_pace": PACE, "pages_per_task": 10}
    try:
        with opened(place, THREADS, **options) as app:
            add_accounts(app, THREADS, 0)
            rate = PAGES / _serve(app)
    finally:
        ground.drop(place)
    allowed = THREADS * PACE.requests / PACE.per_secs
    return [
        Figure(f"{engine}: service, paced", rate, "pages/s"),
        Figure(
            label=f"{engine}: service, paced / what the pace allows",
            value=rate / allowed,
            unit="",
            goal=">= 0.8",
        ),
    ]


def _serve(app: App) -> float:
    """Return the seconds from the start of the workers until the crawl has ended.

    The workers run as in a service: `work_once` returns False whenever no account is fit, so it
    cannot tell that the crawl is over.
    """
    task = app.crawling.submitter.submit_crawl("bilibili", DOMAIN, PAGES, OPTIONS).task
    stop = threading.Event()
    workers = [app.crawling.ingestion_worker() for _ in range(THREADS)]
    threads = [threading.Thread(target=worker.run, args=(stop,)) for worker in workers]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    try:
        while _is_open(app, task.id):
            assert time.monotonic() - begin < MAX_SERVE_SECS, "the crawl does not end"
            time.sleep(LOOK_SECS)
        secs = time.monotonic() - begin
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    check_stored(app, PAGES)
    return secs


def _is_open(app: App, task_id: int) -> bool:
    task = app.database.read(tasks.get, task_id)
    assert task is not None
    return task.is_open


def check_stored(app: App, pages: int) -> None:
    """Assert that every creator of those pages was stored, in all tables that a page writes."""
    creators = pages * PAGE_ROWS
    expected = {
        "COUNT(*) AS n FROM influencers": creators,
        "COUNT(*) AS n FROM creators": creators,
        "COUNT(*) AS n FROM influencer_keywords": creators,
        "COUNT(*) AS n FROM ingestion_logs": pages,
        "SUM(new_count) AS n FROM day_totals": creators,
        "SUM(pages) AS n FROM day_totals": pages,
    }
    for counted, number in expected.items():
        stored = app.database.read(Tx.number, f"SELECT {counted}")
        assert stored == number, (counted, stored)
