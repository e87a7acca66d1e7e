"""The overview: the pool, the open tasks and their waits, and the newest events."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import Response

from crawler.export.selection import TOLD_VALUES, choice_in_words
from presentation.account_views import AccountView, egress_message
from presentation.i18n.alert_messages import AlertRenderer
from presentation.snapshot import RateMeter, Snapshot, TaskView
from presentation.terminal import account_table, egress_lines, event_lines, task_table
from presentation.terminal.layout import Page
from storage.crawling import leases
from storage.crawling.leases import Worker
from storage.models.accounts import AccountStatus
from storage.models.tasks import TaskStatus
from storage.operations import alerts, metrics_queries
from storage.operations.alerts import Alert, AlertKind
from web.backend import ROLE, Backend
from web.console.charts import line_chart
from web.console.language import Language
from web.console.visits import Reading

router = APIRouter(include_in_schema=False)
EVENTS = 15
CHART_DAYS = 30
SHOWN_ACCOUNTS = 50


class Rates:
    """Measures items per second from the snapshots of all visitors' requests; safe for threads."""

    def __init__(self) -> None:
        self._meter = RateMeter()
        # Handlers run in several threads and share one meter.
        self._lock = threading.Lock()

    def noted(self, snapshot: Snapshot) -> RateMeter:
        """Record a snapshot, and return the meter that knows all of them."""
        with self._lock:
            self._meter.record(snapshot)
            return self._meter


@router.get("")
def overview(visit: Reading) -> Response:
    """Show the overview."""
    backend, language = visit.backend, visit.language
    lease_secs = backend.settings.lease_secs
    snapshot = backend.progress.snapshot(events=EVENTS, lease_secs=lease_secs)
    rates: Rates = visit.request.app.state.rates
    meter, page = rates.noted(snapshot), visit.drawing()
    shown, left_out = account_table.chosen(snapshot.accounts, SHOWN_ACCOUNTS)
    return visit.page(
        "overview",
        sums=_sums(backend, snapshot),
        alerts=open_alerts(backend, page),
        left_alone=egress_lines.lines(page, snapshot),
        accounts=[account_row(page, view) for view in shown],
        more_accounts=account_table.counted(page, left_out) if left_out else "",
        tasks=[task_row(page, view, meter, language) for view in reversed(snapshot.tasks)],
        happened=event_lines.happened(page, snapshot)[:EVENTS],
        workers=_alive(backend, snapshot),
        day_ends=snapshot.day_ends,
        chart=_exports_chart(backend, snapshot),
        reports=backend.report_health.read(),
    )


def open_alerts(backend: Backend, page: Page) -> list[dict[str, Any]]:
    """Return the open alerts as rows, newest first."""
    found = [a for a in backend.database.read(alerts.all_open) if a.is_present(page.now)]
    return [alert_row(page, alert) for alert in reversed(found)]


def alert_row(page: Page, alert: Alert) -> dict[str, Any]:
    """Return the values that a list of alerts shows of an alert."""
    words = AlertRenderer(page.renderer)
    advice = words.advice(alert) if alert.is_open else ""
    return {
        "alert": alert,
        "headline": words.headline(alert),
        "advice": advice,
        "renewal": _renewal(alert) if alert.is_open else None,
        "endpoint": _closed_endpoint(alert),
    }


def _renewal(alert: Alert) -> str | None:
    """Return the address of the form that gives the alert's account a fresh session; None where
    that is no remedy."""
    if alert.kind not in (AlertKind.ACCOUNT_DISABLED, AlertKind.SESSION_EXPIRING):
        return None
    query = {"name": alert.facts.get("account", ""), "platform": alert.facts.get("platform", "")}
    return f"/admin/accounts/new?{urlencode(query)}"


def _closed_endpoint(alert: Alert) -> str | None:
    """Return the hash of the callback URL that an open alert is about; None where it is about
    something else."""
    is_gone = alert.is_open and alert.kind is AlertKind.RECEIVER_GONE
    return str(alert.facts.get("endpoint_hash", "")) if is_gone else None


def account_row(page: Page, view: AccountView) -> dict[str, Any]:
    """Return the values that a table of accounts shows of an account."""
    return {
        "account": view.account,
        "view": view,
        "egress": page.renderer.text(egress_message(view.egress)) if view.egress else "",
        "used": view.used,
        "state": page.word("account_state", view.state_word(page.now)),
        "note": account_table.note(page, view),
        "spent": not view.left,
    }


def task_row(page: Page, view: TaskView, meter: RateMeter, language: Language) -> dict[str, Any]:
    """Return the values that a table of tasks shows of a task."""
    return {
        "task": view.task,
        "attended": view.attended or not view.task.is_open,
        "progress": task_table.progress_text(page, view),
        "share": task_table.share_done(view),
        "rate": task_table.rate(page, view, meter),
        "labels": view.labels,
        "choice": choice_in_words(view.task.options, TOLD_VALUES),
        "pin": page.renderer.text(view.pin) if view.pin else "",
        "working": [account_row(page, account) for account in view.working],
        "remarks": [language.problem(text) for text, _ in task_table.remarks(page, view)],
    }


def _sums(backend: Backend, snapshot: Snapshot) -> dict[str, int]:
    """Return the sums at the top of the page: rows exported and left, accounts and tasks."""
    day = backend.calendar.day(snapshot.now)
    pool = [view.account for view in snapshot.accounts]
    usable = [account for account in pool if account.status is not AccountStatus.DISABLED]
    return {
        "exported": sum(view.used for view in snapshot.accounts),
        "left": sum(account.remaining_quota(day) for account in usable),
        "accounts": len(pool),
        "usable": len(usable),
        "tasks": len(snapshot.tasks),
        "running": sum(v.task.status is TaskStatus.IN_PROGRESS for v in snapshot.tasks),
    }


def _alive(backend: Backend, snapshot: Snapshot) -> list[Worker]:
    """Return the living processes that work: those that only serve are left out."""
    since = snapshot.now - timedelta(seconds=backend.settings.lease_secs)
    everybody = backend.database.read(leases.workers)
    return [worker for worker in everybody if worker.seen_at >= since and worker.roles != ROLE]


def _exports_chart(backend: Backend, snapshot: Snapshot) -> dict[str, Any] | None:
    """Return a chart of the rows exported on each of the last 30 quota days; None without any."""
    today = backend.calendar.day(snapshot.now)
    first = today - timedelta(days=CHART_DAYS - 1)
    found = {
        day: rows for day, rows, _ in backend.database.read(metrics_queries.exported_by_day, first)
    }
    if not found:
        return None
    days = [first + timedelta(days=n) for n in range(CHART_DAYS)]
    return line_chart(
        [day.isoformat() for day in days], {"Rows exported": [found.get(day, 0) for day in days]}
    )
