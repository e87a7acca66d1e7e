"""The planner: reads accounts, learned paces and open work, and makes a forecast from them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.clock import Clock, QuotaCalendar
from core.errors import InvalidInputError
from crawler.planning.advice import Advice, advise
from crawler.planning.forecast import Forecast, Question, forecast
from crawler.planning.pool_reader import PoolReader, Search, WorkPins, admits, disabled_accounts
from storage.crawling import accounts, influencers, ingestion_logs, task_pieces, tasks
from storage.crawling.ingestion_logs import PageLog
from storage.creators import search as creators_search
from storage.creators import selections
from storage.creators.conditions import CreatorFilter
from storage.engines.transactions import Database, Tx
from storage.models.accounts import Account
from storage.models.tasks import NO_PIN, Pin, Task, TaskType

MAX_MEASURED_PAGES = 200
DEFAULT_ANSWER_SECS = 0.3
DEFAULT_PAGE_CREATORS = 20
MAX_CREATORS = 1_000_000_000
MAX_ACCOUNTS = 10_000


@dataclass(frozen=True)
class PlanRequest:
    """The crawl and export to plan.

    Args:
        creators, pages: the most to crawl; with both None, what the open crawl has left.
        accounts: plan as if the pool had so many; None for those it has.
        workers: threads that fetch pages; a platform whose pages must be fetched in order uses one.
        pin: only accounts that it admits count. NO_PIN: those that the open tasks of the domain
            are pinned to, each task with its own; work that is not open yet goes by the other's.
        wanted: which creators of the domain the export delivers; None: all.
        skip_delivered: not those whom another domain delivered; only with `wanted`.
    """

    platform: str
    domain: str
    creators: int | None = None
    pages: int | None = None
    accounts: int | None = None
    workers: int = 2
    pin: Pin = NO_PIN
    wanted: CreatorFilter | None = None
    skip_delivered: bool = False


@dataclass(frozen=True)
class Measure:
    """A value that the plan counts on, and the number of pages it was measured on (0: assumed)."""

    value: float
    pages: int


@dataclass(frozen=True)
class Choice:
    """What a request chooses of a domain: of the rows that wait, and of all that are stored."""

    waiting: int
    chosen: int
    stored: int

    @property
    def share(self) -> float:
        """The part of the stored creators that is chosen; 1 when none is stored."""
        return self.chosen / self.stored if self.stored else 1.0


@dataclass(frozen=True)
class Plan:
    """A forecast, with the values that it is based on.

    `disabled` are the names of disabled accounts. `max_pages` is the platform's limit of pages for
    a search; None without one. `choice` is what `wanted` chooses, None without one.
    `other_tasks` is the number of open tasks of other domains that may use the same accounts.
    """

    request: PlanRequest
    question: Question
    forecast: Forecast
    advice: tuple[Advice, ...]
    disabled: tuple[str, ...]
    page_creators: Measure
    answer_secs: Measure
    max_pages: int | None
    other_tasks: int
    choice: Choice | None


@dataclass(frozen=True, kw_only=True)
class Planner:
    """Makes plans from the database, which it does not change.

    Args:
        require_backfilled: raises InvalidInputError while creators are brought in that a choice
            would not find.
        default_limit: rows a day of an account that would be added.
    """

    database: Database
    clock: Clock
    calendar: QuotaCalendar
    require_backfilled: Callable[[], None]
    default_limit: int

    def plan(self, request: PlanRequest, search: Search) -> Plan:
        """Return how long the requested work takes, and what would shorten it.

        Raises:
            InvalidInputError: there is nothing to do, the pages of the open crawl are not known
                yet, or creators are being brought in that a choice would not find.
            CredentialsError: the pool has no usable account, and the request names no number of
                accounts.
        """
        if request.wanted is not None:
            self.require_backfilled()
        return self.database.read(self._plan, request, search)

    def _plan(self, tx: Tx, request: PlanRequest, search: Search) -> Plan:
        now = self.clock.now()
        logs = ingestion_logs.newest(tx, request.platform, MAX_MEASURED_PAGES)
        answer_secs, page_creators = (
            _answer_secs(logs),
            _page_creators(logs, request.domain, search),
        )
        pages, creators = _amount(tx, request, page_creators.value)
        choice = _choice(tx, request)
        waiting = (
            influencers.count_pending(tx, request.platform, request.domain, MAX_CREATORS)
            if choice is None
            else choice.waiting
        )
        if not pages and not waiting:
            raise InvalidInputError("nothing_to_plan", domain=request.domain)
        pins = _pins(tx, request)
        reader = PoolReader(
            search=search,
            now=now,
            calendar=self.calendar,
            answer_secs=answer_secs.value,
            default_limit=self.default_limit,
            pins=pins,
        )
        pool = [
            account
            for account in accounts.every(tx, request.platform)
            if pins.may_crawl(account) or pins.may_export(account)
        ]
        members = reader.members(pool, request.accounts, crawls=pages > 0)
        question = Question(
            now=now,
            calendar=self.calendar,
            accounts=members,
            pages=pages,
            creators=creators,
            waiting_rows=waiting,
            workers=1 if search.sequential else request.workers,
            answer_secs=answer_secs.value,
            exported_share=1.0 if choice is None else choice.share,
        )
        expected = forecast(question)
        spares, disabled = reader.spares(pool, members), disabled_accounts(pool)
        return Plan(
            request=request,
            question=question,
            forecast=expected,
            advice=advise(question, expected, spares),
            disabled=tuple(account.username for account in disabled),
            page_creators=page_creators,
            answer_secs=answer_secs,
            max_pages=search.max_pages,
            other_tasks=_others(tx, request, pool),
            choice=choice,
        )


def _choice(tx: Tx, request: PlanRequest) -> Choice | None:
    wanted = request.wanted
    if wanted is None:
        return None
    everybody = CreatorFilter(platform=request.platform, domain=request.domain)
    return Choice(
        waiting=selections.count_waiting(tx, wanted, skip_delivered=request.skip_delivered),
        chosen=creators_search.count(tx, wanted, MAX_CREATORS),
        stored=creators_search.count(tx, everybody, MAX_CREATORS),
    )


def _pins(tx: Tx, request: PlanRequest) -> WorkPins:
    """Return whom crawl and export are pinned to, by the request or else by the open tasks."""
    if request.pin:
        return WorkPins(crawl=(request.pin,), export=(request.pin,))
    crawls = {task.pin for task in tasks.open_crawls(tx, request.platform, request.domain)}
    export = tasks.find_open(tx, TaskType.EXPORT, request.platform, request.domain)
    exports = {export.pin} if export is not None else set()
    return WorkPins(crawl=crawls or exports or {NO_PIN}, export=exports or crawls or {NO_PIN})


def _answer_secs(logs: Sequence[PageLog]) -> Measure:
    if not logs:
        return Measure(DEFAULT_ANSWER_SECS, 0)
    return Measure(statistics.median(page.secs for page in logs), len(logs))


def _page_creators(logs: Sequence[PageLog], domain: str, search: Search) -> Measure:
    """Return creators per page: of the domain, else of the platform, else as declared."""
    # A mean of 0 comes from searches without results: it tells nothing about other domains.
    for pages in ([page for page in logs if page.domain == domain], logs):
        mean = statistics.fmean(page.creators for page in pages) if pages else 0.0
        if mean > 0:
            return Measure(mean, len(pages))
    return Measure(float(search.page_creators or DEFAULT_PAGE_CREATORS), 0)


def _amount(tx: Tx, request: PlanRequest, page_creators: float) -> tuple[int, int]:
    """Return the pages to fetch, and the creators that they bring."""
    if request.creators is None and request.pages is None:
        crawls = tasks.open_crawls(tx, request.platform, request.domain)
        pages = sum(_pages_left(tx, crawl) for crawl in crawls)
        return pages, round(pages * page_creators)
    creators = request.creators if request.creators is not None else MAX_CREATORS
    if request.pages is not None:
        creators = min(creators, round(request.pages * page_creators))
    # Without the margin a quotient like 3.0000000001 would cost a page more.
    return math.ceil(creators / page_creators - 1e-9), creators


def _pages_left(tx: Tx, crawl: Task) -> int:
    done = task_pieces.progress(tx, crawl).pages_done
    if crawl.page_to is None:
        raise InvalidInputError("pages_not_known", task_id=crawl.id, domain=crawl.domain)
    return max(0, crawl.page_to - done)


def _others(tx: Tx, request: PlanRequest, pool: Sequence[Account]) -> int:
    """Return how many open tasks of other domains may use accounts of the pool."""
    open_tasks = tasks.top_level(tx, only_open=True, limit=MAX_ACCOUNTS)
    return sum(
        task.platform == request.platform
        and task.domain != request.domain
        and (not task.pin or any(admits(task.pin, account) for account in pool))
        for task in open_tasks
    )
