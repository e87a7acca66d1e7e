"""Every fault hits only its own scope: one video, one account's odd answer, one page."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Sequence

import pytest
from rich.console import Console as Terminal

from app.container import App
from core.messages import Message
from crawler.ingestion.confirmation import UNCONFIRMED
from crawler.statistics.items import FetchedItem
from presentation.i18n.renderer import renderer_for
from presentation.terminal.dashboard import Dashboard
from sandbox.messages import Reply, Request, html_reply, json_reply
from sources.base import Unavailable, VideoStats
from storage.models.accounts import AccountStatus, Health
from storage.models.tasks import TaskStatus, TaskType, WaitingFor
from tests.support.crawler.workbench import (
    Platform,
    account_of,
    add_account,
    add_accounts,
    change,
    column,
    crawl,
    edited,
    file_crawl,
    once,
    pieces_of,
    stored_uids,
    task_of,
    work_off,
)
from tests.support.messages import english_text
from tests.support.moving_clock import MovingClock
from tests.support.sandbox import control

COMPLETED, FAILED, PENDING = TaskStatus.COMPLETED, TaskStatus.FAILED, TaskStatus.PENDING
SEARCH = "/x/web-interface/wbi/search/type"
NAV = "/x/web-interface/nav"
VIEW = "/x/web-interface/view"
BATCH = "/medialist/gateway/base/resource/infos"
Answer = Callable[[Request, Reply], Reply]
ODD: dict[str, Reply] = {
    "unknown code": json_reply({"code": -31337, "message": "?"}),
    "unknown session code": json_reply({"code": -150, "message": "?"}),
    "five digits": json_reply({"code": 76543, "message": "?"}),
    "points": json_reply({"code": -103, "message": "?"}),
    "code as text": json_reply({"code": "0", "data": {}}),
    "HTML": html_reply("hello", 200),
    "HTTP 404": html_reply("gone", 404),
    "HTTP 418": html_reply("teapot", 418),
    "redirect": Reply(b"", 302),
    "nothing": Reply(b""),
    "-101 beside a good nav": json_reply({"code": -101, "message": "no"}),
}


def unharmed(app: App, *names: str) -> bool:
    found = [account_of(app, name) for name in names]
    return all(
        (one.status, one.health, one.cooldown_until, one.failure_count)
        == (AccountStatus.IDLE, Health.HEALTHY, None, 0)
        for one in found
    )


def to_account(name: str, answer: Reply, page: int | None = None) -> Answer:
    """Give one account that answer, of one page or of all, and the others the good one."""

    def spoil(request: Request, reply: Reply) -> Reply:
        is_page = page is None or request.params["page"] == str(page)
        return answer if request.account == name and is_page else reply

    return spoil


def without_result(*pages: int, only: str | None = None) -> Answer:
    """Let these pages come empty, for one account or for all."""

    def spoil(request: Request, reply: Reply) -> Reply:
        if int(request.params["page"]) not in pages or only not in (None, request.account):
            return reply
        return edited(reply, lambda data: data.update(result=[]))

    return spoil


def fetch(app: App, ids: Sequence[str]) -> list[FetchedItem]:
    return app.pool.statistics.fetch(list(ids), threading.Event(), "bilibili")


@pytest.mark.parametrize("answer", ODD.values(), ids=ODD)
def test_one_odd_answer_to_one_account_is_got_over_by_another(
    make_app: Callable[..., App], platform: Callable[..., Platform], answer: Reply
) -> None:
    server = platform(creators=100)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 3)
    server.spoil = to_account("acc1", answer)
    assert crawl(app).status is COMPLETED
    assert stored_uids(app) == server.uids()
    assert unharmed(app, "acc1", "acc2", "acc3")


@pytest.mark.parametrize("count", [1, 2, 5])
def test_what_is_odd_to_everybody_fails_after_three_accounts_with_its_evidence(
    make_app: Callable[..., App], platform: Callable[..., Platform], count: int
) -> None:
    server = platform(creators=100)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, count)
    server.spoil = lambda request, reply: (
        ODD["unknown code"] if request.params["page"] == "2" else reply
    )
    task = crawl(app)
    assert task.status is FAILED
    assert "unknown code -31337" in english_text(task.last_error)
    asked = [name for name, page in server.asked if page == 2]
    assert len(asked) == len(set(asked)) == min(count, 3)
    kept = list(app.settings.evidence_dir.rglob("*.json"))
    assert any(file.name in english_text(task.last_error) for file in kept)
    assert unharmed(app, *(f"acc{number}" for number in range(1, count + 1)))


def test_who_was_asked_outlives_the_process(
    make_app: Callable[..., App], platform: Callable[..., Platform]
) -> None:
    server = platform(creators=40)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 2)
    change(
        app,
        "UPDATE accounts SET status='exporting', lease_until=:u WHERE username='acc2'",
        u="2099-01-01 00:00:00.000",
    )
    server.spoil = to_account("acc1", ODD["unknown code"])
    task = file_crawl(app)
    once(app.crawling.ingestion_worker())
    waiting = task_of(app, task.id)
    assert (waiting.status, waiting.waiting_for) == (PENDING, WaitingFor.ACCOUNT)
    assert Message.load(waiting.last_error or "").code == UNCONFIRMED
    assert "confirmed by another account" in english_text(waiting.last_error)
    change(app, "UPDATE accounts SET status='idle', lease_until=NULL WHERE username='acc2'")
    other = make_app(bilibili_base_url=server.url)
    assert work_off(other, task).status is COMPLETED
    assert server.asked[:2] == [("acc1", 1), ("acc2", 1)]


def rest(app: App, name: str, until: str | None) -> None:
    change(app, "UPDATE accounts SET cooldown_until=:u WHERE username=:n", u=until, n=name)


def test_an_odd_answer_does_not_wait_for_an_account_that_rests_for_long(
    make_app: Callable[..., App], platform: Callable[..., Platform]
) -> None:
    """Guarded by `has_other_soon`: behind a dead proxy an account may rest for days."""
    server = platform(creators=40)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 2)
    rest(app, "acc2", "2099-01-01 00:00:00.000")
    answers = iter([ODD["unknown code"]])
    server.spoil = lambda _request, reply: next(answers, reply)
    assert crawl(app).status is COMPLETED
    assert stored_uids(app) == server.uids()
    assert {name for name, _ in server.asked} == {"acc1"}


def test_an_empty_first_page_waits_for_what_another_account_is_told(
    make_app: Callable[..., App], platform: Callable[..., Platform]
) -> None:
    """However long that one rests: the crawl would end without its creators."""
    server = platform(creators=40)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 2)
    rest(app, "acc2", "2099-01-01 00:00:00.000")
    server.spoil = without_result(1, only="acc1")
    task = file_crawl(app)
    once(app.crawling.ingestion_worker())
    assert task_of(app, task.id).status is PENDING
    assert server.asked == [("acc1", 1)]
    rest(app, "acc2", None)
    assert work_off(app, task).status is COMPLETED
    assert stored_uids(app) == server.uids()


def test_a_login_is_asked_about_before_the_account_is_disabled(
    make_app: Callable[..., App], platform: Callable[..., Platform]
) -> None:
    server = platform(creators=60)
    app = make_app(bilibili_base_url=server.url)
    add_account(app, "dead-1")
    add_account(app, "acc2")
    assert crawl(app).status is COMPLETED
    assert account_of(app, "dead-1").status is AccountStatus.DISABLED
    assert account_of(app, "acc2").status is AccountStatus.IDLE


def test_a_check_that_is_refused_disables_nobody(
    make_app: Callable[..., App], platform: Callable[..., Platform]
) -> None:
    server = platform(creators=60)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 2)
    crawl(app, pages=1)
    server.spoil = to_account("acc1", ODD["-101 beside a good nav"])
    server.spoil_path[NAV] = lambda request, reply: (
        Reply(b"", 502) if request.account == "acc1" else reply
    )
    task = file_crawl(app)
    once(app.crawling.ingestion_worker())
    assert account_of(app, "acc1").status is AccountStatus.IDLE
    server.spoil_path.clear()
    assert work_off(app, task).status is COMPLETED
    assert unharmed(app, "acc1", "acc2")


def test_an_empty_first_page_of_one_account_ends_no_crawl(
    make_app: Callable[..., App], platform: Callable[..., Platform]
) -> None:
    server = platform(creators=60)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 2)
    empty = json_reply({"code": 0, "message": "0", "data": {"numPages": 0, "result": None}})
    server.spoil = to_account("acc1", empty, page=1)
    assert crawl(app).status is COMPLETED
    assert stored_uids(app) == server.uids()
    assert unharmed(app, "acc1", "acc2")


@pytest.mark.parametrize("count", [1, 3])
def test_an_empty_first_page_is_believed_when_it_comes_twice(
    make_app: Callable[..., App], platform: Callable[..., Platform], count: int
) -> None:
    server = platform(creators=60)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, count)
    empty = json_reply({"code": 0, "message": "0", "data": {"numPages": 0, "result": None}})
    server.spoil = lambda request, reply: empty
    assert crawl(app).status is COMPLETED
    assert stored_uids(app) == []
    asked = [name for name, _ in server.asked]
    assert len(asked) == 2
    assert len(set(asked)) == min(count, 2)


def test_an_empty_page_of_one_account_is_fetched_by_another(
    make_app: Callable[..., App], platform: Callable[..., Platform]
) -> None:
    server = platform(creators=100)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 2)
    server.spoil = without_result(3, only="acc1")
    assert crawl(app).status is COMPLETED
    assert stored_uids(app) == server.uids()


def test_an_empty_page_in_the_middle_is_noted_and_the_crawl_goes_on(
    make_app: Callable[..., App], platform: Callable[..., Platform]
) -> None:
    server = platform(creators=100)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 2)
    server.spoil = without_result(3)
    task = crawl(app)
    assert task.status is COMPLETED
    assert len(stored_uids(app)) == 80
    logged = column(app, "SELECT page_number FROM ingestion_logs ORDER BY page_number")
    assert logged == [1, 2, 3, 4, 5]
    assert server.pages == [1, 2, 3, 3, 4, 5]


def screen(app: App) -> str:
    """Return the live console, as a wide window shows it."""
    snapshot = app.crawling.snapshots.snapshot(events=20, here=(TaskType.INGESTION,))
    terminal = Terminal(file=io.StringIO(), width=300, color_system=None, highlight=False)
    with terminal.capture() as captured:
        terminal.print(Dashboard(renderer_for("en", app.calendar.zone)).render(snapshot, 300, 60))
    return captured.get()


def promising(pages: int, *, first_only: bool = False) -> Answer:
    """Let the platform count so many pages, however few have entries."""

    def spoil(request: Request, reply: Reply) -> Reply:
        if first_only and request.params["page"] != "1":
            return reply
        return edited(
            reply, lambda data: data.update(numPages=pages, result=data.get("result") or [])
        )

    return spoil


def test_a_crawl_that_empty_pages_end_long_before_its_last_one_says_so(
    make_app: Callable[..., App], platform: Callable[..., Platform], logs: Callable[[], str]
) -> None:
    """Three empty answers may be the end, and may be a platform that shows nothing just now."""
    server = platform(creators=60)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 2)
    server.spoil = promising(40)
    task = crawl(app)
    assert task.status is COMPLETED
    assert stored_uids(app) == server.uids()
    assert server.pages == [1, 2, 3, 4, 4, 5]
    assert {piece.status for piece in pieces_of(app, task.id)} == {COMPLETED}
    assert "before page 4" in english_text(task.end_reason)
    assert "counts 40 pages" in english_text(task.end_reason)
    (warning,) = [line for line in logs().splitlines() if "ended_at_empty_page" in line]
    assert " WARNING " in warning
    assert "creators may be missing" in screen(app)


def test_a_first_page_that_is_empty_beside_promised_ones_says_so(
    make_app: Callable[..., App], platform: Callable[..., Platform]
) -> None:
    server = platform(creators=60)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 2)
    server.spoil = without_result(*range(1, 4))
    task = crawl(app)
    assert task.status is COMPLETED
    assert "before page 1" in english_text(task.end_reason)


@pytest.mark.parametrize(
    ("creators", "spoil"),
    [
        (50, promising(40)),  # its third page is not full
        (60, promising(40, first_only=True)),  # the next answers count three pages
        (60, promising(4)),  # it lost its last page
        (60, without_result(3)),  # and so it did here
        (0, lambda _request, reply: reply),
    ],
    ids=["short page", "counts less later", "last page empty", "last page lost", "nobody"],
)
def test_a_domain_that_really_ends_early_raises_no_false_alarm(
    make_app: Callable[..., App],
    platform: Callable[..., Platform],
    logs: Callable[[], str],
    creators: int,
    spoil: Answer,
) -> None:
    server = platform(creators=creators)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 2)
    server.spoil = spoil
    task = crawl(app)
    assert (task.status, task.end_reason) == (COMPLETED, None)
    assert "ended_at_empty_page" not in logs()


def test_statistics_do_not_wait_for_an_account_that_rests_for_long(
    make_app: Callable[..., App], platform: Callable[..., Platform], clock: MovingClock
) -> None:
    """One odd answer would hold an hour's crawl or a round of the broadcaster for days."""
    server = platform(creators=1)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 2)
    rest(app, "acc2", "2099-01-01 00:00:00.000")
    (video,) = control.videos(server.url, "bilibili", 1, state="visible")
    server.spoil_path[VIEW] = lambda _request, _reply: html_reply("hello", 200)
    began = clock.now()
    (item,) = fetch(app, [video["id"]])
    assert item.error is not None
    assert (clock.now() - began).total_seconds() < 600


