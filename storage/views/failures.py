"""Queries on `view_errors`: why works have no numbers in an hour, for the last days."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from storage.engines.dialect import MAX_TEXT_CHARS
from storage.engines.transactions import Tx
from storage.models.mapping import row_to
from storage.views.identities import Key
from storage.views.titles import MAX_TITLE_CHARS

MAX_ID_CHARS = 255


@dataclass(frozen=True)
class WorkFailure:
    """A work without numbers in an hour.

    `error` is a stored message; `is_final` when another request in that hour is of no use.
    """

    platform: str
    work_id: str
    title: str
    error: str
    is_final: bool

    @property
    def key(self) -> Key:
        """Return platform and work id, as the row has them."""
        return self.platform, self.work_id[:MAX_ID_CHARS]


def put(tx: Tx, hour: int, failures: Iterable[WorkFailure]) -> None:
    """Record failures of an hour, in place of earlier ones of the same works."""
    rows = [
        {
            "hour": hour,
            "platform": one.platform,
            "work_id": one.key[1],
            "title": one.title[:MAX_TITLE_CHARS],
            "error": one.error[:MAX_TEXT_CHARS],
            "is_final": int(one.is_final),
        }
        for one in sorted(failures, key=lambda one: one.key)
    ]
    if rows:
        tail = tx.dialect.on_conflict_update(
            "hour, platform, work_id", ["title", "error", "is_final"]
        )
        tx.execute_many(
            "INSERT INTO view_errors (hour, platform, work_id, title, error, is_final)"
            f" VALUES (:hour, :platform, :work_id, :title, :error, :is_final) {tail}",
            rows,
        )


def of_hour(tx: Tx, hour: int, limit: int = 10**9, skipped: int = 0) -> list[WorkFailure]:
    """Return up to `limit` failures of an hour, by platform and work id, after `skipped` ones."""
    rows = tx.all(
        "SELECT platform, work_id, title, error, is_final FROM view_errors WHERE hour=:hour"
        " ORDER BY platform, work_id LIMIT :limit OFFSET :skipped",
        hour=hour,
        limit=limit,
        skipped=skipped,
    )
    return [row_to(WorkFailure, row) for row in rows]


def count(tx: Tx, hour: int) -> int:
    """Return the number of works that failed in an hour."""
    return tx.number("SELECT COUNT(*) FROM view_errors WHERE hour=:hour", hour=hour)


def by_error(tx: Tx, hour: int, limit: int) -> list[tuple[str, int]]:
    """Return up to `limit` errors of an hour (stored messages) with the number of works of each,
    the most frequent first."""
    rows = tx.all(
        "SELECT error, COUNT(*) AS works FROM view_errors WHERE hour=:hour GROUP BY error"
        " ORDER BY works DESC, error LIMIT :limit",
        hour=hour,
        limit=limit,
    )
    return [(row["error"], row["works"]) for row in rows]


def most_frequent(tx: Tx, hour: int) -> str | None:
    """Return the error of most failures of an hour (a stored message); None without failures."""
    row = tx.one(
        "SELECT error FROM view_errors WHERE hour=:hour GROUP BY error"
        " ORDER BY COUNT(*) DESC, error LIMIT 1",
        hour=hour,
    )
    return row["error"] if row else None


def delete(tx: Tx, hour: int, keys: Collection[Key]) -> None:
    """Delete the failures of these works in an hour."""
    tx.execute_many(
        "DELETE FROM view_errors WHERE hour=:hour AND platform=:platform AND work_id=:work_id",
        [
            {"hour": hour, "platform": platform, "work_id": work_id}
            for platform, work_id in sorted(keys)
        ],
    )


def delete_hour(tx: Tx, hour: int) -> None:
    """Delete all failures of an hour."""
    tx.execute("DELETE FROM view_errors WHERE hour=:hour", hour=hour)


def delete_before(tx: Tx, hour: int, limit: int) -> int:
    """Delete up to `limit` failures of earlier hours; return how many there were."""
    found = tx.all(
        "SELECT hour, platform, work_id FROM view_errors WHERE hour<:hour LIMIT :limit",
        hour=hour,
        limit=limit,
    )
    if found:
        tx.execute_many(
            "DELETE FROM view_errors WHERE hour=:hour AND platform=:platform AND work_id=:work_id",
            [dict(row) for row in found],
        )
    return len(found)
