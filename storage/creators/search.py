"""Queries that look at creators: lists by keyset, one creator, and counts.

Every list names the index that must serve it: with a choice, MariaDB sorts the whole table.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from storage.creators.conditions import (
    CreatorFilter,
    Field,
    column_of,
    contains_pattern,
    contains_sql,
    filter_sql,
)
from storage.engines.datetimes import day_from_sql
from storage.engines.dialect import Dialect
from storage.engines.transactions import Row, Tx, in_list
from storage.models.mapping import read_by, row_to

# Of a name that more creators have, only so many are sorted.
MAX_NAMED = 2000
FEW = 1000
# What the list of a platform and that of a domain can be sorted by without reading all of it.
PLATFORM_INDEXES = {
    Field.FOLLOWERS: "idx_creators_followers",
    Field.FIRST_SEEN_AT: "idx_creators_first_seen",
    Field.SEEN_AT: "idx_creators_seen",
}
DOMAIN_INDEXES = {Field.FOLLOWERS: "idx_influencers_followers"}
UNSORTED_INDEX = "idx_influencers_export"  # all of a domain, in no order that a list has


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


def is_indexed(wanted: CreatorFilter, sort: Sort) -> bool:
    """Return whether a list is read in its order by an index; else all rows are read and sorted."""
    indexes = PLATFORM_INDEXES if wanted.domain is None else DOMAIN_INDEXES
    return sort.field in indexes


def page(
    tx: Tx,
    wanted: CreatorFilter,
    sort: Sort,
    after: Position | None,
    limit: int,
    *,
    ids: Sequence[int] | None = None,
) -> list[ListedCreator]:
    """Return up to `limit` creators in order, behind the position `after`; None: from the first.

    Args:
        ids: only these rows of `creators`, those that a search by name found; None: any.
    """
    rows: list[ListedCreator] = []
    if after is None or after.value is not None:
        rows = _part(tx, wanted, sort, after=after, limit=limit, ids=ids, with_value=True)
    if len(rows) < limit:
        behind = after if after is not None and after.value is None else None
        left = limit - len(rows)
        rows += _part(tx, wanted, sort, after=behind, limit=left, ids=ids, with_value=False)
    return rows


def _part(
    tx: Tx,
    wanted: CreatorFilter,
    sort: Sort,
    *,
    after: Position | None,
    limit: int,
    ids: Sequence[int] | None,
    with_value: bool,
) -> list[ListedCreator]:
    """Return rows with a value of the sorted field, or those without one, by id."""
    where, params = filter_sql(tx.dialect, wanted, without_name=ids is not None)
    column = column_of(sort.field, in_domain=wanted.domain is not None)
    row_id = "c.id" if wanted.domain is None else "i.id"
    direction, beyond = ("DESC", "<") if sort.descending else ("ASC", ">")
    parts = [where, f"{column} IS {'NOT ' if with_value else ''}NULL"]
    if after is not None and with_value:
        parts += [f"{column}{beyond}=:after", f"({column}{beyond}:after OR {row_id}{beyond}:row)"]
        params |= {"after": after.value, "row": after.id}
    elif after is not None:
        parts.append(f"{row_id}{beyond}:row")
        params["row"] = after.id
    if ids is not None:
        marks, names = in_list(ids)
        parts.append(f"c.id IN ({marks})")
        params |= names
    order = f"{column} {direction}, {row_id} {direction}" if with_value else f"{row_id} {direction}"
    source = _source(tx.dialect, wanted, sort, is_narrowed=ids is not None)
    found = f"FROM {source} WHERE {' AND '.join(parts)} ORDER BY {order} LIMIT :limit"
    shown = _columns(wanted, column)
    if not is_indexed(wanted, sort):
        # Sorted without raw data, which would be written to the disk for every creator.
        row = "" if wanted.domain is None else " JOIN influencers i ON i.id=p.row_id"
        found = (
            f"FROM (SELECT c.id AS id, {row_id} AS row_id {found}) p"
            f" JOIN creators c ON c.id=p.id{row} ORDER BY {order}"
        )
    rows = tx.all(f"SELECT {shown} {found}", limit=limit, **params)
    return [row_to(ListedCreator, row) for row in rows]


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


def _source(
    dialect: Dialect, wanted: CreatorFilter, sort: Sort | None, *, is_narrowed: bool
) -> str:
    joined = "c.platform=i.platform AND c.uid=i.uid"
    identity = dialect.force_index("uq_creators_identity")
    if is_narrowed:
        listed = f"creators c {dialect.in_id_order}"
        row = dialect.force_index("uq_influencers_identity")
        return listed if wanted.domain is None else f"{listed} JOIN influencers i {row} ON {joined}"
    if wanted.domain is None:
        index = PLATFORM_INDEXES.get(sort.field) if sort else None
        # Where no index has the order, the table itself is read: by the index of the platform
        # MariaDB would look for each row in another place of the disk.
        return f"creators c {dialect.force_index(index) if index else dialect.in_id_order}"
    index = DOMAIN_INDEXES.get(sort.field, UNSORTED_INDEX) if sort else UNSORTED_INDEX
    return f"influencers i {dialect.force_index(index)} JOIN creators c {identity} ON {joined}"


def ids_named(tx: Tx, text: str) -> list[int]:
    """Return the ids of creators whose nickname holds the text, one more than MAX_NAMED at most.

    Only an index is read.
    """
    where = contains_sql(tx.dialect, "nickname", "name")
    found = tx.column(
        f"SELECT id FROM creators {tx.dialect.force_index('idx_creators_name')}"
        f" WHERE {where} LIMIT :limit",
        name=contains_pattern(tx.dialect, text),
        limit=MAX_NAMED + 1,
    )
    return sorted(found)


def ids_of_few(tx: Tx, wanted: CreatorFilter) -> list[int] | None:
    """Return the ids of the creators that meet the conditions which no index has.

    Found in one pass through the table, where the order of a list would look for each row in
    another place. None: there is no such condition, or more than FEW creators meet them; then a
    list comes upon enough of them in its own order.
    """
    in_domain = wanted.domain is not None
    free = tuple(
        condition
        for condition in wanted.conditions
        if condition.field not in PLATFORM_INDEXES
        and column_of(condition.field, in_domain=in_domain).startswith("c.")
    )
    if not free:
        return None
    narrowed = CreatorFilter(platform=wanted.platform, contacts=wanted.contacts, conditions=free)
    where, params = filter_sql(tx.dialect, narrowed)
    found = tx.column(
        f"SELECT c.id FROM creators c {tx.dialect.in_id_order} WHERE {where} LIMIT :limit",
        limit=FEW + 1,
        **params,
    )
    return found if len(found) <= FEW else None


def count(tx: Tx, wanted: CreatorFilter, limit: int, *, ids: Sequence[int] | None = None) -> int:
    """Return the number of creators that are meant; counting stops at `limit`.

    Args:
        ids: only these rows of `creators`, those that a search by name found; None: any.
    """
    if ids is not None and not ids:
        return 0
    where, params = filter_sql(tx.dialect, wanted, without_name=ids is not None)
    if ids is not None:
        marks, names = in_list(ids)
        where += f" AND c.id IN ({marks})"
        params |= names
    source = _source(tx.dialect, wanted, None, is_narrowed=ids is not None)
    return tx.number(
        f"SELECT COUNT(*) AS n FROM (SELECT c.id FROM {source} WHERE {where} LIMIT :limit) AS n_",
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
