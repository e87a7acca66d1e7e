"""The reports of the operator's documents, byte by byte, as a receiver of others gets them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.container import App
from sources.base import VideoStats
from tests.support.apps import AppFactory
from tests.support.distribution.distribution import (
    NEVER,
    ONE_ENGINE,
    OTHER_SECRET,
    SECRET,
    Numbers,
    broadcaster_of,
    douyin,
    noon,
    posted,
    scanner_of,
    take_posted,
    take_tasks,
    task,
    tiktok,
    yesterday,
    youtube,
)
from tests.support.moving_clock import MovingClock
from tests.support.webhooks.receiver import Receiver, receiver

PROJECT = "550e8400-e29b-41d4-a716-446655440000"
NAMED = {"project_id": PROJECT, "task_id": 42, "duration": 30}
SITE = {"site_name": "DramaRelayBot"}
YOUTUBE = {"yt_account_count": 5, "yt_view_count": 1200, "yt_like_count": 80}
TIKTOK = {"tt_account_count": 6, "tt_view_count": 3500, "tt_like_count": 150}
DOUYIN = {
    "dy_account_count": 4,
    "dy_view_count": 8000,
    "dy_like_count": 320,
    "dy_comment_count": 45,
    "dy_share_count": 28,
    "dy_collect_count": 62,
}
NOTHING = {"view_count": 0, "like_count": 0, "comment_count": 0}
pytestmark = ONE_ENGINE


@pytest.fixture
def app(make_app: AppFactory) -> App:
    return make_app(
        webhook_allowed_hosts=("127.0.0.1",), webhook_jitter=0.0, site_name="DramaRelayBot"
    )


@pytest.fixture
def there() -> Iterator[Receiver]:
    with receiver() as state:
        yield state


def as_bytes(document: dict[str, Any]) -> bytes:
    """Return a document with its fields in their order, without blanks."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def daily(*entries: dict[str, Any]) -> bytes:
    return as_bytes({**SITE, "event": "task.daily_stats", "stats": list(entries)})


def take_task_42(app: App, url: str, **changes: Any) -> None:
    """Store the task of the documents, whose id is a number there."""
    given = {"project_id": PROJECT, "duration": 30, "callback_url": url}
    take_tasks(app, task("42", **(given | changes)))


def post(app: App, link: Any, first: str, users: int, counters: dict[str, int]) -> None:
    """Store one video of each user; the first one has all the numbers."""
    take_posted(
        app,
        *(
            posted(
                "42",
                f"{first}{number}",
                link(number + 1),
                noon(app),
                (counters if number == 0 else dict.fromkeys(counters, 0)),
            )
            for number in range(users)
        ),
    )


def scan(app: App) -> None:
    scanner = scanner_of(app, Numbers())
    named = replace(scanner, store=replace(scanner.store, site_name="DramaRelayBot"))
    named.scan(yesterday(app), NEVER)


def send(app: App, clock: MovingClock) -> None:
    clock.move(app.settings.poll_secs)
    while app.webhooks.sender.send_once():
        pass


def test_the_daily_report_of_all_platforms(app: App, clock: MovingClock, there: Receiver) -> None:
    take_task_42(app, there.url, callback_secret=SECRET)
    post(app, youtube, "y", 5, {"view_count": 1200, "like_count": 80, "comment_count": 0})
    post(app, tiktok, "t", 6, {"view_count": 3500, "like_count": 150, "comment_count": 0})
    counters = {name.removeprefix("dy_"): number for name, number in DOUYIN.items()}
    del counters["account_count"]
    post(app, douyin, "d", 4, counters)
    scan(app)
    send(app, clock)
    [got] = there.received
    assert got.body == daily({**NAMED, "account_count": 15, **YOUTUBE, **TIKTOK, **DOUYIN})
    assert got.is_signed_by(SECRET) and not got.is_signed_by(OTHER_SECRET)
    assert got.headers["content-type"].startswith("application/json")


