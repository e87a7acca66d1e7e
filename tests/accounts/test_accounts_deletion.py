"""Deleted accounts: nothing of them can be used, and what they exported stays proven."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.account_lease import Purpose
from accounts.mass_sign_out import Loss, keep_run, locked_run, mass_runs
from accounts.requests import NewAccount
from accounts.vault import Credentials
from core.errors import InvalidInputError
from core.messages import Message
from storage.crawling import account_logins, account_tombstones
from storage.crawling import accounts as rows
from storage.models.accounts import Account, AccountStatus
from storage.operations import alert_queries, suggestions
from tests.accounts.conftest import PLATFORM, Pool
from tests.support.messages import english_text, raises_saying

PROXY = "http://user:password@127.0.0.1:9"
ERASED = [*account_tombstones.ERASED]


def add(pool: Pool, name: str, uid: int | None = None, **more: object) -> Account:
    claim = "" if uid is None else f"; DedeUserID={uid}"
    credentials = Credentials("pw", f"SESSDATA={name}; bili_jct=x{claim}", PROXY)
    new = NewAccount(PLATFORM, name, credentials, 4000, user_agent="Mozilla/5.0", **more)  # type: ignore[arg-type]
    pool.app.pool.enrolment.add_or_refresh(new)
    return pool.app.pool.registry.find(name)


def delete(pool: Pool, account: Account) -> str:
    return pool.app.pool.deletion.delete(account).name


def test_a_deleted_account_keeps_no_secret_and_frees_name_and_login(pool: Pool) -> None:
    alice = add(pool, "alice", 42, group="north")
    pool.app.database.write(lambda tx: account_logins.set_device(tx, alice.id, "token"))
    assert delete(pool, alice) == "alice (deleted)"
    row = pool.app.database.read(
        lambda tx: tx.one("SELECT * FROM accounts WHERE id=:id", id=alice.id)
    )
    assert row is not None
    assert {name: row[name] for name in ERASED if row[name] is not None} == {}
    tombstone = pool.account(alice.id)
    assert (tombstone.username, tombstone.status) == ("alice (deleted)", AccountStatus.DISABLED)
    assert tombstone.deleted_at is not None
    assert pool.kinds(alice.id)[-1] == "deleted"
    assert english_text(pool.events(alice.id)[-1].detail) == (
        "deleted by the operator; its name was alice"
    )
    again = add(pool, "alice", 42)
    assert again.id != alice.id


def test_the_second_one_of_a_name_is_told_apart_by_its_id(pool: Pool) -> None:
    delete(pool, add(pool, "alice"))
    second = add(pool, "alice")
    assert delete(pool, second) == f"alice (deleted {second.id})"


def test_a_long_name_keeps_its_mark(pool: Pool) -> None:
    name = delete(pool, add(pool, "a" * 128))
    assert len(name) == 128 and name.endswith("a (deleted)")


def test_whoever_uses_it_writes_nothing_more(pool: Pool) -> None:
    alice = add(pool, "alice")
    leased = pool.must_lease()
    delete(pool, alice)
    assert not leased.lease.is_held(pool.app.clock)
    assert pool.app.leases.held() == []
    assert pool.account(alice.id).lease_token > leased.lease.token
    assert not pool.spend(leased, 1)
    pool.manager.release(leased)
    assert pool.status(alice.id) is AccountStatus.DISABLED
    assert pool.lease() is None and pool.lease(Purpose.INGESTING) is None


def test_nothing_brings_a_deleted_account_back(pool: Pool) -> None:
    alice = add(pool, "alice", 42)
    delete(pool, alice)
    app, now = pool.app, pool.app.clock.now()
    with raises_saying(InvalidInputError, r"account alice \(deleted\) was deleted"):
        pool.manager.set_account_status(alice.id, AccountStatus.IDLE)
    with raises_saying(InvalidInputError, "was deleted"):
        delete(pool, alice)
    with raises_saying(InvalidInputError, "was deleted"):
        app.pool.registry.refresh(alice, Credentials(session="SESSDATA=new"))
    with raises_saying(InvalidInputError, "was deleted"):
        app.pool.registry.replace_login(alice, Credentials(session="SESSDATA=new"))
    with raises_saying(InvalidInputError, "was deleted"):
        app.pool.registry.rename(alice, "bob")
    with raises_saying(InvalidInputError, "was deleted"):
        app.pool.groups.assign([alice], "north")
    with raises_saying(InvalidInputError, "was deleted"):
        app.pool.registry.find(str(alice.id))
    write = app.database.write
    assert not write(rows.set_status, alice.id, AccountStatus.IDLE, now, None)
    write(lambda tx: tx.execute("UPDATE accounts SET failure_count=1 WHERE id=:id", id=alice.id))
    assert not write(rows.restore_as_suspect, alice.id, now, now)
    assert not write(rows.set_secrets, alice.id, ("a", "b", "c"), now)
    assert not write(account_logins.renew_session, alice.id, 0, "token", None, now)
    version = pool.account(alice.id).session_version
    assert not write(account_logins.renew_session, alice.id, version, "token", None, now)
    write(account_logins.set_uid, alice.id, "42")
    write(account_logins.set_device, alice.id, "token")
    kept = pool.account(alice.id)
    assert (kept.session, kept.device, kept.platform_uid) == (None, None, None)


def test_no_list_and_no_count_has_it(pool: Pool) -> None:
    alice = add(pool, "alice", 42)
    pool.manager.disable(pool.must_lease(Purpose.INGESTING), Message.of("by_operator"))
    delete(pool, alice)
    app, now = pool.app, pool.app.clock.now()
    read, day = app.database.read, app.calendar.day(now)
    # As if a platform had disabled it: every query has to leave it out by itself.
    app.database.write(
        lambda tx: tx.execute(
            "UPDATE accounts SET failure_count=1, session_expires_at=:soon WHERE id=:id",
            id=alice.id,
            soon="2099-01-01 00:00:00.000",
        )
    )
    assert app.pool.registry.all() == [] and len(app.pool.registry.deleted()) == 1
    assert read(rows.pool_state, PLATFORM, now, day).total == 0
    assert read(rows.platforms) == [] and read(rows.used_routes) == []
    assert read(rows.enabled_by_egress, PLATFORM) == {}
    assert read(alert_queries.disabled_accounts, now - timedelta(days=9)) == []
    far = now.replace(year=2100)
    assert read(alert_queries.ending_sessions, now, far) == []
    assert read(suggestions.account_names, "", 9) == {}
    assert app.pool.groups.totals() == []
    assert not pool.manager.has_accounts(PLATFORM)
    assert pool.manager.count_enabled(PLATFORM) == 0
    assert app.pool.registry.lookup(PLATFORM, "alice (deleted)") is None
    assert app.pool.registry.names([alice.id]) == {alice.id: "alice (deleted)"}


@pytest.mark.parametrize("name", ["alice (deleted)", "bob (deleted 7)"])
def test_no_new_account_is_named_like_a_deleted_one(pool: Pool, name: str) -> None:
    with raises_saying(InvalidInputError, "reads as the name of a deleted account"):
        pool.add(name)


def test_a_login_that_comes_back_has_no_second_quota_for_the_day(pool: Pool, clock) -> None:
    alice = add(pool, "alice", 42)
    assert pool.spend(pool.must_lease(), 3900)
    delete(pool, alice)
    other = add(pool, "other", 43)
    assert pool.manager.get_remaining_quota(other.id) == 4000
    again = add(pool, "alice", 42)
    assert pool.manager.get_remaining_quota(again.id) == 100
    delete(pool, again)
    third = add(pool, "third", 42)
    assert pool.manager.get_remaining_quota(third.id) == 100
    delete(pool, third)
    clock.move(86400)
    assert pool.manager.get_remaining_quota(add(pool, "next-day", 42).id) == 4000


def test_a_login_that_is_recognised_later_has_no_second_quota_either(pool: Pool) -> None:
    alice = add(pool, "alice", 42)
    assert pool.spend(pool.must_lease(), 3900)
    delete(pool, alice)
    again = add(pool, "alice")  # its cookies do not say whose they are
    leased = pool.must_lease(Purpose.INGESTING)
    pool.app.pool.identity.confirm(leased, "42")
    assert pool.manager.get_remaining_quota(again.id) == 100


def test_a_deleted_account_is_no_longer_among_those_that_lost_their_sessions(pool: Pool) -> None:
    alice, now = add(pool, "alice"), pool.app.clock.now()

    def lose(tx):  # type: ignore[no-untyped-def]
        run = locked_run(tx, PLATFORM, Loss.SIGNED_OUT, now)
        for account_id in (alice.id, 901, 902):
            run = run.with_account(account_id, now)
        keep_run(tx, run)

    pool.app.database.write(lose)
    delete(pool, alice)
    (run,) = pool.app.database.read(mass_runs, now)
    assert [account_id for account_id, _ in run.accounts] == [901, 902]


def test_keys_are_rotated_with_deleted_accounts_beside_live_ones(pool: Pool) -> None:
    delete(pool, add(pool, "alice"))
    bob = add(pool, "bob")
    assert pool.app.vault.rotate(pool.app.database) == 1
    assert pool.app.vault.decrypt(pool.account(bob.id).proxy) == PROXY
