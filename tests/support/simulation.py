"""A crawl and an export by the real services, against a platform in this process, on a clock that
jumps: a month takes as long as its pages and files."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import requests

from app.container import App
from core.errors import LoginExpiredError, ThrottledError
from core.settings import Pace
from crawler.export.columns import DEFAULT_COLUMNS
from crawler.export.options import ExportOptions
from crawler.export.worker import ExportWorker
from crawler.ingestion.worker import IngestionWorker
from crawler.tasks.options import CrawlOptions
from sources.base import AccountSession, Creator, CreatorPage, SessionStatus, Via
from sources.platform_access import PlatformAccess, PlatformAccesses
from sources.policies import GuardedSource
from sources.sessions import SessionPool
from storage.crawling import tasks
from storage.engines.datetimes import from_sql_or_none
from storage.models.tasks import Task, TaskType
from tests.support.simulated_clock import SimulatedClock

DOMAIN = "美妆"
NEVER_SET = threading.Event()
FIRST_UID = 5 * 10**9  # rows that tests and benchmarks store themselves have lower ones


@dataclass
class SimulatedPlatform:
    """A `CreatorSource` whose every answer takes `answer_secs`.

    `allowed` is what the platform really lets an account do where that is less than declared;
    `ends_at` is when a session ends. Both by the account's name.
    """

    clock: SimulatedClock
    creators: int
    pace: Pace
    page_rows: int = 20
    answer_secs: float = 0.3
    allowed: Mapping[str, Pace] = field(default_factory=dict)
    ends_at: dict[str, datetime] = field(default_factory=dict)
    platform: str = "bilibili"
    endpoint_paces: Mapping[str, Pace] = field(default_factory=dict)
    endpoints: Mapping[str, str] = field(default_factory=dict)
    throttles: int = 0
    _answered: dict[str, deque[float]] = field(default_factory=dict)

    @property
    def pages(self) -> int:
        return -(-self.creators // self.page_rows)

    def open_session(
        self, account_id: int, username: str, session: str | None, proxy: str | None
    ) -> AccountSession:
        return AccountSession(account_id, username, requests.Session())

    def check_session(self, session: AccountSession) -> SessionStatus:
        with session.turn("/session"):
            self._answer(session.username)
        return SessionStatus(signed_in=True)

    def search_creators(
        self, session: AccountSession, domain: str, page: int, via: Via
    ) -> CreatorPage:
        with session.turn("/search"):
            self._answer(session.username)
        first = (page - 1) * self.page_rows + 1
        numbers = range(first, min(self.creators, first + self.page_rows - 1) + 1)
        found = tuple(Creator(str(FIRST_UID + n), f"达人{n}", {"fans": n}) for n in numbers)
        return CreatorPage(page, self.pages, found)

    def _answer(self, name: str) -> None:
        self.clock.wait(NEVER_SET, self.answer_secs)
        now = self.clock.monotonic()
        if name in self.ends_at and self.clock.now() >= self.ends_at[name]:
            raise LoginExpiredError("the session is over")
        allowed = self.allowed.get(name)
        if allowed is None:
            return
        recent = self._answered.setdefault(name, deque())
        while recent and recent[0] <= now - allowed.per_secs:
            recent.popleft()
        if len(recent) >= allowed.requests:
            self.throttles += 1
            raise ThrottledError("too many requests")
        recent.append(now)


@dataclass(frozen=True)
class Course:
    """When the crawl and the export of a simulation ended."""

    crawl_ended: datetime | None
    export_ended: datetime | None


class Simulation:
    """A run of an App's workers until their tasks have ended.

    The App must have been made with the simulated clock; its leases must live for as long as the
    simulation, as no keeper renews them.
    """

    def __init__(self, app: App, clock: SimulatedClock, platform: SimulatedPlatform) -> None:
        self._app = app
        self._clock = clock
        settings = app.settings
        guarded = GuardedSource(
            source=platform,
            circuits=app.pool.circuits,
            clock=app.clock,
            attempts=settings.request_attempts,
        )
        # In the place of the platforms that the App would make.
        access = PlatformAccess(guarded, SessionPool(source=platform, clock=clock))
        app.pool.__dict__["access"] = PlatformAccesses(
            names=(platform.platform,), make=lambda _name: access
        )

    def file_crawl(self, pages: int | None = None, domain: str = DOMAIN) -> Task:
        return self._app.crawling.submitter.submit_crawl(
            "bilibili", domain, pages, CrawlOptions()
        ).task

    def file_export(self) -> Task:
        options = ExportOptions("csv", DEFAULT_COLUMNS).as_json()
        return self._app.crawling.submitter.submit_export("bilibili", DOMAIN, options, 1).task

    def run(self, *filed: Task, crawl_workers: int = 2) -> Course:
        """Work on these tasks side by side, each with its own workers, until all have ended."""
        bodies = []
        for task in filed:
            crawls = task.task_type is TaskType.INGESTION
            for _ in range(crawl_workers if crawls else 1):
                worker: IngestionWorker | ExportWorker = (
                    self._app.crawling.ingestion_worker([task.id])
                    if crawls
                    else self._app.crawling.export_worker(task.id)
                )
                bodies.append(lambda worker=worker, task=task: self._work(worker, task))
        self._clock.run(bodies)
        ends = {task.task_type: self._task(task).finished_at for task in filed}
        return Course(ends.get(TaskType.INGESTION), ends.get(TaskType.EXPORT))

    def _work(self, worker: IngestionWorker | ExportWorker, task: Task) -> None:
        while self._task(task).is_open:
            before, _ = self._claims()
            if not worker.work_once(NEVER_SET):
                after, due = self._claims()
                self._clock.poll(self._app.settings.poll_secs, due, idle=after == before)

    def _task(self, task: Task) -> Task:
        seen = self._app.database.read(tasks.get, task.id)
        assert seen is not None
        return seen

    def _claims(self) -> tuple[int, datetime | None]:
        """Return how often a task was claimed so far, and when the next may be."""
        row = self._app.database.read(
            lambda tx: tx.one(
                "SELECT SUM(lease_token) AS claims, MIN(CASE WHEN is_leaf=1"
                " AND status IN ('pending','paused') THEN not_before END) AS due FROM tasks"
            )
        )
        assert row is not None
        return int(row["claims"] or 0), from_sql_or_none(row["due"])
