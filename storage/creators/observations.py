"""Queries on `creator_observations`: the numbers of creators, one row per changed day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx, in_list
from storage.models.mapping import row_to

CREATORS_AT_ONCE = 500


@dataclass(frozen=True)
class SeenCreator:
    """A creator as it was seen last."""

    id: int
    nickname: str
    followers: int | None
    videos: int | None
    likes: int | None
    seen_at: datetime


@dataclass(frozen=True)
class Observation:
    """The numbers of a creator that held on `day` and on `until_day`, both of the quota zone.

    What lies between the rows of a creator was not looked at; of two that share a day the later
    one counts. `nickname` is set only where it changed.
    """

    creator_id: int
    day: date
    until_day: date
    followers: int | None
    videos: int | None
    likes: int | None
    nickname: str | None


def seen_since(tx: Tx, since: datetime, after_id: int, before: datetime) -> list[SeenCreator]:
    """Return creators seen before `before`, by (seen_at, id), above (`since`, `after_id`)."""
    rows = tx.all(
        "SELECT id, nickname, followers, videos, likes, seen_at"
        f" FROM creators {tx.dialect.force_index('idx_creators_seen')}"
        " WHERE seen_at>=:since AND (seen_at>:since OR id>:after) AND seen_at<:before"
        " ORDER BY seen_at, id LIMIT :limit",
        since=to_sql(since),
        after=after_id,
        before=to_sql(before),
        limit=CREATORS_AT_ONCE,
    )
    return [row_to(SeenCreator, row) for row in rows]


def newest(tx: Tx, creator_ids: Sequence[int]) -> dict[int, Observation]:
    """Return the newest row of each of these creators that has one."""
    marks, names = in_list(creator_ids)
    rows = tx.all(
        "SELECT o.* FROM creator_observations o JOIN (SELECT creator_id, MAX(day) AS day"
        f" FROM creator_observations WHERE creator_id IN ({marks}) GROUP BY creator_id) n"
        " ON n.creator_id=o.creator_id AND n.day=o.day",
        **names,
    )
    return {row["creator_id"]: row_to(Observation, row) for row in rows}


def last_names(tx: Tx, creator_ids: Sequence[int]) -> dict[int, str]:
    """Return the name in the newest row of each of these creators that tells one."""
    marks, names = in_list(creator_ids)
    rows = tx.all(
        "SELECT o.creator_id, o.nickname FROM creator_observations o JOIN"
        " (SELECT creator_id, MAX(day) AS day FROM creator_observations"
        f" WHERE creator_id IN ({marks}) AND nickname IS NOT NULL GROUP BY creator_id) n"
        " ON n.creator_id=o.creator_id AND n.day=o.day",
        **names,
    )
    return {row["creator_id"]: row["nickname"] for row in rows}


def put(tx: Tx, rows: Sequence[Observation]) -> None:
    """Insert rows in key order, or replace those of the same creator and day."""
    ordered = sorted(rows, key=lambda row: (row.creator_id, row.day))
    values = ["until_day", "followers", "videos", "likes", "nickname"]
    tx.execute_many(
        "INSERT INTO creator_observations (creator_id, day, until_day, followers, videos, likes,"
        " nickname) VALUES (:creator_id, :day, :until_day, :followers, :videos, :likes, :nickname)"
        f" {tx.dialect.on_conflict_update('creator_id, day', values)}",
        [vars(row) | {"day": str(row.day), "until_day": str(row.until_day)} for row in ordered],
    )


def refresh_domains(tx: Tx, creator_ids: Sequence[int]) -> None:
    """Give the rows of these creators in all domains the numbers of the creator.

    A page refreshes those of its own domain. A row that was seen later than its creator, as this
    transaction reads them, is left alone.
    """
    marks, names = in_list(creator_ids)
    rows = tx.all(
        "SELECT i.id, c.followers, c.videos, c.seen_at FROM creators c"
        " JOIN influencers i ON i.platform=c.platform AND i.uid=c.uid"
        f" WHERE c.id IN ({marks}) AND (COALESCE(i.followers,-1)<>COALESCE(c.followers,-1)"
        " OR COALESCE(i.videos,-1)<>COALESCE(c.videos,-1)) ORDER BY i.id",
        **names,
    )
    tx.execute_many(
        "UPDATE influencers SET followers=:followers, videos=:videos"
        " WHERE id=:id AND seen_at<=:seen_at",
        [dict(row) for row in rows],
    )


def of_creator(tx: Tx, creator_id: int, since: date) -> list[Observation]:
    """Return a creator's rows that reach `since` or a later day, by day."""
    rows = tx.all(
        "SELECT * FROM creator_observations WHERE creator_id=:id AND until_day>=:since"
        " ORDER BY day",
        id=creator_id,
        since=str(since),
    )
    return [row_to(Observation, row) for row in rows]


def of_creators(tx: Tx, creator_ids: Sequence[int], since: date) -> list[Observation]:
    """Return the rows of several creators that reach `since` or a later day, by creator and day."""
    marks, names = in_list(creator_ids)
    rows = tx.all(
        f"SELECT * FROM creator_observations WHERE creator_id IN ({marks}) AND until_day>=:since"
        " ORDER BY creator_id, day",
        since=str(since),
        **names,
    )
    return [row_to(Observation, row) for row in rows]
