"""The console's screen and lines: what stands first, what gives way, what is told in words."""

from __future__ import annotations

import io
import re
from datetime import date, timedelta
from itertools import pairwise

import pytest
from rich.cells import cell_len
from rich.console import Console as Terminal

from accounts.account_lease import Purpose
from app.container import App
from core.errors import LoginExpiredError
from core.messages import Message
from presentation.i18n.renderer import renderer_for
from presentation.snapshot import Snapshot
from presentation.terminal import task_table
from presentation.terminal.dashboard import Dashboard
from storage.crawling import tasks
from storage.models.tasks import TaskType, WaitingFor
from tests.support.accounts.cooldowns import cooldown
from tests.support.crawler.workbench import (
    DOMAIN,
    ONE_ENGINE,
    account_of,
    add_account,
    advance,
    change,
    claimed,
    export,
    file_crawl,
    file_export,
    store_rows,
)
from tests.support.moving_clock import MovingClock

BOTH = (TaskType.INGESTION, TaskType.EXPORT)


def seen(app: App, here: tuple[TaskType, ...] = BOTH) -> Snapshot:
    return app.crawling.snapshots.snapshot(events=20, here=here)


def drawn(
    app: App,
    snapshot: Snapshot,
    size: tuple[int, int] = (80, 24),
    language: str = "en",
    console: Dashboard | None = None,
) -> list[str]:
    console = console or Dashboard(renderer_for(language, app.calendar.zone))
    width, height = size
    terminal = Terminal(file=io.StringIO(), width=width, color_system=None, highlight=False)
    with terminal.capture() as captured:
        terminal.print(console.render(snapshot, width, height))
    return captured.get().splitlines()


def disable(app: App, name: str, reason: Message | str) -> None:
    app.pool.manager.set_account_status(account_of(app, name).id, "disabled", reason)


@ONE_ENGINE
@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_screen_fits_and_leaves_nobody_out_unsaid(
    app: App, size: tuple[int, int], language: str
) -> None:
    for number in range(30):
        add_account(app, f"小红书运营账号{number}")
    for domain in ("一" * 40, "游戏", "美食", "穿搭", "旅行", "数码", "母婴"):
        file_crawl(app, 30, domain)
    lines = drawn(app, seen(app), size, language)
    assert len(lines) < size[1]
    assert [line for line in lines if cell_len(line.rstrip()) > size[0]] == []
    [rest] = [line for line in lines if "and " in line or "另有" in line]
    shown = sum(" / 4,000" in line for line in lines)
    assert shown >= 2 and int(re.search(r"\d+", rest)[0]) == 30 - shown
    assert not [one for one, other in pairwise(lines) if not (one + other).strip()]


@ONE_ENGINE
def test_disabled_accounts_stand_first_and_say_what_to_do(app: App) -> None:
    for number in range(20):
        add_account(app, f"acc{number}")
    cause = LoginExpiredError("code -101: 账号未登录")
    disable(app, "acc19", Message.of("session_expired", cause=cause))
    lines = drawn(app, seen(app))
    first = next(line for line in lines if " / 4,000" in line)
    assert "acc19" in first and "session expired (code" in first
    wide = next(line for line in drawn(app, seen(app), (160, 40)) if " / 4,000" in line)
    assert "账号未登录); python cli.py accounts import acc19 -" in wide
    assert [line for line in lines if line.startswith(" and ") and "idle" in line]
    many = [f"acc{number}" for number in range(10)]
    for name in many:
        disable(app, name, "")
    lines = drawn(app, seen(app))
    assert any(" idle " in line for line in lines), "those who can work are pushed out"
    assert any(re.search(r"and \d+ more: \d+ disabled, \d+ idle", line) for line in lines)


@ONE_ENGINE
def test_a_wide_screen_shows_more_events_than_a_small_one(app: App) -> None:
    for number in range(12):
        add_account(app, f"acc{number}")
    small, wide = (
        sum("added:" in line for line in drawn(app, seen(app), size))
        for size in ((80, 24), (140, 40))
    )
    assert 3 <= small < wide == 12


@ONE_ENGINE
def test_the_first_line_is_the_day_and_the_end_of_the_work(app: App, clock: MovingClock) -> None:
    add_account(app, "acc1", 100)
    add_account(app, "acc2", 50)
    app.pool.manager.update_export_count(account_of(app, "acc1").id, 40)
    file_crawl(app, 61)
    console = Dashboard(renderer_for("en", app.calendar.zone))
    lease = claimed(app)
    first = drawn(app, seen(app), console=console)[0]
    assert first.strip() == "today 40 exported, 110 left in 2 accounts"
    clock.move(1)
    advance(app, lease, page=1)
    lines = drawn(app, seen(app), console=console)
    assert "crawl done in ~1 min" in lines[0]  # 60 pages of 20 at 20 creators a second
    assert any("1/61 pages, 20 creators (0 new)  20 creators/s" in line for line in lines)


