"""Queries behind shell completion: values that begin with `prefix`, `limit` at most, each with a
note on what it is; an empty note says nothing."""

from __future__ import annotations

from typing import Any

from storage.crawling.accounts import LIVE
from storage.engines.transactions import Row, Tx

LAST_CHARACTER = "\U0010ffff"
Suggestions = dict[str, str]


def domains(tx: Tx, prefix: str, limit: int) -> Suggestions:
    """Return the domains of tasks that are no piece of another, in their order."""
    return _distinct(tx, "domain", "tasks", prefix=prefix, limit=limit, where="parent_id IS NULL")


def keywords(tx: Tx, prefix: str, limit: int) -> Suggestions:
    """Return the keywords of crawls, in their order."""
    where = "keyword IS NOT NULL AND parent_id IS NULL"
    return _distinct(tx, "keyword", "tasks", prefix=prefix, limit=limit, where=where)


def labels(tx: Tx, prefix: str, limit: int) -> Suggestions:
    """Return labels that any task has, in their order."""
    return _distinct(tx, "label", "task_labels", prefix=prefix, limit=limit)


def hosts(tx: Tx, prefix: str, limit: int) -> Suggestions:
    """Return the hosts that wrote export files, in their order."""
    return _distinct(tx, "host", "export_logs", prefix=prefix, limit=limit)


def working_hosts(tx: Tx, prefix: str, limit: int) -> Suggestions:
    """Return the hosts of `hosts list`."""
    return _distinct(tx, "host", "hosts", prefix=prefix, limit=limit)


def creators(tx: Tx, prefix: str, limit: int) -> Suggestions:
    """Return the ids of creators whose works are in the catalogue, in their order."""
    return _distinct(tx, "uid", "works", prefix=prefix, limit=limit)


def account_names(tx: Tx, prefix: str, limit: int) -> Suggestions:
    """Return the names of accounts in their order, with their platforms."""
    return _named(tx, "username", "platform", "accounts", prefix=prefix, limit=limit, where=LIVE)


def groups(tx: Tx, prefix: str, limit: int) -> Suggestions:
    """Return the groups that accounts belong to, in their order."""
    return _distinct(tx, "group_name", "accounts", prefix=prefix, limit=limit, where=LIVE)


def egress_routes(tx: Tx, prefix: str, limit: int) -> Suggestions:
    """Return the names of egress routes in their order, with their kinds."""
    return _named(tx, "egress", "kind", "proxies", prefix=prefix, limit=limit)


def distribution_tasks(tx: Tx, prefix: str, limit: int) -> Suggestions:
    """Return the ids of distribution tasks in their order, with their titles."""
    return _named(tx, "task_id", "title", "drama_tasks", prefix=prefix, limit=limit)


def works(tx: Tx, prefix: str, limit: int) -> Suggestions:
    """Return the ids of works in their order, with their titles."""
    return _named(tx, "work_id", "title", "works", prefix=prefix, limit=limit)


def receiver_urls(tx: Tx, prefix: str, limit: int) -> Suggestions:
    """Return the URLs that something was ever filed for, in their order."""
    return _distinct(tx, "url", "webhook_endpoints", prefix=prefix, limit=limit)


def token_names(tx: Tx, prefix: str, limit: int) -> Suggestions:
    """Return the names of web tokens that are not revoked, in their order."""
    return _distinct(
        tx, "name", "web_tokens", prefix=prefix, limit=limit, where="revoked_at IS NULL"
    )


def tasks(tx: Tx, prefix: str, limit: int) -> Suggestions:
    """Return the ids of tasks that are no piece of another, newest first, with their domains."""
    return _newest(tx, "domain", "tasks", prefix=prefix, limit=limit, where="parent_id IS NULL")


def segments(tx: Tx, prefix: str, limit: int) -> Suggestions:
    """Return the ids of export files, newest first, with their domains."""
    return _newest(tx, "domain", "export_logs", prefix=prefix, limit=limit)


def deliveries(tx: Tx, prefix: str, limit: int) -> Suggestions:
    """Return the ids of deliveries, newest first, with the hosts of their receivers."""
    return _newest(tx, "host", "webhook_deliveries", prefix=prefix, limit=limit)


# The tables and columns below are the words of the functions above, never what a person typed.
def _distinct(
    tx: Tx, column: str, table: str, *, prefix: str, limit: int, where: str = "1=1"
) -> Suggestions:
    rows = tx.all(
        f"SELECT DISTINCT {column} AS value, '' AS note FROM {table}"
        f" WHERE {where} AND {column}>=:first AND {column}<:last"
        f" ORDER BY {column} LIMIT :limit",
        **_range(prefix, limit),
    )
    return _suggestions(rows)


def _named(
    tx: Tx, column: str, note: str, table: str, *, prefix: str, limit: int, where: str = "1=1"
) -> Suggestions:
    rows = tx.all(
        f"SELECT {column} AS value, {note} AS note FROM {table}"
        f" WHERE {where} AND {column}>=:first AND {column}<:last ORDER BY {column} LIMIT :limit",
        **_range(prefix, limit),
    )
    return _suggestions(rows)


def _newest(
    tx: Tx, note: str, table: str, *, prefix: str, limit: int, where: str = "1=1"
) -> Suggestions:
    if prefix and not (prefix.isascii() and prefix.isdigit()):
        return {}
    rows = tx.all(
        f"SELECT id AS value, {note} AS note FROM {table}"
        f" WHERE {where} AND CAST(id AS CHAR) LIKE :pattern ORDER BY id DESC LIMIT :limit",
        pattern=f"{prefix}%",
        limit=limit,
    )
    return _suggestions(rows)


def _range(prefix: str, limit: int) -> dict[str, Any]:
    # Both engines compare these columns code point by code point, so that a prefix is a range,
    # which an index serves; LIKE would ignore the case of letters on one of them.
    return {"first": prefix, "last": prefix + LAST_CHARACTER, "limit": limit}


def _suggestions(rows: list[Row]) -> Suggestions:
    return {str(row["value"]): str(row["note"] or "") for row in rows}
