"""`webhooks`: 1,000 reports of 20 tasks to a receiver that fails half the time, and to one that is
always content, against a bare loop that posts the same signed bodies."""

from __future__ import annotations

import json
import multiprocessing
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import requests

from app.container import App
from benchmarks.ground import Ground, Place, opened, sandbox_process
from benchmarks.results import Figure, Result
from storage.distribution import deliveries
from storage.distribution.deliveries import DeliveryState
from storage.engines.transactions import Tx
from webhooks import signing
from webhooks.outbox import Report

NAME = "webhooks"
REPORTS, TASKS = 1000, 20
THREADS = 8  # of each process, and of the bare loop
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # the sandbox checks with it
START_SECS = 4.0
LOOK_SECS = 0.05
MAX_SECS = 600.0
SETTINGS: dict[str, Any] = {
    "webhook_workers": THREADS,
    "webhook_per_host": THREADS,
    "webhook_allowed_hosts": ("127.0.0.1",),
    "webhook_retry_secs": (0.05,) * 60,  # a coin that falls wrong 61 times: never
}


def run(ground: Ground, full: bool = False) -> Result:
    """Measure deliveries a second by one and two processes; check what the receivers counted."""
    figures: list[Figure] = []
    with sandbox_process(1, "美妆") as url:
        bare = _bare_rate(f"{url}/webhooks/ok/bare")
        figures.append(Figure(f"bare loop, {THREADS} threads", bare, "per s"))
        for engine in ground.engines:
            for processes in (1, 2):
                name = f"{engine}-{processes}"
                label = f"{engine}, {processes} process" + ("es" if processes > 1 else "")
                rate = _sent(ground, engine, processes, f"{url}/webhooks/ok/{name}")
                figures += [
                    Figure(f"{label}: deliveries", rate, "per s"),
                    Figure(f"{label}: service / bare loop", rate / bare),
                ]
                unlucky = _sent(ground, engine, processes, f"{url}/webhooks/half/half-{name}")
                figures.append(Figure(f"{label}, half fail: deliveries", unlucky, "per s"))
                figures += _seen(label, url, f"half-{name}")
    return Result(NAME, tuple(figures))


def _bare_rate(url: str) -> float:
    keys = signing.parse_secrets(SECRET)

    def post(number: int) -> None:
        body = _body(number).encode()
        headers = signing.headers(f"{number:04}", datetime.now(UTC), body, keys)
        requests.post(url, data=body, headers=headers, timeout=30).raise_for_status()

    begin = time.monotonic()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(post, range(REPORTS)))
    return REPORTS / (time.monotonic() - begin)


def _sent(ground: Ground, engine: str, processes: int, url: str) -> float:
    """Return reports a second, from the first look to the last outcome that was stored."""
    place = ground.place(engine)
    with opened(place) as app:
        _file(app, url)
    start_at = time.monotonic() + START_SECS  # one clock for all processes of a host
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        ends = [pool.submit(_process, place, start_at) for _ in range(processes)]
        secs = min(end.result() for end in ends) - start_at
    ground.drop(place)
    return REPORTS / secs


def _file(app: App, url: str) -> None:
    app.distribution.importer.add_dramas(
        {"task_id": f"t{n}", "project_id": "p", "callback_url": url, "callback_secret": SECRET}
        for n in range(TASKS)
    )

    def work(tx: Tx) -> None:
        for number in range(REPORTS):
            name, task = f"{number:04}", f"t{number % TASKS}"
            app.webhooks.outbox.enqueue(
                tx,
                Report(
                    kind="completion",
                    event_id=name,
                    url=url,
                    task_id=task,
                    stats_date=None,
                    body=_body(number),
                ),
            )

    app.database.write(work)


def _process(place: Place, start_at: float) -> float:
    """Send with its threads until everything arrived; return the moment at which it saw that."""
    stop = threading.Event()
    with opened(place, THREADS, **SETTINGS) as app:
        senders = [
            threading.Thread(target=app.webhooks.sender.run, args=(stop,)) for _ in range(THREADS)
        ]
        time.sleep(max(0.0, start_at - time.monotonic()))
        for sender in senders:
            sender.start()
        end = _when(lambda: _is_done(app))
        stop.set()
        for sender in senders:
            sender.join()
    return end


def _is_done(app: App) -> bool:
    counts = app.database.read(deliveries.counts)
    return counts.get(DeliveryState.DELIVERED, 0) == REPORTS


def _when(condition: Callable[[], bool]) -> float:
    deadline = time.monotonic() + MAX_SECS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("not everything arrived")
        time.sleep(LOOK_SECS)
    return time.monotonic()


def _seen(label: str, url: str, name: str) -> Sequence[Figure]:
    """Return figures of what the receiver says that it got."""
    inbox = requests.get(f"{url}/__sandbox__/webhooks", timeout=30).json()["receivers"][name]
    good = inbox["signatures"].get("good", 0)
    return [
        Figure(f"{label}, half fail: requests", inbox["requests"]),
        Figure(
            label=f"{label}, half fail: accepted",
            value=inbox["accepted"],
            unit="",
            goal=f"= {REPORTS}",
        ),
        Figure(
            label=f"{label}, half fail: accepted twice", value=inbox["repeats"], unit="", goal="= 0"
        ),
        Figure(
            label=f"{label}, half fail: bodies under two ids",
            value=inbox["second_ids"],
            unit="",
            goal="= 0",
        ),
        Figure(
            label=f"{label}, half fail: out of order",
            value=_out_of_order(inbox["order"]),
            unit="",
            goal="= 0",
        ),
        Figure(
            label=f"{label}, half fail: not signed",
            value=inbox["requests"] - good,
            unit="",
            goal="= 0",
        ),
    ]


def _out_of_order(firsts: Sequence[str]) -> int:
    """Count first attempts that came before that of an older report of their task."""
    newest: dict[int, int] = {}
    wrong = 0
    for number in map(int, firsts):
        wrong += number < newest.get(number % TASKS, -1)
        newest[number % TASKS] = max(number, newest.get(number % TASKS, -1))
    return wrong


def _body(number: int) -> str:
    return json.dumps({"event": "task.completion", "number": number, "completions": ["x" * 200]})
