"""Writes to `creators`: each creator of a platform as it was seen last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.engines.datetimes import to_sql
from storage.engines.dialect import Dialect
from storage.engines.transactions import Tx
from storage.models.creators import CreatorProfile

MAX_NICKNAME = 512
# What a complete entry tells; an incomplete one fills only what is not known.
NUMBERS = ("followers", "videos", "likes")
INSERT = (
    "INSERT INTO creators (platform, uid, nickname, followers, videos, likes, has_contact,"
    " raw_data, first_seen_at, seen_at, changed_at) VALUES (:platform, :uid, :nickname,"
    " :followers, :videos, :likes, :contacts, :raw_data, :first, :now, :now)"
)


def upsert_page(
    tx: Tx,
    platform: str,
    profiles: Sequence[CreatorProfile],
    now: datetime,
    *,
    complete: bool,
) -> None:
    """Insert a page's creators, or replace what is known of them.

    Args:
        profiles: in the order of their uids: two pages with the same creators must not lock them
            in opposite orders.
        complete: the entries are whole ones; others replace the name and fill only what is not
            known yet.
    """
    changes = _replaced(tx.dialect) if complete else _filled(tx.dialect)
    moment = to_sql(now)
    tx.execute_many(
        f"{INSERT} {tx.dialect.on_conflict_set('platform, uid', changes)}",
        [_columns(platform, profile, moment) for profile in profiles],
    )


@dataclass(frozen=True)
class OldCreator:
    """A creator that an older release stored in a domain, first and last at these moments (UTC)."""

    platform: str
    profile: CreatorProfile
    first_seen: datetime
    seen: datetime


def insert_absent(tx: Tx, old: Sequence[OldCreator]) -> None:
    """Insert creators that are not known; of known ones only an earlier first time is taken over.

    A known one was stored by a newer page. Of several with one uid the first in `old` counts, which
    is in the order of uids.
    """
    first = f"CASE WHEN {tx.dialect.proposed('first_seen_at')}<creators.first_seen_at THEN"
    first += f" {tx.dialect.proposed('first_seen_at')} ELSE creators.first_seen_at END"
    tx.execute_many(
        f"{INSERT} {tx.dialect.on_conflict_set('platform, uid', {'first_seen_at': first})}",
        [
            _columns(one.platform, one.profile, to_sql(one.seen))
            | {"first": to_sql(one.first_seen)}
            for one in old
        ],
    )


def _columns(platform: str, profile: CreatorProfile, moment: str) -> dict[str, Any]:
    return vars(profile) | {
        "nickname": profile.nickname[:MAX_NICKNAME],
        "platform": platform,
        "first": moment,
        "now": moment,
    }


def _replaced(dialect: Dialect) -> Mapping[str, str]:
    changed = " OR ".join(
        [
            f"creators.nickname<>{dialect.proposed('nickname')}",
            f"creators.has_contact<>{dialect.proposed('has_contact')}",
            *(
                f"COALESCE(creators.{name},-1)<>COALESCE({dialect.proposed(name)},-1)"
                for name in NUMBERS
            ),
        ]
    )
    # MySQL assigns from left to right: what compares old values comes before what replaces them.
    return {
        "revision": f"creators.revision+CASE WHEN {changed} THEN 1 ELSE 0 END",
        "changed_at": f"CASE WHEN {changed} THEN {dialect.proposed('changed_at')}"
        " ELSE creators.changed_at END",
    } | {
        name: dialect.proposed(name)
        for name in ("nickname", *NUMBERS, "has_contact", "raw_data", "seen_at")
    }


def _filled(dialect: Dialect) -> Mapping[str, str]:
    renamed = f"creators.nickname<>{dialect.proposed('nickname')}"
    return (
        {
            "revision": f"creators.revision+CASE WHEN {renamed} THEN 1 ELSE 0 END",
            "changed_at": f"CASE WHEN {renamed} THEN {dialect.proposed('changed_at')}"
            " ELSE creators.changed_at END",
            "nickname": dialect.proposed("nickname"),
        }
        | {name: f"COALESCE(creators.{name},{dialect.proposed(name)})" for name in NUMBERS}
        | {"seen_at": dialect.proposed("seen_at")}
    )
