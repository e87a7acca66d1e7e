"""Queries that look at creators: lists by keyset, one creator, and counts.

Every list names the index that must serve it: with a choice, MariaDB sorts the whole table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from storage.creators.access_paths import (
    ANY,
    IDENTITY,
    NAME_INDEX,
    Narrowing,
    domain_index,
    is_indexed,
    needs_creators,
    status_sql,
    tables,
)
from storage.creators.conditions import (
    STATUS,
    CreatorFilter,
    Field,
    column_of,
    contains_sql,
    filter_sql,
)
from storage.engines.datetimes import day_from_sql
from storage.engines.dialect import Dialect
from storage.engines.transactions import Row, Tx, in_list
from storage.models.mapping import read_by, row_to

# Of a name that more creators have, only so many are sorted.
MAX_NAMED = 2000


@dataclass(frozen=True)
class Sort:
    """The order of a list: by a field, then by id; creators without a value come last."""

    field: Field = Field.FOLLOWERS
    descending: bool = True


@dataclass(frozen=True)
class Position:
    """The last row of a page: its value of the sorted field, and its id in the sorted table."""

    value: int | str | None
    id: int


@dataclass(frozen=True)
class ListedCreator:
    """A creator in a list.

    `row_id` is the id in the table that is sorted: `influencers` in a domain, else `creators`.
    `sorted_by` is its value of the sorted field. `domain`, `is_exported` and `ingested_at` are None
    outside of a domain.
    """

    id: int
    row_id: int
    sorted_by: int | str | None = field(metadata=read_by(lambda row: row["sorted_by"]))
    platform: str
    uid: str
    nickname: str
    followers: int | None
    videos: int | None
    likes: int | None
    has_contact: int
    raw_data: str
    first_seen_at: datetime
    seen_at: datetime
    domain: str | None
    is_exported: bool | None
    ingested_at: datetime | None


def page(
    tx: Tx,
    wanted: CreatorFilter,
    sort: Sort,
    after: Position | None,
    limit: int,
    *,
    narrowed: Narrowing = ANY,
) -> list[ListedCreator]:
    """Return up to `limit` creators in order, behind the position `after`; None: from the first.

    `narrowed` is what a first look found of `wanted`, sorted by that field.
    """
    rows: list[ListedCreator] = []
    if after is None or after.value is not None:
        rows = _part(tx, wanted, sort, narrowed, after=after, limit=limit, with_value=True)
    if len(rows) < limit:
        behind = after if after is not None and after.value is None else None
        left = limit - len(rows)
        rows += _part(tx, wanted, sort, narrowed, after=behind, limit=left, with_value=False)
    return rows


def _part(
    tx: Tx,
    wanted: CreatorFilter,
    sort: Sort,
    narrowed: Narrowing,
    *,
    after: Position | None,
    limit: int,
    with_value: bool,
) -> list[ListedCreator]:
    """Return rows with a value of the sorted field, or those without one, by id."""
    in_domain = wanted.domain is not None
    column = column_of(sort.field, in_domain=in_domain)
    row_id = "i.id" if in_domain else "c.id"
    direction, beyond = ("DESC", "<") if sort.descending else ("ASC", ">")
    where, params = _found(tx.dialect, wanted, sort.field, narrowed)
    parts = [where, f"{column} IS {'NOT ' if with_value else ''}NULL"]
    if after is not None and with_value:
        parts += [f"{column}{beyond}=:after", f"({column}{beyond}:after OR {row_id}{beyond}:row)"]
        params |= {"after": after.value, "row": after.id}
    elif after is not None:
        parts.append(f"{row_id}{beyond}:row")
        params["row"] = after.id
    order = f"{column} {direction}, {row_id} {direction}" if with_value else f"{row_id} {direction}"
    # A row without numbers may be one that no creator was made of yet.
    is_joined = needs_creators(wanted) or column.startswith("c.") or not with_value
    source = tables(tx.dialect, wanted, sort.field, narrowed, with_creators=is_joined)
    # First the ids, by indexes alone where these hold the columns, then their rows.
    ids = (
        f"SELECT {row_id} AS row_id FROM {source} WHERE {' AND '.join(parts)}"
        f" ORDER BY {order} LIMIT :limit"
    )
    rows = tx.all(
        f"SELECT {_columns(wanted, column)} FROM ({ids}) p {_rows(tx.dialect, wanted)}"
        f" ORDER BY {order}",
        limit=limit,
        **params,
    )
    return [row_to(ListedCreator, row) for row in rows]


def _found(
    dialect: Dialect, wanted: CreatorFilter, field: Field | None, narrowed: Narrowing
) -> tuple[str, dict[str, Any]]:
    """Return the condition that rows of a list meet, and its parameters."""
    status = STATUS
    is_in_order = field is not None and is_indexed(wanted, field)
    if wanted.domain is not None and not is_in_order and not narrowed.is_of_creators:
        status = status_sql(dialect, domain_index(wanted, field, narrowed))
    ids = narrowed.ids
    is_named = ids is not None and wanted.name is not None
    where, params = filter_sql(dialect, wanted, without_name=is_named, status=status)
    if ids is None:
        return where, params
    marks, names = in_list(ids)
    return f"{where} AND c.id IN ({marks})", params | names


def _rows(dialect: Dialect, wanted: CreatorFilter) -> str:
    if wanted.domain is None:
        return f"{dialect.ordered_join} creators c ON c.id=p.row_id"
    identity = dialect.force_index("uq_creators_identity")
    return (
        f"{dialect.ordered_join} influencers i ON i.id=p.row_id"
        f" {dialect.ordered_join} creators c {identity} ON {IDENTITY}"
    )


def _columns(wanted: CreatorFilter, sorted_by: str) -> str:
    shared = "c.platform, c.uid, c.nickname, c.likes, c.has_contact, c.raw_data, c.first_seen_at"
    if wanted.domain is None:
        return (
            f"c.id, c.id AS row_id, {sorted_by} AS sorted_by, {shared}, c.followers, c.videos,"
            " c.seen_at, NULL AS domain, NULL AS is_exported, NULL AS ingested_at"
        )
    return (
        f"c.id, i.id AS row_id, {sorted_by} AS sorted_by, {shared}, i.followers, i.videos,"
        " c.seen_at, i.domain, CASE WHEN i.status='exported' THEN 1 ELSE 0 END AS is_exported,"
        " i.ingested_at"
    )


def ids_named(tx: Tx, platform: str, text: str) -> list[int]:
    """Return the ids of creators whose nickname holds the text, one more than MAX_NAMED at most.

    Only an index is read.
    """
    params: dict[str, Any] = {"platform": platform, "limit": MAX_NAMED + 1}
    where = contains_sql(tx.dialect, "nickname", "name", text, params)
    found = tx.column(
        f"SELECT id FROM creators {tx.dialect.force_index(NAME_INDEX)}"
        f" WHERE platform=:platform AND {where} LIMIT :limit",
        **params,
    )
    return sorted(found)


def count(tx: Tx, wanted: CreatorFilter, limit: int, *, narrowed: Narrowing = ANY) -> int:
    """Return the number of creators that are meant; counting stops at `limit`.

    `narrowed` is what a first look found of `wanted`.
    """
    where, params = _found(tx.dialect, wanted, None, narrowed)
    source = tables(tx.dialect, wanted, None, narrowed, with_creators=True)
    return tx.number(
        f"SELECT COUNT(*) AS n FROM (SELECT 1 AS yes FROM {source} WHERE {where} LIMIT :limit)"
        " AS n_",
        limit=limit,
        **params,
    )


@dataclass(frozen=True)
class StoredCreator:
    """A row of `creators`."""

    id: int
    platform: str
    uid: str
    nickname: str
    followers: int | None
    videos: int | None
    likes: int | None
    has_contact: int
    raw_data: str
    revision: int
    first_seen_at: datetime
    seen_at: datetime
    changed_at: datetime


def find(tx: Tx, platform: str, uid: str) -> StoredCreator | None:
    """Return the creator with that uid; None when it is not known."""
    row = tx.one(
        "SELECT * FROM creators WHERE platform=:platform AND uid=:uid", platform=platform, uid=uid
    )
    return row_to(StoredCreator, row) if row else None


def platforms_with(tx: Tx, uid: str, platforms: Sequence[str]) -> list[str]:
    """Return those of the platforms on which a creator with that uid is known."""
    return [platform for platform in platforms if find(tx, platform, uid) is not None]


@dataclass(frozen=True)
class Membership:
    """A creator in a domain, and what touched it there.

    The first page that listed it is `source_page` of task `task_id`, fetched by `ingested_by`; both
    are None when their rows are deleted. An exported one is in a segment: its file, task, quota day
    and account.
    """

    id: int
    domain: str
    nickname: str
    source_page: int
    source_url: str | None
    ingested_at: datetime
    seen_at: datetime | None
    task_id: int | None
    ingested_by: str | None
    segment_id: int | None
    export_task_id: int | None
    exported_by: str | None
    quota_day: date | None
    file_path: str | None


def memberships(tx: Tx, platform: str, uid: str) -> list[Membership]:
    """Return a creator's rows in all domains, by id."""
    rows = tx.all(
        "SELECT i.id, i.domain, i.nickname, i.source_page, i.source_url, i.ingested_at, i.seen_at,"
        " COALESCE(t.parent_id, t.id) AS task_id, a.username AS ingested_by,"
        " i.export_log_id AS segment_id, s.task_id AS export_task_id, b.username AS exported_by,"
        " s.quota_day, s.file_path"
        f" FROM influencers i {tx.dialect.force_index('idx_influencers_creator')}"
        " LEFT JOIN ingestion_logs l ON l.id=i.ingestion_log_id LEFT JOIN tasks t ON t.id=l.task_id"
        " LEFT JOIN accounts a ON a.id=l.account_id LEFT JOIN export_logs s ON s.id=i.export_log_id"
        " LEFT JOIN accounts b ON b.id=s.account_id"
        " WHERE i.platform=:platform AND i.uid=:uid ORDER BY i.id",
        platform=platform,
        uid=uid,
    )
    return [row_to(Membership, row) for row in rows]


