"""Queries on the proxies that operators added, and on the accounts that leave by each.

A row of `proxies` with `added_at` was added by an operator and has the proxy's URL, encrypted;
other rows became known by an account. The name of a route (`egress`) ties accounts to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx
from storage.models.accounts import AccountStatus
from storage.models.mapping import row_to


@dataclass(frozen=True)
class ProxyUser:
    """An account that leaves by a proxy."""

    id: int
    platform: str
    username: str
    status: AccountStatus
    egress: str


@dataclass(frozen=True)
class UnassignedAccount:
    """An enabled account without a proxy."""

    id: int
    platform: str
    username: str


@dataclass(frozen=True)
class UnlistedProxy:
    """An account's proxy (encrypted) that is no row of `proxies`, and the account's `egress`."""

    id: int
    proxy: str
    egress: str | None


def put(tx: Tx, egress: str, url: str, now: datetime, *, is_rotating: bool) -> bool:
    """Store the encrypted URL of a known route; return whether it was not added before.

    `is_rotating` False leaves the mark of the route as it is.
    """
    was_added = tx.exists(
        "SELECT 1 FROM proxies WHERE egress=:egress AND added_at IS NOT NULL", egress=egress
    )
    rotating = ", is_rotating=1" if is_rotating else ""
    tx.execute(
        f"UPDATE proxies SET url=:url, added_at=COALESCE(added_at, :now){rotating}"
        " WHERE egress=:egress",
        egress=egress,
        url=url,
        now=to_sql(now),
    )
    return not was_added


def remove(tx: Tx, egress: str) -> bool:
    """Delete a route with all that is known of it; return False when there was none."""
    return 1 == tx.execute("DELETE FROM proxies WHERE egress=:egress", egress=egress)


def url_of(tx: Tx, egress: str) -> str | None:
    """Return the encrypted URL of a route: its own, else that of an account that uses it.

    None: nobody has told it.
    """
    row = tx.one("SELECT url FROM proxies WHERE egress=:egress", egress=egress)
    if row is not None and row["url"] is not None:
        return str(row["url"])
    found = tx.column(
        "SELECT proxy FROM accounts WHERE egress=:egress AND proxy IS NOT NULL LIMIT 1",
        egress=egress,
    )
    return str(found[0]) if found else None


def stored_urls(tx: Tx) -> list[tuple[str, str]]:
    """Return (route, encrypted URL) of every proxy that was added."""
    rows = tx.all("SELECT egress, url FROM proxies WHERE url IS NOT NULL")
    return [(row["egress"], row["url"]) for row in rows]


def set_url(tx: Tx, egress: str, url: str) -> None:
    """Store a URL that is encrypted anew."""
    tx.execute("UPDATE proxies SET url=:url WHERE egress=:egress", egress=egress, url=url)


def users(tx: Tx, egress: str | None = None) -> list[ProxyUser]:
    """Return the accounts that leave by a proxy, by id: by that one, or (None) by any.

    Disabled ones are among them: they keep their proxy until an operator takes it away.
    """
    which = "egress IS NOT NULL" if egress is None else "egress=:egress"
    rows = tx.all(
        "SELECT id, platform, username, status, egress FROM accounts"
        f" WHERE proxy IS NOT NULL AND deleted_at IS NULL AND {which} ORDER BY id",
        egress=egress,
    )
    return [row_to(ProxyUser, row) for row in rows]


def unlisted(tx: Tx) -> list[UnlistedProxy]:
    """Return the proxies of accounts that are no rows of `proxies`, by the account's id.

    Databases from before there were such rows hold them, until each account is leased.
    """
    rows = tx.all(
        "SELECT id, proxy, egress FROM accounts WHERE proxy IS NOT NULL AND deleted_at IS NULL"
        " AND NOT EXISTS (SELECT 1 FROM proxies WHERE proxies.egress=accounts.egress"
        " AND proxies.kind<>'direct') ORDER BY id"
    )
    return [row_to(UnlistedProxy, row) for row in rows]


def set_route(tx: Tx, seen: UnlistedProxy, egress: str) -> bool:
    """Store the route of an account's proxy; return False when the account changed since."""
    return 1 == tx.execute(
        "UPDATE accounts SET egress=:egress WHERE id=:id AND proxy=:proxy",
        id=seen.id,
        proxy=seen.proxy,
        egress=egress,
    )


def unassigned(tx: Tx, platform: str) -> list[UnassignedAccount]:
    """Return the enabled accounts of a platform that have no proxy, by id."""
    rows = tx.all(
        "SELECT id, platform, username FROM accounts WHERE platform=:platform"
        " AND proxy IS NULL AND deleted_at IS NULL AND status<>'disabled' ORDER BY id",
        platform=platform,
    )
    return [row_to(UnassignedAccount, row) for row in rows]


def set_account_proxy(
    tx: Tx,
    account_id: int,
    proxy: str | None,
    egress: str,
    now: datetime,
    *,
    only_without: bool = False,
) -> bool:
    """Give an account a proxy (encrypted), or None, and the name of the route that it makes.

    Return False when there is no such account or, with `only_without`, when it has one by now. Its
    lease, if somebody holds one, ends with the proxy that it began with.
    """
    guard = " AND proxy IS NULL" if only_without else ""
    return 1 == tx.execute(
        "UPDATE accounts SET proxy=:proxy, egress=:egress, updated_at=:now"
        f" WHERE id=:id AND deleted_at IS NULL{guard}",
        id=account_id,
        proxy=proxy,
        egress=egress,
        now=to_sql(now),
    )
