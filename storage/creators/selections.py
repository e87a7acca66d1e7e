"""Queries on `export_selections`: what a filtered or sorted export delivers, in its order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from storage.creators.access_paths import (
    ANY,
    domain_index,
    needs_creators,
    status_sql,
    tables,
)
from storage.creators.conditions import CreatorFilter, column_of, filter_sql
from storage.creators.search import Sort
from storage.engines.dialect import Dialect
from storage.engines.transactions import Row, Tx, in_list
from storage.models.creators import EXPORTED_COLUMNS

# Of a domain that has more, the rest is drawn when these are delivered.
MAX_DRAWN = 20_000
# A row that waits is its creator's only one in its domain, so that one exported is another's.
DELIVERED = (
    "EXISTS (SELECT 1 FROM influencers d WHERE d.platform=i.platform AND d.uid=i.uid"
    " AND d.status='exported')"
)
UNDRAWN = (
    " AND NOT EXISTS (SELECT 1 FROM export_selections s"
    " WHERE s.task_id=:task AND s.influencer_id=i.id)"
)


def waiting(
    tx: Tx,
    task_id: int,
    wanted: CreatorFilter,
    sort: Sort | None,
    limit: int,
    *,
    skip_delivered: bool,
) -> list[int]:
    """Return the ids of up to `limit` rows that are meant, wait for export and were not drawn.

    Args:
        wanted: creators of a domain, whatever their export status.
        sort: their order; None: that in which they were stored.
        skip_delivered: leave out who was exported in another domain of the platform.
    """
    rows, params = _waiting_rows(tx.dialect, wanted, sort, skip_delivered=skip_delivered)
    return tx.column(
        f"SELECT i.id FROM {rows}{UNDRAWN} ORDER BY {_order(sort)} LIMIT :limit",
        task=task_id,
        limit=min(limit, MAX_DRAWN),
        **params,
    )


def count_waiting(tx: Tx, wanted: CreatorFilter, *, skip_delivered: bool) -> int:
    """Return how many rows of a domain are meant and wait for export, with the arguments of
    `waiting`."""
    rows, params = _waiting_rows(tx.dialect, wanted, None, skip_delivered=skip_delivered)
    return tx.number(f"SELECT COUNT(*) AS n FROM {rows}", **params)


def count_undrawn(tx: Tx, task_id: int, wanted: CreatorFilter, *, skip_delivered: bool) -> int:
    """Return how many rows `waiting` would find without a limit. Reads all that the domain has
    waiting."""
    rows, params = _waiting_rows(tx.dialect, wanted, None, skip_delivered=skip_delivered)
    return tx.number(f"SELECT COUNT(*) AS n FROM {rows}{UNDRAWN}", task=task_id, **params)


def count_delivered(tx: Tx, wanted: CreatorFilter) -> int:
    """Return how many of `wanted` wait for export and were exported in another domain."""
    rows, params = _waiting_rows(tx.dialect, wanted, None, skip_delivered=False)
    return tx.number(f"SELECT COUNT(*) AS n FROM {rows} AND {DELIVERED}", **params)


def _waiting_rows(
    dialect: Dialect, wanted: CreatorFilter, sort: Sort | None, *, skip_delivered: bool
) -> tuple[str, dict[str, Any]]:
    """Return the tables with the condition that waiting rows meet, and its parameters."""
    field = sort.field if sort else None
    index = domain_index(wanted, field)
    waiting_ones = replace(wanted, is_exported=False)
    where, params = filter_sql(dialect, waiting_ones, status=status_sql(dialect, index))
    is_joined = needs_creators(wanted) or (sort is not None and _order(sort).startswith("c."))
    source = tables(dialect, waiting_ones, field, ANY, with_creators=is_joined)
    other = f" AND NOT {DELIVERED}"
    return f"{source} WHERE {where}{other if skip_delivered else ''}", params


def append(tx: Tx, task_id: int, ids: Sequence[int]) -> None:
    """Append rows to a selection, in this order; the caller holds the task's row locked."""
    last = last_place(tx, task_id)
    tx.execute_many(
        "INSERT INTO export_selections (task_id, place, influencer_id)"
        " VALUES (:task_id, :place, :id)",
        [
            {"task_id": task_id, "place": place, "id": row_id}
            for place, row_id in enumerate(ids, last + 1)
        ],
    )


def last_place(tx: Tx, task_id: int) -> int:
    """Return the highest place of a selection; 0 while nothing is drawn."""
    return tx.number("SELECT MAX(place) AS n FROM export_selections WHERE task_id=:id", id=task_id)


def _order(sort: Sort | None) -> str:
    if sort is None:
        return "i.id"
    column = column_of(sort.field, in_domain=True)
    direction = "DESC" if sort.descending else "ASC"
    return f"{column} IS NULL, {column} {direction}, i.id {direction}"


def has_left(tx: Tx, task_id: int, after_place: int) -> bool:
    """Return whether a creator is drawn behind that place."""
    return tx.exists(
        "SELECT 1 AS yes FROM export_selections WHERE task_id=:id AND place>:place LIMIT 1",
        id=task_id,
        place=after_place,
    )


def count_left(tx: Tx, task_id: int, after_place: int, limit: int) -> int:
    """Return how many creators are drawn behind that place; counting stops at `limit`."""
    return tx.number(
        "SELECT COUNT(*) AS n FROM (SELECT place FROM export_selections"
        " WHERE task_id=:id AND place>:place LIMIT :limit) AS left_over",
        id=task_id,
        place=after_place,
        limit=limit,
    )


def drawn(tx: Tx, task_id: int, after_place: int, limit: int) -> dict[int, int]:
    """Return up to `limit` drawn creators behind a place: their places by their ids, in order."""
    rows = tx.all(
        "SELECT place, influencer_id FROM export_selections"
        " WHERE task_id=:id AND place>:place ORDER BY place LIMIT :limit",
        id=task_id,
        place=after_place,
        limit=limit,
    )
    return {row["influencer_id"]: row["place"] for row in rows}


def drop(tx: Tx, task_id: int, ids: Sequence[int]) -> None:
    """Take creators out of a selection, so that a later draw may find them again."""
    marks, names = in_list(ids)
    tx.execute(
        f"DELETE FROM export_selections WHERE task_id=:id AND influencer_id IN ({marks})",
        id=task_id,
        **names,
    )


def rows_of_segment(
    tx: Tx, task_id: int, segment_id: int, after_place: int, limit: int
) -> list[Row]:
    """Return up to `limit` rows of a segment behind a place, in the order of the selection.

    Each has its `place`.
    """
    columns = ", ".join(f"i.{name}" for name in EXPORTED_COLUMNS)
    return tx.all(
        f"SELECT s.place, {columns} FROM export_selections s"
        " JOIN influencers i ON i.id=s.influencer_id"
        " WHERE s.task_id=:task AND s.place>:place AND i.export_log_id=:segment"
        " ORDER BY s.place LIMIT :limit",
        task=task_id,
        place=after_place,
        segment=segment_id,
        limit=limit,
    )
