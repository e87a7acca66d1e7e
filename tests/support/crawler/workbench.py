"""What the crawler tests share: a platform that can be spoilt, rows without a crawl, patience."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from types import ModuleType
from typing import Any, TypeVar

import pytest

from app.container import App
from core.clock import Clock
from crawler.export.columns import DEFAULT_COLUMNS
from crawler.export.options import ExportOptions
from crawler.export.worker import ExportWorker
from crawler.ingestion.worker import IngestionWorker
from crawler.tasks.leases import TaskLease, refused_write_error
from crawler.tasks.options import CrawlOptions
from sandbox import SandboxConfig, SandboxServer
from sandbox.messages import Reply, Request, json_reply
from storage.crawling import accounts, export_segments, task_leases, tasks
from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx
from storage.models.accounts import Account
from storage.models.segments import Segment, SegmentState
from storage.models.tasks import Task, TaskStatus, TaskType
from tests.support.apps import add_account
from tests.support.messages import english_text
from tests.support.sandbox import control

T = TypeVar("T")
DOMAIN = "美妆"
SEARCH = "/x/web-interface/wbi/search/type"
ROWS, BATCH, LIMIT = 23, 4, 10  # of the fixture `two`
MIDNIGHT = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)  # in Shanghai, after the clock's start
# For what does not depend on the engine, such as the many ways in which a platform answers.
ONE_ENGINE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Spoiler = Callable[[Request, Reply], Reply]
Spoilable = Callable[[Request], Reply]


class Crash(BaseException):
    """The process dies here: no code of ours may catch it."""


def die() -> None:
    raise Crash


def at_call(number: int, act: Callable[[], object], query: Callable[..., Any]) -> Any:
    """Return `query`, changed so that `act` comes before its call of that number (from 1)."""
    calls = iter(range(1, 10**6))

    def instead(*args: Any, **kwargs: Any) -> Any:
        if next(calls) == number:
            act()
        return query(*args, **kwargs)

    return instead


def after_batch(number: int, act: Callable[[], object]) -> Callable[[], None]:
    """Return a hook for `after_commit` that acts after that batch (from 1)."""
    return at_call(number, act, lambda: None)


class Platform(SandboxServer):
    """The sandbox. `spoil` may change a search's answer on its way, `spoil_path` that of any path.

    `become` changes its size.
    """

    def __init__(self, config: SandboxConfig, clock: Clock) -> None:
        self._times: dict[str, Any] = {
            "now": clock.monotonic,
            "wall": lambda: clock.now().timestamp(),
        }
        super().__init__(config=config, **self._times)
        self._search = self._parts.routes["GET", SEARCH]
        routes = {key: self._spoiled(key[1], route) for key, route in self._parts.routes.items()}
        routes["GET", SEARCH] = self._answer_search
        self._parts = replace(self._parts, routes=routes)
        self.spoil: Spoiler | None = None
        self.spoil_path: dict[str, Spoiler] = {}
        self.asked: list[tuple[str, int]] = []
        self._later: SandboxServer | None = None

    @property
    def pages(self) -> list[int]:
        """Pages that were asked for, in order."""
        return [page for _, page in self.asked]

    def become(self, **changes: Any) -> None:
        """Answer searches as a sandbox of that size does from now on."""
        self._later = SandboxServer(
            config=SandboxConfig(**({"domains": (DOMAIN,)} | changes)), **self._times
        )

    def order(self, *faults: dict[str, Any]) -> None:
        """Queue faults, as `POST /__sandbox__/faults` takes them."""
        control.order_faults(self.url, *faults)

    def uids(self, domain: str = DOMAIN) -> list[str]:
        """Return what a complete crawl must have found, sorted."""
        return sorted(control.uids(self.url, domain))

    def _spoiled(self, path: str, route: Spoilable) -> Spoilable:
        def answer(request: Request) -> Reply:
            reply = route(request)
            spoil = self.spoil_path.get(path)
            return spoil(request, reply) if spoil else reply

        return answer

    def _answer_search(self, request: Request) -> Reply:
        self.asked.append((request.account, int(request.params["page"])))
        later = self._later
        reply = self._search(request) if later is None else later._parts.answer(request)
        return self.spoil(request, reply) if self.spoil else reply


def edited(reply: Reply, change: Callable[[dict[str, Any]], object]) -> Reply:
    """Return the answer with its `data` changed in place."""
    body = json.loads(reply.body)
    change(body["data"])
    return json_reply(body)


def add_accounts(app: App, count: int, limit: int = 4000) -> None:
    for number in range(1, count + 1):
        add_account(app, f"acc{number}", limit)


def store_rows(app: App, count: int, domain: str = DOMAIN, first_id: int | None = None) -> None:
    """Insert creators as a crawl would have stored them; with ids from `first_id` on if given."""
    now = to_sql(app.clock.now())
    start = 0 if first_id is None else first_id
    taken = rows(app, "SELECT COALESCE(MAX(id),0) AS n FROM influencers")[0]["n"]
    base = start or taken + 1
    values = [
        {
            "id": base + n,
            "uid": str(10**9 + base + n),
            "name": f"达人{base + n}",
            "now": now,
            "domain": domain,
            "raw": json.dumps({"fans": base + n, "videos": 3, "usign": "合作"}),
        }
        for n in range(count)
    ]
    for part in range(0, count, 1000):
        app.database.write(
            lambda tx, part=part: tx.execute_many(
                "INSERT INTO influencers (id, platform, uid, nickname, domain, source_page,"
                " raw_data, ingested_at, updated_at, ingestion_log_id) VALUES"
                " (:id, 'bilibili', :uid, :name, :domain, 1, :raw, :now, :now, 1)",
                values[part : part + 1000],
            )
        )


def rows(app: App, sql: str, **params: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in app.database.read(lambda tx: tx.all(sql, **params))]


def change(app: App, sql: str, **params: Any) -> int:
    return app.database.write(lambda tx: tx.execute(sql, **params))


def column(app: App, sql: str, **params: Any) -> list[Any]:
    """Return the only column of a query."""
    return [next(iter(row.values())) for row in rows(app, sql, **params)]


def task_of(app: App, task_id: int) -> Task:
    task = app.database.read(tasks.get, task_id)
    assert task is not None
    return task


def pieces_of(app: App, task_id: int) -> list[Task]:
    return app.database.read(tasks.children, task_id)


def account_of(app: App, name: str) -> Account:
    account = app.database.read(accounts.find, "bilibili", name)
    assert account is not None
    return account


def events_of(app: App, name: str) -> list[tuple[str, str]]:
    """Return kind and detail of an account's events, newest first."""
    account = account_of(app, name)
    return [(event.kind, english_text(event.detail)) for event in app.pool.registry.events(account)]


