"""Storing what a scan found, with the report of what is new in it: one transaction for both."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from core.clock import Clock
from distribution.daily.tally import CounterSum
from distribution.payloads import DAILY, daily_body, daily_entry, event_id
from distribution.recipients import Recipient
from storage.distribution import daily_stats
from storage.distribution.daily_stats import DailyStats
from storage.distribution.deliveries import DeliveryKind, DeliveryState
from storage.distribution.distribution_tasks import DramaFields
from storage.engines.transactions import Database, Tx
from storage.schema import schema
from webhooks.outbox import Outbox, Report
from webhooks.queue import FinishedAttempt

LAST_WRITER = "daily_stats_writer"
RESPONSE_CHARS = 1024


class Change(StrEnum):
    """What a scan found of a task's day."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Part:
    """Tasks of one receiver whose days are stored, and told, together; `number` is from 1."""

    receiver: Recipient
    number: int
    dramas: Sequence[DramaFields]


@dataclass(frozen=True)
class StoredPart:
    """The days as they are stored now, and whether a report was filed for them."""

    days: Mapping[str, DailyStats]
    changes: Mapping[str, Change]
    is_reported: bool


class DailyStore:
    """Writes `task_daily_stats`, and files the report that is due."""

    def __init__(self, *, database: Database, outbox: Outbox, clock: Clock, site_name: str) -> None:
        self._database = database
        self._outbox = outbox
        self._clock = clock
        self._site_name = site_name

    def store(
        self, day: date, part: Part, tallies: Mapping[str, CounterSum], counted_until: datetime
    ) -> StoredPart:
        """Store the tasks' day. Other numbers than before are a new revision, and reported once.
        What changed before `counted_until` is in the tallies.

        A repetition finds its own numbers and changes nothing, so it may run again as often as the
        database asks for it.
        """
        return self._database.write_idempotent(self._store, day, part, tallies, counted_until)

    def _store(
        self,
        tx: Tx,
        day: date,
        part: Part,
        tallies: Mapping[str, CounterSum],
        counted_until: datetime,
    ) -> StoredPart:
        # Two scans at once: the second one waits here, and then sees what the first one wrote.
        schema.set_fact(tx, LAST_WRITER, uuid.uuid4().hex)
        known = daily_stats.of_day(tx, day, [one.task_id for one in part.dramas])
        found = {
            one.task_id: self._found(
                day, tallies[one.task_id], known.get(one.task_id), one, counted_until
            )
            for one in part.dramas
        }
        changes = {name: _change(one, known.get(name)) for name, one in found.items()}
        due = [one for one in part.dramas if found[one.task_id].event_id is None]
        report = self._report(day, part, due, found)
        is_reported = report is not None and self._outbox.enqueue(tx, report)
        if report is not None:
            found |= {
                one.task_id: replace(found[one.task_id], event_id=report.event_id) for one in due
            }
        untold = {one.task_id for one in due}
        daily_stats.store_revisions(tx, [found[name] for name in untold])
        daily_stats.note_scanned(tx, [one for name, one in found.items() if name not in untold])
        return StoredPart(found, changes, is_reported)

    def _found(
        self,
        day: date,
        tally: CounterSum,
        known: DailyStats | None,
        drama: DramaFields,
        counted_until: datetime,
    ) -> DailyStats:
        if known is not None and known.counted_until > counted_until:
            return known  # another scan has read the completions later, and was faster
        counts = tally.counts
        is_same = known is not None and dict(known.counts) == counts
        revision = 1 if known is None else known.revision + (0 if is_same else 1)
        return DailyStats(
            task_id=drama.task_id,
            stats_date=day,
            counts=counts,
            completion_count=tally.completion_count,
            revision=revision,
            error=tally.error,
            event_id=known.event_id if known is not None and is_same else None,
            scanned_at=self._clock.now(),
            counted_until=counted_until,
        )

    def _report(
        self, day: date, part: Part, due: Sequence[DramaFields], found: Mapping[str, DailyStats]
    ) -> Report | None:
        """What is to be told of the tasks that are due; None when nobody is to be told."""
        url = part.receiver.url
        if url is None or not due:
            return None
        revisions = [(one.task_id, found[one.task_id].revision) for one in due]
        entries = [daily_entry(one, found[one.task_id].counts) for one in due]
        name = event_id(
            DAILY, self._site_name, url=url, day=day, revisions=revisions, part=part.number
        )
        body = daily_body(self._site_name, entries)
        return Report(
            kind=DAILY,
            event_id=name,
            url=url,
            task_id=part.receiver.signer,
            stats_date=day,
            body=body,
            tasks=[one.task_id for one in due],
        )


def _change(found: DailyStats, known: DailyStats | None) -> Change:
    if known is None:
        return Change.NEW
    return Change.UNCHANGED if found.revision == known.revision else Change.CHANGED


def record_daily_delivery(tx: Tx, attempt: FinishedAttempt) -> None:
    """Store on the days of a daily report whether it was delivered, and the receiver's answer.
    Deliveries of other kinds are ignored."""
    delivery, outcome = attempt.delivery, attempt.outcome
    if delivery.kind is not DeliveryKind.DAILY:
        return
    is_delivered = outcome.state is DeliveryState.DELIVERED
    answer = f"{outcome.status or ''} {outcome.error or outcome.response or ''}".strip()
    daily_stats.note_delivery(
        tx,
        delivery.event_id,
        attempt.at if is_delivered else None,
        answer[:RESPONSE_CHARS] or None,
        delivery.attempts,
    )
