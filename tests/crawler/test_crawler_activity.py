"""What accounts do, as operators see it: between two pages, after the work, and for which task."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from accounts.account_lease import AccountLease, Purpose
from accounts.activity import MAX_TURN_SECS, Activity
from app.container import App
from core.messages import Message
from core.settings import Pace
from presentation.account_views import AccountView
from presentation.i18n.renderer import renderer_for
from presentation.snapshot import Snapshot
from presentation.terminal.dashboard import Dashboard
from storage.crawling import account_leases
from storage.crawling import leases as lease_queries
from storage.crawling.account_leases import PaceState
from storage.crawling.leases import Worker
from storage.models.accounts import AccountStatus
from storage.models.tasks import Task, TaskStatus, TaskType
from tests.support.accounts.cooldowns import cooldown
from tests.support.crawler.workbench import (
    DOMAIN,
    ONE_ENGINE,
    Platform,
    account_of,
    add_account,
    add_accounts,
    change,
    crawl,
    export,
    file_crawl,
    file_export,
    once,
    pieces_of,
    store_rows,
    work_off,
)
from tests.support.moving_clock import MovingClock

BOTH = (TaskType.INGESTION, TaskType.EXPORT)
Ending = Callable[[App, AccountLease], object]


def seen(app: App, here: tuple[TaskType, ...] = BOTH) -> Snapshot:
    return app.crawling.snapshots.snapshot(events=0, here=here)


def view_of(app: App, name: str = "acc1", here: tuple[TaskType, ...] = BOTH) -> AccountView:
    [view] = [view for view in seen(app, here).accounts if view.account.username == name]
    return view


def line(app: App, language: str = "en", here: tuple[TaskType, ...] = BOTH) -> str:
    return Dashboard(renderer_for(language, app.calendar.zone)).news(seen(app, here))


def rests_for(app: App, task: Task, secs: float = 10.0, name: str = "acc1") -> None:
    """Lease the account for the task, and give it back until its next request in `secs`."""
    account_id = account_of(app, name).id
    leased = app.pool.manager.lease_by_id(account_id, Purpose.INGESTING, task.id)
    assert leased is not None
    now = app.clock.now()
    ready_at = now + timedelta(seconds=secs)
    pace = PaceState("{}", ready_at, answers=1, day=app.calendar.day(now))
    app.pool.manager.release(leased, pace=pace, keeps_task=True)


def work(app: App, task: Task, status: TaskStatus) -> None:
    change(app, "UPDATE tasks SET status=:status WHERE id=:id", id=task.id, status=status.value)


@pytest.fixture
def resting(make_app: Callable[..., App]) -> tuple[App, Task]:
    """An account that rests between two pages of a crawl in progress."""
    app = make_app()
    add_account(app, "acc1")
    task = file_crawl(app)
    work(app, task, TaskStatus.IN_PROGRESS)
    rests_for(app, task)
    assert view_of(app).activity is Activity.INGESTING
    return app, task


@pytest.mark.parametrize("accounts", [1, 3])
@pytest.mark.parametrize("secs", [10, 60, 240], ids=["inline", "put_back", "minutes"])
def test_a_crawl_at_a_slow_pace_is_seen_at_every_look(
    make_app: Callable[..., App],
    platform: Callable[..., Platform],
    clock: MovingClock,
    secs: int,
    accounts: int,
) -> None:
    app = make_app(bilibili_base_url=platform(creators=70).url, bilibili_pace=Pace(1, secs))
    add_accounts(app, accounts)
    task = file_crawl(app)
    looks: list[Snapshot] = []
    lines: list[str] = []

    def look() -> None:
        looks.append(seen(app))
        lines.append(line(app))

    clock.on_wait = look
    assert work_off(app, task, rounds=2000, step_secs=secs / 15).status is TaskStatus.COMPLETED
    states = [view.state for look in looks for view in look.accounts]
    leases = [view.account.status for look in looks for view in look.accounts]
    assert leases.count(AccountStatus.IDLE) > len(leases) / 2, "a lease alone shows idle accounts"
    assert set(states) == {AccountStatus.INGESTING}
    assert {view.task.id for look in looks for view in look.accounts if view.task} == {task.id}
    assert [text for text in lines if "wait" in text or "given back" in text] == []
    [names] = {tuple(v.account.username for v in look.tasks[0].working) for look in looks}
    assert len(names) == accounts
    clock.on_wait = None
    assert view_of(app).state is AccountStatus.IDLE
    assert sum(view.pages for view in seen(app).accounts) == 4


@ONE_ENGINE
def test_a_healthy_wait_leaves_no_error_on_the_task(
    make_app: Callable[..., App], platform: Callable[..., Platform]
) -> None:
    app = make_app(bilibili_base_url=platform(creators=45).url, bilibili_pace=Pace(1, 60))
    add_account(app, "acc1")
    task = file_crawl(app)
    once(app.crawling.ingestion_worker())
    assert not once(app.crawling.ingestion_worker()), "it waits for the pace"
    assert [piece.last_error for piece in pieces_of(app, task.id)] == [None]


def test_an_account_of_a_crawl_that_is_paused_is_idle(resting: tuple[App, Task]) -> None:
    app, task = resting
    app.crawling.control.pause(task.id)
    assert view_of(app).activity is Activity.IDLE
    app.crawling.control.resume(task.id)
    assert view_of(app).activity is Activity.IDLE, "nobody has begun yet"
    work(app, task, TaskStatus.IN_PROGRESS)
    assert view_of(app).activity is Activity.INGESTING


def test_an_account_of_a_crawl_that_has_ended_is_idle(resting: tuple[App, Task]) -> None:
    app, task = resting
    app.crawling.control.cancel(task.id)
    assert view_of(app).activity is Activity.IDLE and view_of(app).task is None


def test_an_account_of_a_crawl_that_waits_for_the_platform_is_idle(
    resting: tuple[App, Task],
) -> None:
    app, task = resting
    until = "status='pending', not_before='2026-11-22 04:10:00.000'"
    change(app, f"UPDATE tasks SET {until}, waiting_for='account' WHERE id=:id", id=task.id)
    assert view_of(app).activity is Activity.INGESTING
    change(app, f"UPDATE tasks SET {until}, waiting_for='platform' WHERE id=:id", id=task.id)
    assert view_of(app).activity is Activity.IDLE


def test_an_account_of_a_crawl_without_a_process_is_idle(
    resting: tuple[App, Task], clock: MovingClock
) -> None:
    app, _ = resting
    assert view_of(app, here=()).activity is Activity.IDLE
    assert view_of(app, here=(TaskType.EXPORT,)).activity is Activity.IDLE
    now = clock.now()
    other = Worker("other", "host", 1, "ingestion,export", now, now)
    app.database.write(lease_queries.announce, other)
    assert view_of(app, here=()).activity is Activity.INGESTING
    [listed] = app.crawling.account_views.views(app.pool.registry.all())
    assert listed.activity is Activity.INGESTING
    clock.move(app.settings.lease_secs + 1)
    assert view_of(app, here=()).activity is Activity.IDLE, "it died"


def test_an_account_whose_turn_is_far_away_rests(
    resting: tuple[App, Task], clock: MovingClock
) -> None:
    app, task = resting
    clock.move(11)
    rests_for(app, task, secs=MAX_TURN_SECS + 1)
    assert view_of(app).activity is Activity.IDLE
    clock.move(2)
    assert view_of(app).activity is Activity.INGESTING


def test_an_account_that_is_not_needed_any_more_is_idle(
    resting: tuple[App, Task], clock: MovingClock
) -> None:
    app, _ = resting
    clock.move(9 + MAX_TURN_SECS)
    assert view_of(app).activity is Activity.INGESTING
    clock.move(2)
    assert view_of(app).activity is Activity.IDLE


def test_a_lease_that_ran_out_is_no_work(app: App, clock: MovingClock) -> None:
    add_account(app, "acc1")
    leased = app.pool.manager.lease(Purpose.EXPORTING, "bilibili", 7)
    assert leased is not None
    assert view_of(app).activity is Activity.EXPORTING
    clock.move(app.settings.lease_secs + 1)
    assert view_of(app).account.status is AccountStatus.EXPORTING, "nobody has reaped it"
    assert view_of(app).activity is Activity.IDLE


@pytest.mark.parametrize(
    "ends",
    [
        lambda app, leased: app.pool.manager.release(leased),
        lambda app, leased: app.pool.manager.release_unharmed(leased, Message.text("platform")),
        lambda app, leased: app.pool.manager.cool_down(leased, cooldown(60)),
        lambda app, leased: app.pool.manager.disable(leased, Message.text("banned")),
        lambda app, leased: app.pool.manager.set_account_status(leased.id, "idle"),
        lambda app, leased: app.pool.manager.set_account_status(leased.id, "disabled"),
        lambda app, leased: app.database.write(
            account_leases.reap, app.clock.now() + timedelta(days=1)
        ),
    ],
    ids=["release", "unharmed", "cool_down", "disable", "enabled", "disabled", "reap"],
)
def test_an_account_that_loses_its_lease_works_for_no_task(app: App, ends: Ending) -> None:
    add_account(app, "acc1")
    leased = app.pool.manager.lease(Purpose.INGESTING, "bilibili", 7)
    assert leased is not None
    assert account_of(app, "acc1").working_task_id == 7
    ends(app, leased)
    assert account_of(app, "acc1").working_task_id is None


def test_the_next_lease_says_what_the_account_works_for(
    resting: tuple[App, Task], clock: MovingClock
) -> None:
    app, task = resting
    assert account_of(app, "acc1").working_task_id == task.id
    clock.move(20)
    assert app.pool.manager.lease(Purpose.INGESTING, "bilibili") is not None  # for statistics
    assert account_of(app, "acc1").working_task_id is None
    assert view_of(app).state is AccountStatus.INGESTING and view_of(app).task is None


def test_an_account_that_is_handed_over_or_done_works_for_no_export(app: App) -> None:
    add_accounts(app, 2, limit=3)
    store_rows(app, 5)
    assert export(app).status is TaskStatus.COMPLETED
    used = [account_of(app, name) for name in ("acc1", "acc2")]
    assert [account.today_export_count for account in used] == [3, 2]
    assert [account.working_task_id for account in used] == [None, None]


def test_an_account_whose_file_waits_for_rows_is_exporting(
    make_app: Callable[..., App], clock: MovingClock
) -> None:
    app = make_app(export_idle_secs=1000)
    add_account(app, "acc1")
    store_rows(app, 5)
    task = file_export(app, follow=True)
    looks: list[AccountView] = []

    def look() -> None:
        looks.append(view_of(app))
        if len(looks) == 10:
            app.crawling.control.cancel(task.id)

    clock.on_wait = look
    once(app.crawling.export_worker())
    waiting = looks[2:10]
    assert {view.account.status for view in waiting} == {AccountStatus.IDLE}
    assert {view.state for view in waiting} == {AccountStatus.EXPORTING}
    assert view_of(app).state is AccountStatus.IDLE


def test_pages_are_counted_for_the_quota_day(
    make_app: Callable[..., App], platform: Callable[..., Platform], clock: MovingClock
) -> None:
    app = make_app(bilibili_base_url=platform(creators=45).url)
    add_account(app, "acc1")
    crawl(app)
    assert view_of(app).pages == 3
    export(app)
    assert view_of(app).pages == 3, "an export has no pages"
    clock.move(24 * 3600)
    assert view_of(app).pages == 0
    crawl(app, pages=2)
    assert view_of(app).pages == 2


@pytest.mark.parametrize(
    ("proxy", "begins"),
    [
        (None, "direct@"),
        ("http://user:secret@proxy.example:8080", "proxy.example:8080#"),
        ("socks5h://user:secret@[2001:db8::1]:1080", "[2001:db8::1]:1080#"),
    ],
)
@ONE_ENGINE
def test_the_egress_is_shown_without_user_and_password(
    app: App, proxy: str | None, begins: str
) -> None:
    add_account(app, "acc1", proxy=proxy)
    shown = view_of(app).egress
    assert shown is not None and shown.startswith(begins)
    assert "secret" not in shown and "user" not in shown


@ONE_ENGINE
def test_a_proxy_is_not_known_before_the_first_lease_of_an_older_account(app: App) -> None:
    add_account(app, "acc1", proxy="http://proxy.example:8080")
    change(app, "UPDATE accounts SET egress=NULL")
    assert view_of(app).egress is None
    change(app, "UPDATE accounts SET proxy=NULL")
    assert view_of(app).egress == "direct"


@pytest.mark.parametrize(
    ("language", "stopped", "paused"),
    [
        ("en", "no process works on crawl #{id}; go on with: ", "crawl #{id} is paused; go on"),
        ("zh", "没有进程在处理抓取任务 #{id}；继续请执行：", "抓取任务 #{id} 已暂停"),
    ],
)
def test_an_export_that_waits_names_the_stopped_crawl(
    app: App, language: str, stopped: str, paused: str
) -> None:
    add_account(app, "acc1")
    crawl_task, export_task = file_crawl(app), file_export(app)
    once(app.crawling.export_worker())
    exports = (TaskType.EXPORT,)
    assert f"start_crawl --domain {DOMAIN}" in line(app, language, exports)
    assert stopped.format(id=crawl_task.id) in line(app, language, exports)
    app.crawling.control.pause(crawl_task.id)
    for here in (exports, BOTH):
        assert paused.format(id=crawl_task.id) in line(app, language, here)
        assert f"tasks resume {crawl_task.id}" in line(app, language, here)
    app.crawling.control.resume(crawl_task.id)
    assert f"#{crawl_task.id}" not in line(app, language, BOTH).split(f"#{export_task.id}")[1]