def segments_of(app: App) -> list[Segment]:
    return app.database.read(export_segments.page, 0, 10_000)


def counts_of(app: App) -> list[int]:
    """Return the rows of each segment; all of them must be sealed."""
    found = segments_of(app)
    assert {segment.state for segment in found} <= {SegmentState.SEALED}
    return [segment.exported_count for segment in found]


def file_crawl(app: App, pages: int | None = None, domain: str = DOMAIN, **options: Any) -> Task:
    return app.crawling.submitter.submit_crawl(
        "bilibili", domain, pages, CrawlOptions(**options)
    ).task


def file_export(app: App, domain: str = DOMAIN, lanes: int = 1, **options: Any) -> Task:
    chosen = ExportOptions(**({"format": "csv", "columns": DEFAULT_COLUMNS} | options))
    return app.crawling.submitter.submit_export("bilibili", domain, chosen.as_json(), lanes).task


def work_off(
    app: App,
    task: Task,
    worker: IngestionWorker | ExportWorker | None = None,
    rounds: int = 300,
    step_secs: float = 1.0,
) -> Task:
    """Work until the task has ended, and return it.

    The clock moves by a step whenever there is nothing to do.
    """
    ingesting = task.task_type.value == "ingestion"
    worker = worker or (
        app.crawling.ingestion_worker() if ingesting else app.crawling.export_worker()
    )
    go_on = threading.Event()
    for _ in range(rounds):
        seen = task_of(app, task.id)
        if not seen.is_open:
            return seen
        if not worker.work_once(go_on):
            app.clock.wait(go_on, step_secs)
    raise AssertionError(f"still {seen.status}, waiting for {seen.waiting_for}: {seen.last_error}")


def crawl(app: App, pages: int | None = None, **options: Any) -> Task:
    return work_off(app, file_crawl(app, pages, **options))


def export(app: App, **options: Any) -> Task:
    return work_off(app, file_export(app, **options))


def once(worker: IngestionWorker | ExportWorker) -> bool:
    return worker.work_once(threading.Event())


def stored_uids(app: App, domain: str = DOMAIN) -> list[str]:
    found = column(app, "SELECT uid FROM influencers WHERE domain=:domain", domain=domain)
    return sorted(found)


def claimed(app: App, kind: TaskType = TaskType.INGESTION, only: int | None = None) -> TaskLease:
    lease = app.crawling.scheduler.claim(kind, only)
    assert lease is not None
    return lease


def advance(app: App, lease: TaskLease, page: int = 1) -> None:
    """Move a task's marker as the workers do with each page."""

    def work(tx: Tx) -> None:
        token, now = lease.lease.token, app.clock.now()
        if not task_leases.advance(
            tx, lease.id, token=token, marker=f"page={page}", items=20, new=0, now=now
        ):
            raise refused_write_error(tx, lease)

    app.database.write(work)


def held_back(
    monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, when: Callable[..., bool]
) -> None:
    """Let two callers of a query of `tasks` wait for each other, where the engine lets both in."""
    both, query = threading.Barrier(2), getattr(module, name)

    def late(*args: Any) -> Any:
        if when(*args):
            with suppress(threading.BrokenBarrierError):
                both.wait(0.5)
        return query(*args)

    monkeypatch.setattr(module, name, late)


def at_once(*calls: Callable[[], T]) -> list[T]:
    """Return what each call returns, all of them made in threads at the same time."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def statuses(found: Sequence[Task]) -> list[TaskStatus]:
    return [task.status for task in found]
