"""The daily scanner: what every distribution task reached on a day."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeVar

from accounts.vault import Vault
from core.cancellation import StoppedSignal
from core.clock import Clock, QuotaCalendar
from core.errors import InvalidInputError
from core.logs import service_log
from distribution.daily.counting import DayCount, completed, verified
from distribution.daily.store import Change, DailyStore, Part, StoredPart
from distribution.daily.tally import CounterSum
from distribution.live_counters import Fetcher, LiveCounters
from distribution.recipients import recipients_of
from storage.distribution import completions, distribution_tasks, users
from storage.distribution.completions import Completion
from storage.distribution.daily_stats import DailyStats
from storage.distribution.distribution_tasks import DramaFields
from storage.engines.transactions import Database, Tx
from storage.schema import schema

T = TypeVar("T")
log = service_log("daily_stats")
SCANNED_FROM, SCANNED_TO = "daily_stats_scanned_from", "daily_stats_scanned_to"
# Longer than storing a completion takes from its moment to its COMMIT.
UNSEEN_YET = timedelta(minutes=5)
MAX_DAYS_MADE_UP = 31
MAX_DAYS_ASKED = 366
LOOKED_UP = 500  # ids in one query
NOT_FETCHED = "not fetched (dry run)"


@dataclass(frozen=True)
class ScannedTask:
    """A task's day. `change` and `revision` are None where nothing was stored (a dry run)."""

    drama: DramaFields
    counts: Mapping[str, int]
    completion_count: int
    error: str | None
    change: Change | None = None
    revision: int | None = None


@dataclass
class DayScan:
    """What a scan found. `to_fetch` links of a dry run would have been asked for."""

    day: date
    is_dry: bool = False
    tasks: list[ScannedTask] = field(default_factory=list)
    agents: dict[str, CounterSum] = field(default_factory=dict)
    reports: int = 0
    to_fetch: int = 0

    @property
    def completion_count(self) -> int:
        return sum(one.completion_count for one in self.tasks)

    @property
    def incomplete(self) -> int:
        """Tasks of which something could not be counted."""
        return sum(one.error is not None for one in self.tasks)

    def count(self, change: Change) -> int:
        return sum(one.change is change for one in self.tasks)

    def __str__(self) -> str:
        if not self.tasks:
            return f"{self.day}: no completions"
        changes = ", ".join(f"{change.value} {self.count(change)}" for change in Change)
        counted = f"completions {self.completion_count}"
        if self.is_dry:
            return f"{self.day}: tasks {len(self.tasks)}, {counted}"
        told = f"{self.day}: tasks {len(self.tasks)} ({changes}), {counted}, reports {self.reports}"
        return told + (f", not counted in full {self.incomplete}" if self.incomplete else "")


