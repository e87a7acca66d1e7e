"""Queries on `broadcaster`, its one row: whether tasks are broadcast, and the lease of a round."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx
from storage.leasing import BROADCASTER
from storage.models.mapping import row_to

ROW = 1


@dataclass(frozen=True)
class BroadcasterState:
    """The state of the broadcaster, which sends current statistics of distribution tasks in rounds.

    `result` is JSON text about the newest finished round. A round is running while `lease_until` is
    in the future. `next_tasks` is JSON text: for each platform the task with which the next round
    begins.
    """

    is_on: bool = False
    started_at: datetime | None = None
    finished_at: datetime | None = None
    result: str | None = None
    lease_until: datetime | None = None
    next_tasks: str | None = None


def state(tx: Tx) -> BroadcasterState:
    """Return the state of the broadcaster; the defaults when it was never switched or run."""
    row = tx.one("SELECT * FROM broadcaster WHERE id=:row", row=ROW)
    return row_to(BroadcasterState, row) if row else BroadcasterState()


def switch(tx: Tx, is_on: bool) -> bool:
    """Turn broadcasting on or off; return False when it was so already."""
    _require_row(tx)
    return 1 == tx.execute(
        "UPDATE broadcaster SET is_on=:is_on WHERE id=:row AND is_on<>:is_on",
        row=ROW,
        is_on=int(is_on),
    )


def claim(
    tx: Tx, owner: str, now: datetime, until: datetime, due_before: datetime | None
) -> int | None:
    """Lease the next round and return its token; None when a round is running.

    With `due_before` also None unless broadcasting is on and the last round began before that
    moment.
    """
    _require_row(tx)
    due = "" if due_before is None else " AND is_on=1 AND (started_at IS NULL OR started_at<=:due)"
    # Written out: nobody has seen the token before, as a round is claimed without a look at it.
    claimed = tx.execute(
        "UPDATE broadcaster SET lease_owner=:owner, lease_token=lease_token+1, lease_until=:until,"
        " started_at=:now"
        f" WHERE id=:row AND (lease_until IS NULL OR lease_until<=:now){due}",
        row=ROW,
        owner=owner,
        until=to_sql(until),
        now=to_sql(now),
        due=to_sql(due_before) if due_before else None,
    )
    if claimed != 1:
        return None
    row = tx.one("SELECT lease_token FROM broadcaster WHERE id=:row", row=ROW)
    return int(row["lease_token"]) if row else None


def finish(tx: Tx, owner: str, token: int, result: str, next_tasks: str, now: datetime) -> bool:
    """End the round of that token with its result; return False when the lease was lost.

    `result` and `next_tasks` are JSON text, as in BroadcasterState.
    """
    return BROADCASTER.give_back(
        tx,
        ROW,
        token,
        "finished_at=:now, result=:result, next_tasks=:next_tasks",
        where="lease_owner=:owner",
        owner=owner,
        result=result,
        next_tasks=next_tasks,
        now=to_sql(now),
    )


def give_back(tx: Tx, owner: str, token: int) -> bool:
    """End the lease of a round without a result; return False when the lease was lost."""
    return BROADCASTER.give_back(tx, ROW, token, where="lease_owner=:owner", owner=owner)


def _require_row(tx: Tx) -> None:
    tx.execute(
        f"INSERT INTO broadcaster (id) VALUES (:row) {tx.dialect.on_conflict_ignore('id')}",
        row=ROW,
    )
