"""Store the days that a scan counted, and file the report on new ones, in one transaction."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from core.clock import Clock
from core.logs import storable
from core.messages import Message, message_of
from distribution.daily.incompleteness import counted_in_vain, is_given_up
from distribution.daily.tally import CounterSum
from distribution.payloads import DAILY, daily_body, daily_entry
from distribution.recipients import Recipient
from storage.distribution import agent_daily_stats, daily_stats
from storage.distribution.agent_daily_stats import AgentShare
from storage.distribution.daily_stats import DailyStats
from storage.distribution.deliveries import DeliveryKind, DeliveryState
from storage.distribution.distribution_tasks import DramaFields
from storage.engines.transactions import Database, Tx
from storage.schema import schema
from webhooks.outbox import Outbox, Report
from webhooks.retry_policy import DeliveryOutcome
from webhooks.settlement import FinishedAttempt

LAST_WRITER = "daily_stats_writer"
MAX_RESPONSE_CHARS = 1024


class Change(StrEnum):
    """The difference of a task's day from the one that was stored before."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Part:
    """Tasks of one recipient whose days are stored and reported together.

    `number` is that of the part among the recipient's parts, from 1.
    """

    recipient: Recipient
    number: int
    dramas: Sequence[DramaFields]


@dataclass(frozen=True)
class StoredPart:
    """The outcome of storing a part, by task id.

    `days` are the rows as they are stored now, `changes` how each differs from before;
    `is_reported` is True when a new report on them was filed.
    """

    days: Mapping[str, DailyStats]
    changes: Mapping[str, Change]
    is_reported: bool


