"""Sessions that all processes find lost at once, and trouble of our own: nobody is disabled."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography.fernet import Fernet
from pydantic import SecretStr

from app.container import App
from storage.models.accounts import AccountStatus, Health
from storage.models.tasks import TaskStatus
from tests.support.apps import AppFactory
from tests.support.crawler.workbench import (
    Platform,
    account_of,
    add_account,
    add_accounts,
    crawl,
    file_crawl,
    once,
    pieces_of,
    stored_uids,
    task_of,
)
from tests.support.moving_clock import MovingClock

StartPlatform = Callable[..., Platform]
ACCOUNTS, PROCESSES, OUTAGE_SECS = 6, 3, 1200
SIGNED_OUT = {"kind": "answer", "code": -101, "for_secs": OUTAGE_SECS}
NOBODY = {"isLogin": False, "wbi_img": {"img_url": "", "sub_url": ""}}
LONG_USER = f"us3r-session-{'x' * 187}"  # two hundred characters


@dataclass
class WrongWall:
    """The platform's clock, from which ours differs."""

    clock: MovingClock
    by: timedelta = timedelta(hours=1)

    def now(self) -> datetime:
        return self.clock.now() + self.by

    def monotonic(self) -> float:
        return self.clock.monotonic()


def statuses(app: App) -> set[AccountStatus]:
    return {account.status for account in app.pool.registry.all()}


def work(apps: list[App], clock: MovingClock, secs: float, step_secs: float = 1.0) -> None:
    """Let the processes work in turn for that time, and step on when all have to wait.

    Each is the first of a step as often as the others: processes look at times of their own.
    """
    until = clock.monotonic() + secs
    for first in itertools.cycle(range(len(apps))):
        busy = [once(app.crawling.ingestion_worker()) for app in (*apps[first:], *apps[:first])]
        if not any(busy):
            clock.move(step_secs)
        if clock.monotonic() >= until:
            return


def finish(apps: list[App], clock: MovingClock, task_id: int) -> None:
    """Let the processes work in turn until the task has ended."""
    for _ in range(300):
        if not task_of(apps[0], task_id).is_open:
            return
        work(apps, clock, 20)
    raise AssertionError("the crawl does not end")


def sign_everybody_out(server: Platform) -> None:
    server.order(
        SIGNED_OUT | {"endpoint": "search"}, SIGNED_OUT | {"endpoint": "nav", "data": NOBODY}
    )


def test_a_mass_sign_out_found_by_several_processes_disables_nobody(
    make_app: AppFactory, platform: StartPlatform, clock: MovingClock
) -> None:
    server = platform(creators=400)

    def processes() -> list[App]:
        return [make_app(bilibili_base_url=server.url, pages_per_task=3) for _ in range(PROCESSES)]

    apps = processes()
    add_accounts(apps[0], ACCOUNTS)
    crawl(apps[0], pages=1)  # keys and device are there
    task = file_crawl(apps[0])
    sign_everybody_out(server)
    work(apps, clock, OUTAGE_SECS / 2, step_secs=5)
    assert statuses(apps[0]) == {AccountStatus.IDLE}
    asked = sum(report["refused"] for report in server.stats()["orders"])
    assert asked <= 2 * ACCOUNTS, "each account is asked once, and who is signed in with it"
    apps = processes()  # a restart in the middle: they know only what the database says
    work(apps, clock, OUTAGE_SECS / 2, step_secs=5)
    assert statuses(apps[0]) == {AccountStatus.IDLE}
    finish(apps, clock, task.id)
    assert task_of(apps[0], task.id).status is TaskStatus.COMPLETED
    assert stored_uids(apps[0]) == server.uids()
    assert {piece.attempts for piece in pieces_of(apps[0], task.id)} == {0}
    assert all(account.failure_count <= 2 for account in apps[0].pool.registry.all())


def test_one_session_that_ends_is_told_apart_by_all_processes(
    make_app: AppFactory, platform: StartPlatform, clock: MovingClock
) -> None:
    server = platform(creators=200)
    apps = [make_app(bilibili_base_url=server.url, pages_per_task=2) for _ in range(PROCESSES)]
    add_accounts(apps[0], ACCOUNTS - 1)
    add_account(apps[0], "dead-1")
    task = file_crawl(apps[0])
    finish(apps, clock, task.id)
    assert task_of(apps[0], task.id).status is TaskStatus.COMPLETED
    disabled = [a.username for a in apps[0].pool.registry.all() if a.status == "disabled"]
    assert disabled == ["dead-1"]


def test_a_process_with_an_old_key_leaves_the_crawl_to_the_others(
    make_app: AppFactory, platform: StartPlatform, clock: MovingClock
) -> None:
    server = platform(creators=200)
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    stale = make_app(secret_key=SecretStr(old), bilibili_base_url=server.url, pages_per_task=2)
    add_accounts(stale, 3)
    crawl(stale, pages=1)
    fresh = make_app(
        secret_key=SecretStr(f"{new},{old}"), bilibili_base_url=server.url, pages_per_task=2
    )
    assert fresh.vault.rotate(fresh.database) == 3
    task = file_crawl(stale)
    before = len(server.asked)
    work([stale], clock, 60)
    assert len(server.asked) - before <= 1, "it knows no cookie but those it had open"
    finish([stale, fresh, stale], clock, task.id)
    assert task_of(fresh, task.id).status is TaskStatus.COMPLETED
    assert stored_uids(fresh) == server.uids()
    found = fresh.pool.registry.all()
    assert {(one.status, one.health, one.failure_count) for one in found} == {
        (AccountStatus.IDLE, Health.HEALTHY, 0)
    }
    assert {piece.attempts for piece in pieces_of(fresh, task.id)} == {0}


def test_a_clock_that_is_wrong_by_an_hour_harms_no_account(
    make_app: AppFactory, platform: StartPlatform, clock: MovingClock
) -> None:
    """Signatures carry the time: every signed question is refused, whoever asks."""
    wrong = WrongWall(clock)
    server = platform(creators=60, clock=wrong)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 4)
    task = file_crawl(app, pages=3)
    work([app], clock, 300)
    assert task_of(app, task.id).is_open
    assert stored_uids(app) == []
    found = [account_of(app, f"acc{number}") for number in range(1, 5)]
    assert {(one.status, one.health, one.failure_count) for one in found} == {
        (AccountStatus.IDLE, Health.HEALTHY, 0)
    }
    wrong.by = timedelta(0)
    finish([app], clock, task.id)
    assert task_of(app, task.id).status is TaskStatus.COMPLETED


def test_a_gateways_user_of_two_hundred_characters_works_and_shows_nowhere(
    make_app: AppFactory, platform: StartPlatform
) -> None:
    server = platform(creators=40, egresses=1)
    app = make_app(bilibili_base_url=server.url)
    [gateway] = server.gateways
    add_account(app, "acc1", proxy=f"http://{LONG_USER}:pa55word@{gateway}")
    assert crawl(app, pages=2).status is TaskStatus.COMPLETED
    assert set(server.stats()["egresses"]) == {f"{gateway}#{LONG_USER}:pa55word"}
    account = account_of(app, "acc1")
    assert account.egress is not None and "us3r" not in account.egress
    events = app.pool.registry.events(account)
    assert not [event for event in events if "us3r" in repr(event)]
