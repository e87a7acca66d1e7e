"""Leases on rows: claim, write, give back, renew and reap as fenced UPDATEs.

`lease_token` grows with every claim. A write that repeats the token in its WHERE changes nothing
once somebody else has claimed the row, however late it comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.engines.datetimes import to_sql
from storage.engines.transactions import Row, Tx, by_row, in_list

FREE = "lease_owner=NULL, lease_until=NULL"
REAPED_AT_ONCE = 100


@dataclass(frozen=True)
class Renewal:
    """What became of leases that were to be renewed, by the ids of their rows.

    `locked` are rows that another client has locked; whether their leases last is open.
    """

    renewed: frozenset[int]
    locked: frozenset[int]
    lost: frozenset[int]


@dataclass(frozen=True)
class LeasedTable:
    """A table with the columns `lease_owner`, `lease_token` and `lease_until`.

    `key` is the column that names a row, and `held` is a condition that a leased row fulfils
    besides its token. In the methods, `where` is an SQL condition and `changes` a list of SQL
    assignments (`column=:name, …`); their parameters `:id`, `:token`, `:owner` and `:until` are the
    lease's, others come from `params`.
    """

    name: str
    held: str = ""
    key: str = "id"

    @property
    def expired(self) -> str:
        """A condition for rows whose lease ran out before `:now`."""
        return _all_of(self.held, "lease_until<:now")

    def claim(
        self,
        tx: Tx,
        row_id: int,
        token: int,
        *,
        owner: str,
        until: datetime,
        where: str,
        changes: str = "",
        **params: Any,
    ) -> bool:
        """Lease the row that was seen with `token`, which grows by 1, to `owner` until `until`.

        Return False when the row was claimed since, or when `where` does not hold for it any more.
        """
        return 1 == tx.execute(
            f"UPDATE {self.name} SET"
            f" {_list_of(changes, 'lease_owner=:owner')}, lease_token=lease_token+1,"
            f" lease_until=:until WHERE {self.key}=:id AND lease_token=:token AND ({where})",
            id=row_id,
            token=token,
            owner=owner,
            until=to_sql(until),
            **params,
        )

    def claim_all(
        self,
        tx: Tx,
        tokens: Mapping[int, int],
        *,
        owner: str,
        until: datetime,
        where: str,
        changes: str = "",
        **params: Any,
    ) -> bool:
        """Lease rows that were seen with `tokens`, by row, in one statement.

        Return False when one of them was claimed since, or does not fulfil `where` any more: the
        others are leased then, so that the transaction has to be rolled back.
        """
        guard, fence = _fence(tokens)
        return len(tokens) == tx.execute(
            f"UPDATE {self.name} SET"
            f" {_list_of(changes, 'lease_owner=:owner')}, lease_token=lease_token+1,"
            f" lease_until=:until WHERE {guard} AND ({where})",
            owner=owner,
            until=to_sql(until),
            **fence,
            **params,
        )

    def give_back_all(self, tx: Tx, tokens: Mapping[int, int], changes: str, **params: Any) -> bool:
        """Make `changes` to rows and end their leases, with `tokens` by row, in one statement.

        Return False when one of the leases was lost: the others have ended then, so that the
        transaction has to be rolled back. In `changes`, `CASE id WHEN :in0 THEN …` tells rows
        apart, in the order of `tokens`.
        """
        guard, fence = _fence(tokens)
        return len(tokens) == tx.execute(
            f"UPDATE {self.name} SET {_list_of(changes, FREE)} WHERE {_all_of(guard, self.held)}",
            **fence,
            **params,
        )

    def write(
        self, tx: Tx, row_id: int, token: int, changes: str, where: str = "", **params: Any
    ) -> bool:
        """Make `changes` to a row under its lease; return False when the lease was lost."""
        guard = _all_of(f"{self.key}=:id AND lease_token=:token", self.held, where and f"({where})")
        return 1 == tx.execute(
            f"UPDATE {self.name} SET {changes} WHERE {guard}", id=row_id, token=token, **params
        )

    def give_back(
        self, tx: Tx, row_id: int, token: int, changes: str = "", where: str = "", **params: Any
    ) -> bool:
        """Make `changes` to a row and end its lease; return False when the lease was lost."""
        return self.write(tx, row_id, token, _list_of(changes, FREE), where, **params)

    def renew(self, tx: Tx, tokens: Mapping[int, int], *, owner: str, until: datetime) -> Renewal:
        """Move the end of several leases of `owner` to `until`; `tokens` has theirs by row.

        A row that another client has locked is passed over, so that it costs no lease but its own.
        `held` is not required: who works on a row keeps it while an operator pauses or cancels it.
        """
        marks, params = in_list(tokens)
        seen = (
            f"SELECT {self.key} AS id, lease_owner, lease_token FROM {self.name}"
            f" WHERE {self.key} IN ({marks})"
        )

        def mine(rows: list[Row]) -> set[int]:
            return {
                row["id"]
                for row in rows
                if (row["lease_owner"], row["lease_token"]) == (owner, tokens[row["id"]])
            }

        free = tx.all(seen + tx.dialect.lock_suffix, **params)
        renewed = mine(free)
        if renewed:
            free_marks, free_params = in_list(sorted(renewed))
            tx.execute(
                f"UPDATE {self.name} SET lease_until=:until WHERE {self.key} IN ({free_marks})",
                until=to_sql(until),
                **free_params,
            )
        passed_over = tokens.keys() - {row["id"] for row in free}
        # Read without a lock: who was passed over may have lost the lease, too.
        locked = mine(tx.all(seen, **params)) & passed_over if passed_over else set()
        lost = tokens.keys() - renewed - locked
        return Renewal(renewed=frozenset(renewed), locked=frozenset(locked), lost=frozenset(lost))

    def reap(
        self, tx: Tx, now: datetime, changes: str, where: str | None = None, **params: Any
    ) -> int:
        """End leases that ran out, make `changes` to their rows, and return the number of rows.

        `where` selects other rows instead. At most REAPED_AT_ONCE rows, and none that is locked:
        others follow at the next call. The tokens grow, so that a holder that comes late changes
        nothing.
        """
        ran_out = where or self.expired
        found = tx.column(
            f"SELECT {self.key} FROM {self.name} WHERE {ran_out} LIMIT {REAPED_AT_ONCE}"
            f"{tx.dialect.lock_suffix}",
            now=to_sql(now),
        )
        if not found:
            return 0
        marks, ids = in_list(found)
        return tx.execute(
            f"UPDATE {self.name} SET {_list_of(changes, FREE)}, lease_token=lease_token+1"
            f" WHERE {self.key} IN ({marks})",
            now=to_sql(now),
            **params,
            **ids,
        )


ACCOUNTS = LeasedTable("accounts", held="status IN ('ingesting','exporting')")
TASKS = LeasedTable("tasks", held="status='in_progress'")
# A worker holds its task, and may still give it back, after an operator paused or cancelled it.
TASKS_OF_ANY_STATUS = LeasedTable("tasks")
JOB_RUNS = LeasedTable("job_runs", held="state='running'")
DELIVERIES = LeasedTable("webhook_deliveries", held="state='sending'")
NOTICES = LeasedTable("alert_notices", held="state='due'")
DIGEST_NOTICES = LeasedTable("digest_notices", held="state='due'")
BROADCASTER = LeasedTable("broadcaster")
OPERATIONS = LeasedTable("operations", held="state='running'")


def _fence(tokens: Mapping[int, int]) -> tuple[str, dict[str, int]]:
    """Return the condition for rows that have their tokens yet, and its parameters."""
    marks, ids = in_list(tokens)
    are, params = by_row("id", ids, "token", list(tokens.values()))
    return f"id IN ({marks}) AND lease_token={are}", ids | params


VIEW_HOURS = LeasedTable("view_hours", key="hour")


def _all_of(*conditions: str) -> str:
    return " AND ".join(condition for condition in conditions if condition)


def _list_of(*changes: str) -> str:
    return ", ".join(change for change in changes if change)
