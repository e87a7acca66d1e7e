"""The operator's interface by name, the timeline, and tasks that wake when an account comes."""

from __future__ import annotations

import threading
from contextlib import closing
from datetime import timedelta

import pytest
from pymysql import Connection

from accounts.account_lease import Purpose
from accounts.vault import Credentials
from core.errors import InvalidInputError
from core.leases import Lease, LeaseKind
from core.messages import Message
from crawler.tasks.options import CrawlOptions
from storage.crawling import task_leases, tasks
from storage.models.accounts import AccountStatus
from storage.models.tasks import Task, TaskStatus, WaitingFor
from tests.accounts.conftest import PLATFORM, Pool
from tests.support.accounts.cooldowns import cooldown
from tests.support.mariadb import MariaDBServer
from tests.support.messages import english_text, raises_saying


def test_an_idle_account_is_leased_and_given_back(pool: Pool):
    [account_id] = pool.add("a")
    leased = pool.manager.get_idle_account()
    assert leased is not None and leased.id == account_id
    assert pool.status(account_id) is AccountStatus.INGESTING
    assert pool.manager.get_idle_account() is None
    pool.manager.set_account_status(account_id, "idle")
    assert pool.manager.get_idle_account(PLATFORM, Purpose.EXPORTING) is not None
    assert pool.status(account_id) is AccountStatus.EXPORTING


def test_idle_ends_cooldown_disabling_and_failures(pool: Pool):
    [account_id] = pool.add("a")
    pool.manager.cool_down(pool.must_lease(), cooldown(6000))
    pool.manager.set_account_status(account_id, "disabled", "on holiday")
    assert english_text(pool.account(account_id).disabled_reason) == "on holiday"
    pool.manager.set_account_status(account_id, AccountStatus.IDLE)
    row = pool.account(account_id)
    assert (row.cooldown_until, row.disabled_reason, row.failure_count) == (None, None, 0)
    assert pool.lease() is not None


@pytest.mark.parametrize("status", ["idle", "disabled"])
def test_the_operators_word_ends_a_lease(pool: Pool, status: str):
    [account_id] = pool.add("a")
    leased = pool.must_lease()
    pool.manager.set_account_status(account_id, status)
    assert not leased.lease.is_held(pool.app.clock)
    assert pool.app.leases.held() == []
    assert not pool.spend(leased, 1)
    pool.manager.release(leased)
    assert pool.status(account_id) is AccountStatus(status)


def test_a_leased_account_may_change_its_work(pool: Pool):
    [account_id] = pool.add("a")
    leased = pool.must_lease(Purpose.INGESTING)
    pool.manager.set_account_status(account_id, "exporting")
    assert pool.status(account_id) is AccountStatus.EXPORTING
    assert leased.lease.is_held(pool.app.clock)


@pytest.mark.parametrize("status", ["ingesting", "exporting"])
def test_work_needs_a_lease_of_this_process(pool: Pool, make_app, status: str):
    [account_id] = pool.add("a")
    with raises_saying(InvalidInputError, "not leased by this process"):
        pool.manager.set_account_status(account_id, status)
    Pool(make_app()).must_lease()
    with raises_saying(InvalidInputError, "get_idle_account"):
        pool.manager.set_account_status(account_id, status)


@pytest.mark.parametrize("status", ["busy", "", "IDLE", "Disabled "])
def test_an_unknown_status_names_the_known_ones(pool: Pool, status: str):
    [account_id] = pool.add("a")
    with raises_saying(InvalidInputError, "idle, ingesting, exporting, disabled"):
        pool.manager.set_account_status(account_id, status)
    assert pool.status(account_id) is AccountStatus.IDLE


def test_the_timeline_tells_the_story_in_order(pool: Pool, clock):
    [account_id] = pool.add("a", limit=7)
    pool.manager.cool_down(pool.must_lease(), cooldown(60, "throttled: HTTP 412"))
    pool.manager.set_account_status(account_id, "idle")
    pool.manager.record_hand_over(pool.must_lease(), Message.text("quota used up"))
    pool.manager.set_account_status(account_id, "disabled", "sold")
    pool.app.pool.registry.set_limit(pool.account(account_id), 9)
    assert [(event.kind, english_text(event.detail)) for event in pool.events(account_id)] == [
        ("added", "limit 7 a day"),
        ("cooldown", "throttled: HTTP 412"),
        ("enabled", "by the operator"),
        ("hand_over", "quota used up"),
        ("disabled", "sold"),
        ("limit_changed", "from 7 to 9 a day"),
    ]
    rest = pool.events(account_id)[1]
    assert rest.until_at is not None and rest.until_at > rest.created_at
    assert rest.username == "a"


def waiting_task(pool: Pool, reason: WaitingFor = WaitingFor.ACCOUNT) -> int:
    """A task that sleeps for an hour because no account was fit."""
    crawling, now = pool.app.crawling, pool.app.clock.now()
    task = crawling.submitter.submit_crawl(PLATFORM, "美妆", None, CrawlOptions()).task
    until = now + timedelta(hours=1)
    sql = "UPDATE tasks SET status='paused', waiting_for=:why, not_before=:until WHERE id=:id"
    pool.app.database.write(
        lambda tx: tx.execute(sql, why=reason.value, until=f"{until:%Y-%m-%d %H:%M:%S}", id=task.id)
    )
    assert claim(pool) is None
    return task.id


