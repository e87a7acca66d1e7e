"""The ingestion service: leases a task and an account, fetches page after page, stores each."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

from accounts.manager import AccountLease, AccountManager, Purpose
from accounts.waiting import next_look
from core.cancellation import OutOfTurnSignal, StoppedSignal, TaskHaltedSignal
from core.clock import Clock
from core.errors import (
    BadRequestError,
    BreakerOpenError,
    CommitUnknownError,
    CredentialsError,
    DatabaseError,
    LeaseLostError,
    NotFoundError,
    PlatformQuotaError,
    RetryableError,
    SourceError,
    UnexpectedResponseError,
)
from core.logs import fields, redact, service_log
from crawler.ingestion.page_store import PageStore, StoredPage
from crawler.ingestion.response_archive import ResponseArchive
from crawler.runtime.account_sessions import AccountCheckout, AccountSessions
from crawler.tasks.options import CrawlOptions
from crawler.tasks.scheduler import TaskLease, TaskScheduler
from sources.base import CreatorPage
from storage.engines.transactions import failure_is_lasting
from storage.models.tasks import TaskType, WaitingFor

log = service_log("ingestion")
BREAKER_RECHECK_SECS = 30.0
WAIT_HERE_SECS = 20.0  # a turn that comes sooner is waited for with the task in hand
FAIR_WAIT_SECS = 30.0  # an export that lacks an account for so long goes first


class Outcome(Enum):
    """How work on a task with one account ended."""

    TASK_ENDED = auto()  # completed, failed, split or given back
    NEXT_ACCOUNT = auto()  # the account is out; the same page with another one


@dataclass
class Cursor:
    """Where a task stands: the page to fetch next, and the end of its range (None: unknown)."""

    next_page: int
    page_to: int | None
    stored: int = 0

    @property
    def at_end(self) -> bool:
        return self.page_to is not None and self.next_page > self.page_to


class IngestionWorker:
    """One ingestion thread. It owns nothing but the leases of the moment.

    `only` narrows its work to one task and its pieces, `labels` to tasks with one of them.
    """

    def __init__(
        self,
        *,
        scheduler: TaskScheduler,
        accounts: AccountManager,
        visits: AccountSessions,
        pages: PageStore,
        evidence: ResponseArchive,
        clock: Clock,
        poll_secs: float,
        only: int | None = None,
        labels: Sequence[str] = (),
    ) -> None:
        self._only = only
        self._labels = labels
        self._scheduler = scheduler
        self._accounts = accounts
        self._visits = visits
        self._pages = pages
        self._evidence = evidence
        self._clock = clock
        self._poll_secs = poll_secs

    def run(self, stop: threading.Event) -> None:
        """Work until `stop`; a database that is away is waited for.

        A piece that waited goes before fresh ones, so that a crawl comes to its end before the next
        one is far; after a look in vain it is the other way round, as all that waited may lack
        accounts of the same platform.
        """
        worked = True
        while not stop.is_set():
            try:
                worked = self.work_once(stop, waited_first=worked)
            except DatabaseError as error:
                log.error("database trouble, trying again: %s", error)
                worked = False
            if not worked:
                self._clock.wait(stop, self._poll_secs)

    def work_once(self, stop: threading.Event, *, waited_first: bool = True) -> bool:
        """Claim one task and work on it as far as it goes; False when there was none, or none that
        could be worked on."""
        leased = self._scheduler.claim(
            TaskType.INGESTION, self._only, self._labels, waited_first=waited_first
        )
        if leased is None:
            return False
        try:
            return self._work_on(leased, stop)
        except (LeaseLostError, TaskHaltedSignal) as error:
            log.warning("%s %s", fields(task=leased.id), error)
            self._scheduler.put_back(leased)
        except CommitUnknownError as error:
            log.error("%s %s; its leases run out", fields(task=leased.id), error)
            self._scheduler.abandon(leased)
        except DatabaseError as error:
            if not failure_is_lasting(error):
                self._scheduler.abandon(leased)
                raise
            log.error("%s the database refuses it: %s", fields(task=leased.id), error)
            self._scheduler.finish(leased, f"the database refuses it: {redact(str(error))}")
        except Exception as error:  # a bug of ours must end this task, not the whole process
            log.exception("%s", fields(task=leased.id))
            self._scheduler.finish(leased, f"internal error, see the log: {redact(repr(error))}")
        return True

    def _work_on(self, leased: TaskLease, stop: threading.Event) -> bool:
        """False when no account was fit, so that the worker rests before it looks again."""
        task = leased.task
        cursor = Cursor((task.last_page or (task.page_from or 1) - 1) + 1, task.page_to)
        while not cursor.at_end:
            if self._scheduler.is_starving(TaskType.EXPORT, task.platform, FAIR_WAIT_SECS):
                pause = timedelta(seconds=2 * self._poll_secs)
                self._scheduler.put_back(leased, not_before=self._clock.now() + pause)
                return False
            account = self._accounts.lease(Purpose.INGESTING, task.platform)
            if account is None:
                if self._wait_for_turn(leased, stop):
                    continue
                return False
            if self._with_account(leased, account, cursor, stop) is Outcome.TASK_ENDED:
                return True
        self._complete(leased)
        return True

    def _with_account(
        self, leased: TaskLease, account: AccountLease, cursor: Cursor, stop: threading.Event
    ) -> Outcome:
        """Use an account until the task or the account is through, and give the account back."""
        visit = AccountCheckout(account)
        try:
            self._visits.enter(visit, stop)
            outcome = self._fetch_pages(leased, visit, cursor, stop)
        except StoppedSignal:
            self._visits.leave(visit)
            self._scheduler.put_back(leased)
            return Outcome.TASK_ENDED
        except OutOfTurnSignal:
            self._visits.leave(visit)
            return Outcome.NEXT_ACCOUNT
        except (SourceError, CredentialsError) as error:
            where = fields(task=leased.id, account=account.username, page=cursor.next_page)
            log.warning("%s %s: %s", where, type(error).__name__, error)
            self._visits.leave_after(visit, error)
            return self._react(leased, cursor, error)
        except DatabaseError:
            self._accounts.abandon(account)
            raise
        except Exception:  # whatever it is, the account is not to blame
            self._visits.leave(visit)
            raise
        else:
            self._visits.leave(visit)
            return outcome
        finally:
            self._accounts.abandon(account)  # whatever happened, the keeper renews it no more

    def _fetch_pages(
        self, leased: TaskLease, visit: AccountCheckout, cursor: Cursor, stop: threading.Event
    ) -> Outcome:
        self._scheduler.assign(leased, visit.account.id)
        while not cursor.at_end:
            visit.account.lease.require(self._clock)
            leased.lease.require(self._clock)
            if visit.has_had_its_share:
                return Outcome.NEXT_ACCOUNT
            if not self._one_page(leased, visit, cursor, stop):
                return Outcome.TASK_ENDED
        self._complete(leased)
        return Outcome.TASK_ENDED

    def _one_page(
        self,
        leased: TaskLease,
        visit: AccountCheckout,
        cursor: Cursor,
        stop: threading.Event,
    ) -> bool:
        """Fetch and store the next page; False when that ended the work on this lease."""
        task, number, started = leased.task, cursor.next_page, self._clock.now()
        via = CrawlOptions.from_json(task.options).via
        account = visit.account
        page = visit.source.search_creators(visit.session, task.domain, number, via, stop)
        visit.good_answers += 1
        account.lease.require(self._clock)  # it may have run out while the answer was on its way
        self._note_rejected(leased, page)
        if number > page.total_pages:
            self._pages.end_before(leased, page)
            cursor.page_to = number - 1
            return True
        if cursor.page_to is None:
            stored = self._pages.store_first_and_split(leased, account.id, page, started)
            self._scheduler.abandon(leased)  # the task is a parent now and has no lease
            self._note_stored(leased, account, page, stored)
            cursor.stored += 1
            return False
        stored = self._pages.store(leased, account.id, page, cursor.page_to, started)
        self._note_stored(leased, account, page, stored)
        cursor.next_page, cursor.page_to = number + 1, stored.page_to
        cursor.stored += 1
        return True

    def _react(
        self, leased: TaskLease, cursor: Cursor, error: SourceError | CredentialsError
    ) -> Outcome:
        """Decide what an error means for the task; the account has been seen to."""
        match error:
            case BreakerOpenError():
                pause = timedelta(seconds=min(error.secs_left, BREAKER_RECHECK_SECS))
                self._scheduler.put_back(
                    leased,
                    not_before=self._clock.now() + pause,
                    waiting_for=WaitingFor.PLATFORM,
                    error=str(error),
                )
                return Outcome.TASK_ENDED
            case PlatformQuotaError():
                self._scheduler.put_back(
                    leased,
                    not_before=error.resets_at,
                    waiting_for=WaitingFor.PLATFORM,
                    error=str(error),
                )
                return Outcome.TASK_ENDED
            case UnexpectedResponseError() | NotFoundError() | BadRequestError():
                self._fail(leased, cursor.next_page, error)
                return Outcome.TASK_ENDED
            case RetryableError() if not error.of_proxy:
                self._scheduler.step_back(leased, str(error))
                return Outcome.TASK_ENDED
        return Outcome.NEXT_ACCOUNT

    def _fail(self, leased: TaskLease, page: int, error: SourceError) -> None:
        reason = f"page {page}: {error}"
        if error.evidence is not None:
            kept = self._evidence.keep_answer(leased.id, page, error.evidence, self._clock.now())
            reason += f" (evidence: {kept})" if kept else ""
        log.error("%s failed: %s", fields(task=leased.id, page=page), reason)
        self._scheduler.finish(leased, reason)

    def _complete(self, leased: TaskLease) -> None:
        if self._scheduler.finish(leased):
            log.info("%s completed", fields(task=leased.id))

    def _wait_for_turn(self, leased: TaskLease, stop: threading.Event) -> bool:
        """Wait here for an account whose turn comes soon; else put the task back, and False."""
        shortage = self._accounts.shortage(Purpose.INGESTING, leased.task.platform)
        now = self._clock.now()
        if shortage.until is not None and not shortage.busy:
            secs = (shortage.until - now).total_seconds()
            if secs <= WAIT_HERE_SECS:
                leased.lease.require(self._clock)
                self._clock.wait(stop, max(0.0, secs))
                if not stop.is_set():
                    return True
        until = next_look(shortage, now, self._poll_secs)
        log.info(
            "%s waits for an account: %s", fields(task=leased.id, until=until), shortage.reason
        )
        self._scheduler.put_back(
            leased, not_before=until, waiting_for=WaitingFor.ACCOUNT, error=shortage.reason
        )
        return False

    def _note_stored(
        self, leased: TaskLease, account: AccountLease, page: CreatorPage, stored: StoredPage
    ) -> None:
        where = fields(task=leased.id, account=account.username, page=page.page)
        log.info("%s %s", where, fields(creators=stored.kept, new=stored.new))

    def _note_rejected(self, leased: TaskLease, page: CreatorPage) -> None:
        if not page.rejected:
            return
        now = self._clock.now()
        kept = self._evidence.keep_entries(leased.id, page.page, page.rejected, now)
        for entry in page.rejected:
            where = fields(task=leased.id, page=page.page, entry=entry.position, evidence=kept)
            log.warning("%s entry left out: %s", where, entry.reason)
