"""A night of settlement: many tasks at one URL, a receiver that fails half the time, an outage."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from pydantic import SecretStr

from distribution.daily.incomplete import count_due
from storage.distribution.deliveries import DeliveryState
from tests.support.distribution.distribution import (
    FULL,
    NEVER,
    ONE_ENGINE,
    Numbers,
    noon,
    posted,
    rows,
    scanner_of,
    take_posted,
    take_tasks,
    task,
    yesterday,
    youtube,
)
from tests.support.moving_clock import MovingClock
from tests.support.notice_sink import NoticeSink
from tests.support.webhooks.post_office import PostOffice

TASKS, PART = 1000, 100
STEP_SECS = 600.0


@pytest.fixture
def sinks() -> Iterator[list[NoticeSink]]:
    servers = [NoticeSink(), NoticeSink()]
    yield servers
    for server in servers:
        server.close()


def hand_out(office: PostOffice) -> None:
    """A completion for each task: of every second one it must be fetched."""
    url = office.url("half", "settle")
    take_tasks(office.app, *(task(f"t{n:04}", callback_url=url) for n in range(TASKS)))
    at = noon(office.app)
    take_posted(
        office.app,
        *(
            posted(f"t{n:04}", f"u{n}", youtube(n), at, None if n % 2 else FULL)
            for n in range(TASKS)
        ),
    )


def accepted(office: PostOffice) -> dict[str, int]:
    """Return the views of each task as the receiver knows them: of its newest accepted report."""
    views: dict[str, int] = {}
    delivered = office.deliveries(states=(DeliveryState.DELIVERED,))
    for one in sorted(delivered, key=lambda delivery: delivery.id):
        body = json.loads(one.body)
        assert "incomplete" not in body, "it was held back until it was whole"
        views |= {entry["task_id"]: entry["yt_view_count"] for entry in body["stats"]}
    return views


def times_told(office: PostOffice) -> Counter[str]:
    """Return in how many reports each task is."""
    bodies = [json.loads(delivery.body) for delivery in office.deliveries()]
    return Counter(entry["task_id"] for body in bodies for entry in body["stats"])


@ONE_ENGINE
def test_a_night_with_an_outage_ends_with_the_right_sums_told_once(
    make_office: Callable[..., PostOffice], clock: MovingClock, sinks: list[NoticeSink]
) -> None:
    office = make_office(notify_urls=SecretStr(" ".join(sink.url for sink in sinks)), language="en")
    app = office.app
    monitor, day = app.alerts.monitor(), yesterday(app)
    monitor.look_once()
    hand_out(office)
    numbers = Numbers()
    calls = iter(range(10_000))

    def fall_over() -> None:
        if next(calls) == TASKS // PART // 2:  # in the middle of the scan
            numbers.answers |= {youtube(n): "HTTP 503" for n in range(TASKS)}

    numbers.on_fetch = fall_over
    scanner = scanner_of(app, numbers, part_tasks=PART)
    scanner.run(NEVER)
    held = TASKS // 4

    def pass_time() -> None:
        count_due(scanner, NEVER)
        monitor.look_once()
        for notifier in app.alerts.notifiers():
            notifier.send_once()
        office.send()

    for step in range(40):
        pass_time()
        if step < 12:
            incomplete = app.distribution.service.incomplete_days()
            assert [(one.stats_date, one.tasks, one.held) for one in incomplete] == [
                (day, held, held)
            ]
        if step == 12:
            numbers.answers.clear()
        clock.move(STEP_SECS)
    assert app.distribution.service.incomplete_days() == []
    for _ in range(5):  # the receiver's failures are tried again for days
        clock.move(86_400.0)
        pass_time()
    wanted = {f"t{n:04}": 7 if n % 2 else 100 for n in range(TASKS)}
    assert accepted(office) == wanted
    stored = rows(app, "task_daily_stats")
    assert {row["task_id"]: row["yt_view_count"] for row in stored} == wanted
    assert {(row["revision"], row["is_sent"]) for row in stored} == {(1, 1)}
    inbox = office.inbox("settle")
    assert (inbox["repeats"], inbox["second_ids"], inbox["changed_bodies"]) == (0, 0, 0)
    assert inbox["requests"] > inbox["accepted"] == inbox["ids"] == len(office.deliveries())
    assert set(times_told(office).values()) == {1}, "each task is told once, in whatever report"
    for sink in sinks:
        # The receiver that fails half the time is told of by an alert of its own.
        texts = [one["message"] for one in sink.got if f"{day} is not" in one["message"]]
        assert len(texts) == 2, texts
        assert f"{day} is not counted in full" in texts[0] and "over" in texts[1], texts
