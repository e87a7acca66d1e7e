"""What the tests of reports share: tasks, posted videos, numbers of platforms, what was filed."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from app.container import App
from core.clock import Clock
from core.messages import Message
from crawler.statistics.items import FetchedItem
from distribution.broadcast.broadcaster import Broadcaster, BroadcastLimits
from distribution.daily.scanner import DailyScanner
from distribution.daily.store import DailyStore
from distribution.intake.importer import ImportOptions
from distribution.live_counters import Fetcher
from distribution.shared_list import CountOnce
from sources.base import Gone, StatsAnswer, Unavailable, VideoStats
from sources.links import ShortLink, VideoLink, recognise
from storage.distribution import delivery_tasks
from webhooks.outbox import tasks_in_body

URL, OTHER_URL = "https://settle.example/callback", "https://other.example/callback"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
FULL = {"view_count": 100, "like_count": 10, "comment_count": 1}
DOUYIN_FULL = FULL | {"share_count": 5, "collect_count": 3}
NEVER = threading.Event()
# For what does not depend on the engine.
ONE_ENGINE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def youtube(number: int) -> str:
    return f"https://www.youtube.com/watch?v=abcdef{number:05}"


def douyin(number: int) -> str:
    return f"https://www.douyin.com/video/7{number:018}"


def tiktok(number: int) -> str:
    return f"https://www.tiktok.com/@somebody/video/7{number:018}"


def task(name: str, **changes: Any) -> dict[str, Any]:
    usual = {"task_id": name, "project_id": "p1", "duration": 90, "callback_url": URL}
    return {key: value for key, value in (usual | changes).items() if value is not ...}


def posted(task_id: str, user: str, link: str, at: datetime, details: Any = None) -> dict[str, Any]:
    completion = {"task_id": task_id, "user_id": user, "submission_link": link}
    return completion | {"completed_at": at.isoformat(), "verification_details": details}


def yesterday(app: App) -> date:
    return app.distribution.daily_scanner.yesterday


def noon(app: App, day: date | None = None) -> datetime:
    """Return the middle of that day (else of yesterday)."""
    return app.calendar.bounds(day or yesterday(app))[0] + timedelta(hours=12)


def take_tasks(app: App, *tasks: Mapping[str, Any]) -> None:
    taken = app.distribution.importer.add_dramas(tasks)
    assert not taken.problems, taken


def take_posted(app: App, *items: Mapping[str, Any], report: bool = False) -> None:
    taken = app.distribution.importer.add_completions(items, ImportOptions(report=report))
    assert not taken.problems, taken


@dataclass
class Numbers:
    """A stand-in for VideoStatsFetcher that keeps what it was asked."""

    answers: dict[str, StatsAnswer | str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    on_fetch: Callable[[], object] = lambda: None
    short: dict[str, VideoLink | Message] = field(default_factory=dict)
    resolved: list[str] = field(default_factory=list)

    def videos(self, texts: list[str], stop: threading.Event) -> dict[str, VideoLink | Message]:
        """Return the video of each text; a short link's is that in `short`."""
        self.resolved += texts
        links = {text: self.short.get(text) or recognise(text) for text in texts}
        return {text: link for text, link in links.items() if not isinstance(link, ShortLink)}

    def fetch(self, texts: list[str], stop: threading.Event) -> list[FetchedItem]:
        self.asked += texts
        self.on_fetch()
        return [self._item(text) for text in texts]

    def _item(self, text: str) -> FetchedItem:
        answer = self.answers.get(text, VideoStats(view=7, like=6, comment=5, share=4, favorite=3))
        if isinstance(answer, str):
            return FetchedItem(text, error=Message.text(answer))
        return FetchedItem(text, answer=answer)


GONE = Unavailable(Gone.NOT_FOUND, Message.of("filtered_deleted"), final=True)


def scanner_of(
    app: App, fetcher: Fetcher, part_tasks: int = 500, clock: Clock | None = None
) -> DailyScanner:
    clock = clock or app.clock
    store = DailyStore(
        database=app.database,
        outbox=app.webhooks.outbox,
        clock=clock,
        site_name="Site",
        hold_tries=app.settings.incomplete_hold_tries,
    )
    return DailyScanner(
        database=app.database,
        fetcher=fetcher,
        vault=app.vault,
        store=store,
        clock=clock,
        calendar=app.calendar,
        part_tasks=part_tasks,
        accounts_per_platform=app.settings.daily_accounts_per_platform,
        count_once=CountOnce(app.settings.count_video_once_per),
    )


def broadcaster_of(app: App, fetcher: Fetcher, part_tasks: int = 500) -> Broadcaster:
    limits = BroadcastLimits(180.0, part_tasks, app.settings.lease_secs)
    return Broadcaster(
        database=app.database,
        fetcher=fetcher,
        vault=app.vault,
        outbox=app.webhooks.outbox,
        clock=app.clock,
        lease_registry=app.leases,
        owner=app.owner,
        site_name="Site",
        limits=limits,
        errors=app.foundation.errors_of("broadcast"),
    )


@dataclass(frozen=True)
class Filed:
    """A delivery as it waits in the outbox."""

    kind: str
    event_id: str
    url: str
    task_id: str | None
    stats_date: str | None
    body: dict[str, Any]


def filed(app: App, kind: str | None = None) -> list[Filed]:
    """Return deliveries (of a kind), oldest first. Each has the tasks of its body as rows."""
    rows = app.database.read(lambda tx: tx.all("SELECT * FROM webhook_deliveries ORDER BY id"))
    for row in rows:
        tasks = tasks_in_body(row["body"]) | {row["task_id"]}
        assert app.database.read(delivery_tasks.of_delivery, row["id"]) == sorted(tasks)
    found = [
        Filed(
            kind=row["kind"],
            event_id=row["event_id"],
            url=row["url"],
            task_id=row["task_id"],
            stats_date=None if row["stats_date"] is None else str(row["stats_date"]),
            body=json.loads(row["body"]),
        )
        for row in rows
    ]
    return [delivery for delivery in found if kind in (None, delivery.kind)]


def told_tasks(deliveries: Iterable[Filed]) -> list[str]:
    """Return the ids of the tasks in daily or broadcast reports, as often as they are in them."""
    return [entry["task_id"] for delivery in deliveries for entry in delivery.body["stats"]]


def rows(app: App, table: str) -> list[dict[str, Any]]:
    found = app.database.read(lambda tx: tx.all(f"SELECT * FROM {table} ORDER BY id"))
    return [dict(row) for row in found]