@pytest.mark.parametrize("code", [-403, 76543, -31337])
def test_a_code_of_one_video_leaves_the_others_their_numbers(
    make_app: Callable[..., App], platform: Callable[..., Platform], code: int
) -> None:
    server = platform(creators=300)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 2)
    found = control.videos(server.url, "bilibili", 12, state="visible")
    ids = [video["id"] for video in found]
    asked = []

    def spoil(request: Request, reply: Reply) -> Reply:
        asked.append(request.params["bvid"])
        is_it = request.params["bvid"] == ids[3]
        return json_reply({"code": code, "message": "no"}) if is_it else reply

    server.spoil_path[VIEW] = spoil
    server.spoil_path[BATCH] = lambda request, reply: json_reply({"code": -404, "message": "no"})
    items = fetch(app, ids)
    refused = items.pop(3).answer
    assert isinstance(refused, Unavailable) and not refused.final
    assert all(isinstance(item.answer, VideoStats) for item in items)
    assert asked.count(ids[3]) == 1
    assert unharmed(app, "acc1", "acc2")


@pytest.mark.parametrize(
    "answer",
    [
        Reply(b"", 404),
        Reply(b"", 405),
        html_reply("moved", 200),
        json_reply({"code": -404, "message": "no"}),
        json_reply({"code": -352, "message": "no"}),
        json_reply({"code": -101, "message": "no"}),
        json_reply({"code": -400, "message": "no"}),
    ],
)
def test_a_batch_endpoint_that_is_gone_costs_no_number(
    make_app: Callable[..., App], platform: Callable[..., Platform], answer: Reply
) -> None:
    server = platform(creators=300)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 2)
    ids = [video["id"] for video in control.videos(server.url, "bilibili", 12, state="visible")]
    truth = [item.answer for item in fetch(app, ids)]
    server.spoil_path[BATCH] = lambda request, reply: answer
    assert [item.answer for item in fetch(app, ids)] == truth
    assert unharmed(app, "acc1", "acc2")


def test_what_one_account_fetched_is_not_fetched_again_by_the_next(
    make_app: Callable[..., App], platform: Callable[..., Platform]
) -> None:
    server = platform(creators=300)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 2)
    ids = [video["id"] for video in control.videos(server.url, "bilibili", 6, state="visible")]
    asked: list[str] = []

    def spoil(request: Request, reply: Reply) -> Reply:
        asked.append(request.params["bvid"])
        throttled = json_reply({"code": -509, "message": "slow"})
        return throttled if request.account == "acc1" and len(asked) == 4 else reply

    server.spoil_path[VIEW] = spoil
    server.spoil_path[BATCH] = lambda request, reply: json_reply({"code": -404, "message": "no"})
    assert all(isinstance(item.answer, VideoStats) for item in fetch(app, ids))
    assert len(asked) == 7
    assert account_of(app, "acc1").cooldown_until is not None
