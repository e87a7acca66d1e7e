"""`leases`: four processes lease from one pool; nobody twice at once, everybody equally often."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise

from accounts.account_lease import Purpose
from app.container import App
from benchmarks.ground import Ground, Place, add_accounts, opened
from benchmarks.results import Figure, Result

NAME = "leases"
PROCESSES = 4
THREADS = 4
ACCOUNTS = 20
HOLD_SECS = 0.01
SECS = 6.0
START_SECS = 4.0
Hold = tuple[int, float, float]


def run(ground: Ground, full: bool = False) -> Result:
    """Measure leases a second, overlaps, and how evenly the accounts were used."""
    figures: list[Figure] = []
    for engine in ground.engines:
        place = ground.place(engine)
        with opened(place) as app:
            add_accounts(app, ACCOUNTS, 0)
        holds = _holds_of_all(place)
        uses = Counter(account for account, _, _ in holds)
        ratio = max(uses.values()) / min(uses.values()) if len(uses) == ACCOUNTS else float("inf")
        figures += [
            Figure(
                label=f"{engine}: leases of {HOLD_SECS * 1000:.0f} ms",
                value=len(holds) / SECS,
                unit="per s",
                goal=">= 500",
            ),
            Figure(
                label=f"{engine}: accounts leased twice at once",
                value=_overlaps(holds),
                unit="",
                goal="= 0",
            ),
            Figure(
                label=f"{engine}: most / least used account", value=ratio, unit="", goal="<= 1.2"
            ),
        ]
        ground.drop(place)
    return Result(NAME, tuple(figures))


def _holds_of_all(place: Place) -> list[Hold]:
    start_at = time.monotonic() + START_SECS  # one clock for all processes of a host
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=context) as pool:
        jobs = [pool.submit(_process, place, start_at) for _ in range(PROCESSES)]
        return [hold for job in jobs for hold in job.result()]


def _process(place: Place, start_at: float) -> list[Hold]:
    holds: list[Hold] = []
    with opened(place, THREADS) as app:
        threads = [
            threading.Thread(target=_lease_on, args=(app, start_at, holds)) for _ in range(THREADS)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return holds


def _lease_on(app: App, start_at: float, holds: list[Hold]) -> None:
    time.sleep(max(0.0, start_at - time.monotonic()))
    while time.monotonic() < start_at + SECS:
        leased = app.pool.manager.lease(Purpose.INGESTING, "bilibili")
        if leased is None:
            time.sleep(HOLD_SECS / 10)
            continue
        begin = time.monotonic()
        time.sleep(HOLD_SECS)
        holds.append((leased.id, begin, time.monotonic()))
        app.pool.manager.release(leased)


def _overlaps(holds: list[Hold]) -> int:
    by_account: dict[int, list[Hold]] = defaultdict(list)
    for hold in sorted(holds, key=lambda hold: hold[1]):
        by_account[hold[0]].append(hold)
    return sum(
        earlier[2] > later[1] for holds in by_account.values() for earlier, later in pairwise(holds)
    )