class DailyScanner:
    """Counts, stores and reports days.

    Args:
        part_tasks: tasks of one report at most.
    """

    def __init__(
        self,
        *,
        database: Database,
        fetcher: Fetcher,
        vault: Vault,
        store: DailyStore,
        clock: Clock,
        calendar: QuotaCalendar,
        part_tasks: int,
    ) -> None:
        self._database = database
        self._fetcher = fetcher
        self._vault = vault
        self._store = store
        self._clock = clock
        self._calendar = calendar
        self._part_tasks = part_tasks

    @property
    def yesterday(self) -> date:
        return self._calendar.day(self._clock.now()) - timedelta(days=1)

    def days(self, first: date, last: date) -> list[date]:
        """All days from `first` to `last`.

        Raises:
            InvalidInputError: one is in the future, or they are in the wrong order or too many.
        """
        today = self._calendar.day(self._clock.now())
        if last > today:
            zone = self._calendar.zone.key
            raise InvalidInputError(f"{last} is in the future: today is {today} ({zone})")
        if first > last:
            raise InvalidInputError(f"{first} is after {last}: write --from EARLIER --to LATER")
        count = (last - first).days + 1
        if count > MAX_DAYS_ASKED:
            raise InvalidInputError(f"{count} days are too many at once; at most {MAX_DAYS_ASKED}")
        return [first + timedelta(days=n) for n in range(count)]

    def run(self, stop: threading.Event) -> str:
        """The nightly job: all days since the last one that it finished, to yesterday; what it did
        in a sentence.

        Raises:
            StoppedSignal: `stop` was set; what was stored stays, and a later run does the rest.
        """
        last = self.yesterday
        told = self._database.read(schema.get_fact, SCANNED_TO)
        first = min(last, date.fromisoformat(told) + timedelta(days=1)) if told else last
        first = max(first, last - timedelta(days=MAX_DAYS_MADE_UP - 1))
        scans = []
        for day in self.days(first, last):
            scans.append(self.scan(day, stop))
            self._note_scanned(day)
        return "; ".join(map(str, scans))

    def _note_scanned(self, day: date) -> None:
        def work(tx: Tx) -> None:
            schema.set_fact_once(tx, SCANNED_FROM, str(day))
            schema.set_fact(tx, SCANNED_TO, str(day))

        self._database.write_idempotent(work)

    def late_tasks(self, day: date) -> list[str]:
        """Ids of the tasks whose completions of a day changed since the day was counted. A task
        that was not counted is among them when the nightly job has done the day."""
        begins, ends = self._calendar.bounds(day)
        # Who came before the day's end was seen by whoever counted it afterwards.
        since = ends - UNSEEN_YET

        def look(tx: Tx) -> list[str]:
            first, last = schema.get_fact(tx, SCANNED_FROM), schema.get_fact(tx, SCANNED_TO)
            is_done = first is not None and last is not None and first <= str(day) <= last
            return completions.late_tasks(tx, day, begins, ends, since) if is_done else []

        return self._database.read(look)

    def scan(
        self,
        day: date,
        stop: threading.Event,
        *,
        dry_run: bool = False,
        by_agent: bool = False,
        only: Sequence[str] | None = None,
    ) -> DayScan:
        """Count a day (or `only` these tasks of it), store it and report what is new. A dry run
        fetches, stores and reports nothing.

        Raises:
            InvalidInputError: the day is in the future.
            Stopped: `stop` was set; whole parts may be stored and reported already.
        """
        self.days(day, day)
        begins, ends = self._calendar.bounds(day)
        live = None if dry_run else LiveCounters(self._fetcher)
        agents = self._database.read(users.agents) if by_agent else None
        scan = DayScan(day, dry_run)
        for part in self._parts(self._tasks_of(begins, ends, only)):
            if stop.is_set():
                raise StoppedSignal
            counted_until = self._clock.now() - UNSEEN_YET
            counted = self._count(self._completions(part, begins, ends), live, stop)
            tallies = _by_task(part.dramas, counted)
            stored = None if dry_run else self._store.store(day, part, tallies, counted_until)
            scan.tasks += _scanned(part, tallies, stored)
            scan.reports += int(stored is not None and stored.is_reported)
            scan.to_fetch += sum(one.reason == NOT_FETCHED for one in counted)
            if agents is not None:
                _add_by_agent(scan.agents, agents, counted)
        scan.tasks.sort(key=lambda one: one.drama.task_id)
        log.info("%s", scan)
        return scan

    def _tasks_of(
        self, begins: datetime, ends: datetime, only: Sequence[str] | None
    ) -> list[DramaFields]:
        """The tasks that were completed by somebody; one that is gone has no project."""
        ids = only
        if ids is None:
            ids = self._database.read(completions.tasks_of_day, begins, ends)
        known: dict[str, DramaFields] = {}
        for some in _chunks(ids, LOOKED_UP):
            known |= self._database.read(distribution_tasks.named, some)
        return [known.get(task_id) or DramaFields(task_id, "") for task_id in ids]

    def _parts(self, found: Sequence[DramaFields]) -> Iterator[Part]:
        for receiver in recipients_of(found, self._vault):
            for number, some in enumerate(_chunks(receiver.dramas, self._part_tasks), start=1):
                yield Part(receiver, number, some)

    def _completions(self, part: Part, begins: datetime, ends: datetime) -> list[Completion]:
        ids = [one.task_id for one in part.dramas]
        return self._database.read(completions.of_day, ids, begins, ends)

    def _count(
        self,
        found: Iterable[Completion],
        live: LiveCounters | None,
        stop: threading.Event,
    ) -> list[DayCount]:
        """The counters of each: as they were verified, and what is missing as it is now."""
        counted = [verified(one) for one in found]
        if live is None:
            return [
                one if one.is_whole else DayCount(one.completion, one.counters, NOT_FETCHED)
                for one in counted
            ]
        wanted = [one.completion.submission_link for one in counted if not one.is_whole]
        live.ask(wanted, stop)
        return [one if one.is_whole else completed(one, live) for one in counted]


def _by_task(found: Sequence[DramaFields], counted: Iterable[DayCount]) -> dict[str, CounterSum]:
    tallies = {one.task_id: CounterSum() for one in found}
    for one in found:
        if not one.project_id:
            tallies[one.task_id].note("the task itself is not known any more")
    for each in counted:
        tallies[each.completion.task_id].add(each.completion, each.counters, each.reason)
    return tallies


def _add_by_agent(
    tallies: dict[str, CounterSum], agents: Mapping[str, str], counted: Iterable[DayCount]
) -> None:
    for one in counted:
        agent = agents.get(one.completion.user_id, "")
        tallies.setdefault(agent, CounterSum()).add(one.completion, one.counters, one.reason)


def _scanned(
    part: Part, tallies: Mapping[str, CounterSum], stored: StoredPart | None
) -> Iterator[ScannedTask]:
    for drama in part.dramas:
        tally = tallies[drama.task_id]
        change: Change | None = None
        day: DailyStats | None = None
        if stored is not None:
            change, day = stored.changes[drama.task_id], stored.days[drama.task_id]
        yield ScannedTask(
            drama=drama,
            counts=tally.counts,
            completion_count=tally.completion_count,
            error=tally.error,
            change=change,
            revision=day.revision if day else None,
        )


def _chunks(found: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    return (found[start : start + size] for start in range(0, len(found), size))
