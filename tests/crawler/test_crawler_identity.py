"""What the session check shows of a login: proof, duplicates, and cookies of somebody else."""

from __future__ import annotations

import threading

import pytest

from accounts.account_lease import Purpose
from app.container import App
from core.errors import WrongLoginError
from core.leases import LeaseKind
from core.settings import Pace
from crawler.runtime.account_sessions import AccountCheckout
from sandbox.sessions import member_id
from storage.crawling import account_logins
from storage.models.accounts import AccountStatus
from storage.models.tasks import TaskStatus
from tests.support.crawler.workbench import (
    Platform,
    account_of,
    add_account,
    add_accounts,
    crawl,
    edited,
    events_of,
    stored_uids,
)
from tests.support.messages import english, english_text
from tests.support.moving_clock import MovingClock
from tests.support.sandbox import control

NAV = "/x/web-interface/nav"
IDLE, DISABLED = AccountStatus.IDLE, AccountStatus.DISABLED
DAY_SECS = 86_400


def check_all(app: App) -> int:
    """Check what is due, as the job does every hour."""
    return app.jobs.scheduled.session_checks.check_due(threading.Event())


def uid_of(name: str) -> str:
    return str(member_id(name))


def identity(server: Platform, **body: object) -> None:
    control.tell(server.url, "identity", body)


@pytest.fixture
def server(platform) -> Platform:
    started: Platform = platform(creators=100)
    return started


@pytest.fixture
def app(make_app, server: Platform) -> App:
    made: App = make_app(bilibili_base_url=server.url)
    return made


def test_the_first_check_proves_the_login(app: App, server: Platform) -> None:
    add_account(app, "acc1")
    add_account(app, "acc2", session=f"SESSDATA=acc2; DedeUserID={uid_of('acc2')}")
    assert [account_of(app, name).platform_uid for name in ("acc1", "acc2")] == [
        None,
        uid_of("acc2"),
    ]
    assert check_all(app) == 2
    for name in ("acc1", "acc2"):
        account = account_of(app, name)
        assert (account.platform_uid, account.status) == (uid_of(name), IDLE)
        assert account.is_proven and account.uid_seen_at == account.session_checked_at


def test_the_first_use_stores_what_the_cookies_claim(app: App, server: Platform) -> None:
    """Rows of before an upgrade have no uid yet."""
    add_account(app, "acc1", session=f"SESSDATA=acc1; DedeUserID={uid_of('acc1')}")
    app.database.write(lambda tx: tx.execute("UPDATE accounts SET platform_uid=NULL"))
    assert crawl(app, pages=1).status is TaskStatus.COMPLETED
    assert account_of(app, "acc1").platform_uid == uid_of("acc1")


def test_the_younger_of_two_accounts_of_one_login_is_disabled(app: App, server: Platform) -> None:
    add_accounts(app, 3)
    identity(server, account="acc2", same_as="acc1")
    app.pool.manager.update_export_count(account_of(app, "acc1").id, 1000)
    app.pool.manager.update_export_count(account_of(app, "acc2").id, 3500)
    assert check_all(app) == 3
    older, younger = account_of(app, "acc1"), account_of(app, "acc2")
    assert (older.status, younger.status) == (IDLE, DISABLED)
    assert (older.platform_uid, younger.platform_uid) == (uid_of("acc1"), None)
    reason = f"same login as acc1 (uid {uid_of('acc1')})"
    assert english_text(younger.disabled_reason) == reason
    assert events_of(app, "acc2")[0] == ("disabled", reason)
    told = f"acc2 is the same login (uid {uid_of('acc1')}), and is disabled"
    assert ("duplicate", told) in events_of(app, "acc1")
    # One login: what both exported today counts, and no more is left.
    assert app.pool.manager.get_remaining_quota(older.id) == 0
    assert account_of(app, "acc3").status is IDLE


def test_the_younger_one_goes_also_when_it_was_checked_first(app: App, server: Platform) -> None:
    add_accounts(app, 2)
    identity(server, account="acc2", same_as="acc1")
    manager = app.pool.manager
    manager.set_account_status(account_of(app, "acc1").id, "disabled")
    check_all(app)
    assert account_of(app, "acc2").is_proven
    manager.set_account_status(account_of(app, "acc1").id, "idle")
    leased = manager.lease_by_id(account_of(app, "acc2").id, Purpose.EXPORTING)
    assert leased is not None
    check_all(app)
    assert (account_of(app, "acc1").status, account_of(app, "acc2").status) == (IDLE, DISABLED)
    assert account_of(app, "acc1").is_proven
    assert not leased.lease.is_held(app.clock), "who used it in this process stops"
    assert [one for one in app.leases.held() if one.kind is LeaseKind.ACCOUNT] == []