def test_a_task_that_nobody_works_on_is_stopped_and_says_how_to_go_on(
    app: App, clock: MovingClock
) -> None:
    task = file_crawl(app, 10)
    lease = claimed(app)
    app.crawling.scheduler.requeue(
        lease,
        not_before=clock.now() + timedelta(seconds=30),
        waiting_for=WaitingFor.ACCOUNT,
        error=Message.of("accounts_cooling", n=1),
    )
    at_work = "\n".join(drawn(app, seen(app)))
    assert "1 account is cooling down; looks again at" in at_work and "stopped" not in at_work
    [view] = seen(app, here=()).tasks
    assert view.waiting is not None and not view.attended
    clock.move(31)
    change(app, "UPDATE tasks SET status='in_progress' WHERE id=:id", id=task.id)
    alone = "\n".join(drawn(app, seen(app, here=())))
    assert "stopped" in alone and "running" not in alone and "cooling down" not in alone
    assert f"go on with: python cli.py start_crawl --domain {DOMAIN}\n" in alone
    assert "creators/s" not in alone


def test_a_living_process_counts_until_its_lease_would_have_run_out(
    app: App, clock: MovingClock
) -> None:
    file_crawl(app, 10)
    file_export(app)
    app.crawling.lease_renewer("ingestion").renew_once()
    assert [view.attended for view in seen(app, here=()).tasks] == [True, False]
    clock.move(29)
    assert app.crawling.snapshots.snapshot(lease_secs=30).tasks[0].attended
    clock.move(2)
    assert not app.crawling.snapshots.snapshot(lease_secs=30).tasks[0].attended


def test_a_finished_task_leaves_an_event(app: App) -> None:
    file_crawl(app, 1)
    lease = claimed(app)
    advance(app, lease)
    app.crawling.scheduler.finish(lease)
    file_crawl(app, 1, "没有")
    app.crawling.scheduler.finish(claimed(app))
    text = "\n".join(drawn(app, seen(app)))
    assert f"crawl {DOMAIN} completed, 1 page, 20 creators" in text
    assert "the platform has no creators for '没有'; check the spelling" in text


@ONE_ENGINE
def test_a_long_file_name_keeps_its_end(app: App) -> None:
    add_account(app, "账号" * 20, 5)
    store_rows(app, 5)
    export(app)
    [line] = [line for line in drawn(app, seen(app)) if "sealed" in line]
    assert "sealed 5 rows  …" in line and line.rstrip().endswith(".csv")


@ONE_ENGINE
def test_a_plain_line_is_of_the_own_task_only(app: App) -> None:
    mine, other = file_crawl(app, 3), file_crawl(app, 3, "游戏")
    console = Dashboard(renderer_for("en", app.calendar.zone))
    line, everything = (console.line(seen(app), only) for only in ((mine.id,), ()))
    assert f"#{mine.id} crawl" in line and f"#{other.id} crawl" not in line
    assert f"#{mine.id} crawl" in everything and f"#{other.id} crawl" in everything


@ONE_ENGINE
def test_what_a_line_tells_is_the_same_until_something_happens(
    app: App, clock: MovingClock
) -> None:
    file_crawl(app, 3)
    console = Dashboard(renderer_for("en", app.calendar.zone))
    lease = claimed(app)
    console.line(seen(app))
    clock.move(1)
    advance(app, lease)
    line, news = console.line(seen(app)), console.news(seen(app))
    assert "20 creators/s" in line
    clock.move(4)
    assert console.line(seen(app)) != line
    assert console.news(seen(app)) == news
    advance(app, lease, page=2)
    assert console.news(seen(app)) != news


@pytest.mark.parametrize(
    ("reason", "english", "chinese"),
    [
        (
            Message.of("session_expired", cause=LoginExpiredError("code -101: x")),
            "session expired (code -101: x); import the session again",
            "会话过期（code -101: x）；请重新导入会话",
        ),
        (Message.of("accounts_cooling", n=1), "1 account is cooling down", "1 个账号正在休息"),
        (Message.of("accounts_busy", n=2), "2 accounts are busy", "2 个账号正在使用"),
        (
            Message.of("quota_handed_over", day=date(2026, 11, 22), domain="美妆", last_id=4000),
            "quota of 2026-11-22 used up by 美妆, last id 4,000",
            "2026-11-22 的配额已由 美妆 用尽，最后 id 4,000",
        ),
        (Message.of("limit_set", rows=1000), "limit 1,000 a day", "每日 1,000 行"),
        (
            Message.of("account_throttled", cause=Message.text("too many requests (HTTP 429)")),
            "throttled (too many requests (HTTP 429))",
            "触发频率限制（too many requests (HTTP 429)）",
        ),
        (Message.text("what nobody {foresaw}"),) + 2 * ("what nobody {foresaw}",),
    ],
)
def test_stored_reasons_are_shown_with_advice(reason: Message, english: str, chinese: str) -> None:
    shown = [renderer_for(name).shown_text(reason.dump()) for name in ("en", "zh")]
    assert shown == [english, chinese]


