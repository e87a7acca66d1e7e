"""By which index creators are found: by that of a condition, or by that of the order.

The rows themselves are wide, and lie all over the disk for every order but that of their ids. So
what few rows are meant is decided by narrow indexes alone, wherever these hold the columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from storage.creators.conditions import (
    MEMBERSHIP_FIELDS,
    MIRRORED_FIELDS,
    STATUS,
    Condition,
    CreatorFilter,
    Field,
    conditions_sql,
)
from storage.engines.dialect import Dialect
from storage.engines.transactions import Tx

NUMBERS_INDEX = "idx_creators_followers"  # also videos, likes, contacts and uid
DOMAIN_NUMBERS_INDEX = "idx_influencers_followers"  # also videos
STATUS_INDEX = "idx_influencers_export"  # all of a domain, in no order that a list has
NAME_INDEX = "idx_creators_name"
IDENTITY = "c.platform=i.platform AND c.uid=i.uid"
# The index that holds a field of `creators`.
INDEX_OF: Mapping[Field, str] = {
    Field.FOLLOWERS: NUMBERS_INDEX,
    Field.VIDEOS: NUMBERS_INDEX,
    Field.LIKES: NUMBERS_INDEX,
    Field.UID: NUMBERS_INDEX,
    Field.NICKNAME: NAME_INDEX,
    Field.FIRST_SEEN_AT: "idx_creators_first_seen",
    Field.SEEN_AT: "idx_creators_seen",
}
OF_A_PLATFORM = frozenset({NUMBERS_INDEX, NAME_INDEX})  # these begin with the platform
# What the list of a platform and that of a domain can be sorted by without reading all of it.
PLATFORM_INDEXES = {
    field: INDEX_OF[field]
    for field in (Field.FOLLOWERS, Field.NICKNAME, Field.FIRST_SEEN_AT, Field.SEEN_AT)
}
DOMAIN_INDEXES = {Field.FOLLOWERS: DOMAIN_NUMBERS_INDEX}
# So many rows are looked for in any order within a second; fewer are named by their ids.
FEW, VERY_FEW = 10_000, 2000


@dataclass(frozen=True)
class Narrowing:
    """What a first look found out about the creators that are meant.

    `ids` are the only rows of `creators` among which they are; None: any. `index` finds them, that
    of `creators` or, in a domain, STATUS_INDEX; None: that of the list's order does.
    """

    ids: Sequence[int] | None = None
    index: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nobody is meant."""
        return self.ids is not None and not self.ids

    @property
    def is_of_creators(self) -> bool:
        """Whether it begins with `creators`, from which their rows in a domain are found."""
        return self.ids is not None or self.index not in (None, STATUS_INDEX)


ANY = Narrowing()


def narrowing(tx: Tx, wanted: CreatorFilter, field: Field | None) -> Narrowing:
    """Return the index that finds the creators whom a filter leaves, where they are few.

    A list in the order of another index would look for the row of every creator that it passes.

    Args:
        field: what the list is sorted by; None: it is counted.
    """
    in_domain = wanted.domain is not None
    by_index = _conditions_by_index(wanted)
    if in_domain and (by_index or wanted.is_exported is not None) and _is_small_part(tx, wanted):
        return Narrowing(index=None if wanted.is_exported is None else STATUS_INDEX)
    own = None if in_domain or field is None else PLATFORM_INDEXES.get(field)
    for index, conditions in by_index.items():
        # The list's own index is read in its order without the rows.
        if index == own:
            continue
        ids = _ids_of(tx, wanted, index, conditions)
        if len(ids) <= VERY_FEW:
            return Narrowing(ids=ids)
        if len(ids) <= FEW:
            return Narrowing(index=index)
    is_free = field is not None and not is_indexed(wanted, field)
    if in_domain and is_free and set(by_index) == {NUMBERS_INDEX}:
        return Narrowing(index=NUMBERS_INDEX)
    return ANY


def is_indexed(wanted: CreatorFilter, field: Field) -> bool:
    """Return whether a list by that field is read in its order by an index."""
    return field in (PLATFORM_INDEXES if wanted.domain is None else DOMAIN_INDEXES)


def needs_creators(wanted: CreatorFilter) -> bool:
    """Return whether a condition on creators of a domain is about what only `creators` tells."""
    return bool(wanted.name is not None or _conditions_by_index(wanted))


