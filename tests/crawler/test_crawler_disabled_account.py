"""An account that an operator disables while it works: its next request is another one's."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from app.container import App
from core.settings import Pace
from storage.models.accounts import AccountStatus
from storage.models.tasks import TaskStatus
from tests.support.apps import AppFactory
from tests.support.crawler.workbench import (
    Platform,
    account_of,
    add_accounts,
    at_call,
    file_crawl,
    once,
    pieces_of,
    stored_uids,
    task_of,
    work_off,
)
from tests.support.sandbox import control

StartPlatform = Callable[..., Platform]
NAV = "/x/web-interface/nav"
WIDE = Pace(80, 1)  # twenty requests of an account under one lease


def disable_at(server: Platform, operator: App, request: int) -> list[str]:
    """Let an operator disable the account whose request of that number is being answered.

    Return a list that will hold its name.
    """
    disabled: list[str] = []

    def disable() -> None:
        name = server.asked[-1][0]
        manager = operator.pool.manager
        manager.set_account_status(account_of(operator, name).id, AccountStatus.DISABLED)
        disabled.append(name)

    server.spoil = at_call(request, disable, lambda _request, reply: reply)
    return disabled


@pytest.mark.parametrize("ending", ["disabled", "idle"])
def test_a_crawl_goes_on_with_another_account_at_the_next_request(
    make_app: AppFactory, platform: StartPlatform, ending: str
) -> None:
    server = platform(creators=400)
    worker_app = make_app(bilibili_base_url=server.url, bilibili_pace=WIDE)
    operator = make_app(host="operator")
    add_accounts(worker_app, 2)
    task = file_crawl(worker_app, pages=20)
    disabled = disable_at(server, operator, 3)
    worker = worker_app.crawling.ingestion_worker()
    assert once(worker)
    [name] = disabled
    if ending == "idle":  # enabled again meanwhile: the lease ended all the same
        manager = operator.pool.manager
        manager.set_account_status(account_of(operator, name).id, AccountStatus.IDLE)
    after = [account for account, _ in server.asked[3:]]
    assert after and name not in after, "the task went on at once, and without it"
    assert work_off(worker_app, task, worker).status is TaskStatus.COMPLETED
    assert stored_uids(worker_app) == server.uids()
    assert {piece.attempts for piece in pieces_of(worker_app, task.id)} <= {0}
    assert len(set(server.pages)) == len(server.pages) == 20, "no page was asked for twice"
    account = account_of(worker_app, name)
    assert account.status == (AccountStatus.DISABLED if ending == "disabled" else "idle")
    assert account.failure_count == 0


def test_a_crawl_without_another_account_waits_and_says_so(
    make_app: AppFactory, platform: StartPlatform
) -> None:
    server = platform(creators=400)
    app = make_app(bilibili_base_url=server.url, bilibili_pace=WIDE)
    operator = make_app(host="operator")
    add_accounts(app, 1)
    task = file_crawl(app, pages=5)
    [name] = disable_at(server, operator, 2) or ["acc1"]
    assert not once(app.crawling.ingestion_worker())
    assert server.pages == [1, 2]
    seen = task_of(app, task.id)
    assert (seen.status, seen.lease_owner, seen.attempts) == (TaskStatus.PENDING, None, 0)
    operator.pool.manager.set_account_status(account_of(app, name).id, AccountStatus.IDLE)
    assert work_off(app, task).status is TaskStatus.COMPLETED


def test_statistics_go_on_with_another_account_at_the_next_request(
    make_app: AppFactory, platform: StartPlatform
) -> None:
    server = platform(creators=400)
    app = make_app(bilibili_base_url=server.url, bilibili_pace=WIDE)
    operator = make_app(host="operator")
    add_accounts(app, 2)
    found = control.videos(server.url, "bilibili", 6, state="visible")
    ids = [video["id"] for video in found]
    server.order({"kind": "answer", "endpoint": "batch", "http": 404, "body": "", "for_secs": 600})
    asked: list[str] = []
    path = "/x/web-interface/view"

    def disable() -> None:
        manager = operator.pool.manager
        manager.set_account_status(account_of(operator, asked[-1]).id, AccountStatus.DISABLED)

    note = at_call(2, disable, lambda _request, reply: reply)

    def spoil(request, reply):  # type: ignore[no-untyped-def]
        asked.append(request.account)
        return note(request, reply)

    server.spoil_path[path] = spoil
    items = app.pool.statistics.fetch(ids, threading.Event(), "bilibili")
    assert all(item.error is None for item in items)
    assert len(asked) == len(ids), "nothing was asked twice"
    assert set(asked[:2]) == {asked[0]} and asked[0] not in asked[2:]


def test_a_session_check_of_an_account_that_was_taken_leaves_the_others_to_be_checked(
    make_app: AppFactory, platform: StartPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = platform()
    app, operator = make_app(bilibili_base_url=server.url), make_app(host="operator")
    add_accounts(app, 3)
    sessions = app.jobs.scheduled.session_checks.sessions

    def disable() -> None:
        [busy] = [a for a in app.pool.registry.all() if a.status is AccountStatus.INGESTING]
        operator.pool.manager.set_account_status(busy.id, AccountStatus.DISABLED)

    probe = at_call(2, disable, type(sessions).probe)
    monkeypatch.setattr(type(sessions), "probe", lambda *args: probe(*args))
    app.jobs.scheduled.session_checks.check_due(threading.Event())
    checked = [a.session_checked_at is not None for a in app.pool.registry.all()]
    assert sorted(checked) == [False, True, True]
    assert server.stats()["requests"]["bilibili"] == {NAV: 2}
