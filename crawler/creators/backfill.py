"""Bring the creators and pages of older releases into the tables of this one."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from core.cancellation import StoppedSignal
from core.clock import QuotaCalendar
from core.errors import InvalidInputError
from core.messages import Message
from crawler.creators.profiles import ProfileReader
from storage.crawling import influencers
from storage.creators import backfill, creators, day_totals
from storage.creators.backfill import OldInfluencer, OldPage
from storage.engines.transactions import Database, Tx
from storage.schema import schema

CREATORS_FACT, PAGES_FACT = "creators_backfill", "day_totals_backfill"
DONE = "0"
Day = tuple[date, int, str, str]


@dataclass(frozen=True)
class BackfillProgress:
    """The highest id of `influencers` that is still to be looked at, and the highest one of all."""

    left: int
    of: int


@dataclass(frozen=True, kw_only=True)
class CreatorsBackfill:
    """The job that brings old rows in, beside running crawls.

    It goes from the newest row to the oldest, so that of a creator's entries the newest counts, and
    leaves alone what a newer page has stored. It may be interrupted anywhere; the next run goes on.
    """

    database: Database
    calendar: QuotaCalendar
    profiles: ProfileReader

    def run(self, stop: threading.Event) -> Message:
        """Bring in all that is left and return the number of rows and pages as a message.

        Raises:
            StoppedSignal: `stop` was set; a later run brings in the rest.
        """
        rows = self._walk(CREATORS_FACT, influencers.highest_id, self._bring_creators, stop)
        pages = self._walk(PAGES_FACT, backfill.highest_page, self._bring_pages, stop)
        if not rows and not pages:
            return Message.of("creators_complete")
        return Message.of("creators_brought_in", creators=rows, pages=pages)

    def require_finished(self) -> None:
        """Raise InvalidInputError while creators are brought in that a choice would not find."""
        if self.progress().left:
            raise InvalidInputError("selection_before_backfill")

    def is_every_page_counted(self) -> bool:
        """Return whether the pages of older releases are in the sums of days."""
        return self.database.read(schema.get_fact, PAGES_FACT) == DONE

    def progress(self) -> BackfillProgress:
        """Return how much of `influencers` is not in `creators` yet."""

        def read(tx: Tx) -> BackfillProgress:
            highest, noted = influencers.highest_id(tx), schema.get_fact(tx, CREATORS_FACT)
            if not backfill.is_oldest_missing(tx):
                return BackfillProgress(0, highest)
            return BackfillProgress(highest if noted is None else int(noted), highest)

        return self.database.read(read)

    def _walk(
        self,
        fact: str,
        highest: Callable[[Tx], int],
        bring: Callable[[Tx, int], tuple[int, int]],
        stop: threading.Event,
    ) -> int:
        """Bring in rows batch by batch, and remember in `fact` how far it came."""
        noted = self.database.read(schema.get_fact, fact)
        up_to = self.database.read(highest) if noted is None else int(noted)
        count = 0

        def batch(tx: Tx) -> tuple[int, int]:
            done, lowest = bring(tx, up_to)
            next_up_to = lowest - 1 if done else 0
            schema.set_fact(tx, fact, str(next_up_to))
            return done, next_up_to

        while noted != DONE and (up_to or noted is None):
            if stop.is_set():
                raise StoppedSignal
            done, up_to = self.database.write(batch)
            count += done
            noted = str(up_to)
        return count

    def _bring_creators(self, tx: Tx, up_to: int) -> tuple[int, int]:
        rows = backfill.old_influencers(tx, up_to)
        if not rows:
            return 0, 0
        # Rows of a creator in several domains stay in their order, the newest first.
        ordered = sorted(rows, key=lambda row: (row.platform, row.uid))
        creators.insert_absent(tx, [self._old_creator(row) for row in ordered])
        backfill.mirror(tx, [row.id for row in rows])
        return len(rows), rows[-1].id

    def _old_creator(self, row: OldInfluencer) -> creators.OldCreator:
        raw = _object_in(row.raw_data)
        profile = self.profiles.stored(row.platform, row.uid, row.nickname, raw, row.raw_data)
        return creators.OldCreator(row.platform, profile, row.ingested_at, row.updated_at)

    def _bring_pages(self, tx: Tx, up_to: int) -> tuple[int, int]:
        pages = backfill.old_pages(tx, up_to)
        if not pages:
            return 0, 0
        backfill.set_counted(tx, [page.id for page in pages])
        for (day, account_id, platform, domain), (count, seen, new) in self._sums(pages).items():
            day_totals.add(tx, day, account_id, platform, domain, pages=count, seen=seen, new=new)
        return len(pages), pages[-1].id

    def _sums(self, pages: Sequence[OldPage]) -> dict[Day, tuple[int, int, int]]:
        counts: dict[Day, Counter[str]] = {}
        for page in pages:
            if page.platform is None:
                continue
            day = self.calendar.day(page.end_time)
            key = (day, page.account_id, page.platform, page.domain)
            sums = counts.setdefault(key, Counter())
            sums.update(pages=1, seen=page.ingested_count, new=page.new_count)
        return {
            key: (sums["pages"], sums["seen"], sums["new"]) for key, sums in sorted(counts.items())
        }


def _object_in(text: str) -> dict[str, object]:
    """Return the object in a row's raw data; an empty one where a hand has put something else."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
