"""Count what every distribution task reached on a day, and report it."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from accounts.vault import Vault
from core.cancellation import StoppedSignal
from core.clock import Clock, QuotaCalendar
from core.errors import InvalidInputError
from core.logs import service_log
from core.messages import Message
from distribution.daily.agent_shares import agents_of, shares_of
from distribution.daily.counting import CompletionCount, verified, with_live_counters
from distribution.daily.one_video import ambiguous_links, once_per_video
from distribution.daily.shared_videos import first_ones, note_videos, unresolved_links
from distribution.daily.store import Change, DailyStore, Part, StoredPart
from distribution.daily.tally import CounterSum
from distribution.live_counters import Fetcher, LiveCounters
from distribution.recipients import recipients_of
from distribution.shared_list import CountOnce
from sources.links import VideoLink
from storage.distribution import completions, daily_stats, distribution_tasks
from storage.distribution.completions import Completion
from storage.distribution.daily_stats import DailyStats
from storage.distribution.distribution_tasks import DramaFields
from storage.engines.transactions import Database, Tx
from storage.schema import schema

log = service_log("daily_stats")
SCANNED_FROM, SCANNED_TO = "daily_stats_scanned_from", "daily_stats_scanned_to"
# A completion gets its time before its COMMIT; within this time a reader may not see it yet.
COMMIT_GRACE = timedelta(minutes=5)
MAX_CATCH_UP_DAYS = 31
MAX_DAYS = 366
IDS_PER_QUERY = 500
NOT_FETCHED = Message.of("counters_not_fetched")


@dataclass(frozen=True)
class ScannedTask:
    """A task's counts of a day.

    Args:
        counts: a number for every column in COUNTS.
        error: what is missing from the counts; None when nothing is.
        passing: why it is counted again by itself later; None when it is not.
        change: None after a dry run, which stores nothing; `revision` and `day` likewise.
        day: the stored row. Of a day that could not be counted this time its counts may be those
            of an earlier count.
    """

    drama: DramaFields
    counts: Mapping[str, int]
    completion_count: int
    error: Message | None
    passing: Message | None = None
    change: Change | None = None
    revision: int | None = None
    day: DailyStats | None = None


@dataclass
class DayScan:
    """The result of a scan, filled while it runs.

    Args:
        tasks: the tasks with completions on that day, sorted by task id at the end.
        agents: sums by agent, "" for users without one; empty unless asked for.
        reports: the number of reports that were filed.
        to_fetch: the number of completions for which a dry run fetched nothing.
    """

    day: date
    is_dry: bool = False
    tasks: list[ScannedTask] = field(default_factory=list)
    agents: dict[str, CounterSum] = field(default_factory=dict)
    reports: int = 0
    to_fetch: int = 0

    @property
    def completion_count(self) -> int:
        return sum(task.completion_count for task in self.tasks)

    @property
    def incomplete(self) -> int:
        """Return the number of tasks with counters that are missing from their sums."""
        return sum(task.error is not None for task in self.tasks)

    @property
    def recounted(self) -> int:
        """Return the number of tasks that are counted again by themselves later."""
        return sum(task.passing is not None for task in self.tasks)

    @property
    def held(self) -> int:
        """Return the number of tasks whose report is held back, as their sums lack something."""
        return sum(task.day is not None and task.day.is_held for task in self.tasks)

    def count(self, change: Change) -> int:
        """Return the number of tasks whose stored day is new, changed or unchanged, as `change`
        says.

        0 for each after a dry run.
        """
        return sum(task.change is change for task in self.tasks)

    @property
    def message(self) -> Message:
        """Return a summary of the scan for jobs and listings."""
        if not self.tasks:
            return Message.of("day_without_completions", day=self.day)
        numbers = {"tasks": len(self.tasks), "completions": self.completion_count}
        if self.is_dry:
            return Message.of("day_counted", day=self.day, **numbers)
        result = Message.of(
            "day_scanned",
            day=self.day,
            **numbers,
            new=self.count(Change.NEW),
            changed=self.count(Change.CHANGED),
            unchanged=self.count(Change.UNCHANGED),
            reports=self.reports,
        )
        if self.incomplete:
            result = Message.of("day_incomplete", result=result, incomplete=self.incomplete)
        if not self.recounted:
            return result
        return Message.of(
            "day_counted_again_later", result=result, recounted=self.recounted, held=self.held
        )


@dataclass(frozen=True, kw_only=True)
class DailyScanner:
    """Sums up the counters of a day's completions for each task, stores the sums and reports them.

    A day begins at midnight in the quota time zone.

    Args:
        part_tasks: the greatest number of tasks in one report.
        accounts_per_platform: whether a user of two platforms is two in `account_count`.
        count_once: for whom a video counts once.
    """

    database: Database
    fetcher: Fetcher
    vault: Vault
    store: DailyStore
    clock: Clock
    calendar: QuotaCalendar
    part_tasks: int
    accounts_per_platform: bool
    count_once: CountOnce = CountOnce.USER

    @property
    def yesterday(self) -> date:
        """Return the day before today, in the quota time zone."""
        return self.calendar.day(self.clock.now()) - timedelta(days=1)

    def days(self, first: date, last: date) -> list[date]:
        """Return all days from `first` to `last`, both included.

        Raises:
            InvalidInputError: a day is in the future, `first` is after `last`, or there are more
                than 366 days.
        """
        today = self.calendar.day(self.clock.now())
        if last > today:
            zone = self.calendar.zone.key
            raise InvalidInputError("day_in_future", day=last, today=today, zone=zone)
        if first > last:
            raise InvalidInputError("days_reversed", first=first, last=last)
        count = (last - first).days + 1
        if count > MAX_DAYS:
            raise InvalidInputError("too_many_days", days=count, most=MAX_DAYS)
        return [first + timedelta(days=n) for n in range(count)]

    def run(self, stop: threading.Event) -> Message:
        """Scan each day after the last one that this job finished, up to yesterday.

        Of a gap of more than 31 days only the newest 31 are scanned, the others are left out for
        good. Without an earlier run only yesterday is scanned. Returns a summary.

        Raises:
            StoppedSignal: `stop` was set; stored days stay, and a later run continues.
        """
        last = self.yesterday
        scanned = self.database.read(schema.get_fact, SCANNED_TO)
        first = min(last, date.fromisoformat(scanned) + timedelta(days=1)) if scanned else last
        first = max(first, last - timedelta(days=MAX_CATCH_UP_DAYS - 1))
        scans = []
        for day in self.days(first, last):
            scans.append(self.scan(day, stop))
            self._note_scanned(day)
        return Message.of("days_scanned", days=[scan.message for scan in scans])

    def _note_scanned(self, day: date) -> None:
        """Record that this job has scanned the day, for `late_tasks` and the next `run`."""

        def work(tx: Tx) -> None:
            schema.set_fact_once(tx, SCANNED_FROM, str(day))
            schema.set_fact(tx, SCANNED_TO, str(day))

        self.database.write_idempotent(work)

    def late_tasks(self, day: date) -> list[str]:
        """Return the ids of tasks whose completions of a day changed after it was counted.

        Tasks whose day was never counted are among them. Empty for a day that the
        nightly job has not scanned.
        """
        begins, ends = self.calendar.bounds(day)
        # A completion that was stored before the day's end was seen by every scan after it.
        since = ends - COMMIT_GRACE

        def read(tx: Tx) -> list[str]:
            first, last = schema.get_fact(tx, SCANNED_FROM), schema.get_fact(tx, SCANNED_TO)
            is_done = first is not None and last is not None and first <= str(day) <= last
            return completions.late_tasks(tx, day, begins, ends, since) if is_done else []

        return self.database.read(read)

    def require_known(self, task_ids: Sequence[str]) -> None:
        """Require that each of these tasks exists or was counted before.

        Raises:
            InvalidInputError: one does not.
        """
        known = self.database.read(distribution_tasks.named, task_ids) if task_ids else {}
        for task_id in task_ids:
            if task_id in known:
                continue
            if not self.database.read(daily_stats.newest_of_task, task_id, 1):
                raise InvalidInputError("distribution_task_not_found", task_id=task_id)

    def those_with_completions(self, day: date, task_ids: Collection[str]) -> list[str]:
        """Return those of the tasks that have completions on a day, sorted."""
        found = self.database.read(completions.tasks_of_day, *self.calendar.bounds(day))
        return [task_id for task_id in found if task_id in task_ids]

    def scan(
        self,
        day: date,
        stop: threading.Event,
        *,
        dry_run: bool = False,
        by_agent: bool = False,
        only: Sequence[str] | None = None,
    ) -> DayScan:
        """Count a day, store it and file reports on what is new or changed; safe to repeat.

        Counters that were not verified are fetched. What cannot be fetched raises nothing: it is in
        the `error` of its task. What passes, such as an outage, is also in its `passing`, and the
        task's day is counted again by the job `incomplete_days`.

        Args:
            dry_run: count what was verified; fetch, store and report nothing.
            by_agent: also add up by agent.
            only: ids of the tasks to count; None for all with completions on that day.

        Raises:
            InvalidInputError: the day is in the future.
            StoppedSignal: `stop` was set; whole parts may be stored and reported already.
        """
        self.days(day, day)
        begins, ends = self.calendar.bounds(day)
        live = None if dry_run else LiveCounters(self.fetcher)
        scan = DayScan(day, dry_run)
        for part in self._parts(self._tasks_of(begins, ends, only)):
            if stop.is_set():
                raise StoppedSignal
            # Taken before the completions are read: one that changes meanwhile is found as late.
            counted_until = self.clock.now() - COMMIT_GRACE
            counted = self._count(self._completions(part, begins, ends), live, stop)
            tallies = self._by_task(part.dramas, counted)
            agents = agents_of(self.database, counted)
            shares = shares_of(day, counted, agents, self._new_sum)
            stored = (
                None if dry_run else self.store.store(day, part, tallies, counted_until, shares)
            )
            scan.tasks += _scanned(part, tallies, stored)
            scan.reports += int(stored is not None and stored.is_reported)
            scan.to_fetch += sum(count.reason == NOT_FETCHED for count in counted)
            if by_agent:
                self._add_by_agent(scan.agents, agents, counted)
        scan.tasks.sort(key=lambda task: task.drama.task_id)
        log.info("%s", scan)
        return scan

    def _tasks_of(
        self, begins: datetime, ends: datetime, only: Sequence[str] | None
    ) -> list[DramaFields]:
        """Return the tasks with completions; one that was deleted has an empty project id."""
        ids = only
        if ids is None:
            ids = self.database.read(completions.tasks_of_day, begins, ends)
        known: dict[str, DramaFields] = {}
        for start in range(0, len(ids), IDS_PER_QUERY):
            some = ids[start : start + IDS_PER_QUERY]
            known |= self.database.read(distribution_tasks.named, some)
        return [known.get(task_id) or DramaFields(task_id, "") for task_id in ids]

    def _parts(self, found: Sequence[DramaFields]) -> Iterator[Part]:
        """Yield the tasks by recipient, in parts of at most `part_tasks`."""
        for recipient in recipients_of(found, self.vault):
            for number, dramas in recipient.parts(self.part_tasks):
                yield Part(recipient, number, dramas)

    def _completions(self, part: Part, begins: datetime, ends: datetime) -> list[Completion]:
        ids = [drama.task_id for drama in part.dramas]
        return self.database.read(completions.of_day, ids, begins, ends)

    def _count(
        self, found: Iterable[Completion], live: LiveCounters | None, stop: threading.Event
    ) -> list[CompletionCount]:
        """Return the counters of each video; fetch missing ones unless `live` is None."""
        counted = [verified(completion) for completion in found]
        if live is None:
            return self._first_ones(
                [
                    count if count.is_complete else replace(count, reason=NOT_FETCHED)
                    for count in counted
                ],
                {},
            )
        links = [count.completion.submission_link for count in counted if not count.is_complete]
        live.fetch(links, stop)
        counted = [
            count if count.is_complete else with_live_counters(count, live) for count in counted
        ]
        links = ambiguous_links(counted)
        if self.count_once is not CountOnce.USER:
            links += unresolved_links(counted)
        videos = live.videos(links, stop)
        note_videos(self.database, counted, live.known_videos())
        return once_per_video(self._first_ones(counted, videos), videos)

    def _first_ones(
        self, counted: Sequence[CompletionCount], videos: Mapping[str, VideoLink | Message]
    ) -> list[CompletionCount]:
        if self.count_once is CountOnce.USER:
            return list(counted)
        return first_ones(self.database, counted, videos, self.count_once)

    def _new_sum(self) -> CounterSum:
        return CounterSum(per_platform=self.accounts_per_platform)

    def _by_task(
        self, found: Sequence[DramaFields], counted: Iterable[CompletionCount]
    ) -> dict[str, CounterSum]:
        """Return the sums by task id; a task that was deleted gets a problem."""
        tallies = {drama.task_id: self._new_sum() for drama in found}
        for drama in found:
            if not drama.project_id:
                tallies[drama.task_id].add_problem(Message.of("task_forgotten"))
        for count in counted:
            tallies[count.completion.task_id].add(
                count.completion, count.counters, count.reason, count.passing
            )
        return tallies

    def _add_by_agent(
        self,
        tallies: dict[str, CounterSum],
        agents: Mapping[str, str],
        counted: Iterable[CompletionCount],
    ) -> None:
        for count in counted:
            agent = agents[count.completion.user_id]
            tallies.setdefault(agent, self._new_sum()).add(
                count.completion, count.counters, count.reason
            )


def _scanned(
    part: Part, tallies: Mapping[str, CounterSum], stored: StoredPart | None
) -> Iterator[ScannedTask]:
    """Yield the tasks of a part with their sums; `stored` is None in a dry run."""
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
            passing=tally.passing,
            change=change,
            revision=day.revision if day else None,
            day=day,
        )