def test_an_enabled_duplicate_is_found_out_again(app: App, server: Platform) -> None:
    add_accounts(app, 2)
    identity(server, account="acc2", same_as="acc1")
    check_all(app)
    app.pool.manager.set_account_status(account_of(app, "acc2").id, "idle")
    check_all(app)
    assert account_of(app, "acc2").status is DISABLED


def test_a_crawl_goes_on_without_the_duplicate(
    make_app, server: Platform, clock: MovingClock
) -> None:
    app = make_app(bilibili_base_url=server.url, bilibili_pace=Pace(1, 2.5))
    add_accounts(app, 2)
    identity(server, account="acc2", same_as="acc1")
    clock.move(2 * DAY_SECS)  # the check is due at the first use
    assert crawl(app, pages=5).status is TaskStatus.COMPLETED
    assert stored_uids(app) == server.uids()
    assert account_of(app, "acc2").status is DISABLED
    assert {name for name, _ in server.asked} == {"acc1"}


def test_another_login_in_an_account_is_disabled(
    app: App, server: Platform, clock: MovingClock
) -> None:
    add_accounts(app, 2)
    check_all(app)
    identity(server, account="acc1", mid=222)
    clock.move(DAY_SECS + 1)
    check_all(app)
    account = account_of(app, "acc1")
    assert account.status is DISABLED
    assert english_text(account.disabled_reason) == f"signed in as 222, was {uid_of('acc1')}"
    assert "--new-login" in english(account.disabled_reason)
    assert (account.platform_uid, account.failure_count) == (uid_of("acc1"), 1)
    assert account_of(app, "acc2").status is IDLE


def test_cookies_that_contradict_themselves_are_another_login(app: App, server: Platform) -> None:
    add_account(app, "acc1", session="SESSDATA=acc1; DedeUserID=111")
    check_all(app)
    reason = account_of(app, "acc1").disabled_reason
    assert english_text(reason) == f"signed in as {uid_of('acc1')}, was 111"


@pytest.mark.parametrize("mid", [None, {}, "", "x", 0, True])
def test_a_damaged_answer_says_nothing_about_the_login(
    app: App, server: Platform, clock: MovingClock, mid: object
) -> None:
    add_account(app, "acc1")
    check_all(app)
    server.spoil_path[NAV] = lambda _, reply: edited(reply, lambda data: data.update(mid=mid))
    clock.move(DAY_SECS + 1)
    check_all(app)
    account = account_of(app, "acc1")
    assert (account.status, account.platform_uid) == (IDLE, uid_of("acc1"))


def test_nothing_is_stored_without_the_lease(app: App, server: Platform) -> None:
    add_account(app, "acc1")
    add_account(app, "acc2", session="SESSDATA=acc2; DedeUserID=111")
    leased = app.pool.manager.get_idle_account()
    assert leased is not None and leased.username == "acc1"
    app.pool.manager.set_account_status(leased.id, "idle")
    app.pool.identity.confirm(leased, "111")
    younger = account_of(app, "acc2")
    assert (younger.platform_uid, younger.status) == ("111", IDLE)
    assert account_of(app, "acc1").platform_uid is None


def test_two_processes_that_see_the_same_login_at_once_agree(app: App, server: Platform) -> None:
    """The other process stores it between our look and our write."""
    add_accounts(app, 2)
    first, second = (app.pool.manager.get_idle_account() for _ in range(2))
    assert first is not None and second is not None
    find = account_logins.find
    looks = iter(range(10))

    def late(*args: object) -> object:
        found = find(*args)  # type: ignore[arg-type]
        if next(looks) == 0:
            monkey.setattr(account_logins, "find", find)
            app.database.write(account_logins.set_uid, first.id, "111")
        return found

    with pytest.MonkeyPatch.context() as monkey:
        if "sqlite" in app.settings.database_url.get_secret_value():
            pytest.skip("one writer at a time")
        monkey.setattr(account_logins, "find", late)
        with pytest.raises(WrongLoginError):
            app.pool.identity.confirm(second, "111")
    assert account_of(app, second.username).status is DISABLED
    app.pool.sessions.close(AccountCheckout(first))