def _conditions_by_index(wanted: CreatorFilter) -> dict[str, list[Condition]]:
    """Return the conditions on `creators` by the index that holds their field."""
    elsewhere = MEMBERSHIP_FIELDS
    if wanted.domain is not None:
        elsewhere |= MIRRORED_FIELDS
    found: dict[str, list[Condition]] = {NUMBERS_INDEX: []} if wanted.contacts else {}
    for condition in wanted.conditions:
        if condition.field not in elsewhere:
            found.setdefault(INDEX_OF[condition.field], []).append(condition)
    return found


def _is_small_part(tx: Tx, wanted: CreatorFilter) -> bool:
    """Return whether a domain, or its part of the status that is meant, has few creators."""
    status, params = "", {}
    if wanted.is_exported is not None:
        status = f" AND {STATUS}"
        params["status"] = "exported" if wanted.is_exported else "pending_export"
    found = tx.number(
        "SELECT COUNT(*) AS n FROM (SELECT i.id FROM influencers i"
        f" {tx.dialect.force_index(STATUS_INDEX)}"
        f" WHERE i.platform=:platform AND i.domain=:domain{status} LIMIT :limit) AS n_",
        platform=wanted.platform,
        domain=wanted.domain,
        limit=FEW + 1,
        **params,
    )
    return found <= FEW


def _ids_of(
    tx: Tx, wanted: CreatorFilter, index: str, conditions: Sequence[Condition]
) -> list[int]:
    """Return the creators who meet the conditions that an index holds, one more than FEW at most.

    Only the index is read.
    """
    contacts = wanted.contacts if index == NUMBERS_INDEX else 0
    where, params = conditions_sql(tx.dialect, conditions, contacts)
    if index in OF_A_PLATFORM:
        where, params = f"c.platform=:platform AND {where}", params | {"platform": wanted.platform}
    return tx.column(
        f"SELECT c.id FROM creators c {tx.dialect.force_index(index)} WHERE {where} LIMIT :limit",
        limit=FEW + 1,
        **params,
    )


def tables(
    dialect: Dialect,
    wanted: CreatorFilter,
    field: Field | None,
    narrowed: Narrowing,
    *,
    with_creators: bool,
) -> str:
    """Return the tables in which the ids of a list are found, each with its index.

    Args:
        field: what the list is sorted by; None: it is counted.
        with_creators: in a domain, only rows count whose creator is in `creators`.
    """
    if wanted.domain is None:
        return f"creators c {_creators_hint(dialect, wanted, field, narrowed)}"
    if narrowed.is_of_creators:
        return (
            f"creators c {_creators_hint(dialect, wanted, field, narrowed)}"
            f" {dialect.ordered_join} influencers i"
            f" {dialect.force_index('uq_influencers_identity')} ON {IDENTITY}"
        )
    listed = f"influencers i {dialect.force_index(domain_index(wanted, field, narrowed))}"
    if not with_creators:
        return listed
    return f"{listed} JOIN creators c {dialect.force_index('uq_creators_identity')} ON {IDENTITY}"


def _creators_hint(
    dialect: Dialect, wanted: CreatorFilter, field: Field | None, narrowed: Narrowing
) -> str:
    if narrowed.ids is not None:
        return dialect.in_id_order
    if narrowed.index is not None:
        return dialect.force_index(narrowed.index)
    if field in PLATFORM_INDEXES:
        return dialect.force_index(PLATFORM_INDEXES[field])
    fields = {condition.field for condition in wanted.conditions} | ({field} if field else set())
    is_held = all(INDEX_OF.get(one) == NUMBERS_INDEX for one in fields) and wanted.name is None
    # By an index without the columns MariaDB would look for each row in another place of the disk.
    return dialect.force_index(NUMBERS_INDEX) if is_held else dialect.in_id_order


def domain_index(wanted: CreatorFilter, field: Field | None, narrowed: Narrowing = ANY) -> str:
    """Return the index of `influencers` by which a domain is read, in the order of a field or in
    any."""
    if narrowed.index == STATUS_INDEX:
        return STATUS_INDEX
    fields = {condition.field for condition in wanted.conditions} | ({field} if field else set())
    return DOMAIN_NUMBERS_INDEX if fields & MIRRORED_FIELDS else STATUS_INDEX


def status_sql(dialect: Dialect, index: str) -> str:
    """Return the condition on the status of a domain's rows where all of them are read.

    The index of numbers has no status: the rows that have it are told by their own index, and not
    looked for one by one.
    """
    if index != DOMAIN_NUMBERS_INDEX:
        return STATUS
    return (
        f"i.id IN (SELECT s.id FROM influencers s {dialect.force_index(STATUS_INDEX)}"
        " WHERE s.platform=:platform AND s.domain=:domain AND s.status=:status)"
    )
