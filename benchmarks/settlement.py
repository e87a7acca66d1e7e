"""`settlement`: pages and sums of 100,000 days of tasks, and finding a delivery; with likes.

1,000 tasks of 20 agents have 100 days each. One report in a hundred was refused, one in a thousand
given up. Figures are medians of the calls that the front ends make.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from statistics import median
from typing import Any

from app.container import App
from benchmarks.ground import Ground, opened
from benchmarks.results import Figure, Result
from storage.distribution import deliveries, settlement
from storage.distribution.daily_stats import COUNTS
from storage.distribution.deliveries import Filter
from storage.distribution.settlement import DayFilter, ReportState, SumBy
from storage.engines.transactions import Tx

NAME = "settlement"
TASKS, DAYS, AGENTS, PART = 1000, 100, 20, 500
FIRST = date(2026, 8, 1)
LAST = FIRST + timedelta(days=DAYS - 1)
BROADCASTS = 20_000  # of each task's deliveries
ROUNDS = 5
ROWS = 51
LATER = ("incomplete_since", "next_count_at")
MOMENT = "2026-11-21 00:00:00.000"
LIST, SUM = "< 100", "< 5000"


def run(ground: Ground, full: bool = False) -> Result:
    """Measure both engines, one after the other."""
    figures: list[Figure] = []
    for engine in ground.engines:
        place = ground.place(engine)
        with opened(place) as app:
            _fill(app)
            for label, (ask, goal) in _questions(app).items():
                figures.append(Figure(f"{engine}: {label}", _median_ms(ask), "ms", goal))
        ground.drop(place)
    return Result(NAME, tuple(figures))


def _questions(app: App) -> dict[str, tuple[Callable[[], object], str]]:
    read = app.database.read
    middle = (FIRST + timedelta(days=DAYS // 2), "task-0500")
    lists = {
        "newest days": DayFilter(),
        "days of a span": DayFilter(first=FIRST, last=FIRST + timedelta(days=30)),
        "days of a task": DayFilter(task_id="task-0500"),
        "days of an agent": DayFilter(agent="agent-07"),
        "days of a rare title": DayFilter(title="Drama 0500"),
        "days of a frequent title": DayFilter(title="drama"),
        "days of no title": DayFilter(title="none has it"),
        "days of an event": DayFilter(event_id=f"daily_{FIRST}_0"),
        "incomplete days": DayFilter(is_incomplete=True),
        **{f"{state.value} days": DayFilter(state=state) for state in ReportState},
    }
    questions: dict[str, tuple[Callable[[], object], str]] = {
        label: (lambda wanted=wanted: read(settlement.days, wanted, ROWS), LIST)  # type: ignore[misc]
        for label, wanted in lists.items()
    }
    questions["a page in the middle"] = (
        lambda: read(settlement.days, DayFilter(), ROWS, middle),
        LIST,
    )
    whole = DayFilter(first=FIRST, last=LAST)
    for by in SumBy:
        questions[f"sums of all by {by.value}"] = (
            lambda by=by: read(settlement.sums, whole, by),  # type: ignore[misc]
            SUM,
        )
    questions["deliveries of a task"] = (
        lambda: read(deliveries.newest, Filter(task_id="task-0500"), ROWS),
        LIST,
    )
    questions["deliveries by a title"] = (
        lambda: read(deliveries.newest, Filter(title="Drama 0500"), ROWS),
        LIST,
    )
    questions["the deliveries of a day"] = (
        lambda: read(settlement.deliveries_of_day, "task-0500", FIRST, ROWS),
        LIST,
    )
    return questions


def _median_ms(ask: Callable[[], object]) -> float:
    took = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        ask()
        took.append((time.perf_counter() - begun) * 1000)
    return median(took)


def _fill(app: App) -> None:
    if app.database.dialect.name == "sqlite":
        app.database.read(lambda tx: tx.all("PRAGMA synchronous=OFF"))
    app.database.write(_tasks)
    for day in range(DAYS):
        app.database.write(_day, FIRST + timedelta(days=day), day)
    for start in range(0, BROADCASTS, 5000):
        app.database.write(_broadcasts, range(start, min(start + 5000, BROADCASTS)))


def _insert(tx: Tx, table: str, rows: Iterator[dict[str, Any]] | Sequence[dict[str, Any]]) -> None:
    listed = list(rows)
    columns = listed[0]
    marks = ", ".join(f":{name}" for name in columns)
    tx.execute_many(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", listed)


def _tasks(tx: Tx) -> None:
    _insert(
        tx,
        "drama_tasks",
        (
            {
                "task_id": f"task-{number:04}",
                "project_id": "p",
                "title": f"Drama {number:04} 短剧",
                "created_at": MOMENT,
                "updated_at": MOMENT,
            }
            for number in range(TASKS)
        ),
    )


def _delivery(event_id: str, day: date | None, state: str) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "kind": "broadcast" if day is None else "daily",
        "url": "https://settle.example/",
        "url_hash": "0" * 64,
        "host": "settle.example",
        "task_id": "task-0000",
        "stats_date": None if day is None else str(day),
        "body": "{}",
        "state": state,
        "attempts": 1,
        "created_at": MOMENT,
        "finished_at": MOMENT,
    }


def _day(tx: Tx, day: date, number: int) -> None:
    parts = range(TASKS // PART)
    states = ["delivered" if (number + part) % 50 else "dead" for part in parts]
    events = [f"daily_{day}_{part}" for part in parts]
    for event_id, state, part in zip(events, states, parts, strict=True):
        delivery = tx.add("webhook_deliveries", **_delivery(event_id, day, state))
        tasks = [f"task-{task:04}" for task in range(part * PART, (part + 1) * PART)]
        _insert(
            tx,
            "delivery_tasks",
            [{"delivery_id": delivery, "task_id": task_id} for task_id in tasks],
        )
    counts = dict.fromkeys(COUNTS, number + 1)
    _insert(
        tx,
        "task_daily_stats",
        (
            {
                "task_id": f"task-{task:04}",
                "stats_date": str(day),
                **counts,
                "completion_count": 3,
                "event_id": None if task % 10 == 9 else events[task // PART],
                "is_sent": int(states[task // PART] == "delivered" and task % 10 != 9),
                "tries": int(task % 10 != 9),
                **dict.fromkeys(LATER, MOMENT if task % 500 == 7 else None),
                "incomplete_cause": "text",
                "scanned_at": MOMENT,
            }
            for task in range(TASKS)
        ),
    )
    _insert(
        tx,
        "agent_daily_stats",
        (
            {
                "task_id": f"task-{task:04}",
                "stats_date": str(day),
                "agent_node": f"agent-{(task + share) % AGENTS:02}",
                **counts,
                "completion_count": 1,
            }
            for task in range(TASKS)
            for share in range(3)
        ),
    )


def _broadcasts(tx: Tx, numbers: Sequence[int]) -> None:
    for number in numbers:
        delivery = tx.add("webhook_deliveries", **_delivery(f"b_{number}", None, "delivered"))
        _insert(tx, "delivery_tasks", [{"delivery_id": delivery, "task_id": "task-0500"}])
