"""How long a crawl and an export take: arithmetic on frozen values, from one change to the next.

What the services do is followed here: accounts ask at their learned pace; an export takes what the
crawl brings until the quota of the day is used up, and goes on when the day turns.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.clock import QuotaCalendar
from sources.pace_forecast import PaceForecast

MAX_SECS = 10 * 365 * 86400.0  # what takes longer is as good as endless
CHECKS_PER_SEC = 1 / 86400  # of each account's session
MIN_ANSWER_SECS = 0.001
MIN_STEP_SECS = 1e-6
PART_OF_A_PAGE, PART_OF_A_ROW = 1e-6, 0.5


class Bound(StrEnum):
    """What decides how long it takes."""

    PACE = "pace"  # how often the accounts may ask
    WORKERS = "workers"  # threads that wait for answers
    RESTS = "rests"  # for most of the time no account may ask
    CRAWL = "crawl"  # the export ends with the crawl
    QUOTA = "quota"
    NOBODY = "nobody"  # no account can do it: it never ends
    TOO_LONG = "too_long"  # more than ten years


@dataclass(frozen=True)
class PlannedAccount:
    """An account as the plan counts on it: from the end of its rest until its session ends.

    `outlook` is None when it cannot ask the platform.
    """

    name: str
    outlook: PaceForecast | None
    from_secs: float
    until_secs: float
    daily_limit: int
    left_today: int

    def works_at(self, secs: float) -> bool:
        return self.from_secs <= secs < self.until_secs

    def per_sec_at(self, secs: float) -> float:
        """Pages a second: its requests without the session checks."""
        if self.outlook is None or not self.works_at(secs):
            return 0.0
        return max(0.0, self.outlook.per_sec_at(secs) - CHECKS_PER_SEC)


@dataclass(frozen=True)
class Question:
    """What is to be done, and with what.

    `pages` bring `creators`; `waiting_rows` are stored already. `accounts` stand in the order of
    their use; `workers` fetch, each waiting `answer_secs` for an answer.
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

    @property
    def rows(self) -> int:
        return self.waiting_rows + self.creators

    def max_per_sec(self, accounts: int) -> float:
        """Pages a second that the workers can fetch, each with an account of its own."""
        return min(self.workers, accounts) / max(MIN_ANSWER_SECS, self.answer_secs)


@dataclass(frozen=True)
class ForecastEnd:
    """When work ends, in seconds after now (None: never), and what decides it."""

    secs: float | None
    bound: Bound


@dataclass(frozen=True)
class Forecast:
    """`quota_days` is on how many days rows go out."""

    crawl: ForecastEnd
    export: ForecastEnd
    quota_days: int


def forecast(question: Question) -> Forecast:
    """When the crawl and the export beside it end."""
    return _Course(question).run()


@dataclass(frozen=True)
class _Rates:
    """What holds until the next change: pages a second that the accounts allow, that the workers
    can fetch and that are fetched; and which account (its place) exports what comes."""

    askers: tuple[PlannedAccount, ...]
    allowed: float
    most: float
    fetched: float
    exporter: int | None


