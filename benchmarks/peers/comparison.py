"""`peers`: the same work by Baton, by a bare loop, and by Scrapy and twscrape's pool of accounts.

The crawl stores pages of the sandbox in SQLite without a pace, each way as a process of its own.
Two sizes give two figures: what a page costs once all runs (the difference of the sizes), and with
the start. The pool is the scenario of `benchmarks/pool.py`: limits for each account, two bans.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import requests

from benchmarks import bare_ingest, pool
from benchmarks.ground import ROOT, UNPACED, Ground, Place, add_accounts, opened, sandbox_process
from benchmarks.ingest import check_stored
from benchmarks.peers.environment import Peers, peers
from benchmarks.results import Figure, Result
from crawler.tasks.options import CrawlOptions

NAME = "peers"
DOMAIN = "美妆"
PAGE_ROWS = 20
SIZES = (150, 750)
FULL_SIZES = (300, 1500)
ROUNDS = 3
FULL_ROUNDS = 5
THREADS = ACCOUNTS = 4
CONCURRENCIES = (4, 16)
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Cost:
    """The cost of a process: seconds by the clock and of the processor."""

    secs: float
    cpu_secs: float

    def __sub__(self, other: Cost) -> Cost:
        return Cost(self.secs - other.secs, self.cpu_secs - other.cpu_secs)


# Crawl that many pages at a place, from a sandbox at a URL.
Crawl = Callable[[Place, str, int], Cost]


def run(ground: Ground, full: bool = False) -> Result:
    """Measure the crawl and the pool; without the peers where they cannot be installed."""
    found = peers()
    return Result(NAME, (*_crawls(ground, found, full), *_pools(ground, found)))


def _crawls(ground: Ground, found: Peers | None, full: bool) -> list[Figure]:
    ways: dict[str, Crawl] = {"Baton": _baton, "bare loop": _bare}
    if found is not None:
        ways |= {
            f"Scrapy {found.versions['scrapy']}, {concurrency} at a time": _scrapy(
                found, concurrency
            )
            for concurrency in CONCURRENCIES
        }
    sizes, rounds = (FULL_SIZES, FULL_ROUNDS) if full else (SIZES, ROUNDS)
    costs: dict[str, list[tuple[Cost, Cost]]] = {way: [] for way in ways}
    with sandbox_process(sizes[-1] * PAGE_ROWS, DOMAIN) as url:
        for _ in range(rounds):
            for way, crawl in ways.items():
                less, more = (_measured(ground, crawl, url, pages) for pages in sizes)
                costs[way].append((less, more))
    return _crawl_figures(costs, sizes)


def _measured(ground: Ground, crawl: Crawl, url: str, pages: int) -> Cost:
    place = ground.place("sqlite")
    try:
        cost = crawl(place, url, pages)
        with opened(place) as app:
            check_stored(app, pages)
        return cost
    finally:
        ground.drop(place)


def _crawl_figures(
    costs: dict[str, list[tuple[Cost, Cost]]], sizes: tuple[int, int]
) -> list[Figure]:
    figures: list[Figure] = []
    pages = sizes[1] - sizes[0]
    for way, rounds in costs.items():
        steady = [more - less for less, more in rounds]
        figures += [
            Figure(f"crawl, {way}", median(pages / each.secs for each in steady), "pages/s"),
            Figure(
                f"crawl, {way}: CPU a page",
                median(each.cpu_secs for each in steady) / pages * 1000,
                "ms",
            ),
            Figure(
                f"crawl, {way}: CPU a page with the start, {sizes[1]} pages",
                median(more.cpu_secs for _, more in rounds) / sizes[1] * 1000,
                "ms",
            ),
        ]
    return [*figures, *_ratios(costs)]


def _ratios(costs: dict[str, list[tuple[Cost, Cost]]]) -> list[Figure]:
    """Compare Baton with each other way: medians of the rounds' ratios."""
    goals = {"bare loop": ("<= 1.2", ">= 1")}
    figures = []
    ours = [more - less for less, more in costs["Baton"]]
    for way in [way for way in costs if way != "Baton"]:
        theirs = [more - less for less, more in costs[way]]
        cpu = median(a.cpu_secs / b.cpu_secs for a, b in zip(ours, theirs, strict=True))
        rate = median(b.secs / a.secs for a, b in zip(ours, theirs, strict=True))
        cpu_goal, rate_goal = goals.get(way, ("<= 0.7", ""))
        figures += [
            Figure(f"crawl, Baton / {way}: CPU a page", cpu, "", cpu_goal),
            Figure(f"crawl, Baton / {way}: pages/s", rate, "", rate_goal),
        ]
    return figures


