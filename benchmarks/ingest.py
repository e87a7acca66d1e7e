"""`ingest`: the ingestion service against a bare loop that writes the same tables.

Without a pace both are bound by the processors, which the sandbox shares; with one (25 requests a
second and account, ten times what a real platform is asked) fetching waits, as in real use.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from statistics import median

from app.container import App
from benchmarks import bare_ingest
from benchmarks.ground import Ground, add_accounts, opened, sandbox_process
from benchmarks.results import Figure, Result
from core.settings import Pace
from crawler.tasks.options import CrawlOptions
from sources.base import CreatorPage, Via
from sources.pacing import AccountPace, PacedGate
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
MAX_TURN_SECS = 60.0
MAX_SERVE_SECS = 300.0
LOOK_SECS = 0.05  # each look is a query of its own, which is no cost of the service


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
            _check(app)
            return secs
    finally:
        ground.drop(place)


def _service(ground: Ground, engine: str, url: str) -> tuple[float, float]:
    """Return the seconds of the service, and those of the processor."""
    place = ground.place(engine)
    try:
        with opened(place, THREADS, bilibili_base_url=url, pages_per_task=10) as app:
            add_accounts(app, ACCOUNTS, 0)
            spent = time.process_time()
            secs = _serve(app)
            return secs, time.process_time() - spent
    finally:
        ground.drop(place)


def _paced(ground: Ground, engine: str, url: str) -> list[Figure]:
    """Measure the same with the pace as the limit."""
    options = {"bilibili_base_url": url, "bilibili_pace": PACE, "pages_per_task": 10}
    with opened(ground.place(engine), THREADS, **options) as app:
        add_accounts(app, THREADS, 0)
        _, fetching = _fetch(app)
        app.pool.access["bilibili"].sessions.close()
    with opened(ground.place(engine), THREADS, **options) as app:
        add_accounts(app, THREADS, 0)
        serving = _serve(app)
    return [
        Figure(f"{engine}: fetching only, paced", PAGES / fetching, "pages/s"),
        Figure(f"{engine}: service, paced", PAGES / serving, "pages/s"),
        Figure(
            label=f"{engine}: service / slower part, paced",
            value=fetching / serving,
            unit="",
            goal=">= 0.8",
        ),
    ]


def _fetch(app: App) -> tuple[list[CreatorPage], float]:
    access = app.pool.access["bilibili"]
    numbers: queue.SimpleQueue[int] = queue.SimpleQueue()
    for number in range(1, PAGES + 1):
        numbers.put(number)
    pages: list[CreatorPage] = []

    def work(thread: int) -> None:
        name = f"bench-{thread}"
        session = access.sessions.session(thread, name, f"SESSDATA={name}", None)
        stop = threading.Event()
        pace = AccountPace.load(access.source.paces, None, app.clock.now(), known=True)
        session.gate = PacedGate(pace=pace, clock=app.clock, stop=stop, patience_secs=MAX_TURN_SECS)
        while True:
            try:
                number = numbers.get_nowait()
            except queue.Empty:
                return
            pages.append(access.source.search_creators(session, DOMAIN, number, Via.USERS, stop))

    secs = _in_threads(work)
    assert len(pages) == PAGES
    return sorted(pages, key=lambda page: page.page), secs


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
    _check(app)
    return secs


def _is_open(app: App, task_id: int) -> bool:
    task = app.database.read(tasks.get, task_id)
    assert task is not None
    return task.is_open


def _in_threads(work: Callable[[int], None]) -> float:
    threads = [threading.Thread(target=work, args=(n,)) for n in range(1, THREADS + 1)]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.monotonic() - begin


def _check(app: App) -> None:
    """Assert that every creator of every page was stored, in all tables that a page writes."""
    creators = PAGES * PAGE_ROWS
    expected = {
        "COUNT(*) AS n FROM influencers": creators,
        "COUNT(*) AS n FROM creators": creators,
        "COUNT(*) AS n FROM influencer_keywords": creators,
        "COUNT(*) AS n FROM ingestion_logs": PAGES,
        "SUM(new_count) AS n FROM day_totals": creators,
        "SUM(pages) AS n FROM day_totals": PAGES,
    }
    for counted, number in expected.items():
        stored = app.database.read(Tx.number, f"SELECT {counted}")
        assert stored == number, (counted, stored)
