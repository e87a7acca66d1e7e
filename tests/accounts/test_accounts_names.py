"""Names and groups of accounts: what can be seen, one form, and how they change."""

from __future__ import annotations

import pytest

from accounts.account_lease import Purpose
from accounts.csv_import import parse_accounts
from accounts.requests import account_name, group_name
from core.errors import InvalidInputError
from storage.models.tasks import Pin
from tests.accounts.conftest import PLATFORM, Pool
from tests.support.messages import english_text, raises_saying

LONG = "a" * 129


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a\u202eb", "U+202E"),
        ("a\u200bb", "U+200B"),
        ("\ufeffalice", "U+FEFF"),
        ("a\u2066b", "U+2066"),
        ("a\x07b", "U+0007"),
        ("a\nb", "U+000A"),
        ("a\u3164", "U+3164"),
        ("a\ufe0f", "U+FE0F"),
        ("a\u00adb", "U+00AD"),
        ("a\u3000b", "U+3000"),
    ],
)
def test_a_name_with_a_character_that_nobody_sees_is_refused(text: str, code: str) -> None:
    for rule in (account_name, group_name):
        with raises_saying(InvalidInputError, code.replace("+", r"\+")):
            rule(text)


@pytest.mark.parametrize("text", ["", "  ", LONG])
def test_a_name_has_a_length(text: str) -> None:
    with raises_saying(InvalidInputError, "1 to 128 printable"):
        account_name(text)


@pytest.mark.parametrize(
    ("text", "stored"),
    [(" alice ", "alice"), ("e\u0301", "é"), ("\u3000小红 书", "小红 书"), ("🔥", "🔥")],
)
def test_a_name_is_stored_trimmed_and_composed(text: str, stored: str) -> None:
    assert account_name(text) == stored


def test_an_account_is_found_by_either_form_of_its_name(pool: Pool) -> None:
    [account_id] = pool.add("e\u0301")
    assert pool.account(account_id).username == "é"
    assert pool.app.pool.registry.find("e\u0301").id == account_id
    with raises_saying(InvalidInputError, "already"):
        pool.add("é")


def test_an_old_row_with_a_hidden_character_is_renamed_by_its_id(pool: Pool) -> None:
    [account_id] = pool.add("alice")
    pool.app.database.write(
        lambda tx: tx.execute("UPDATE accounts SET username=:name", name="ali\u202ece")
    )
    account = pool.app.pool.registry.find(str(account_id))
    assert pool.app.pool.registry.rename(account, " alice2 ") == "alice2"
    assert pool.account(account_id).username == "alice2"
    assert pool.kinds(account_id)[-1] == "renamed"


def test_renaming_leaves_the_lease_and_takes_no_name_twice(pool: Pool) -> None:
    [alice, _] = pool.add("alice", "bob")
    leased = pool.must_lease()
    assert leased.id == alice
    pool.app.pool.registry.rename(pool.account(alice), "carol")
    assert pool.spend(leased, 1)
    with raises_saying(InvalidInputError, "has an account named 'bob' already"):
        pool.app.pool.registry.rename(pool.account(alice), "bob")
    assert pool.app.pool.registry.rename(pool.account(alice), "carol") == "carol"
    assert pool.kinds(alice).count("renamed") == 1


def test_accounts_join_and_leave_groups_all_or_none(pool: Pool) -> None:
    ids = pool.add("a", "b", "c")
    found = [pool.account(account_id) for account_id in ids]
    assert len(pool.app.pool.groups.assign(found[:2], "north")) == 2
    assert len(pool.app.pool.groups.assign(found, "north")) == 1
    assert [pool.account(i).group_name for i in ids] == ["north"] * 3
    pool.app.pool.groups.assign([pool.account(ids[0])], None)
    assert pool.account(ids[0]).group_name is None
    last = pool.events(ids[0])[-1]
    assert (last.kind, english_text(last.detail)) == ("group", "out of group north")
    pool.app.pool.deletion.delete(found[1])
    with raises_saying(InvalidInputError, "was deleted"):
        pool.app.pool.groups.assign(found, "south")
    assert pool.account(ids[2]).group_name == "north", "nothing was changed"


def test_totals_count_each_group_with_its_quota_of_today(pool: Pool) -> None:
    ids = pool.add("a", "b", "c", limit=10)
    pool.app.pool.groups.assign([pool.account(i) for i in ids[:2]], "north")
    pool.manager.update_export_count(ids[0], 10)
    pool.manager.set_account_status(ids[2], "disabled")
    north, none = pool.app.pool.groups.totals()
    assert (north.group_name, north.total, north.enabled, north.with_quota) == ("north", 2, 2, 1)
    assert (north.exported, north.daily_limit) == (10, 20)
    assert (none.group_name, none.total, none.enabled, none.daily_limit) == (None, 1, 0, 0)


def test_a_list_brings_groups_by_aliases_and_a_wrong_one_costs_its_row(pool: Pool) -> None:
    known = pool.app.pool.platforms.named(PLATFORM)
    text = "账号,Cookie,分组\na,SESSDATA=a,北区\nb,SESSDATA=b,无\nc,SESSDATA=c,x\u202ey\n"
    rows = parse_accounts(text, "list.csv", known)
    assert [(row.username, row.group) for row in rows.good] == [("a", "北区"), ("b", None)]
    assert "U+202E" in english_text(rows.problems[0].dump())
    enrolment = pool.app.pool.enrolment
    enrolment.import_rows(PLATFORM, rows, "list.csv", None, group="south")
    groups = {account.username: account.group_name for account in pool.app.pool.registry.all()}
    assert groups == {"a": "北区", "b": "south"}
    enrolment.import_rows(
        PLATFORM, parse_accounts("name,cookie\nb,SESSDATA=b\n", "x", known), "x", None
    )
    assert pool.app.pool.registry.find("b").group_name == "south", "no group given: it stays"


def test_an_import_that_changes_the_group_alone_does_not_say_nothing_new(pool: Pool) -> None:
    known, enrolment = pool.app.pool.platforms.named(PLATFORM), pool.app.pool.enrolment
    text = "name,cookie,user_agent\na,SESSDATA=a,\nb,SESSDATA=b,Mine/1\n"

    def told(group: str | None) -> list[str]:
        rows = parse_accounts(text, "list.csv", known)
        done, _ = enrolment.import_rows(PLATFORM, rows, "list.csv", None, group=group)
        return [one.change.code for one in done]

    told(None)
    assert told(None) == ["account_unchanged"] * 2
    assert told("south") == ["account_refreshed"] * 2
    text = text.replace("Mine/1", "Mine/2")
    assert told("south") == ["account_unchanged", "account_refreshed"]


def test_only_accounts_that_a_pin_admits_are_leased(pool: Pool) -> None:
    ids = pool.add("a", "b", "c")
    pool.app.pool.groups.assign([pool.account(ids[1])], "north")

    def leased(**how: object) -> int | None:
        lease = pool.manager.lease(Purpose.EXPORTING, PLATFORM, **how)  # type: ignore[arg-type]
        if lease is not None:
            pool.manager.release(lease)
        return lease and lease.id

    north, third = Pin(group="north"), Pin(account_id=ids[2])
    assert leased(pin=third) == ids[2]
    assert leased(pin=north) == ids[1]
    assert leased(pin=Pin(group="south")) is None
    assert leased(pin=third, excluding=[ids[2]]) is None
    assert leased(pin=third, sparing=[third]) is None
    assert leased(pin=north, sparing=[north]) is None
    assert {leased(sparing=[north, third]) for _ in range(3)} == {ids[0]}
