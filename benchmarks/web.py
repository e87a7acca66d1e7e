"""`web`: what a page of the console costs with 10,000 tasks and 1,000 accounts in the database."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import requests

from accounts.vault import Credentials
from app.container import App
from benchmarks.ground import Ground, opened
from benchmarks.results import Figure, Result
from storage.crawling import accounts, task_labels
from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx
from storage.operations.web_tokens import Role
from web.console import SECTIONS

NAME = "web"
TASKS = 10_000
OPEN_TASKS = 40
ACCOUNTS = 1_000
OTHERS = 10_000  # files, events, deliveries, works, actions
CHUNK = 2_000
LOOKS = 5
REFRESHES = 20
REFRESH_EVERY_SECS = 30.0
DETAILS = (
    "/admin/accounts/500",
    "/admin/accounts/new",
    "/admin/tasks/9999",
    "/admin/tasks?label=even",
    "/admin/webhooks/500",
    "/admin/tasks?before=5000&rows=200",
)


def run(ground: Ground, full: bool = False) -> Result:
    """Measure the median time of every page, and the CPU share of one that refreshes itself."""
    figures: list[Figure] = []
    for engine in ground.engines:
        place = ground.place(engine)
        with opened(place, threads=8) as app:
            _fill(app)
            with _served(app) as ask:
                pages = {path: _median_ms(ask, path) for path in _paths()}
                share = 100 * _cpu_secs(ask) / REFRESH_EVERY_SECS
        slowest = max(pages, key=lambda path: pages[path])
        for path, took in pages.items():
            print(f"  {engine} {path}: {took:.0f} ms", file=sys.stderr)
        figures += [
            Figure(
                label=f"{engine}: slowest of {len(pages)}: {slowest}",
                value=pages[slowest],
                unit="ms",
                goal="< 300",
            ),
            Figure(f"{engine}: median page", statistics.median(pages.values()), "ms"),
            Figure(
                label=f"{engine}: CPU of the overview, refreshed every 30 s",
                value=share,
                unit="%",
                goal="< 2",
            ),
        ]
        ground.drop(place)
    return Result(NAME, tuple(figures))


def _paths() -> list[str]:
    return [*(section.path for section in SECTIONS), *DETAILS]


@contextmanager
def _served(app: App) -> Iterator[Callable[[str], requests.Response]]:
    """Serve a site and yield a session of somebody who is signed in."""
    from app.web import web_server

    server = web_server(app, "127.0.0.1", 0)
    server.start()
    session = requests.Session()
    token = app.web_tokens.make(Role.ADMIN, "bench").text
    session.headers.update({"Authorization": f"Bearer {token}", "Accept": "text/html"})

    def ask(path: str) -> requests.Response:
        answer = session.get(server.url + path, timeout=60)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])
        return answer

    try:
        yield ask
    finally:
        session.close()
        server.stop()
        server.join(30)


def _median_ms(ask: Callable[[str], requests.Response], path: str) -> float:
    ask(path)  # its template is compiled
    took = []
    for _ in range(LOOKS):
        begin = time.perf_counter()
        ask(path)
        took.append(1000 * (time.perf_counter() - begin))
    return statistics.median(took)


def _cpu_secs(ask: Callable[[str], requests.Response]) -> float:
    """Return the CPU seconds of one look at the overview, this client's own work included."""
    begin = time.process_time()
    for _ in range(REFRESHES):
        ask("/admin")
    return (time.process_time() - begin) / REFRESHES


def _fill(app: App) -> None:
    now = app.clock.now()
    app.database.write(lambda tx: _add_accounts(app, tx, now))
    _in_chunks(app, TASKS, lambda tx, numbers: _add_tasks(tx, numbers, now))
    _in_chunks(app, OTHERS, lambda tx, numbers: _add_others(tx, numbers, now))
    for task_id in range(2, TASKS, 200):
        app.database.write(task_labels.add, task_id, ["even"])  # type: ignore[misc]


def _in_chunks(app: App, count: int, work: Callable[[Tx, range], None]) -> None:
    for first in range(1, count + 1, CHUNK):
        numbers = range(first, min(count + 1, first + CHUNK))
        app.database.write(work, numbers)  # type: ignore[misc]


