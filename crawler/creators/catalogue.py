"""Looking at creators: lists, one creator with its history, and counts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from core.clock import Clock, QuotaCalendar
from core.errors import InvalidInputError
from crawler.creators.backfill import BackfillProgress, CreatorsBackfill
from crawler.creators.cursors import cursor_of, position_of
from crawler.creators.profiles import PlatformFields, address_of, signature_in
from storage.creators import access_paths, observations, search
from storage.creators.access_paths import Narrowing
from storage.creators.conditions import MEMBERSHIP_FIELDS, CreatorFilter
from storage.creators.observations import Observation
from storage.creators.search import (
    DayCount,
    DomainCount,
    KeywordCount,
    ListedCreator,
    Membership,
    Sort,
    StoredCreator,
)
from storage.engines.transactions import Database, Tx

MAX_ROWS = 500
COUNTED = 1000  # of a filter without an index; more are "1,000+"
SPARK_DAYS = 30


@dataclass(frozen=True)
class CreatorList:
    """A page of creators.

    `next` is the cursor of the following page, None on the last. `is_indexed` is False when every
    creator had to be read for it. `histories` has the days of the creators, by id, where asked for;
    `found` is how many are meant, COUNTED + 1 for any more, None where not asked for.
    """

    creators: tuple[ListedCreator, ...]
    next: str | None
    is_indexed: bool
    histories: Mapping[int, Sequence[Observation]] = field(default_factory=dict)
    found: int | None = None


@dataclass(frozen=True)
class CreatorDetails:
    """One creator: as it is now, its profile's address, its domains, keywords and days.

    `signature` is the text in which its ways to get in touch were found; None: it has none.
    """

    creator: StoredCreator
    url: str | None
    signature: str | None
    memberships: tuple[Membership, ...]
    keywords: Mapping[int, Sequence[str]]
    history: tuple[Observation, ...]


@dataclass(frozen=True, kw_only=True)
class CreatorCatalogue:
    """Reads what is known of creators."""

    database: Database
    clock: Clock
    calendar: QuotaCalendar
    platforms: PlatformFields
    backfill: CreatorsBackfill

    def page(
        self,
        wanted: CreatorFilter,
        sort: Sort,
        *,
        after: str | None = None,
        limit: int = 50,
        with_history: bool = False,
        with_count: bool = False,
    ) -> CreatorList:
        """Return a page of the creators that are meant, in order.

        Args:
            after: the cursor of the page before; None: the first page.
            limit: rows at most, up to MAX_ROWS.
            with_history: also read the days of the last month.
            with_count: also count all that are meant, up to COUNTED.

        Raises:
            InvalidInputError: a condition needs a domain, the name is that of too many creators, or
                the cursor is not one of this order.
        """
        require_domain_where_needed(wanted, sort)
        position = position_of(after, sort)

        def read(tx: Tx) -> tuple[list[ListedCreator], int | None]:
            narrowed = _narrowing(tx, wanted, sort)
            rows = (
                []
                if narrowed.is_empty
                else search.page(tx, wanted, sort, position, limit + 1, narrowed=narrowed)
            )
            if not with_count:
                return rows, None
            if position is None and len(rows) <= limit:
                return rows, len(rows)
            return rows, search.count(tx, wanted, COUNTED + 1, narrowed=narrowed)

        rows, found = self.database.read(read)
        shown = tuple(rows[:limit])
        return CreatorList(
            creators=shown,
            next=cursor_of(shown[-1], sort) if len(rows) > limit else None,
            is_indexed=wanted.name is not None or access_paths.is_indexed(wanted, sort.field),
            histories=self._histories(shown) if with_history and shown else {},
            found=found,
        )

    def matching(self, wanted: CreatorFilter, most: int | None = None) -> int:
        """Return how many creators are meant; counting stops at `most`, None: at COUNTED + 1.

        Raises:
            InvalidInputError: a condition needs a domain, or the name is that of too many creators.
        """
        require_domain_where_needed(wanted, None)
        limit = COUNTED + 1 if most is None else most

        def read(tx: Tx) -> int:
            narrowed = _narrowing(tx, wanted, None)
            return 0 if narrowed.is_empty else search.count(tx, wanted, limit, narrowed=narrowed)

        return self.database.read(read)

    def show(self, platform: str, uid: str, days: int) -> CreatorDetails:
        """Return a creator with its history of that many days.

        Raises:
            InvalidInputError: it is not known.
        """
        since = self._day_before(days)

        def read(tx: Tx) -> CreatorDetails:
            creator = search.find(tx, platform, uid)
            if creator is None:
                raise InvalidInputError("creator_unknown", platform=platform, uid=uid)
            found = search.memberships(tx, platform, uid)
            ids = [one.id for one in found]
            return CreatorDetails(
                creator=creator,
                url=address_of(self.platforms.profile_url(platform), uid),
                signature=signature_in(
                    json.loads(creator.raw_data), self.platforms.raw_fields(platform)
                ),
                memberships=tuple(found),
                keywords=search.keywords_of(tx, ids) if ids else {},
                history=tuple(observations.of_creator(tx, creator.id, since)),
            )

        return self.database.read(read)

    def by_domain(self) -> list[DomainCount]:
        """Return the creators of every domain, the largest first."""
        return self.database.read(search.counts_by_domain)

    def by_keyword(self, platform: str, domain: str) -> list[KeywordCount]:
        """Return how many creators of a domain each search listed."""
        return self.database.read(search.counts_by_keyword, platform, domain)

    def by_day(self, days: int, domain: str | None) -> list[DayCount]:
        """Return what was stored on each of the last days, the newest first."""
        return self.database.read(search.counts_by_day, self._day_before(days), domain)

    def progress(self) -> BackfillProgress:
        """Return how much of what older releases stored is not listed yet."""
        return self.backfill.progress()

    def _histories(self, shown: Sequence[ListedCreator]) -> dict[int, list[Observation]]:
        ids = [one.id for one in shown]
        rows = self.database.read(observations.of_creators, ids, self._day_before(SPARK_DAYS))
        found: dict[int, list[Observation]] = {}
        for row in rows:
            found.setdefault(row.creator_id, []).append(row)
        return found

    def _day_before(self, days: int) -> date:
        return self.calendar.day(self.clock.now()) - timedelta(days=days)


def require_domain_where_needed(wanted: CreatorFilter, sort: Sort | None) -> None:
    """Raise InvalidInputError when a condition is about a domain's creators and none is given."""
    if wanted.domain is not None:
        return
    fields = {condition.field for condition in wanted.conditions}
    if sort is not None:
        fields.add(sort.field)
    of_domain = sorted(MEMBERSHIP_FIELDS & fields)
    if of_domain or wanted.is_exported is not None or wanted.keywords:
        raise InvalidInputError("condition_needs_domain")


def _narrowing(tx: Tx, wanted: CreatorFilter, sort: Sort | None) -> Narrowing:
    """Return what a first look tells of the creators that may be meant."""
    if wanted.name is None:
        return access_paths.narrowing(tx, wanted, sort.field if sort else None)
    ids = search.ids_named(tx, wanted.platform, wanted.name)
    if len(ids) > search.MAX_NAMED:
        raise InvalidInputError("name_too_common", name=wanted.name, most=search.MAX_NAMED)
    return Narrowing(ids=ids)
