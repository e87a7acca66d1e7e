"""Conditions on creators, as lists filter by them and exports select by them, and their SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from storage.engines.dialect import Dialect


class Field(StrEnum):
    """What a creator can be filtered and sorted by."""

    FOLLOWERS = "followers"
    VIDEOS = "videos"
    LIKES = "likes"
    NICKNAME = "nickname"
    UID = "uid"
    SEEN_AT = "seen_at"
    FIRST_SEEN_AT = "first_seen_at"
    INGESTED_AT = "ingested_at"
    SOURCE_PAGE = "source_page"


class Operator(StrEnum):
    """How a field is compared; CONTAINS is for texts, IN for several values."""

    EQUAL = "="
    UNEQUAL = "!="
    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="
    CONTAINS = "~"
    IN = "in"


# Only a creator in a domain has these.
MEMBERSHIP_FIELDS = frozenset({Field.INGESTED_AT, Field.SOURCE_PAGE})
# The numbers by which a domain is sorted lie in its own rows.
MIRRORED_FIELDS = frozenset({Field.FOLLOWERS, Field.VIDEOS})
STATUS = "i.status=:status"


@dataclass(frozen=True)
class Condition:
    """A comparison of a field with a value: a number, a text, or a tuple of texts for IN.

    Moments are texts as the tables keep them. A field without a value meets no condition.
    """

    field: Field
    operator: Operator
    value: int | str | tuple[str, ...]


@dataclass(frozen=True)
class CreatorFilter:
    """Which creators of a platform are meant; None and empty ones leave a condition out.

    `domain` limits them to a domain, and only then `is_exported` and `keywords` (any of them) may
    be given. `contacts` are bits of which one must be set; `name` is a part of the nickname.
    """

    platform: str
    domain: str | None = None
    is_exported: bool | None = None
    keywords: tuple[str, ...] = ()
    contacts: int = 0
    name: str | None = None
    conditions: tuple[Condition, ...] = ()


def column_of(field: Field, *, in_domain: bool) -> str:
    """Return the column of a field: of `creators` as c, or of a domain's `influencers` as i."""
    is_membership = field in MEMBERSHIP_FIELDS or (in_domain and field in MIRRORED_FIELDS)
    return f"{'i' if is_membership else 'c'}.{field}"


def filter_sql(
    dialect: Dialect,
    wanted: CreatorFilter,
    *,
    without_name: bool = False,
    status: str = STATUS,
) -> tuple[str, dict[str, Any]]:
    """Return the condition that selected creators meet, and its parameters.

    Its tables are `creators c` and, with a domain, `influencers i` of the same creator. `status` is
    the SQL of that with the parameter `status`.
    """
    in_domain = wanted.domain is not None
    table = "i" if in_domain else "c"
    parts = [f"{table}.platform=:platform"]
    params: dict[str, Any] = {"platform": wanted.platform}
    if in_domain:
        parts.append("i.domain=:domain")
        params["domain"] = wanted.domain
    if wanted.is_exported is not None:
        parts.append(status)
        params["status"] = "exported" if wanted.is_exported else "pending_export"
    if wanted.keywords:
        marks = _marks("keyword", wanted.keywords, params)
        parts.append(
            "EXISTS (SELECT 1 FROM influencer_keywords k WHERE k.influencer_id=i.id"
            f" AND k.keyword IN ({marks}))"
        )
    if wanted.name is not None and not without_name:
        parts.append(contains_sql(dialect, "c.nickname", "name", wanted.name, params))
    parts += _parts(dialect, wanted.conditions, wanted.contacts, params, in_domain=in_domain)
    return " AND ".join(parts), params


def conditions_sql(
    dialect: Dialect, conditions: Sequence[Condition], contacts: int
) -> tuple[str, dict[str, Any]]:
    """Return conditions on `creators c` alone, at least one, as SQL with its parameters."""
    params: dict[str, Any] = {}
    return " AND ".join(_parts(dialect, conditions, contacts, params, in_domain=False)), params


def _parts(
    dialect: Dialect,
    conditions: Sequence[Condition],
    contacts: int,
    params: dict[str, Any],
    *,
    in_domain: bool,
) -> list[str]:
    parts = []
    if contacts:
        parts.append("(c.has_contact & :contacts)<>0")
        params["contacts"] = contacts
    for number, condition in enumerate(conditions):
        parts.append(_condition_sql(dialect, condition, number, params, in_domain=in_domain))
    return parts


def contains_sql(
    dialect: Dialect, column: str, name: str, text: str, params: dict[str, Any]
) -> str:
    """Return the condition that a column holds a text, the parameter `name`, which it adds.

    Letters of both cases are alike.
    """
    # SQLite's LOWER knows the letters of ASCII only.
    params[name] = _ascii_lower(text) if dialect.name == "sqlite" else text.lower()
    # Most Chinese names have no cases: to lower a million of them takes longer than to compare.
    has_cases = text.lower() != text.upper()
    return f"INSTR({f'LOWER({column})' if has_cases else column}, :{name})>0"


def _ascii_lower(text: str) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


def _condition_sql(
    dialect: Dialect,
    condition: Condition,
    number: int,
    params: dict[str, Any],
    *,
    in_domain: bool,
) -> str:
    column, name = column_of(condition.field, in_domain=in_domain), f"value{number}_"
    value = condition.value
    if condition.operator is Operator.IN:
        assert isinstance(value, tuple)
        return f"{column} IN ({_marks(name, value, params)})"
    if condition.operator is Operator.CONTAINS:
        return contains_sql(dialect, column, name, str(value), params)
    params[name] = value
    operator = "<>" if condition.operator is Operator.UNEQUAL else condition.operator.value
    return f"{column}{operator}:{name}"


def _marks(prefix: str, values: Sequence[str], params: dict[str, Any]) -> str:
    names: Mapping[str, str] = {f"{prefix}{n}": value for n, value in enumerate(values)}
    params.update(names)
    return ",".join(f":{name}" for name in names)
