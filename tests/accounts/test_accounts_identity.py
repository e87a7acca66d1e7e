"""One login, one account: what an import says of the login, refuses, and lets begin anew."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from accounts.csv_import import parse_accounts
from accounts.enrolment import EnrolmentResult
from accounts.requests import NewAccount
from accounts.vault import Credentials
from app.container import App
from core.errors import InvalidInputError
from core.messages import Message
from sources.json_api import key_uid
from storage.crawling import account_logins
from storage.models.accounts import Account, AccountStatus, Health
from tests.accounts.conftest import Pool
from tests.support.messages import english_text, raises_saying

PROXY = "http://user:password@127.0.0.1:9"
REASON = Message.of("by_operator")


def cookies(uid: int | None, mark: str = "one") -> str:
    claim = "" if uid is None else f"; DedeUserID={uid}"
    return f"SESSDATA={mark}-{uid}; bili_jct=x{claim}"


def enrol(
    app: App, name: str, session: str | None, *, new_login: bool = False, proxy: str | None = None
) -> EnrolmentResult:
    credentials = Credentials(session=session, proxy=proxy)
    return app.pool.enrolment.add_or_refresh(
        NewAccount("bilibili", name, credentials, None, new_login)
    )


def account_of(app: App, name: str) -> Account:
    return app.pool.registry.find(name)


def events_of(app: App, name: str) -> list[tuple[str, str]]:
    found = app.pool.registry.events(account_of(app, name))[::-1]
    return [(event.kind, english_text(event.detail)) for event in found]


def test_cookies_claim_a_login_and_prove_none(app: App) -> None:
    enrol(app, "alice", cookies(111))
    enrol(app, "bob", cookies(None))
    alice, bob = account_of(app, "alice"), account_of(app, "bob")
    assert (alice.platform_uid, alice.uid_seen_at, alice.is_proven) == ("111", None, False)
    assert (bob.platform_uid, bob.is_proven) == (None, False)


@pytest.mark.parametrize("claim", ["0", "abc", "", "1" * 30, "-5"])
def test_a_claim_that_is_no_number_of_a_member_counts_for_nothing(app: App, claim: str) -> None:
    enrol(app, "alice", f"SESSDATA=a; DedeUserID={claim}")
    assert account_of(app, "alice").platform_uid is None


def test_a_second_account_of_one_login_is_refused_wherever_it_comes_from(app: App) -> None:
    enrol(app, "alice", cookies(111))
    enrol(app, "bob", cookies(222))
    taken = r"is already the login of alice \(uid 111\)"
    with raises_saying(InvalidInputError, f"carol {taken}"):
        enrol(app, "carol", cookies(111, "two"))
    with raises_saying(InvalidInputError, f"carol {taken}"):
        credentials = Credentials(session=cookies(111, "two"))
        app.pool.enrolment.add(NewAccount("bilibili", "carol", credentials, None))
    for new_login in (False, True):
        with raises_saying(InvalidInputError, f"bob {taken}"):
            enrol(app, "bob", cookies(111, "two"), new_login=new_login)
    text = f'username,cookie\ncarol,"{cookies(111, "two")}"\ndave,"{cookies(444)}"\n'
    rows = parse_accounts(text, "a.csv", app.pool.platforms.named("bilibili"))
    done, problems = app.pool.enrolment.import_rows("bilibili", rows, "a.csv", None)
    assert [result.username for result in done] == ["dave"]
    assert [english_text(p) for p in problems] == [
        "a.csv, line 2: carol is already the login of alice (uid 111)"
    ]
    assert [account.username for account in app.pool.registry.all()] == ["alice", "bob", "dave"]
    assert account_of(app, "bob").platform_uid == "222"


def test_two_imports_of_one_login_at_once_store_it_once(app: App) -> None:
    def add(name: str) -> str:
        try:
            enrol(app, name, cookies(111, name))
        except InvalidInputError as error:
            return error.message.code
        return "added"

    for number in range(5):
        with ThreadPoolExecutor(2) as pool:
            outcomes = list(pool.map(add, [f"a{number}", f"b{number}"]))
        assert outcomes.count("added") == (1 if number == 0 else 0)
        assert set(outcomes) <= {"added", "login_taken"}


def test_new_cookies_of_the_same_login_are_a_refresh_and_keep_the_device(app: App) -> None:
    enrol(app, "alice", cookies(111), proxy=PROXY)
    before = account_of(app, "alice")
    app.database.write(account_logins.set_device, before.id, app.vault.encrypt("{}") or "")
    assert english_text(enrol(app, "alice", cookies(111, "two")).change) == "refreshed"
    after = account_of(app, "alice")
    assert (after.id, after.platform_uid) == (before.id, "111")
    assert after.session_version == before.session_version + 1
    assert app.vault.decrypt(after.device) == "{}"


def test_cookies_that_do_not_say_whose_they_are_keep_the_login_but_not_its_proof(app: App) -> None:
    enrol(app, "alice", cookies(111))
    account = account_of(app, "alice")
    app.database.write(account_logins.set_uid, account.id, "111", app.clock.now())
    assert account_of(app, "alice").is_proven
    enrol(app, "alice", cookies(None))
    assert account_of(app, "alice").platform_uid == "111"
    assert not account_of(app, "alice").is_proven


def test_cookies_of_another_login_are_refused_and_change_nothing(app: App) -> None:
    enrol(app, "alice", cookies(111))
    before = account_of(app, "alice")
    with raises_saying(InvalidInputError, r"alice is the login 111.*of 222; .*--new-login"):
        enrol(app, "alice", cookies(222))
    assert account_of(app, "alice") == before


def test_what_the_stored_cookies_claim_counts_before_the_first_use(app: App) -> None:
    """An upgrade has no key: the uid of older rows is not in their column."""
    enrol(app, "alice", cookies(111))
    app.database.write(lambda tx: tx.execute("UPDATE accounts SET platform_uid=NULL"))
    with raises_saying(InvalidInputError, "alice is the login 111"):
        enrol(app, "alice", cookies(222))


def test_another_login_begins_anew_under_the_name(app: App) -> None:
    pool = Pool(app)
    enrol(app, "alice", cookies(111), proxy=PROXY)
    app.pool.registry.set_limit(account_of(app, "alice"), 50)
    leased = pool.must_lease()
    assert pool.spend(leased, 50)
    app.pool.manager.cool_down(leased, 60, REASON, suspect=True)
    former = account_of(app, "alice")
    app.database.write(account_logins.set_device, former.id, app.vault.encrypt("{}") or "")

    done = enrol(app, "alice", cookies(222), new_login=True)

    kept = f"alice.{former.id}"
    assert (done.is_new, kept in english_text(done.change)) == (False, True)
    fresh = account_of(app, "alice")
    assert (fresh.platform_uid, fresh.status, fresh.health) == (
        "222",
        AccountStatus.IDLE,
        Health.HEALTHY,
    )
    assert (fresh.pace, fresh.device, fresh.cooldown_until, fresh.failure_count) == (
        None,
        None,
        None,
        0,
    )
    assert fresh.remaining_quota(app.calendar.day(app.clock.now())) == fresh.daily_export_limit
    assert fresh.daily_export_limit == 50
    assert app.vault.decrypt_all(fresh) == Credentials(session=cookies(222), proxy=PROXY)
    assert events_of(app, "alice") == [
        ("identity_changed", f"another login (uid 222); the former one is {kept}")
    ]
    old = account_of(app, kept)
    assert (old.id, old.platform_uid, old.status) == (former.id, "111", AccountStatus.DISABLED)
    assert old.today_export_count == 50
    assert english_text(old.disabled_reason) == "alice is another login now (uid 222)"


def test_a_login_never_gets_a_second_quota_for_one_day(app: App) -> None:
    """Neither by going back to it, nor under another name."""
    enrol(app, "alice", cookies(111))
    former = account_of(app, "alice").id
    enrol(app, "alice", cookies(222), new_login=True)
    for name in ("alice", "carol"):
        with raises_saying(InvalidInputError, rf"{name} is already .* alice\.{former} \(uid 111\)"):
            enrol(app, name, cookies(111, "two"), new_login=True)
    enrol(app, f"alice.{former}", cookies(111, "two"))
    assert account_of(app, f"alice.{former}").status is AccountStatus.IDLE


def test_new_login_for_the_same_login_is_a_refresh(app: App) -> None:
    enrol(app, "alice", cookies(111))
    before = account_of(app, "alice")
    for session in (cookies(111), cookies(111, "two"), cookies(111, "two")):
        enrol(app, "alice", session, new_login=True)
    assert [account.id for account in app.pool.registry.all()] == [before.id]
    enrol(app, "bob", cookies(None))
    enrol(app, "bob", cookies(None), new_login=True)
    assert len(app.pool.registry.all()) == 2


def test_a_worker_of_the_former_login_stops(app: App) -> None:
    pool = Pool(app)
    enrol(app, "alice", cookies(111))
    leased = pool.must_lease()
    enrol(app, "alice", cookies(222), new_login=True)
    assert not pool.spend(leased, 1)
    app.pool.manager.release(leased)
    assert account_of(app, f"alice.{leased.id}").status is AccountStatus.DISABLED


def test_an_api_key_is_known_by_eight_digits_of_a_hash() -> None:
    assert key_uid("AIza-one") == key_uid(" AIza-one\n") != key_uid("AIza-two")
    assert len(key_uid("AIza-one")) == 8 and "AIza" not in key_uid("AIza-one")


def test_a_device_is_encrypted_anew_with_the_other_secrets(app: App) -> None:
    enrol(app, "alice", cookies(111))
    account = account_of(app, "alice")
    text = json.dumps({"buvid3": "DEVICE"})
    app.database.write(account_logins.set_device, account.id, app.vault.encrypt(text) or "")
    before = account_of(app, "alice").device
    app.vault.rotate(app.database)
    after = account_of(app, "alice").device
    assert after != before and "DEVICE" not in str(after)
    assert app.vault.decrypt(after) == text