class _Course:
    """`turns` are requests that the accounts have free and no worker has made: a rested account
    begins with some, one that has just asked lacks some."""

    def __init__(self, question: Question) -> None:
        self._q = question
        self._at = 0.0
        self._pages = float(question.pages)
        self._waiting = float(question.waiting_rows)
        self._left = [float(one.left_today) for one in question.accounts]
        self._entered: set[int] = set()
        self._turns = 0.0
        self._day_ends = self._next_day()
        self._days: set[float] = set()
        self._bound_secs = dict.fromkeys((Bound.PACE, Bound.WORKERS, Bound.RESTS), 0.0)
        self._crawl_end = None if question.pages else 0.0
        self._export_end: float | None = None

    def run(self) -> Forecast:
        while self._at < MAX_SECS:
            self._enter()
            self._export_waiting()
            if self._is_over():
                break
            rates = self._rates()
            until = self._next_change(rates)
            if until == math.inf:
                break
            self._go_to(min(until, MAX_SECS), rates)
        return Forecast(self._crawl(), self._export(), len(self._days))

    def _enter(self) -> None:
        """Accounts that begin to work bring the turns that they are ahead."""
        for place, one in enumerate(self._q.accounts):
            if place not in self._entered and one.works_at(self._at):
                self._entered.add(place)
                self._turns += one.outlook.ahead if one.outlook else 0.0

    def _is_over(self) -> bool:
        if self._crawl_end is None:
            return False
        if self._waiting < PART_OF_A_ROW:
            self._export_end = self._at
        return self._export_end is not None or not self._q.with_export

    def _rates(self) -> _Rates:
        exporter = self._exporter() if self._waiting < PART_OF_A_ROW else None
        if self._crawl_end is not None:
            return _Rates(askers=(), allowed=0.0, most=0.0, fetched=0.0, exporter=exporter)
        askers = [one for one in self._q.accounts if one.per_sec_at(self._at) > 0]
        allowed = sum(one.per_sec_at(self._at) for one in askers)
        most = self._q.max_per_sec(len(askers))
        fetched = most if self._turns > 0 else min(allowed, most)
        if self._turns < 0:
            fetched = 0.0
        return _Rates(
            askers=tuple(askers), allowed=allowed, most=most, fetched=fetched, exporter=exporter
        )

    def _next_change(self, rates: _Rates) -> float:
        """The next moment at which a rate, a quota or a state is another one."""
        changes = [
            at
            for one in self._q.accounts
            for at in (one.from_secs, one.until_secs)
            if at > self._at
        ]
        if self._crawl_end is None:
            changes += [one.outlook.next_change(self._at) for one in rates.askers if one.outlook]
            changes.append(self._at + max(MIN_STEP_SECS, self._secs_of_crawl(rates)))
        if self._can_export_later():
            changes.append(self._day_ends)
        return min(changes, default=math.inf)

    def _secs_of_crawl(self, rates: _Rates) -> float:
        """How long the crawl goes on at these rates."""
        secs = [math.inf]
        if rates.fetched > 0:
            secs.append(self._pages / rates.fetched)
            if rates.exporter is not None:
                rows_per_sec = rates.fetched * self._q.creators / self._q.pages
                secs.append(self._left[rates.exporter] / max(MIN_STEP_SECS, rows_per_sec))
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
            self._left = [float(one.daily_limit) for one in self._q.accounts]

    def _fetch(self, rates: _Rates, secs: float) -> None:
        most = sum(one.outlook.burst for one in rates.askers if one.outlook)
        turns = self._turns + (rates.allowed - rates.fetched) * secs
        self._turns = 0.0 if abs(turns) < PART_OF_A_PAGE else min(turns, float(most))
        pages = min(self._pages, rates.fetched * secs)
        self._pages -= pages
        rows = pages * self._q.creators / self._q.pages
        if rates.exporter is None:
            self._waiting += rows
        elif rows:
            self._left[rates.exporter] -= rows
            self._days.add(self._day_ends)
        if self._pages < PART_OF_A_PAGE:
            self._crawl_end = self._at

    def _exporter(self) -> int | None:
        """The place of the account whose quota is used next."""
        if not self._q.with_export:
            return None
        for place, one in enumerate(self._q.accounts):
            if one.works_at(self._at) and self._left[place] >= PART_OF_A_ROW:
                return place
        return None

    def _export_waiting(self) -> None:
        """Rows that are there go out at once, as far as the quota of the day reaches."""
        while self._waiting >= PART_OF_A_ROW:
            place = self._exporter()
            if place is None:
                return
            rows = min(self._waiting, self._left[place])
            self._left[place] -= rows
            self._waiting -= rows
            self._days.add(self._day_ends)

    def _can_export_later(self) -> bool:
        return self._q.with_export and any(
            one.daily_limit > 0 and self._at < one.until_secs for one in self._q.accounts
        )

    def _next_day(self) -> float:
        moment = self._q.now + timedelta(seconds=self._at)
        return (self._q.calendar.next_day_starts(moment) - self._q.now).total_seconds()

    def _bound_of_crawl(self, rates: _Rates) -> Bound:
        if not rates.askers:
            return Bound.RESTS
        return Bound.WORKERS if rates.fetched >= rates.most else Bound.PACE

    def _crawl(self) -> ForecastEnd:
        if self._crawl_end is not None:
            return ForecastEnd(
                self._crawl_end, max(self._bound_secs, key=self._bound_secs.__getitem__)
            )
        return ForecastEnd(None, Bound.TOO_LONG if self._rates().allowed > 0 else Bound.NOBODY)

    def _export(self) -> ForecastEnd:
        if self._export_end is not None:
            with_crawl = self._q.pages and self._export_end == self._crawl_end
            return ForecastEnd(self._export_end, Bound.CRAWL if with_crawl else Bound.QUOTA)
        if not self._can_export_later():
            return ForecastEnd(None, Bound.NOBODY)
        return ForecastEnd(None, Bound.CRAWL if self._crawl_end is None else Bound.TOO_LONG)