@ONE_ENGINE
def test_what_the_pool_lacks_is_told_in_both_languages(
    app: App,
) -> None:
    """The pool's own sentences, as it makes them: none of them may be left in English."""

    def reason() -> Message:
        return app.pool.manager.shortage(Purpose.EXPORTING, "bilibili").reason

    said = [reason()]
    add_account(app, "acc1", 0)
    said.append(reason())
    disable(app, "acc1", "")
    said.append(reason())
    add_account(app, "acc2", 5)
    said.append(reason())
    held = app.pool.manager.lease(Purpose.EXPORTING, "bilibili")
    said.append(reason())
    app.pool.manager.cool_down(held, cooldown(60, "throttled: x"))
    said.append(reason())
    app.pool.manager.set_account_status(held.id, "idle")
    app.pool.manager.update_export_count(held.id, 5)
    said.append(reason())
    assert len({str(message) for message in said}) == 7
    renderer = renderer_for("zh", app.calendar.zone)
    assert [message for message in said if renderer.text(message).isascii()] == []


@ONE_ENGINE
def test_a_banner_stands_first_and_old_numbers_have_no_speed(app: App, clock: MovingClock) -> None:
    add_account(app, "acc1")
    task = file_crawl(app, pages=10)
    lease = claimed(app)
    console = Dashboard(renderer_for("en", app.calendar.zone))
    app.crawling.lease_renewer("ingestion").renew_once()
    for page in (1, 2):
        advance(app, lease, page)
        clock.move(5)
        drawn(app, seen(app), console=console)
    snapshot = seen(app)
    assert task.id and "creators/s" in "\n".join(drawn(app, snapshot, console=console))
    terminal = Terminal(file=io.StringIO(), width=80, color_system=None, highlight=False)
    with terminal.capture() as captured:
        terminal.print(console.render(snapshot, 80, 24, banner="No answer since 12:03"))
    lines = captured.get().splitlines()
    assert lines[0] == "No answer since 12:03"
    assert len(lines) <= 24
    assert "creators/s" not in "\n".join(lines)


@ONE_ENGINE
def test_own_tasks_stand_first_then_those_that_run_wait_and_are_pending(
    app: App, clock: MovingClock
) -> None:
    pending = file_crawl(app, 5, "旅行").id
    waiting = file_crawl(app, 5, "美食").id
    app.crawling.scheduler.requeue(
        claimed(app, only=waiting),
        not_before=clock.now() + timedelta(minutes=5),
        waiting_for=WaitingFor.PLATFORM,
        error=Message.of("daily_budget_spent", platform="bilibili", units=1),
    )
    own, running = file_crawl(app, 5, "穿搭").id, file_crawl(app, 5, "数码").id
    claimed(app, only=running)
    tasks = [view.task.id for view in task_table.ordered(seen(app).tasks, (own,))]
    assert tasks == [own, running, waiting, pending]


@ONE_ENGINE
def test_a_running_task_is_shown_however_many_were_filed_after_it(app: App) -> None:
    first = file_crawl(app, 5)
    claimed(app, only=first.id)
    for number in range(25):
        file_crawl(app, 5, f"领域{number}")
    assert f"#{first.id} crawl {DOMAIN}" in "\n".join(drawn(app, seen(app)))


@ONE_ENGINE
def test_an_account_that_counts_a_later_day_has_no_quota_left(app: App) -> None:
    add_account(app, "acc1", 100)
    add_account(app, "acc2", 50)
    tomorrow = app.calendar.day(app.clock.now()) + timedelta(days=1)
    change(app, "UPDATE accounts SET quota_day=:day WHERE username='acc1'", day=str(tomorrow))
    lines = drawn(app, seen(app))
    assert lines[0].strip() == "today 0 exported, 50 left in 1 account"
    assert "spent" in next(line for line in lines if line.startswith(" acc1"))


@ONE_ENGINE
def test_a_screen_without_work_is_the_same_a_second_later(app: App, clock: MovingClock) -> None:
    add_account(app, "acc1")
    console = Dashboard(renderer_for("en", app.calendar.zone))
    before = drawn(app, seen(app), console=console)
    clock.move(1)
    assert drawn(app, seen(app), console=console) == before


@ONE_ENGINE
def test_a_report_cuts_no_word_in_a_window_or_a_pipe(app: App) -> None:
    cause = LoginExpiredError("code -101: " + "账号未登录 " * 12)
    add_account(app, "acc1")
    disable(app, "acc1", Message.of("session_expired", cause=cause))
    console = Dashboard(renderer_for("en", app.calendar.zone))
    window = [line.plain for line in console.report(seen(app), 60)]
    pipe = [line.plain for line in console.report(seen(app), None)]
    assert "…" not in "".join(window + pipe)
    assert [line for line in window if cell_len(line) > 60] == []
    assert "".join(window).count("账号未登录") == "".join(pipe).count("账号未登录")
    assert [line for line in pipe if "accounts import acc1 -" in line]


@ONE_ENGINE
def test_a_crawl_whose_end_is_near_says_why(app: App) -> None:
    task = file_crawl(app, 30, "游戏")
    reason = Message.of("ended_at_empty_page", page=4, total=40)
    app.database.write(tasks.set_end_reason, task.id, reason.dump())
    assert "creators may be missing" in "\n".join(drawn(app, seen(app), (300, 40)))