def test_the_daily_report_of_youtube_only_and_its_revision(
    app: App, clock: MovingClock, there: Receiver
) -> None:
    take_task_42(app, there.url)
    post(app, youtube, "y", 5, {"view_count": 1200, "like_count": 80, "comment_count": 0})
    there.statuses = [500]
    scan(app)
    send(app, clock)
    clock.move(3600)
    send(app, clock)
    first, again = there.received
    assert first.body == daily({**NAMED, "account_count": 5, **YOUTUBE})
    assert (again.event_id, again.body) == (first.event_id, first.body)
    assert "webhook-signature" not in first.headers
    scan(app)
    send(app, clock)
    assert len(there.received) == 2  # nothing changed
    clock.move(3600)
    changed = {"view_count": 1300, "like_count": 0, "comment_count": 0}
    take_posted(app, posted("42", "y0", youtube(1), noon(app, yesterday(app)), changed))
    scan(app)
    send(app, clock)
    revised = there.received[2]
    entry = {**NAMED, "account_count": 5, "yt_account_count": 5, "yt_view_count": 1300}
    assert revised.body == daily(entry)
    assert revised.event_id != first.event_id


def test_a_task_whose_counters_are_all_0_names_its_accounts_only(
    app: App, clock: MovingClock, there: Receiver
) -> None:
    take_task_42(app, there.url)
    post(app, tiktok, "t", 2, NOTHING)
    scan(app)
    send(app, clock)
    assert there.received[0].body == daily({**NAMED, "account_count": 2, "tt_account_count": 2})


@pytest.mark.parametrize("link", [youtube, douyin])
def test_the_broadcast_counts_douyin_as_youtube(
    app: App, clock: MovingClock, there: Receiver, link: Any
) -> None:
    take_task_42(app, there.url, video_url=link(1), callback_secret=f"{OTHER_SECRET} {SECRET}")
    numbers = Numbers({link(1): VideoStats(view=12500, like=680, comment=0)})
    broadcaster = replace(broadcaster_of(app, numbers), site_name="DramaRelayBot")
    assert broadcaster.trigger(threading.Event()).success
    send(app, clock)
    [got] = there.received
    entry = {**NAMED, "account_count": 0, "yt_account_count": 0}
    told = {**entry, "yt_view_count": 12500, "yt_like_count": 680}
    assert got.body == as_bytes({**SITE, "stats": [told]})
    assert got.is_signed_by(SECRET) and got.is_signed_by(OTHER_SECRET)


def test_a_completion_is_reported_at_once_with_what_was_verified(
    app: App, clock: MovingClock, there: Receiver
) -> None:
    take_task_42(app, there.url)
    details = {"views": 5, "digg_count": 0, "note": "短剧"}
    at = noon(app)
    take_posted(app, posted("42", "u1", youtube(1), at, details), report=True)
    send(app, clock)
    [got] = there.received
    assert got.body == as_bytes(
        {
            **SITE,
            "event": "task.completion",
            "completions": [
                {
                    "project_id": PROJECT,
                    "task_id": 42,
                    "user_id": "u1",
                    "platform": "youtube",
                    "submission_link": youtube(1),
                    "completed_at": f"{at:%Y-%m-%dT%H:%M:%S}.000Z",
                    "view_count": 5,
                    "like_count": 0,
                }
            ],
        }
    )


@pytest.mark.parametrize(
    ("task_id", "told"),
    [
        ("0", 0),
        ("007", "007"),
        ("9007199254740991", 2**53 - 1),
        ("9007199254740992", ...),
        ("４２", ...),
    ],
)
def test_only_whole_numbers_are_numbers(
    app: App, clock: MovingClock, there: Receiver, task_id: str, told: object
) -> None:
    take_tasks(app, task(task_id, callback_url=there.url))
    take_posted(app, posted(task_id, "u1", youtube(1), noon(app), NOTHING))
    scan(app)
    send(app, clock)
    [entry] = json.loads(there.received[0].body)["stats"]
    assert entry["task_id"] == (task_id if told is ... else told)
