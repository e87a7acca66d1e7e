"""Leases on rows: each guard of each UPDATE, on both engines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from storage.engines.datetimes import to_sql
from storage.engines.transactions import Database, Row, Tx
from storage.leasing import LeasedTable

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
UNTIL = NOW + timedelta(seconds=30)
TABLE = LeasedTable("jobs", held="state='running'")
IDLE = "state='idle'"


@pytest.fixture
def jobs(database: Database) -> Database:
    """A table with the idle row 1, whose token is 0."""

    def make(tx: Tx) -> None:
        tx.execute(
            "CREATE TABLE jobs (id INT PRIMARY KEY, state VARCHAR(20), n INT NOT NULL,"
            " lease_owner VARCHAR(20), lease_token INT NOT NULL, lease_until VARCHAR(23))"
        )
        tx.execute("INSERT INTO jobs (id, state, n, lease_token) VALUES (1, 'idle', 0, 0)")

    database.write(make)
    return database


def claim(database: Database, token: int = 0, where: str = IDLE) -> bool:
    return database.write(
        lambda tx: TABLE.claim(
            tx, 1, token, owner="me", until=UNTIL, where=where, changes="state='running'"
        )
    )


def write(database: Database, token: int, where: str = "") -> bool:
    return database.write(lambda tx: TABLE.write(tx, 1, token, "n=n+:by", where=where, by=5))


def row(database: Database) -> Row:
    found = database.read(lambda tx: tx.one("SELECT * FROM jobs"))
    assert found is not None
    return found


def set_state(database: Database, state: str) -> None:
    database.write(lambda tx: tx.execute("UPDATE jobs SET state=:state", state=state))


def test_a_claim_leases_the_row_and_raises_its_token(jobs: Database):
    assert claim(jobs)
    assert dict(row(jobs)) == {
        "id": 1,
        "state": "running",
        "n": 0,
        "lease_owner": "me",
        "lease_token": 1,
        "lease_until": to_sql(UNTIL),
    }


def test_a_row_that_was_claimed_since_it_was_seen_is_not_claimed(jobs: Database):
    assert not claim(jobs, token=7)
    assert not claim(jobs, where="state='running'")
    assert not claim(jobs, token=7, where="state='running' OR state='idle'")
    assert row(jobs)["lease_token"] == 0


def test_a_write_repeats_the_token_and_what_holds_under_a_lease(jobs: Database):
    claim(jobs)
    assert write(jobs, 1)
    assert not write(jobs, 0)
    assert not write(jobs, 0, where="n=6 OR n=5")
    assert not write(jobs, 1, where="n=6")
    set_state(jobs, "paused")
    assert not write(jobs, 1)
    assert row(jobs)["n"] == 5


def test_a_lease_is_given_back_once(jobs: Database):
    claim(jobs)

    def give_back(tx: Tx, token: int) -> bool:
        return TABLE.give_back(tx, 1, token, "state='idle'")

    assert not jobs.write(give_back, 0)
    assert jobs.write(give_back, 1)
    assert not jobs.write(give_back, 1)
    assert (row(jobs)["lease_owner"], row(jobs)["lease_until"]) == (None, None)
    assert (row(jobs)["state"], row(jobs)["lease_token"]) == ("idle", 1)


@pytest.mark.parametrize(
    ("owner", "token", "held"), [("me", 1, True), ("me", 0, False), ("x", 1, False)]
)
def test_only_its_holder_renews_a_lease(jobs: Database, owner: str, token: int, held: bool):
    claim(jobs)
    later = UNTIL + timedelta(seconds=30)
    set_state(jobs, "paused")  # by an operator; its holder has not given it back yet
    renewal = jobs.write(lambda tx: TABLE.renew(tx, {1: token}, owner=owner, until=later))
    assert (renewal.renewed, renewal.locked) == (frozenset({1} if held else ()), frozenset())
    assert renewal.lost == frozenset(() if held else {1})
    assert row(jobs)["lease_until"] == to_sql(later if held else UNTIL)


def test_what_ran_out_is_reaped_and_its_holder_changes_nothing_any_more(jobs: Database):
    claim(jobs)

    def reap(tx: Tx, now: datetime) -> int:
        return TABLE.reap(tx, now, "n=n+1")

    assert jobs.write(reap, UNTIL) == 0
    assert jobs.write(reap, UNTIL + timedelta(milliseconds=1)) == 1
    assert (row(jobs)["lease_token"], row(jobs)["lease_owner"], row(jobs)["n"]) == (2, None, 1)
    assert not write(jobs, 1)


def test_what_is_not_held_any_more_is_not_reaped(jobs: Database):
    claim(jobs)
    set_state(jobs, "done")
    assert jobs.write(lambda tx: TABLE.reap(tx, UNTIL + timedelta(days=1), "n=1")) == 0
