"""Answers that are spoilt, late or missing: tried again, told with evidence, nobody's fault."""

from __future__ import annotations

import json

import pytest

from crawler.ingestion.page_store import PageStore
from sandbox.messages import json_reply
from storage.engines.dialect import MAX_TEXT_CHARS
from storage.models.accounts import AccountStatus
from storage.models.tasks import TaskStatus, WaitingFor
from tests.support.crawler.workbench import (
    ONE_ENGINE,
    account_of,
    add_account,
    add_accounts,
    column,
    crawl,
    edited,
    events_of,
    file_crawl,
    once,
    pieces_of,
    rows,
    stored_uids,
    work_off,
)
from tests.support.messages import english_text
from tests.support.moving_clock import MovingClock

COMPLETED, PENDING, FAILED = TaskStatus.COMPLETED, TaskStatus.PENDING, TaskStatus.FAILED
IDLE = AccountStatus.IDLE


@ONE_ENGINE
@pytest.mark.parametrize(
    "kind",
    [
        "http_500",
        "http_502",
        "http_503",
        "code_500",
        "code_503",
        "code_504",
        "code_8888",
        "drop",
        "truncated_body",
    ],
)
def test_a_platform_that_is_down_is_nobodys_fault(make_app, platform, kind) -> None:
    server = platform(creators=60)
    app = make_app(bilibili_base_url=server.url)
    add_account(app, "acc1")
    server.order({"kind": kind, "times": 3, "page": 2})
    task = file_crawl(app, pages=3)
    once(app.crawling.ingestion_worker())
    piece = pieces_of(app, task.id)[0]
    assert (piece.status, piece.waiting_for) == (PENDING, WaitingFor.PLATFORM)
    assert (piece.attempts, piece.progress_marker) == (0, "page=1")
    assert "(3 tries)" in english_text(piece.last_error)
    account = account_of(app, "acc1")
    assert (account.status, account.failure_count, account.cooldown_until) == (IDLE, 0, None)
    assert work_off(app, task).status is COMPLETED
    assert server.stats()["duplicate_pages"] == 0
    assert stored_uids(app) == server.uids()


SPOILT = [
    "html_200",
    "truncated_json",
    "empty_body",
    "empty_data",
    "null_data",
    "result_string",
]


@ONE_ENGINE
@pytest.mark.parametrize("kind", [*SPOILT, "null_result"])
def test_an_answer_that_is_spoilt_once_is_asked_for_again(make_app, platform, kind) -> None:
    server = platform(creators=60)
    app = make_app(bilibili_base_url=server.url)
    add_account(app, "acc1")
    server.order({"kind": kind, "page": 2})
    assert crawl(app).status is COMPLETED
    assert stored_uids(app) == server.uids()
    assert server.pages == [1, 2, 2, 3]


@ONE_ENGINE
@pytest.mark.parametrize("kind", SPOILT)
def test_an_answer_that_stays_spoilt_fails_the_task_with_its_evidence(
    make_app, platform, kind
) -> None:
    server = platform(creators=60)
    app = make_app(bilibili_base_url=server.url)
    add_account(app, "acc1")
    server.order({"kind": kind, "page": 2, "times": 3})
    task = crawl(app)
    assert task.status is FAILED and english_text(task.last_error).startswith("page 2: ")
    [kept] = app.settings.evidence_dir.rglob("*.json")
    assert kept.name in english_text(task.last_error)
    content = json.loads(kept.read_text("utf-8"))
    assert (content["page"], content["http_status"]) == (2, 200)
    assert "SESSDATA" not in kept.read_text("utf-8")
    assert len(stored_uids(app)) == 20  # page 1 stays
    account = account_of(app, "acc1")
    assert (account.status, account.failure_count, account.cooldown_until) == (IDLE, 0, None)
    app.crawling.control.resume(task.id)
    assert work_off(app, task).status is COMPLETED
    assert stored_uids(app) == server.uids()


def test_long_messages_fit_everywhere(make_app, platform) -> None:
    server = platform(creators=20)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 2)
    long = "很长" * 5000

    def speak(request, reply):
        code = -102 if request.account == "acc1" else -404
        return json_reply({"code": code, "message": long})

    server.spoil = speak
    task = crawl(app)
    assert task.status is FAILED and len(task.last_error) <= MAX_TEXT_CHARS
    [kept] = app.settings.evidence_dir.rglob("*.json")
    assert kept.name in english_text(task.last_error)
    assert 100 < len(account_of(app, "acc1").disabled_reason) <= MAX_TEXT_CHARS
    assert len(events_of(app, "acc1")[0][1]) <= MAX_TEXT_CHARS


def test_a_bug_ends_its_task_with_a_traceback_and_blames_no_account(
    make_app, platform, monkeypatch, logs
) -> None:
    app = make_app(bilibili_base_url=platform(creators=20).url)
    add_account(app, "acc1")

    def broken(*args):
        raise ZeroDivisionError("a bug of ours")

    monkeypatch.setattr(PageStore, "store_first_and_split", broken)
    task = crawl(app)
    assert task.status is FAILED
    assert (
        english_text(task.last_error)
        == "internal error, see the log: ZeroDivisionError('a bug of ours')"
    )
    assert "Traceback (most recent call last)" in logs() and "ZeroDivisionError" in logs()
    account = account_of(app, "acc1")
    assert (account.status, account.failure_count) == (IDLE, 0)
    assert app.leases.held() == []


def test_a_damaged_id_costs_only_its_entry(make_app, platform, logs) -> None:
    server = platform(creators=20)
    app = make_app(bilibili_base_url=server.url)
    add_account(app, "acc1")
    server.spoil = lambda request, reply: edited(
        reply, lambda data: data["result"][3].update(mid="\ud83d\x00")
    )
    assert crawl(app).status is COMPLETED
    assert len(stored_uids(app)) == 19
    assert "entry left out" in logs()


def test_under_harsh_faults_every_creator_is_stored_once_in_the_end(
    make_app, platform, clock: MovingClock
) -> None:
    server = platform(creators=300, page_size=6, faults="harsh", rate="20/10")
    app = make_app(
        bilibili_base_url=server.url,
        throttle_cooldown_secs=1,
        risk_cooldown_secs=1,
        request_attempts=4,
        task_attempts=50,
    )
    for name in ("acc1", "banned-2", "acc3", "expired-4", "acc5"):
        add_account(app, name)
    for _ in range(8):  # an entry that was spoilt on its way comes with a later crawl
        task = file_crawl(app)
        while work_off(app, task, rounds=1000).status is FAILED:
            app.crawling.control.resume(task.id)
        if stored_uids(app) == server.uids():
            break
    assert stored_uids(app) == server.uids()
    assert len(set(server.uids())) == 300
    assert sum(server.stats()["faults"].values()) > 5
    leases = column(app, "SELECT lease_owner FROM accounts")
    assert leases == [None] * 5
    assert {task["lease_owner"] for task in rows(app, "SELECT lease_owner FROM tasks")} == {None}
