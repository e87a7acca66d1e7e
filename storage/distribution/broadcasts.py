"""Queries on `broadcaster`, its one row: whether tasks are broadcast, and the lease of a round."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from storage.engines.datetimes import to_sql
from storage.engines.dialect import MAX_TEXT_CHARS
from storage.engines.transactions import Tx
from storage.leasing import BROADCASTER
from storage.models.mapping import row_to

ROW = 1
STALE_ROUNDS = 3
# Stands first: MariaDB assigns from left to right. A row from before version 12 knows only that a
# round has ended.
UNREPORTED = (
    "reported_at=CASE WHEN last_error IS NULL THEN COALESCE(reported_at, finished_at)"
    " ELSE reported_at END, "
)


@dataclass(frozen=True)
class BroadcasterState:
    """The state of the broadcaster, which sends current statistics of distribution tasks in rounds.

    `result` is JSON text about the newest finished round. A round is running while `lease_until` is
    in the future. `next_tasks` is JSON text: for each platform the task with which the next round
    begins. `switched_at` is when it was turned on or off last; `reported_at` the end of the newest
    round that had numbers to report, or no tasks; `last_error` (a stored message) why the newest
    round reported nothing. Each is None when that is not known, `last_error` also without a cause.
    """

    is_on: bool = False
    started_at: datetime | None = None
    finished_at: datetime | None = None
    result: str | None = None
    lease_until: datetime | None = None
    next_tasks: str | None = None
    switched_at: datetime | None = None
    reported_at: datetime | None = None
    last_error: str | None = None

    @property
    def fresh_at(self) -> datetime | None:
        """Return since when receivers wait for numbers; None when nothing is known of that.

        Before a round has reported they wait since broadcasting was turned on.
        """
        # A row from before version 12 has no `reported_at` before its first round.
        reported = self.reported_at or (None if self.last_error else self.finished_at)
        return max((at for at in (reported, self.switched_at) if at is not None), default=None)


def is_stale(seen: BroadcasterState, now: datetime, interval_secs: float) -> bool:
    """Return whether broadcasting is on, and no numbers were reported for STALE_ROUNDS intervals.

    False as well while nothing is known of the last report.
    """
    if not seen.is_on or seen.fresh_at is None:
        return False
    return now - seen.fresh_at > timedelta(seconds=STALE_ROUNDS * interval_secs)


def state(tx: Tx) -> BroadcasterState:
    """Return the state of the broadcaster; the defaults when it was never switched or run."""
    row = tx.one("SELECT * FROM broadcaster WHERE id=:row", row=ROW)
    return row_to(BroadcasterState, row) if row else BroadcasterState()


def switch(tx: Tx, is_on: bool, now: datetime) -> bool:
    """Turn broadcasting on or off; return False when it was so already."""
    _require_row(tx)
    return 1 == tx.execute(
        "UPDATE broadcaster SET is_on=:is_on, switched_at=:now WHERE id=:row AND is_on<>:is_on",
        row=ROW,
        is_on=int(is_on),
        now=to_sql(now),
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


def finish(
    tx: Tx,
    owner: str,
    token: int,
    result: str,
    next_tasks: str,
    error: str | None,
    now: datetime,
) -> bool:
    """End the round of that token with its result; return False when the lease was lost.

    `result` and `next_tasks` are JSON text, as in BroadcasterState; `error` is why it reports
    nothing (a stored message), None when it does.
    """
    reported = "reported_at=:now, " if error is None else UNREPORTED
    return BROADCASTER.give_back(
        tx,
        ROW,
        token,
        reported + "finished_at=:now, result=:result, next_tasks=:next_tasks, last_error=:error",
        where="lease_owner=:owner",
        owner=owner,
        result=result,
        next_tasks=next_tasks,
        error=error and error[:MAX_TEXT_CHARS],
        now=to_sql(now),
    )


def give_back(tx: Tx, owner: str, token: int) -> bool:
    """End the lease of a round without a result; return False when the lease was lost."""
    return BROADCASTER.give_back(tx, ROW, token, where="lease_owner=:owner", owner=owner)


def fail(tx: Tx, owner: str, token: int, error: str) -> bool:
    """End a round that reported nothing for that reason; return False when the lease was lost."""
    return BROADCASTER.give_back(
        tx,
        ROW,
        token,
        UNREPORTED + "last_error=:error",
        where="lease_owner=:owner",
        owner=owner,
        error=error[:MAX_TEXT_CHARS],
    )


def _require_row(tx: Tx) -> None:
    tx.add("broadcaster", tx.dialect.on_conflict_ignore("id"), id=ROW)
