"""What lists of creators are asked for, by the same rules in every front end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from core.requests import FieldChecks, domain_named, keywords_named
from crawler.creators.filters import ConditionReader, contacts_named, name_part, sort_named
from sources.platforms import Platform
from storage.creators.conditions import CreatorFilter
from storage.creators.search import Sort


class Status(StrEnum):
    """Whether a creator of a domain is in a file already."""

    PENDING = "pending"
    EXPORTED = "exported"


@dataclass(frozen=True, kw_only=True)
class ListRequest:
    """Which creators are asked for, and in which order, as people write it."""

    platform: str
    domain: str | None = None
    where: Sequence[str] = ()
    name: str | None = None
    keywords: Sequence[str] = ()
    has: Sequence[str] = ()
    status: Status | None = None
    sort: str = "-followers"

    def read(
        self, conditions: ConditionReader, platform_named: Callable[[str], Platform]
    ) -> tuple[CreatorFilter, Sort]:
        """Return the filter and the order that are meant.

        Args:
            platform_named: returns the platform of a name whose creators can be searched.

        Raises:
            WrongFieldsError: with the problem of each wrong field.
        """
        checks = FieldChecks()
        found = checks.check("where", conditions.conditions, self.where)
        contacts = checks.check("has", contacts_named, self.has)
        order = checks.check("sort", sort_named, self.sort)
        known = checks.check("platform", platform_named, self.platform)
        domain = checks.check("domain", domain_named, self.domain) if self.domain else None
        name = checks.check("q", name_part, self.name) if self.name else None
        keywords = checks.check("keyword", keywords_named, self.keywords)
        checks.finish()
        assert found is not None and order is not None and known is not None
        assert keywords is not None
        wanted = CreatorFilter(
            platform=known.name,
            domain=domain,
            is_exported=None if self.status is None else self.status is Status.EXPORTED,
            keywords=keywords,
            contacts=contacts or 0,
            name=name or None,
            conditions=found,
        )
        return wanted, order
