"""Which creators of a domain an export delivers, and in which order."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.clock import iso_utc
from core.requests import FieldChecks, keywords_named
from crawler.creators.filters import (
    MOMENTS,
    ConditionReader,
    contact_names,
    contacts_named,
    sort_named,
)
from storage.creators.conditions import Condition, CreatorFilter, Field, Operator
from storage.creators.search import Sort
from storage.engines.datetimes import from_sql, to_sql

# Of a list of values in a choice that is told: of one task, and in a list of tasks.
TOLD_VALUES, LISTED_VALUES = 20, 3


class SkipDelivered(StrEnum):
    """Who is left out of an export: nobody, or whom another domain of the platform delivered."""

    NEVER = "never"
    PLATFORM = "platform"


@dataclass(frozen=True)
class Selection:
    """The choice of an export: conditions that all must hold, and an order.

    `keywords`: found by any of these searches. `contacts`: bits of which one must be set.
    `sort` None: in the order in which they were stored. `skip_delivered`: not who was exported in
    another domain of the platform.
    """

    conditions: tuple[Condition, ...] = ()
    keywords: tuple[str, ...] = ()
    contacts: int = 0
    sort: Sort | None = None
    skip_delivered: bool = False

    def of_domain(self, platform: str, domain: str) -> CreatorFilter:
        """Return the filter that chooses creators of a domain."""
        return CreatorFilter(
            platform=platform,
            domain=domain,
            keywords=self.keywords,
            contacts=self.contacts,
            conditions=self.conditions,
        )

    def in_words(self, max_values: int | None = None) -> str:
        """Return the options of `start_export` that make this choice again, quoted for a shell.

        Args:
            max_values: of a longer list of values only so many are named; None: all.
        """
        words = [("--where", _condition_text(one, max_values)) for one in self.conditions]
        words += [("--keyword", keyword) for keyword in self.keywords]
        words += [("--has", name) for name in contact_names(self.contacts)]
        if self.sort is not None:
            words.append(("--order", f"{'-' if self.sort.descending else ''}{self.sort.field}"))
        if self.skip_delivered:
            words.append(("--skip-delivered", SkipDelivered.PLATFORM.value))
        return shlex.join(word for pair in words for word in pair)

    def as_json(self) -> dict[str, Any]:
        """Return the JSON object that the task's row keeps."""
        return {
            "conditions": [[one.field, one.operator, one.value] for one in self.conditions],
            "keywords": list(self.keywords),
            "contacts": self.contacts,
            "sort": None if self.sort is None else [self.sort.field, self.sort.descending],
            "skip_delivered": self.skip_delivered,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Selection:
        """Return the choice in a task's row."""
        sort = stored["sort"]
        return cls(
            conditions=tuple(
                Condition(
                    Field(field),
                    Operator(operator),
                    tuple(value) if isinstance(value, list) else value,
                )
                for field, operator, value in stored["conditions"]
            ),
            keywords=tuple(stored["keywords"]),
            contacts=stored["contacts"],
            sort=None if sort is None else Sort(Field(sort[0]), bool(sort[1])),
            skip_delivered=bool(stored["skip_delivered"]),
        )


def choice_in_words(options: Mapping[str, Any], max_values: int | None = None) -> str:
    """Return the choice in the options of a task or a segment as `Selection.in_words` does; empty
    without one."""
    stored = options.get("selection")
    return Selection.from_json(stored).in_words(max_values) if stored else ""


def _condition_text(condition: Condition, max_values: int | None) -> str:
    field, operator, value = condition.field, condition.operator, condition.value
    if isinstance(value, tuple):
        named = ",".join(value[:max_values])
        is_cut = max_values is not None and len(value) > max_values
        return f"{field} {operator} {named}" + (f",… ({len(value):,})" if is_cut else "")
    if field in MOMENTS:
        value = iso_utc(from_sql(str(value)))
    return f"{field}{operator}{value}"


def selection_of(
    reader: ConditionReader,
    *,
    where: Sequence[str] = (),
    since: str | None = None,
    keywords: Sequence[str] = (),
    has: Sequence[str] = (),
    order: str | None = None,
    skip_delivered: bool = False,
) -> Selection | None:
    """Return what people choose with these words; None when they choose everything.

    Args:
        since: a span or a day: only who was ingested since then.

    Raises:
        WrongFieldsError: a field is invalid; there is a message for each.
    """
    checks = FieldChecks()
    conditions = checks.check("where", reader.conditions, where) or ()
    if since is not None:
        moment = checks.check("since", reader.moment, since)
        if moment is not None:
            newer = Condition(Field.INGESTED_AT, Operator.AT_LEAST, to_sql(moment))
            conditions = (*conditions, newer)
    contacts = checks.check("has", contacts_named, has) or 0
    found_by = checks.check("keyword", keywords_named, keywords) or ()
    sort = None if order is None else checks.check("order", sort_named, order)
    checks.finish()
    chosen = Selection(conditions, found_by, contacts, sort, skip_delivered)
    return None if chosen == Selection() else chosen
