"""Trouble with the secret key is the process's own: no account is disabled for it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from accounts.account_lease import Purpose
from accounts.vault import Credentials
from alerts.monitor import CALM_SECS
from app.container import App
from core.errors import CredentialsError, KeyChangedError
from storage.crawling import accounts
from storage.distribution.deliveries import DeliveryState
from storage.models.accounts import AccountStatus, Health
from storage.models.tasks import TaskStatus
from storage.operations.alerts import AlertKind
from tests.support.alerts.alert_causes import open_alerts
from tests.support.crawler.workbench import (
    account_of,
    add_accounts,
    column,
    crawl,
    export,
    file_crawl,
    once,
    store_rows,
    stored_uids,
    task_of,
)
from tests.support.messages import english
from tests.support.moving_clock import MovingClock

NAMES = ("acc1", "acc2", "acc3")


def new_key() -> str:
    return Fernet.generate_key().decode()


def untouched(app: App) -> bool:
    found = [account_of(app, name) for name in NAMES]
    return all(
        (account.status, account.health, account.failure_count, account.cooldown_until)
        == (AccountStatus.IDLE, Health.HEALTHY, 0, None)
        for account in found
    )


def lose(app: App) -> None:
    app.settings.key_file.unlink()


def hide(app: App) -> None:
    app.settings.key_file.rename(app.settings.key_file.with_suffix(".away"))
    app.settings.key_file.mkdir()


def empty(app: App) -> None:
    app.settings.key_file.write_text("")


def spoil(app: App) -> None:
    app.settings.key_file.write_bytes(b"\xff\xfe no key")


def swap(app: App) -> None:
    app.settings.key_file.write_text(new_key())


@pytest.mark.parametrize("trouble", [lose, hide, empty, spoil, swap])
def test_a_running_process_needs_no_key_file(
    make_app: Any, platform: Any, trouble: Callable[[App], None]
) -> None:
    app = make_app(bilibili_base_url=platform(creators=60).url)
    add_accounts(app, 3)
    app.vault.load()
    trouble(app)
    assert crawl(app).status is TaskStatus.COMPLETED
    assert len(stored_uids(app)) == 60
    assert untouched(app)
    app.pool.registry.set_limit(account_of(app, "acc1"), 5)
    add = app.pool.registry.refresh
    assert add(account_of(app, "acc1"), Credentials(session="SESSDATA=new")) == ["session"]
    assert app.vault.decrypt(account_of(app, "acc1").session) == "SESSDATA=new"


def rotated_elsewhere(make_app: Any, platform: Any) -> tuple[App, App, str, str]:
    """A process with the old key of the setting, after another one rotated to a new one."""
    old, new = new_key(), new_key()
    url = platform(creators=60).url
    running = make_app(secret_key=SecretStr(old), bilibili_base_url=url)
    add_accounts(running, 3)
    other = make_app(secret_key=SecretStr(f"{new},{old}"), bilibili_base_url=url)
    assert other.vault.rotate(other.database) == 3
    return running, other, old, new


def test_a_process_with_an_old_key_puts_everything_back_and_waits(
    make_app: Any, platform: Any, clock: MovingClock
) -> None:
    running, other, *_ = rotated_elsewhere(make_app, platform)
    task, worker = file_crawl(running), running.crawling.ingestion_worker()
    for _ in range(10):
        once(worker)
        clock.move(30)
    waiting = task_of(running, task.id)
    assert waiting.status is TaskStatus.PENDING and waiting.attempts == 0
    assert untouched(running)
    assert column(running, "SELECT COUNT(*) FROM account_events WHERE kind<>'added'") == [0]
    assert crawl(other).status is TaskStatus.COMPLETED, "who has the key works on"
    assert task_of(running, task.id).status is TaskStatus.COMPLETED


def test_what_needs_no_secret_goes_on_without_the_key(make_app: Any, platform: Any) -> None:
    running, *_ = rotated_elsewhere(make_app, platform)
    once_crawled = running.crawling.ingestion_worker()
    file_crawl(running, domain="美食")
    once(once_crawled)
    store_rows(running, 20)
    assert export(running).status is TaskStatus.COMPLETED


def test_nothing_is_encrypted_with_an_old_key(make_app: Any, platform: Any) -> None:
    running, other, *_ = rotated_elsewhere(make_app, platform)
    with pytest.raises(KeyChangedError):
        add_accounts(running, 4)
    assert column(other, "SELECT COUNT(*) FROM accounts") == [3]


def test_session_checks_wait_for_the_key(make_app: Any, platform: Any, clock: MovingClock) -> None:
    running, *_ = rotated_elsewhere(make_app, platform)
    clock.move(2 * 86400)
    checks = running.jobs.scheduled.session_checks
    assert checks.check_due(threading.Event()) <= 1
    assert checks.check_due(threading.Event()) == 0
    assert untouched(running)


def test_only_a_secret_that_the_right_key_does_not_open_condemns_its_account(
    make_app: Any, platform: Any
) -> None:
    app = make_app(bilibili_base_url=platform(creators=60).url)
    add_accounts(app, 3)
    account = account_of(app, "acc2")
    foreign = Fernet(new_key().encode()).encrypt(b"SESSDATA=acc2").decode()
    app.database.write(accounts.set_secrets, account.id, (None, foreign, None), account.updated_at)
    with pytest.raises(CredentialsError) as told:
        app.vault.decrypt(foreign)
    assert not isinstance(told.value, KeyChangedError)
    assert crawl(app).status is TaskStatus.COMPLETED
    assert [account_of(app, name).status for name in NAMES].count(AccountStatus.DISABLED) == 1
    assert account_of(app, "acc2").status is AccountStatus.DISABLED


def kinds(app: App) -> list[AlertKind]:
    return [alert.kind for alert in open_alerts(app)]


def test_a_changed_key_is_told_and_over_when_it_is_back(make_app: Any, clock: MovingClock) -> None:
    app = make_app()
    app.vault.load()
    watcher, kept = app.alerts.monitor(), app.settings.key_file.read_text()
    watcher.look_once()
    swap(app)
    assert watcher.look_once() == 1
    [alert] = open_alerts(app)
    assert alert.kind is AlertKind.KEY_CHANGED
    assert "could not start again" in app.alerts.messages.headline(alert)
    for _ in range(60):
        clock.move(5)
        assert watcher.look_once() == 0
    assert kinds(app) == [AlertKind.KEY_CHANGED]
    app.settings.key_file.write_text(kept)
    clock.move(91)
    watcher.look_once()
    clock.move(CALM_SECS)
    assert watcher.look_once() == 1
    assert open_alerts(app) == []


def test_a_key_file_that_is_away_for_seconds_is_no_alert(make_app: Any, clock: MovingClock) -> None:
    app = make_app()
    app.vault.load()
    watcher, file = app.alerts.monitor(), app.settings.key_file
    away = file.rename(file.with_suffix(".away"))
    for _ in range(11):
        watcher.look_once()
        clock.move(5)
    assert kinds(app) == []
    clock.move(5)
    watcher.look_once()
    assert kinds(app) == [AlertKind.KEY_CHANGED]
    os.rename(away, file)


def test_a_rotation_by_file_is_no_alert_and_stops_nobody(make_app: Any, platform: Any) -> None:
    app, other = (make_app(bilibili_base_url=platform(creators=60).url) for _ in range(2))
    add_accounts(app, 3)
    for _ in range(3):
        other.vault.rotate(other.database)
        app.alerts.monitor().look_once()
        assert crawl(app, 1).status is TaskStatus.COMPLETED
    assert kinds(app) == [] and untouched(app)


def test_a_process_with_an_old_key_tells_that_it_waits(make_app: Any, platform: Any) -> None:
    running, other, *_ = rotated_elsewhere(make_app, platform)
    running.alerts.monitor().look_once()
    [alert] = open_alerts(other)
    assert alert.kind is AlertKind.KEY_CHANGED
    assert "needs secrets waits" in running.alerts.messages.headline(alert)
    file_crawl(running)
    once(running.crawling.ingestion_worker())
    shortage = running.pool.manager.shortage(Purpose.INGESTING, "bilibili")
    assert english(shortage.reason).startswith("this process lacks the key")


def test_a_signed_delivery_is_put_back_without_an_attempt(
    make_office: Any, clock: MovingClock
) -> None:
    old, new = new_key(), new_key()
    office = make_office(secret_key=SecretStr(old))
    office.add_task("t1", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    office.file(office.url("ok"), "t1")
    other = make_office(secret_key=SecretStr(f"{new},{old}"))
    other.app.vault.rotate(other.app.database)
    for _ in range(30):
        assert office.send() == 1
        [delivery] = office.deliveries()
        assert (delivery.state, delivery.attempts) == (DeliveryState.PENDING, 0)
        assert office.send() == 0
        clock.move(30)
    assert column(office.app, "SELECT COUNT(*) FROM webhook_attempts") == [0]
    assert other.send() == 1
    assert other.deliveries()[0].state is DeliveryState.DELIVERED