def keywords_of(tx: Tx, influencer_ids: Sequence[int]) -> dict[int, list[str]]:
    """Return the searches that listed each of these creators in its domain, in text order."""
    marks, names = in_list(influencer_ids)
    rows = tx.all(
        f"SELECT influencer_id, keyword FROM influencer_keywords WHERE influencer_id IN ({marks})"
        " ORDER BY influencer_id, keyword",
        **names,
    )
    found: dict[int, list[str]] = {}
    for row in rows:
        found.setdefault(row["influencer_id"], []).append(row["keyword"])
    return found


@dataclass(frozen=True)
class DomainCount:
    """The creators of a domain, and how many of them are exported."""

    platform: str
    domain: str
    creators: int
    exported: int

    @property
    def pending(self) -> int:
        """The creators that wait for export."""
        return max(0, self.creators - self.exported)


def counts_by_domain(tx: Tx) -> list[DomainCount]:
    """Return the numbers of every domain, from sums: the largest first."""
    stored = _sums(tx, "SELECT platform, domain, SUM(new_count) AS n FROM day_totals")
    exported = _sums(tx, "SELECT platform, domain, SUM(exported_count) AS n FROM export_logs")
    found = [
        DomainCount(platform, domain, number, exported.get((platform, domain), 0))
        for (platform, domain), number in stored.items()
    ]
    return sorted(found, key=lambda one: (-one.creators, one.platform, one.domain))