def _add_accounts(app: App, tx: Tx, now: datetime) -> None:
    secrets = app.vault.encrypt_all(tx, Credentials(session="SESSDATA=bench"))
    for number in range(ACCOUNTS):
        accounts.add(
            tx, "bilibili", username=f"account-{number}", secrets=secrets, limit=4000, now=now
        )


def _add_tasks(tx: Tx, numbers: range, now: datetime) -> None:
    tx.execute_many(
        "INSERT INTO tasks (task_type, platform, domain, status, is_leaf, open_key, options,"
        " item_count, new_count, page_from, page_to, progress_marker, created_at, updated_at,"
        " finished_at) VALUES ('ingestion', 'bilibili', :domain, :status, 1, :key,"
        " :options, 1000, 900, 1, 50, 'page=20', :now, :now, :ended)",
        [
            {
                "domain": f"域{n}",
                "options": '{"via": "users"}',
                "now": to_sql(now),
                "status": "pending" if n > TASKS - OPEN_TASKS else "completed",
                "key": f"ingestion|bilibili|域{n}" if n > TASKS - OPEN_TASKS else None,
                "ended": None if n > TASKS - OPEN_TASKS else to_sql(now),
            }
            for n in numbers
        ],
    )


def _add_others(tx: Tx, numbers: range, now: datetime) -> None:
    moments = [to_sql(now - timedelta(minutes=n)) for n in numbers]
    pairs = list(zip(numbers, moments, strict=True))
    tx.execute_many(
        "INSERT INTO export_logs (task_id, account_id, platform, domain, quota_day, quota_limit,"
        " exported_count, first_id, last_id, format, options, state, file_path, bytes, host,"
        " start_time, end_time) VALUES (:task, :account, 'bilibili', '美妆', :day, 4000, 4000, 1,"
        " 4000, 'csv', '{}', 'sealed', :path, 123456, 'here', :at, :at)",
        [
            {"task": n, "account": 1 + n % ACCOUNTS, "day": at[:10], "path": f"x/{n}.csv", "at": at}
            for n, at in pairs
        ],
    )
    tx.execute_many(
        "INSERT INTO account_events (account_id, kind, detail, created_at)"
        " VALUES (:account, 'hand_over', 'limit 4000 a day', :at)",
        [{"account": 1 + n % ACCOUNTS, "at": at} for n, at in pairs],
    )
    tx.execute_many(
        "INSERT INTO webhook_deliveries (event_id, kind, url, url_hash, host, task_id, body, state,"
        " attempts, not_before, created_at) VALUES (:event, 'daily', 'https://r.example/x',"
        " 'hash', 'r.example', 'T1', '{}', 'delivered', 1, :at, :at)",
        [{"event": f"event-{n}", "at": at} for n, at in pairs],
    )
    tx.execute_many(
        "INSERT INTO works (platform, work_id, title, author, publish_time, is_valid, created_at,"
        " updated_at) VALUES ('bilibili', :work, '标题', '作者', :at, 1, :at, :at)",
        [{"work": f"BV{n:010}", "at": at} for n, at in pairs],
    )
    tx.execute_many(
        "INSERT INTO web_actions (who, address, action, subject, outcome, created_at)"
        " VALUES ('bench', 'here', 'task.pause', '1', 'done', :at)",
        [{"at": at} for _, at in pairs],
    )
    tx.execute_many(
        "INSERT INTO job_runs (job, scheduled_at, times, cause, state, result, started_at,"
        " finished_at) VALUES ('quota_reset', :at, 1, 'schedule', 'succeeded', 'done', :at, :at)",
        [{"at": at} for _, at in pairs],
    )
    tx.execute_many(
        "INSERT INTO alerts (kind, subject, facts, raised_at, resolved_at, calm_secs)"
        " VALUES ('account_disabled', :n, :facts, :at, :at, 60)",
        [
            {"n": str(n), "facts": '{"account": "a", "platform": "p", "reason": "r"}', "at": at}
            for n, at in pairs
        ],
    )
    tx.execute_many(
        "INSERT INTO drama_tasks (task_id, project_id, title, status, duration, created_at,"
        " updated_at) VALUES (:task, 'P1', '短剧', 'active', 60, :at, :at)",
        [{"task": f"T{n}", "at": at} for n, at in pairs],
    )
