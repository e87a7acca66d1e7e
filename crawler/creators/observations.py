"""Write the history of creators: their numbers of each day on which they were seen."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from core.cancellation import StoppedSignal
from core.clock import Clock, QuotaCalendar
from core.messages import Message
from storage.creators import observations
from storage.creators.observations import Observation, SeenCreator
from storage.engines.transactions import Database, Tx
from storage.schema import schema

FACT = "creator_observations"
# A page that was stored just now may be committed after one with a later moment.
SETTLED_AFTER = timedelta(minutes=2)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Marker:
    """How far the job came: everything up to that creator of that moment is written."""

    seen_at: datetime = BEGINNING
    creator_id: int = 0

    @classmethod
    def load(cls, text: str | None) -> Marker:
        """Return the marker in a fact; the beginning for None."""
        if text is None:
            return cls()
        stored = json.loads(text)
        return cls(datetime.fromisoformat(stored["seen_at"]), stored["creator_id"])

    def dump(self) -> str:
        """Return the marker as the fact keeps it."""
        return json.dumps({"seen_at": self.seen_at.isoformat(), "creator_id": self.creator_id})


@dataclass(frozen=True, kw_only=True)
class ObservationJob:
    """The job that turns what was seen since its last run into rows per creator and day.

    A creator that is seen several times between two runs gets the newest numbers, on their day.
    Those are handed on to its rows in other domains than the page's, too.
    """

    database: Database
    clock: Clock
    calendar: QuotaCalendar

    def run(self, stop: threading.Event) -> Message:
        """Write what is new and return the number of creators as a message; safe to repeat.

        Raises:
            StoppedSignal: `stop` was set; a later run writes the rest.
        """
        before = self.clock.now() - SETTLED_AFTER
        count = 0
        while True:
            if stop.is_set():
                raise StoppedSignal
            written = self.database.write_idempotent(self._write_next, before)
            if not written:
                return Message.of("creators_observed", creators=count)
            count += written

    def _write_next(self, tx: Tx, before: datetime) -> int:
        marker = Marker.load(schema.get_fact(tx, FACT))
        seen = observations.seen_since(tx, marker.seen_at, marker.creator_id, before)
        if not seen:
            return 0
        observations.put(tx, self._rows(tx, seen))
        observations.refresh_domains(tx, [creator.id for creator in seen])
        schema.set_fact(tx, FACT, Marker(seen[-1].seen_at, seen[-1].id).dump())
        return len(seen)

    def _rows(self, tx: Tx, seen: Sequence[SeenCreator]) -> list[Observation]:
        ids = [creator.id for creator in seen]
        newest, names = observations.newest(tx, ids), observations.last_names(tx, ids)
        return [
            merged(
                newest.get(creator.id),
                creator,
                self.calendar.day(creator.seen_at),
                names.get(creator.id),
            )
            for creator in seen
        ]


def merged(
    known: Observation | None, seen: SeenCreator, day: date, known_name: str | None
) -> Observation:
    """Return the row to store when a creator was seen on `day`.

    It is the newest row, extended to the day, where nothing changed; otherwise a row of the day.

    Args:
        known: the creator's newest row; None: there is none.
        known_name: the last name that a row tells; None: there is none.
    """
    numbers = (seen.followers, seen.videos, seen.likes)
    name = seen.nickname if seen.nickname != known_name else None
    if known is not None and day <= known.until_day and day != known.day:
        day = known.until_day  # a clock that went back: the newest day keeps the newest numbers
    if known is not None and (known.followers, known.videos, known.likes) == numbers and not name:
        return replace(known, until_day=max(known.until_day, day))
    if known is not None and known.day == day and name is None:
        name = known.nickname
    return Observation(seen.id, day, day, *numbers, name)