@dataclass(frozen=True, kw_only=True)
class DailyStore:
    """Writes `task_daily_stats` and files daily reports.

    Args:
        hold_tries: how often a day may be counted in vain before its partial sums are reported,
            marked as such; 0 to report them at once.
    """

    database: Database
    outbox: Outbox
    clock: Clock
    site_name: str
    hold_tries: int

    def store(
        self,
        day: date,
        part: Part,
        tallies: Mapping[str, CounterSum],
        counted_until: datetime,
        shares: Sequence[AgentShare] = (),
    ) -> StoredPart:
        """Store the tasks' day in one transaction, and file the report on what is new.

        Counts that differ from the stored ones are a new revision, which is reported once; tasks
        without a callback URL are only stored. What a later scan has stored is kept. Of a day that
        could not be counted, whole sums that were stored before are kept, and partial ones are
        held back. Repeating a call changes nothing.

        Args:
            tallies: the sums by task id.
            counted_until: completions that were changed before this UTC time are in the tallies.
            shares: what the users of each agent added to the tallies.
        """
        return self.database.write_idempotent(
            self._store, day, part, tallies=tallies, counted_until=counted_until, shares=shares
        )

    def _store(
        self,
        tx: Tx,
        day: date,
        part: Part,
        *,
        tallies: Mapping[str, CounterSum],
        counted_until: datetime,
        shares: Sequence[AgentShare],
    ) -> StoredPart:
        # This row serves as a lock: of two scans at once the second waits here, and then reads what
        # the first has written.
        schema.set_fact(tx, LAST_WRITER, uuid.uuid4().hex)
        known = daily_stats.of_day(tx, day, [drama.task_id for drama in part.dramas])
        found = {
            drama.task_id: self._revised(
                day, tallies[drama.task_id], known.get(drama.task_id), drama, counted_until
            )
            for drama in part.dramas
        }
        changes = {name: _change(stats, known.get(name)) for name, stats in found.items()}
        unreported = [drama for drama in part.dramas if found[drama.task_id].event_id is None]
        due = [drama for drama in unreported if not self._is_held(found[drama.task_id])]
        report = self._report(day, part, due, found)
        is_reported = report is not None and self.outbox.enqueue(tx, report)
        if report is not None:
            found |= {
                drama.task_id: replace(found[drama.task_id], event_id=report.event_id)
                for drama in due
            }
        revised = {drama.task_id for drama in unreported}
        same = [stats for name, stats in found.items() if name not in revised]
        daily_stats.store_revisions(tx, [found[name] for name in revised])
        daily_stats.note_scanned(tx, same)
        # Where the counts of another scan were kept, its shares are, so that both agree.
        counted = {name for name, stats in found.items() if stats.counts == tallies[name].counts}
        agent_daily_stats.replace_shares(
            tx, day, sorted(counted), [share for share in shares if share.task_id in counted]
        )
        return StoredPart(found, changes, is_reported)

    def _revised(
        self,
        day: date,
        tally: CounterSum,
        known: DailyStats | None,
        drama: DramaFields,
        counted_until: datetime,
    ) -> DailyStats:
        """Return the row to store, with a new revision when the counts differ from `known`."""
        now = self.clock.now()
        is_over = is_given_up(known.incomplete if known else None, now)
        is_partial = tally.passing is not None and not is_over
        heals = known is not None and known.is_partial and not is_partial
        if known is not None and known.counted_until > counted_until and not heals:
            # Another scan read the completions later than this one and stored first.
            return known
        incomplete = None
        if tally.passing is not None and not is_over:
            incomplete = counted_in_vain(known.incomplete if known else None, tally.passing, now)
        was_whole = known is not None and not known.is_partial and tally.passing is not None
        if known is not None and (was_whole or (is_partial and not known.is_held)):
            # Whole sums are better than partial ones, and a marked report is made good once.
            return replace(known, incomplete=incomplete, scanned_at=now)
        counts = tally.counts
        is_same = known is not None and dict(known.counts) == counts and not known.is_partial
        return DailyStats(
            task_id=drama.task_id,
            stats_date=day,
            counts=counts,
            completion_count=tally.completion_count,
            revision=1 if known is None else known.revision + _step(known, is_same=is_same),
            error=storable(error) if (error := tally.error) else None,
            event_id=known.event_id if known is not None and is_same else None,
            scanned_at=now,
            counted_until=counted_until,
            is_partial=is_partial,
            incomplete=incomplete,
        )

    def _is_held(self, day: DailyStats) -> bool:
        """Return True when the day is not reported yet, as its sums lack something."""
        tries = day.incomplete.tries if day.incomplete else 0
        return day.is_partial and tries <= self.hold_tries

    def _report(
        self, day: date, part: Part, due: Sequence[DramaFields], found: Mapping[str, DailyStats]
    ) -> Report | None:
        """Return the report on the tasks in `due`; None when it is empty or has no callback URL."""
        if part.recipient.url is None or not due:
            return None
        revisions = [(drama.task_id, found[drama.task_id].revision) for drama in due]
        entries = [daily_entry(drama, found[drama.task_id].counts) for drama in due]
        partial = [drama.task_id for drama in due if found[drama.task_id].is_partial]
        body = daily_body(self.site_name, entries, partial)
        return part.recipient.report(
            DAILY,
            self.site_name,
            body,
            on=due,
            revisions=revisions,
            day=day,
            part=part.number,
        )


def _step(known: DailyStats, *, is_same: bool) -> int:
    """Return by how much the revision grows. Partial sums that nobody was told of are none."""
    return 0 if is_same or known.is_held else 1


def _change(found: DailyStats, known: DailyStats | None) -> Change:
    if known is None:
        return Change.NEW
    is_same = (found.revision, found.counts) == (known.revision, known.counts)
    return Change.UNCHANGED if is_same else Change.CHANGED


def record_daily_delivery(tx: Tx, attempt: FinishedAttempt) -> None:
    """Record on the days of a daily report whether it was delivered, and the receiver's response.

    Called in the transaction that ends the attempt. Deliveries of other kinds are ignored.
    """
    delivery, outcome = attempt.delivery, attempt.outcome
    if delivery.kind is not DeliveryKind.DAILY:
        return
    is_delivered = outcome.state is DeliveryState.DELIVERED
    daily_stats.note_delivery(
        tx,
        delivery.event_id,
        attempt.at if is_delivered else None,
        _answer(outcome),
        delivery.attempts,
    )


def _answer(outcome: DeliveryOutcome) -> str | None:
    """Return the status and the beginning of the response or error, as a message to
    store; None when neither is known."""
    said = outcome.error or outcome.response or ""
    answer = message_of(said) or Message.text(str(said)[:MAX_RESPONSE_CHARS])
    if outcome.status is not None:
        return storable(Message.of("receiver_answered", status=outcome.status, answer=answer))
    return storable(answer) if said else None
