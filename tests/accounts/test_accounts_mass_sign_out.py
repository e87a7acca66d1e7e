"""Sessions that end one by one disable their accounts; many at once disable none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from accounts import mass_sign_out
from accounts.account_lease import Purpose
from accounts.mass_sign_out import Loss
from app.container import App
from core.errors import LoginExpiredError
from core.messages import Message
from storage.models.accounts import AccountStatus, Health
from storage.operations.alerts import AlertKind
from tests.accounts.conftest import Pool
from tests.support.alerts.alert_causes import open_alerts
from tests.support.crawler.workbench import ONE_ENGINE
from tests.support.moving_clock import MovingClock

EXPIRED = Message.of("session_expired", cause=LoginExpiredError("code -101"))
IDLE, DISABLED = AccountStatus.IDLE, AccountStatus.DISABLED


def sign_out(pool: Pool, loss: Loss = Loss.SIGNED_OUT) -> int:
    """Find the next account signed out; return its id."""
    leased = pool.must_lease(Purpose.INGESTING)
    pool.manager.disable_for_loss(leased, loss, EXPIRED, rest_secs=900.0)
    return leased.id


def check_well(pool: Pool) -> int:
    """Find the next account signed in; return its id."""
    leased = pool.must_lease(Purpose.INGESTING)
    pool.manager.record_probe(leased)
    pool.manager.release(leased)
    return leased.id


def statuses(pool: Pool, ids: list[int]) -> list[AccountStatus]:
    return [pool.status(one) for one in ids]


def test_two_in_a_row_are_disabled_and_the_third_frees_them(app: App, clock: MovingClock) -> None:
    pool = Pool(app)
    ids = pool.add("a", "b", "c", "d")
    lost = [sign_out(pool), sign_out(pool)]
    assert statuses(pool, lost) == [DISABLED] * 2
    lost.append(sign_out(pool))
    assert statuses(pool, lost) == [IDLE] * 3
    for one in lost:
        account = pool.account(one)
        assert account.health is Health.SUSPECT
        assert account.cooldown_until is not None
        assert account.cooldown_until >= clock.now() + timedelta(seconds=900)
        assert pool.kinds(one)[-1] == "suspect"
    assert len(ids) == 4


def test_more_of_them_join_however_late_until_one_is_signed_in(
    app: App, clock: MovingClock
) -> None:
    pool = Pool(app)
    pool.add("a", "b", "c", "d", "e")
    lost = [sign_out(pool) for _ in range(3)]
    clock.move(3600)
    fourth = sign_out(pool)
    assert pool.status(fourth) is IDLE
    clock.move(3600)
    well = check_well(pool)
    clock.move(3600)
    next_one = sign_out(pool)
    assert pool.status(next_one) is DISABLED, "with one signed in, the others are looked at singly"
    assert well not in lost


@pytest.mark.parametrize("break_in_between", [lambda pool, clock: clock.move(601), None])
def test_a_pause_or_a_session_that_works_begins_the_count_anew(
    app: App, clock: MovingClock, break_in_between: Callable[[Pool, MovingClock], None] | None
) -> None:
    pool = Pool(app)
    pool.add("a", "b", "c", "d", "e")
    lost = [sign_out(pool), sign_out(pool)]
    if break_in_between is None:
        check_well(pool)
    else:
        break_in_between(pool, clock)
    lost.append(sign_out(pool))
    assert statuses(pool, lost) == [DISABLED] * 3


def test_secrets_that_cannot_be_read_count_apart(app: App) -> None:
    pool = Pool(app)
    pool.add("a", "b", "c", "d", "e")
    lost = [sign_out(pool), sign_out(pool), sign_out(pool, Loss.UNREADABLE)]
    assert statuses(pool, lost) == [DISABLED] * 3
    more = [sign_out(pool, Loss.UNREADABLE) for _ in range(2)]
    assert statuses(pool, [lost[2], *more]) == [IDLE] * 3
    assert statuses(pool, lost[:2]) == [DISABLED] * 2


def test_what_the_operator_disabled_stays_disabled(app: App) -> None:
    pool = Pool(app)
    pool.add("a", "b", "c")
    lost = [sign_out(pool), sign_out(pool)]
    pool.manager.set_account_status(lost[0], "idle")
    pool.manager.set_account_status(lost[0], "disabled", "not today")
    last = pool.manager.lease(Purpose.INGESTING, "bilibili")
    assert last is not None
    pool.manager.disable_for_loss(last, Loss.SIGNED_OUT, EXPIRED, rest_secs=900.0)
    assert statuses(pool, [*lost, last.id]) == [DISABLED, IDLE, IDLE]


def test_all_processes_count_together(make_app: Callable[..., App]) -> None:
    pools = [Pool(make_app()) for _ in range(3)]
    pools[0].add("a", "b", "c")
    lost = [sign_out(pool) for pool in pools]
    assert statuses(pools[0], lost) == [IDLE] * 3


def test_a_lost_lease_counts_nothing(app: App, clock: MovingClock) -> None:
    pool = Pool(app)
    pool.add("a", "b", "c")
    stale = pool.must_lease(Purpose.INGESTING)
    clock.move(app.settings.lease_secs + 1)
    app.crawling.lease_renewer("x").reap_tasks()
    pool.manager.claims.claim_account(stale.id, Purpose.INGESTING, None)
    lost = [sign_out(pool), sign_out(pool)]
    pool.manager.disable_for_loss(stale, Loss.SIGNED_OUT, EXPIRED, rest_secs=900.0)
    assert statuses(pool, lost) == [DISABLED] * 2


@ONE_ENGINE
def test_it_is_an_alert_until_a_session_is_signed_in(app: App, clock: MovingClock) -> None:
    pool, watcher = Pool(app), app.alerts.monitor()
    pool.add("a", "b", "c", "d")
    watcher.look_once()
    for _ in range(3):
        sign_out(pool)
    watcher.look_once()
    [alert] = open_alerts(app)
    assert alert.kind is AlertKind.MASS_SIGN_OUT
    assert "3 accounts in a row, not signed in any more" in app.alerts.messages.headline(alert)
    clock.move(86400)
    assert watcher.look_once() == 0
    assert [one.well_since for one in open_alerts(app)] == [None]
    check_well(pool)
    watcher.look_once()
    assert [one.well_since for one in open_alerts(app)] == [clock.now()]


@ONE_ENGINE
def test_a_damaged_run_is_as_good_as_none(app: App) -> None:
    pool = Pool(app)
    pool.add("a")
    app.database.write(
        lambda tx: tx.add("meta", name="sessions_lost:signed_out:bilibili", value="[1")
    )
    assert app.database.read(mass_sign_out.mass_runs, app.clock.now()) == []
    assert pool.status(sign_out(pool)) is DISABLED
