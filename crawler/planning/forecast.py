"""How long a crawl and an export take: a simulation on frozen values, from change to change.

It does what the workers do: accounts send requests at their learned pace; an export takes what the
crawl brings until the quota of the day is used up, and continues when the next day begins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.clock import QuotaCalendar
from sources.pace_forecast import PaceForecast

MAX_SECS = 10 * 365 * 86400.0  # longer forecasts tell nothing
CHECKS_PER_SEC = 1 / 86400  # of each account's session
MIN_ANSWER_SECS = 0.001
MIN_STEP_SECS = 1e-6
PART_OF_A_PAGE, PART_OF_A_ROW = 1e-6, 0.5


class Bound(StrEnum):
    """What decides how long a crawl or an export takes."""

    PACE = "pace"  # how often the accounts may make a request
    WORKERS = "workers"  # threads that wait for answers
    RESTS = "rests"  # for most of the time all accounts cool down
    CRAWL = "crawl"  # the export ends with the crawl
    QUOTA = "quota"
    NOBODY = "nobody"  # no account can do the work: it never ends
    TOO_LONG = "too_long"  # more than ten years


@dataclass(frozen=True)
class PlannedAccount:
    """An account, usable from the end of its cooldown until its session ends, in seconds from now.

    `pace` is None when the account cannot send requests. `daily_limit` and `left_today` are rows.
    `may_crawl` and `may_export`: whether pins leave it to the crawl, and to the export; without
    them its pace is None, and its rows are 0.
    """

    name: str
    pace: PaceForecast | None
    from_secs: float
    until_secs: float
    daily_limit: int
    left_today: int
    may_crawl: bool = True
    may_export: bool = True

    def works_at(self, secs: float) -> bool:
        """Return whether the account is usable `secs` seconds from now."""
        return self.from_secs <= secs < self.until_secs

    def per_sec_at(self, secs: float) -> float:
        """Return its pages per second, `secs` seconds from now.

        Session checks take some of its requests; 0 while it is not usable.
        """
        if self.pace is None or not self.works_at(secs):
            return 0.0
        return max(0.0, self.pace.per_sec_at(secs) - CHECKS_PER_SEC)


@dataclass(frozen=True)
class Question:
    """The work to forecast, and the means for it.

    The crawl fetches `pages`, which bring `creators` in all; `waiting_rows` are stored already and
    wait for export. `accounts` are in the order of their use. Each of the `workers` (threads) waits
    `answer_secs` for an answer. Without `with_export` only the crawl is forecast.
    `exported_share` of the creators that the crawl brings are exported.
    """

    now: datetime
    calendar: QuotaCalendar
    accounts: tuple[PlannedAccount, ...]
    pages: int
    creators: int
    waiting_rows: int
    workers: int
    answer_secs: float
    with_export: bool = True
    exported_share: float = 1.0

    @property
    def rows(self) -> int:
        """Return how many rows there are to export."""
        return self.waiting_rows + round(self.creators * self.exported_share)

    def max_per_sec(self, accounts: int) -> float:
        """Return the pages per second that the workers fetch with so many accounts, one for
        each."""
        return min(self.workers, accounts) / max(MIN_ANSWER_SECS, self.answer_secs)


@dataclass(frozen=True)
class ForecastEnd:
    """When work ends, in seconds from now (None: never), and what decides it."""

    secs: float | None
    bound: Bound


@dataclass(frozen=True)
class Forecast:
    """When a crawl and an export end; rows are exported on `quota_days` different days."""

    crawl: ForecastEnd
    export: ForecastEnd
    quota_days: int


def forecast(question: Question) -> Forecast:
    """Return when the crawl and the export beside it end."""
    return _Simulation(question).run()


@dataclass(frozen=True)
class _Rates:
    """What holds until the next change.

    Pages per second: `allowed` by the accounts, `max_fetched` by the workers, and `fetched`.
    `exporter` is the index of the account that exports what comes; None: the rows wait.
    """

    crawling: tuple[PlannedAccount, ...]
    allowed: float
    max_fetched: float
    fetched: float
    exporter: int | None


class _Simulation:
    """The course of the work over time.

    `_turns` are requests that the paces have room for and no worker has made yet.
    """

    def __init__(self, question: Question) -> None:
        self._question = question
        self._at = 0.0
        self._pages = float(question.pages)
        self._waiting = float(question.waiting_rows)
        self._left = [float(account.left_today) for account in question.accounts]
        self._started: set[int] = set()
        self._turns = 0.0
        self._day_ends = self._next_day()
        self._days: set[float] = set()
        self._bound_secs = dict.fromkeys((Bound.PACE, Bound.WORKERS, Bound.RESTS), 0.0)
        self._crawl_end = None if question.pages else 0.0
        self._export_end: float | None = None

    def run(self) -> Forecast:
        while self._at < MAX_SECS:
            self._add_started()
            self._export_waiting()
            if self._is_over():
                break
            rates = self._rates()
            until = self._next_change(rates)
            if until == math.inf:
                break
            self._go_to(min(until, MAX_SECS), rates)
        return Forecast(self._crawl(), self._export(), len(self._days))

    def _add_started(self) -> None:
        # An account that rested begins with free requests; one that has just made some lacks them.
        for index, account in enumerate(self._question.accounts):
            if index not in self._started and account.works_at(self._at):
                self._started.add(index)
                self._turns += account.pace.ahead if account.pace else 0.0

    def _is_over(self) -> bool:
        if self._crawl_end is None:
            return False
        if self._waiting < PART_OF_A_ROW:
            self._export_end = self._at
        return self._export_end is not None or not self._question.with_export

    def _rates(self) -> _Rates:
        exporter = self._exporter() if self._waiting < PART_OF_A_ROW else None
        if self._crawl_end is not None:
            return _Rates(crawling=(), allowed=0.0, max_fetched=0.0, fetched=0.0, exporter=exporter)
        crawling = [
            account for account in self._question.accounts if account.per_sec_at(self._at) > 0
        ]
        allowed = sum(account.per_sec_at(self._at) for account in crawling)
        max_fetched = self._question.max_per_sec(len(crawling))
        fetched = max_fetched if self._turns > 0 else min(allowed, max_fetched)
        if self._turns < 0:
            fetched = 0.0
        return _Rates(
            crawling=tuple(crawling),
            allowed=allowed,
            max_fetched=max_fetched,
            fetched=fetched,
            exporter=exporter,
        )

    def _next_change(self, rates: _Rates) -> float:
        """Return the next moment at which a rate or a quota changes."""
        changes = [
            at
            for account in self._question.accounts
            for at in (account.from_secs, account.until_secs)
            if at > self._at
        ]
        if self._crawl_end is None:
            changes += [
                account.pace.next_change(self._at) for account in rates.crawling if account.pace
            ]
            changes.append(self._at + max(MIN_STEP_SECS, self._secs_of_crawl(rates)))
        if self._can_export_later():
            changes.append(self._day_ends)
        return min(changes, default=math.inf)

    def _secs_of_crawl(self, rates: _Rates) -> float:
        """Return how long the crawl goes on at these rates."""
        secs = [math.inf]
        if rates.fetched > 0:
            secs.append(self._pages / rates.fetched)
            if rates.exporter is not None:
                rows_per_sec = rates.fetched * self._question.creators / self._question.pages
                secs.append(self._left[rates.exporter] / max(MIN_STEP_SECS, rows_per_sec))
        # Free requests are used up, or missing ones are earned, before the rate changes.
        drift = rates.allowed - rates.fetched
        if self._turns * drift < 0:
            secs.append(-self._turns / drift)
        return min(secs)

    def _go_to(self, until: float, rates: _Rates) -> None:
        secs = until - self._at
        self._at = until
        if self._crawl_end is None:
            self._bound_secs[self._bound_of_crawl(rates)] += secs
            self._fetch(rates, secs)
        if until >= self._day_ends:
            self._day_ends = self._next_day()
            self._left = [float(account.daily_limit) for account in self._question.accounts]

    def _fetch(self, rates: _Rates, secs: float) -> None:
        max_turns = sum(account.pace.burst for account in rates.crawling if account.pace)
        turns = self._turns + (rates.allowed - rates.fetched) * secs
        self._turns = 0.0 if abs(turns) < PART_OF_A_PAGE else min(turns, float(max_turns))
        pages = min(self._pages, rates.fetched * secs)
        self._pages -= pages
        creators = pages * self._question.creators / self._question.pages
        rows = creators * self._question.exported_share
        if rates.exporter is None:
            self._waiting += rows
        elif rows:
            self._left[rates.exporter] -= rows
            self._days.add(self._day_ends)
        if self._pages < PART_OF_A_PAGE:
            self._crawl_end = self._at

    def _exporter(self) -> int | None:
        """Return the index of the account whose quota is used next."""
        if not self._question.with_export:
            return None
        for index, account in enumerate(self._question.accounts):
            if account.works_at(self._at) and self._left[index] >= PART_OF_A_ROW:
                return index
        return None

    def _export_waiting(self) -> None:
        # Writing rows takes no time on this scale: only the quota of the day holds them up.
        while self._waiting >= PART_OF_A_ROW:
            index = self._exporter()
            if index is None:
                return
            rows = min(self._waiting, self._left[index])
            self._left[index] -= rows
            self._waiting -= rows
            self._days.add(self._day_ends)

    def _can_export_later(self) -> bool:
        return self._question.with_export and any(
            account.daily_limit > 0 and self._at < account.until_secs
            for account in self._question.accounts
        )

    def _next_day(self) -> float:
        moment = self._question.now + timedelta(seconds=self._at)
        return (
            self._question.calendar.next_day_starts(moment) - self._question.now
        ).total_seconds()

    def _bound_of_crawl(self, rates: _Rates) -> Bound:
        if not rates.crawling:
            return Bound.RESTS
        return Bound.WORKERS if rates.fetched >= rates.max_fetched else Bound.PACE

    def _crawl(self) -> ForecastEnd:
        if self._crawl_end is not None:
            return ForecastEnd(
                self._crawl_end, max(self._bound_secs, key=self._bound_secs.__getitem__)
            )
        return ForecastEnd(None, Bound.TOO_LONG if self._rates().allowed > 0 else Bound.NOBODY)

    def _export(self) -> ForecastEnd:
        if self._export_end is not None:
            with_crawl = self._question.pages and self._export_end == self._crawl_end
            return ForecastEnd(self._export_end, Bound.CRAWL if with_crawl else Bound.QUOTA)
        if not self._can_export_later():
            return ForecastEnd(None, Bound.NOBODY)
        return ForecastEnd(None, Bound.CRAWL if self._crawl_end is None else Bound.TOO_LONG)