def claim(pool: Pool) -> Task | None:
    """The task that a worker would take now."""
    now = pool.app.clock.now()
    for status in (TaskStatus.PENDING, TaskStatus.PAUSED):
        task = pool.app.database.write(
            task_leases.next_claimable, tasks.TaskType.INGESTION, status, now, None
        )
        if task is not None:
            return task
    return None


@pytest.mark.parametrize("reason", [WaitingFor.ACCOUNT, WaitingFor.QUOTA])
@pytest.mark.parametrize("event", ["added", "enabled", "limit"])
def test_waiting_tasks_wake_when_an_account_comes(pool: Pool, reason: WaitingFor, event: str):
    [account_id] = pool.add("a", limit=0)
    pool.manager.set_account_status(account_id, "disabled")
    task_id = waiting_task(pool, reason)
    if event == "added":
        pool.add("new")
    elif event == "enabled":
        pool.manager.set_account_status(account_id, "idle")
    else:
        pool.app.pool.registry.set_limit(pool.account(account_id), 10)
    task = claim(pool)
    assert task is not None and task.id == task_id


def test_tasks_that_wait_for_something_else_sleep_on(pool: Pool):
    waiting_task(pool, WaitingFor.PLATFORM)
    pool.add("new")
    assert claim(pool) is None


def test_disabling_an_account_wakes_nobody(pool: Pool):
    [account_id] = pool.add("a")
    waiting_task(pool)
    pool.manager.set_account_status(account_id, "disabled")
    assert claim(pool) is None


def test_a_task_lease_is_not_ended_by_an_account_of_the_same_id(pool: Pool):
    [account_id] = pool.add("a")
    task_lease = Lease(
        kind=LeaseKind.TASK, row_id=account_id, token=1, deadline=pool.app.clock.monotonic() + 30
    )
    pool.app.leases.add(task_lease)
    pool.manager.set_account_status(account_id, "disabled")
    assert task_lease.is_held(pool.app.clock)


@pytest.mark.parametrize("name", ["", "   ", "x" * 129])
def test_an_account_needs_a_name(pool: Pool, name: str):
    with raises_saying(InvalidInputError, "1 to 128"):
        pool.add(name)


@pytest.mark.parametrize("limit", [-1, 10**12])
def test_a_limit_is_a_sensible_number(pool: Pool, limit: int):
    with raises_saying(InvalidInputError, "daily limit"):
        pool.add("a", limit=limit)
    [account_id] = pool.add("a")
    with pytest.raises(InvalidInputError):
        pool.app.pool.registry.set_limit(pool.account(account_id), limit)


def test_a_name_is_given_once_a_platform(pool: Pool):
    pool.add("小号")
    with raises_saying(InvalidInputError, "already"):
        pool.add("小号")
    pool.app.pool.registry.add("douyin", "小号", Credentials(), 1)
    assert len(pool.app.pool.registry.all()) == 2


def test_two_at_once_add_a_name_once(make_app, mysql_admin: MariaDBServer):
    pool = Pool(make_app())
    outcomes: list[object] = []
    database = pool.app.settings.database_url.get_secret_value().rsplit("/", 1)[-1]

    def add() -> None:
        try:
            outcomes.append(pool.add("a"))
        except Exception as error:
            outcomes.append(error)

    thread = threading.Thread(target=add)
    with closing(mysql_admin.connect(database)) as other, closing(mysql_admin.connect()) as admin:
        other.begin()
        other.cursor().execute(
            "INSERT INTO accounts (platform, username, created_at, updated_at)"
            " VALUES ('bilibili', 'a', NOW(), NOW())"
        )
        thread.start()
        for _ in range(500):
            thread.join(0.01)
            if not thread.is_alive() or row_lock_waits(admin):
                break
        other.commit()
        thread.join(30)
    assert [type(outcome) for outcome in outcomes] == [InvalidInputError], outcomes


def row_lock_waits(admin: Connection) -> int:
    """How many statements wait for a row just now."""
    with admin.cursor() as cursor:
        cursor.execute("SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'")
        return int(cursor.fetchone()[1])


@pytest.fixture
def mysql_admin(request: pytest.FixtureRequest, database_url: str) -> MariaDBServer:
    if database_url.startswith("sqlite"):
        pytest.skip("SQLite's writers follow one another")
    return request.getfixturevalue("mariadb")


def test_an_account_is_found_by_name_or_id(pool: Pool):
    first, second = pool.add("a", "b")
    assert pool.app.pool.registry.find("b").id == second
    assert pool.app.pool.registry.find(str(first)).username == "a"
    with raises_saying(InvalidInputError, "no account is named 'c'"):
        pool.app.pool.registry.find("c")
    pool.app.pool.registry.add("douyin", "a", Credentials(), 1)
    with raises_saying(InvalidInputError, r"bilibili, douyin.*--platform"):
        pool.app.pool.registry.find("a")
    assert pool.app.pool.registry.find("a", "bilibili").id == first


def test_a_name_wins_over_an_id_that_looks_the_same(pool: Pool):
    pool.add("a")
    pool.add("1")
    assert pool.app.pool.registry.find("1").username == "1"