def _sums(tx: Tx, select: str) -> dict[tuple[str, str], int]:
    rows = tx.all(f"{select} GROUP BY platform, domain")
    return {(row["platform"], row["domain"]): int(row["n"] or 0) for row in rows}


@dataclass(frozen=True)
class KeywordCount:
    """How many creators of a domain a search listed."""

    keyword: str
    creators: int


def counts_by_keyword(tx: Tx, platform: str, domain: str) -> list[KeywordCount]:
    """Return how many creators of a domain each search listed; it reads all of the domain."""
    rows = tx.all(
        "SELECT k.keyword, COUNT(*) AS n FROM influencers i"
        " JOIN influencer_keywords k ON k.influencer_id=i.id"
        " WHERE i.platform=:platform AND i.domain=:domain"
        " GROUP BY k.keyword ORDER BY n DESC, k.keyword",
        platform=platform,
        domain=domain,
    )
    return [KeywordCount(row["keyword"], int(row["n"])) for row in rows]


@dataclass(frozen=True)
class DayCount:
    """The pages stored on a day of the quota zone, the creators on them, and the new ones."""

    day: date
    pages: int
    seen: int
    new_count: int


def counts_by_day(tx: Tx, since: date, domain: str | None = None) -> list[DayCount]:
    """Return the sums of each day from `since` on, newest first; None: of all domains."""
    limit: dict[str, Any] = {} if domain is None else {"domain": domain}
    only = "" if domain is None else " AND domain=:domain"
    rows: list[Row] = tx.all(
        "SELECT day, SUM(pages) AS pages, SUM(seen) AS seen, SUM(new_count) AS new_count"
        f" FROM day_totals WHERE day>=:since{only} GROUP BY day ORDER BY day DESC",
        since=str(since),
        **limit,
    )
    return [
        DayCount(
            day_from_sql(str(row["day"])),
            int(row["pages"]),
            int(row["seen"]),
            int(row["new_count"]),
        )
        for row in rows
    ]
