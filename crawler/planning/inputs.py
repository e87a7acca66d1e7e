"""Planner: reads what a plan needs (accounts, learned rates, open work) and has it reckoned."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from accounts.manager import LONG_REST, SESSION_CHECK_EVERY
from core.clock import Clock, QuotaCalendar
from core.errors import CredentialsError, InvalidInputError
from core.settings import Pace
from crawler.planning.advice import Advice, SpareWorkers, advise
from crawler.planning.forecast import Forecast, PlannedAccount, Question, forecast
from sources.pace_forecast import forecast_pace
from sources.pacing import EVERYTHING, AccountPace, RateWindow
from storage.crawling import accounts, influencers, ingestion_logs, tasks
from storage.crawling.ingestion_logs import PageLog
from storage.engines.transactions import Database, Tx
from storage.models.accounts import Account, AccountStatus, Health
from storage.models.tasks import Task, TaskType

LOOKED_AT_PAGES = 200
USUAL_ANSWER_SECS = 0.3
USUAL_PAGE_CREATORS = 20
MAX_CREATORS = 1_000_000_000
MAX_ACCOUNTS = 10_000


@dataclass(frozen=True)
class PlanRequest:
    """What is asked for. `creators` and `pages` None: what is open; `accounts`: what if there were
    that many."""

    platform: str
    domain: str
    creators: int | None = None
    pages: int | None = None
    accounts: int | None = None
    workers: int = 2


@dataclass(frozen=True)
class Search:
    """What is known of a platform's search: its paces, a full page, the most pages, and whether
    only one worker at a time can go through it."""

    paces: Mapping[str, Pace]
    page_creators: int | None
    max_pages: int | None
    sequential: bool


@dataclass(frozen=True)
class Measure:
    """A number that the plan counts on, and how many pages it was learned from (0: assumed)."""

    value: float
    pages: int


@dataclass(frozen=True)
class Plan:
    """The answer. `disabled` are names;
    `other_tasks` want the same accounts."""

    wish: PlanRequest
    question: Question
    forecast: Forecast
    advice: tuple[Advice, ...]
    disabled: tuple[str, ...]
    page_creators: Measure
    answer_secs: Measure
    max_pages: int | None
    other_tasks: int


class Planner:
    """Makes plans. It changes nothing."""

    def __init__(
        self, *, database: Database, clock: Clock, calendar: QuotaCalendar, default_limit: int
    ) -> None:
        self._database = database
        self._clock = clock
        self._calendar = calendar
        self._default_limit = default_limit

    def plan(self, wish: PlanRequest, search: Search) -> Plan:
        """How long the wish takes.

        Raises:
            InvalidInputError: nothing says how much there is to do.
            CredentialsError: there is no account, or all are disabled.
        """
        return self._database.read(self._plan, wish, search)

    def _plan(self, tx: Tx, wish: PlanRequest, search: Search) -> Plan:
        now = self._clock.now()
        seen = ingestion_logs.newest(tx, wish.platform, LOOKED_AT_PAGES)
        answer_secs, page_creators = _answer_secs(seen), _page_creators(seen, wish.domain, search)
        pages, creators = _amount(tx, wish, page_creators.value)
        waiting = influencers.count_pending(tx, wish.platform, wish.domain, MAX_CREATORS)
        if not pages and not waiting:
            raise InvalidInputError(
                f"no crawl of {wish.domain!r} is open and no row waits to be exported;"
                " say how many creators with --creators N"
            )
        reader = _PoolReader(
            search=search,
            now=now,
            calendar=self._calendar,
            answer_secs=answer_secs.value,
            default_limit=self._default_limit,
        )
        pool = accounts.every(tx, wish.platform)
        members = reader.members(pool, wish.accounts, crawls=pages > 0)
        question = Question(
            now=now,
            calendar=self._calendar,
            accounts=members,
            pages=pages,
            creators=creators,
            waiting_rows=waiting,
            workers=1 if search.sequential else wish.workers,
            answer_secs=answer_secs.value,
        )
        disabled = [one for one in pool if one.status is AccountStatus.DISABLED]
        spares = SpareWorkers(
            fresh=reader.fresh(members),
            rested=reader.rested(pool),
            disabled=tuple(reader.enabled(one) for one in disabled),
        )
        expected = forecast(question)
        advice = advise(question, expected, spares)
        return Plan(
            wish=wish,
            question=question,
            forecast=expected,
            advice=advice,
            disabled=tuple(one.username for one in disabled),
            page_creators=page_creators,
            answer_secs=answer_secs,
            max_pages=search.max_pages,
            other_tasks=_others(tx, wish),
        )


class _PoolReader:
    """Turns accounts as they are stored into what may be counted on."""

    def __init__(
        self,
        *,
        search: Search,
        now: datetime,
        calendar: QuotaCalendar,
        answer_secs: float,
        default_limit: int,
    ) -> None:
        self._search = search
        self._now = now
        self._day = calendar.day(now)
        self._answer_secs = answer_secs
        self._default_limit = default_limit

    def members(
        self, pool: Sequence[Account], wanted: int | None, *, crawls: bool
    ) -> tuple[PlannedAccount, ...]:
        """The accounts in the order of their use, or `wanted` ones like them.

        Raises:
            CredentialsError: there is none.
        """
        able = [one for one in pool if one.status is not AccountStatus.DISABLED]
        if crawls:  # without a session it is disabled when the crawl comes to it
            able = [one for one in able if one.session is not None]
        by_use = sorted(able, key=lambda one: (one.last_used_at or one.created_at, one.id))
        members = [self._planned(one) for one in by_use]
        if wanted is None:
            _require(members, pool)
            return tuple(members)
        fresh = self.fresh(members)
        more = [replace(fresh, name=f"+{number}") for number in range(1, wanted + 1)]
        return tuple((members + more)[:wanted])

    def fresh(self, members: Sequence[PlannedAccount]) -> PlannedAccount:
        """A new account: as declared, with the limit that most of the others have."""
        limits = [one.daily_limit for one in members if one.daily_limit]
        limit = statistics.mode(limits) if limits else self._default_limit
        window = RateWindow(self._search.paces[EVERYTHING])
        return PlannedAccount(
            name="+1",
            outlook=forecast_pace(window, self._now.timestamp(), 0.0, self._answer_secs),
            from_secs=0.0,
            until_secs=math.inf,
            daily_limit=limit,
            left_today=limit,
        )

    def rested(self, pool: Sequence[Account]) -> dict[str, PlannedAccount]:
        """Each account as it would be without rests, at the declared pace."""
        return {
            one.username: replace(
                self._planned(replace(one, pace=None, cooldown_until=None)), until_secs=math.inf
            )
            for one in pool
        }

    def enabled(self, account: Account) -> PlannedAccount:
        """A disabled account as it would be if it were enabled: with a session that holds."""
        usable = replace(
            account, session=account.session or "", cooldown_until=None, session_expires_at=None
        )
        return self._planned(usable)

    def _planned(self, account: Account) -> PlannedAccount:
        now = self._now
        rest, end = account.cooldown_until, account.session_expires_at
        from_secs = max(0.0, (rest - now).total_seconds()) if rest else 0.0
        pace = AccountPace.load(self._search.paces, account.pace, now, known=account.pace_known)
        ahead = forecast_pace(
            pace.windows[EVERYTHING], now.timestamp(), from_secs, self._answer_secs
        )
        if self._is_probed_first(account):
            ahead = replace(ahead, ahead=ahead.ahead - 1)
        return PlannedAccount(
            name=account.username,
            outlook=ahead if account.session is not None else None,
            from_secs=from_secs,
            until_secs=max(0.0, (end - now).total_seconds()) if end else math.inf,
            daily_limit=account.daily_export_limit,
            left_today=account.remaining_quota(self._day),
        )

    def _is_probed_first(self, account: Account) -> bool:
        """As `AccountManager.needs_probe` will say."""
        seen = account.session_checked_at or account.created_at
        used = account.last_used_at or account.created_at
        starts = max(self._now, account.cooldown_until or self._now)
        return (
            account.health is Health.SUSPECT
            or starts - seen > SESSION_CHECK_EVERY
            or starts - used > LONG_REST
        )


def _require(members: Sequence[PlannedAccount], pool: Sequence[Account]) -> None:
    if members:
        return
    if not pool:
        reason = "no account; add one with: python cli.py accounts import NAME cookies.txt"
    elif all(one.status is AccountStatus.DISABLED for one in pool):
        reason = "all accounts are disabled; enable one with: python cli.py accounts enable NAME"
    else:
        reason = "no account has a session; import one: python cli.py accounts import NAME FILE"
    raise CredentialsError(f"{reason} (or ask what if, with --accounts N)")


def _answer_secs(seen: Sequence[PageLog]) -> Measure:
    if not seen:
        return Measure(USUAL_ANSWER_SECS, 0)
    return Measure(statistics.median(page.secs for page in seen), len(seen))


def _page_creators(seen: Sequence[PageLog], domain: str, search: Search) -> Measure:
    """Of that domain, else of the platform, else as declared; an empty search tells nothing."""
    for pages in ([page for page in seen if page.domain == domain], seen):
        mean = statistics.fmean(page.creators for page in pages) if pages else 0.0
        if mean > 0:
            return Measure(mean, len(pages))
    return Measure(float(search.page_creators or USUAL_PAGE_CREATORS), 0)


def _amount(tx: Tx, wish: PlanRequest, page_creators: float) -> tuple[int, int]:
    """Pages to fetch, and the creators that they bring."""
    open_crawl = tasks.find_open(tx, TaskType.INGESTION, wish.platform, wish.domain)
    if wish.creators is None and wish.pages is None:
        pages = _pages_left(tx, open_crawl) if open_crawl else 0
        return pages, round(pages * page_creators)
    creators = wish.creators if wish.creators is not None else MAX_CREATORS
    if wish.pages is not None:
        creators = min(creators, round(wish.pages * page_creators))
    return math.ceil(creators / page_creators - 1e-9), creators


def _pages_left(tx: Tx, crawl: Task) -> int:
    done = tasks.progress(tx, crawl.id).pages_done
    if crawl.page_to is None:
        raise InvalidInputError(
            f"task {crawl.id} (crawl of {crawl.domain}) does not know yet how many pages there are;"
            " say how many creators with --creators N"
        )
    return max(0, crawl.page_to - done)


def _others(tx: Tx, wish: PlanRequest) -> int:
    """Open tasks of other domains that want the same accounts."""
    found = tasks.top_level(tx, only_open=True, limit=MAX_ACCOUNTS)
    return sum(1 for one in found if one.platform == wish.platform and one.domain != wish.domain)