def _baton(place: Place, url: str, pages: int) -> Cost:
    with opened(place, bilibili_base_url=url) as app:
        add_accounts(app, ACCOUNTS, 0)
    command = [sys.executable, "cli.py", "start_crawl", "--domain", DOMAIN]
    return _cost(
        [*command, "--pages", str(pages), "--workers", str(THREADS)],
        pool.environment(place, url, pace=f"{UNPACED.requests}/{UNPACED.per_secs:g}"),
    )


def _bare(place: Place, url: str, pages: int) -> Cost:
    _prepare(place, url, pages)
    command = [sys.executable, "-m", "benchmarks.peers.bare_process", url, str(place.folder)]
    return _cost([*command, DOMAIN, str(pages), str(THREADS)], {"PATH": os.environ["PATH"]})


def _scrapy(found: Peers, concurrency: int) -> Crawl:
    def crawl(place: Place, url: str, pages: int) -> Cost:
        _prepare(place, url, pages)
        given = place.folder / "given.json"
        values = {"statements": bare_ingest.SQLITE, "headers": bare_ingest.HEADERS}
        given.write_text(json.dumps(values), encoding="utf-8")
        command = [found.python, str(HERE / "scrapy_process.py"), url]
        command += [str(place.folder / "baton.db"), str(given), DOMAIN]
        return _cost([*command, str(pages), str(concurrency)], _peers_environment())

    return crawl


def _prepare(place: Place, url: str, pages: int) -> None:
    """Make the rows that the statements of a page refer to."""
    with opened(place, bilibili_base_url=url) as app:
        add_accounts(app, ACCOUNTS, 0)
        app.crawling.submitter.submit_crawl("bilibili", DOMAIN, pages, CrawlOptions())


def _cost(command: Sequence[str], environment: dict[str, str]) -> Cost:
    begun = time.monotonic()
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    said = process.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, said[-2000:]
    return Cost(time.monotonic() - begun, usage.ru_utime + usage.ru_stime)


def _peers_environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "DO_NOT_TRACK": "1"}


def _pools(ground: Ground, found: Peers | None) -> list[Figure]:
    figures = list(pool.crawl_figures(ground, processes=1, label="pool, Baton"))
    if found is None:
        return figures
    names = pool.names()
    rate = f"{pool.WINDOW}/{pool.WINDOW_SECS}"
    with sandbox_process(pool.PAGES * pool.PAGE_ROWS, pool.DOMAIN, rate=rate) as url:
        place = ground.place("sqlite")
        command = [found.python, str(HERE / "twscrape_process.py"), url, str(place.folder)]
        command += [pool.DOMAIN, str(pool.PAGES), str(pool.WINDOW), str(pool.WINDOW_SECS), *names]
        said = subprocess.run(
            command, cwd=ROOT, env=_peers_environment(), check=True, capture_output=True, text=True
        )
        stats = requests.get(f"{url}/__sandbox__/stats", timeout=10).json()
    label = f"pool, twscrape {found.versions['twscrape']}"
    return [*figures, *pool.figures_of(label, json.loads(said.stdout)["secs"], stats, goals=False)]
