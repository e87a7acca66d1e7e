"""Read many creators as a stream, within what a token may read each day."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import InvalidInputError
from crawler.creators.catalogue import MAX_ROWS
from storage.schema import schema

if TYPE_CHECKING:
    from core.clock import Clock, QuotaCalendar
    from crawler.creators.catalogue import CreatorCatalogue
    from storage.creators.conditions import CreatorFilter
    from storage.creators.search import ListedCreator, Sort
    from storage.engines.transactions import Database, Tx
    from web.audit_log import AuditLog, Principal

FACT = "api_rows"


class RowBudget:
    """Counts the rows that each token reads as streams on a day of the quota zone.

    A token that is made anew under the same name goes on with the day's count.
    """

    def __init__(
        self, *, database: Database, clock: Clock, calendar: QuotaCalendar, rows_per_day: int
    ) -> None:
        self._database = database
        self._clock = clock
        self._calendar = calendar
        self.rows_per_day = rows_per_day

    def left(self, token: str) -> int:
        """Return how many rows the token of that name may read today."""
        return max(0, self.rows_per_day - self._database.read(self._used, token))

    def take(self, token: str, rows: int) -> None:
        """Count rows as read.

        Raises:
            InvalidInputError: the token may not read so many more today; nothing was counted.
        """

        def count(tx: Tx) -> int | None:
            # The row is locked first, so that of two streams each sees what the other took.
            schema.set_fact_once(tx, _fact(token), "{}")
            tx.execute("UPDATE meta SET value=value WHERE name=:name", name=_fact(token))
            used = self._used(tx, token)
            if used + rows > self.rows_per_day:
                return self.rows_per_day - used
            day = str(self._calendar.day(self._clock.now()))
            schema.set_fact(tx, _fact(token), json.dumps({"day": day, "rows": used + rows}))
            return None

        left = self._database.write(count)
        if left is not None:
            raise InvalidInputError(
                "api_rows_used_up", rows=rows, left=max(0, left), most=self.rows_per_day
            )

    def _used(self, tx: Tx, token: str) -> int:
        noted = json.loads(schema.get_fact(tx, _fact(token)) or "{}")
        today = str(self._calendar.day(self._clock.now()))
        return int(noted["rows"]) if noted.get("day") == today else 0


@dataclass
class CreatorStream:
    """Creators that are read page by page while they are sent.

    `rows` is how many were given so far. `is_complete` says after the last one whether they were
    all that had been asked for.
    """

    catalogue: CreatorCatalogue
    wanted: CreatorFilter
    sort: Sort
    reserved: int
    limit: int | None
    rows: int = 0
    is_complete: bool = False

    def pages(self) -> Iterator[tuple[ListedCreator, ...]]:
        """Yield the creators, up to 500 at a time, each read by a transaction of its own.

        What the reader leaves unread stays counted.
        """
        after: str | None = None
        while self.rows < self.reserved:
            size = min(MAX_ROWS, self.reserved - self.rows)
            page = self.catalogue.page(self.wanted, self.sort, after=after, limit=size)
            self.rows += len(page.creators)
            after = page.next
            if page.creators:
                yield page.creators
            if after is None:
                break
        self.is_complete = after is None or self.rows == self.limit


class CreatorUseCases:
    """Reads creators as streams; each is recorded in the log of actions."""

    def __init__(self, *, catalogue: CreatorCatalogue, budget: RowBudget, audit: AuditLog) -> None:
        self._catalogue = catalogue
        self._budget = budget
        self._audit = audit

    def stream(
        self, who: Principal, wanted: CreatorFilter, sort: Sort, limit: int | None
    ) -> CreatorStream:
        """Return the creators that are meant as a stream; None: all of them.

        Nothing is marked as exported, and no quota of an account is used. The rows are counted
        for the token before the first one is read.

        Raises:
            InvalidInputError: they are more than the token may read today, or a condition needs a
                domain.
        """
        subject = f"{wanted.platform}/{wanted.domain or '*'}"
        with self._audit.action(who, "creators.stream", subject):
            reserved = self._reserved(who.name, wanted, sort, limit)
        return CreatorStream(self._catalogue, wanted, sort, reserved, limit)

    def _reserved(self, token: str, wanted: CreatorFilter, sort: Sort, limit: int | None) -> int:
        # Also refuses what the list refuses, before the first byte is sent.
        self._catalogue.page(wanted, sort, limit=1)
        most = self._budget.left(token) + 1
        rows = self._catalogue.matching(wanted, most if limit is None else min(limit, most))
        self._budget.take(token, rows)
        return rows


def _fact(token: str) -> str:
    return f"{FACT}:{hashlib.sha256(token.encode()).hexdigest()[:40]}"
