"""The ingestion worker: leases a task and an account, then fetches and stores page after page."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.account_lease import AccountLease, Purpose
from accounts.manager import AccountManager
from core.attribution import Scope
from core.cancellation import OutOfTurnSignal, StoppedSignal, TaskHaltedSignal
from core.clock import Clock
from core.errors import (
    BadRequestError,
    BatonError,
    CommitUnknownError,
    CredentialsError,
    DatabaseError,
    EmptyPageError,
    ItemUnavailableError,
    LeaseLostError,
    NotFoundError,
    PlatformQuotaError,
    RetryableError,
    SourceError,
    UnexpectedResponseError,
)
from core.logs import fields, redacted, service_log
from core.messages import Message
from core.poller import database_poller
from core.supervision.internal_errors import ComponentErrors
from crawler.ingestion.cursor import Cursor, Outcome
from crawler.ingestion.page_store import PageStore, StoredPage
from crawler.ingestion.response_archive import ResponseArchive
from crawler.runtime.account_sessions import AccountCheckout, AccountSessions
from crawler.tasks.leases import TaskLease
from crawler.tasks.options import CrawlOptions
from crawler.tasks.scheduler import TaskScheduler
from sources.base import CreatorPage
from sources.policies import SEARCH
from storage.models.tasks import NO_PIN, Task, TaskType, WaitingFor

log = service_log("ingestion")
RECHECK_SECS = 30.0  # of a platform that is left alone for a time that is not known
MAX_JITTER_SECS = 5.0
MAX_INLINE_WAIT_SECS = 20.0  # a longer wait for an account gives the task back meanwhile
FAIR_WAIT_SECS = 30.0  # an export that lacks an account for so long goes first


@dataclass(frozen=True, kw_only=True)
class IngestionWorker:
    """The work of one ingestion thread, which holds at most one task and one account at a time.

    Args:
        poll_secs: seconds to pause after a look for work that found none.
        only_task_ids: work on these tasks and their pieces only; empty: on all.
        labels: work on tasks that have one of these labels only; empty: on all.
    """

    scheduler: TaskScheduler
    accounts: AccountManager
    sessions: AccountSessions
    pages: PageStore
    response_archive: ResponseArchive
    clock: Clock
    poll_secs: float
    errors: ComponentErrors
    only_task_ids: Sequence[int] = ()
    labels: Sequence[str] = ()

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; while the database is unavailable, wait and try again."""
        # Pieces whose wait is over go first, so that a crawl ends before the next one gets far.
        # After a round without work it is the other way round: all that waited may lack accounts
        # of the same platform, and would hold up the others.
        worked = True

        def work() -> bool:
            nonlocal worked
            waited_first, worked = worked, False  # an error counts as a look in vain
            worked = self.work_once(stop, waited_first=waited_first)
            return worked

        poller = database_poller(
            clock=self.clock, poll_secs=self.poll_secs, log=log, errors=self.errors
        )
        poller.run_busy(work, stop)

    def work_once(self, stop: threading.Event, *, waited_first: bool = True) -> bool:
        """Claim one task and work on it as far as possible.

        Return False when there was no task, or no account for it, so that the caller pauses.
        Failures of the task itself are recorded on it and not raised. `waited_first`: tasks whose
        wait is over are claimed before those that never waited.

        Raises:
            DatabaseError: the database failed in a way that may pass; the task's lease runs out by
                itself.
        """
        leased = self._claim(waited_first=waited_first)
        if leased is None:
            return False
        try:
            return self._work_on(leased, stop)
        except (LeaseLostError, TaskHaltedSignal) as error:
            log.warning("%s %s", fields(task=leased.id), error)
            self.scheduler.requeue(leased)
        except CommitUnknownError as error:
            log.error("%s %s; its leases run out", fields(task=leased.id), error)
            self.scheduler.abandon(leased)
        except DatabaseError as error:
            if not self.scheduler.is_failed_by(leased, error):
                self.scheduler.abandon(leased)
                raise
            log.error("%s the database refuses it: %s", fields(task=leased.id), error)
            self.scheduler.finish(leased, Message.of("database_refused", cause=redacted(error)))
        except Exception as error:  # a programming error must end this task, not the process
            log.exception("%s", fields(task=leased.id))
            self.errors.settled(error)
            self.scheduler.end_after_bug(leased, error)
        return True

    def _claim(self, *, waited_first: bool) -> TaskLease | None:
        """Claim a task or piece that the worker may work on; the first of its tasks goes first."""
        claims = (
            self.scheduler.claim(
                TaskType.INGESTION, task_id, self.labels, waited_first=waited_first
            )
            for task_id in self.only_task_ids or (None,)
        )
        return next((leased for leased in claims if leased is not None), None)

    def _work_on(self, leased: TaskLease, stop: threading.Event) -> bool:
        """Work on the task until it ends; return False when no account could be leased."""
        task = leased.task
        cursor = Cursor.of(task)
        while not cursor.at_end:
            # Crawls keep the accounts busy for hours: the next free one goes to a starving export.
            starving = self.scheduler.starving(TaskType.EXPORT, task.platform, FAIR_WAIT_SECS)
            if NO_PIN in starving:
                pause = timedelta(seconds=2 * self.poll_secs)
                self.scheduler.requeue(leased, not_before=self.clock.now() + pause)
                return False
            asked = self._accounts_to_leave_out(cursor, task)
            account = self.accounts.lease(
                Purpose.INGESTING,
                task.platform,
                task.top_level_id,
                excluding=asked,
                endpoints=self.sessions.endpoints_of(task.platform, SEARCH),
                pin=task.pin,
                sparing=starving,
            )
            if account is None:
                if self._wait_for_turn(leased, cursor, stop):
                    continue
                return False
            if self._with_account(leased, account, cursor, stop) is Outcome.TASK_ENDED:
                return True
        self._complete(leased)
        return True

    def _with_account(
        self, leased: TaskLease, account: AccountLease, cursor: Cursor, stop: threading.Event
    ) -> Outcome:
        """Fetch pages with one account until it or the task ends, and give the account back."""
        checkout = AccountCheckout(account)
        try:
            self.sessions.open(checkout, stop)
            outcome = self._fetch_pages(leased, checkout, cursor, stop)
        except StoppedSignal:
            self.sessions.close(checkout)
            self.scheduler.requeue(leased)
            return Outcome.TASK_ENDED
        except OutOfTurnSignal:
            self.sessions.close(checkout, keeps_task=True)
            return Outcome.NEXT_ACCOUNT
        except (SourceError, CredentialsError) as error:
            where = fields(
                task=leased.id,
                domain=leased.task.domain,
                account=account.username,
                page=cursor.next_page,
            )
            log.warning("%s %s: %s", where, type(error).__name__, error)
            self.sessions.leave_after(checkout, error)
            return self._react(leased, account.id, cursor, error)
        except DatabaseError:
            # What was written of the account is not known: its lease must run out by itself.
            self.accounts.abandon(account)
            raise
        except Exception:  # the account has no part in it
            self.sessions.close(checkout)
            raise
        else:
            # The end of a piece, or of page 1 that splits the crawl, is not the end of the crawl.
            is_whole = leased.task.parent_id is None and cursor.at_end
            self.sessions.close(checkout, keeps_task=not is_whole)
            return outcome
        finally:
            self.accounts.abandon(account)  # also where giving it back failed: its lease must end

    def _fetch_pages(
        self, leased: TaskLease, checkout: AccountCheckout, cursor: Cursor, stop: threading.Event
    ) -> Outcome:
        self.scheduler.assign(leased, checkout.account.id)
        while not cursor.at_end:
            checkout.account.lease.require(self.clock)
            leased.lease.require(self.clock)
            if checkout.is_share_used_up:
                return Outcome.NEXT_ACCOUNT
            if not self._fetch_page(leased, checkout, cursor, stop):
                return Outcome.TASK_ENDED
        self._complete(leased)
        return Outcome.TASK_ENDED

    def _fetch_page(
        self, leased: TaskLease, checkout: AccountCheckout, cursor: Cursor, stop: threading.Event
    ) -> bool:
        """Fetch and store the next page; return False when that ended the work under this lease."""
        task, number, started = leased.task, cursor.page_to_ask, self.clock.now()
        via = CrawlOptions.from_json(task.options).via
        account = checkout.account
        page = checkout.source.search_creators(
            checkout.session, task.search_word, number, via, stop
        )
        checkout.good_answers += 1
        account.lease.require(self.clock)  # it may have run out while the answer was on its way
        self._archive_rejected(leased, page)
        if number > page.total_pages:
            if number == 1:
                # One account's word is not enough to call a whole domain empty.
                raise EmptyPageError("domain_without_pages", page=1, total=page.total_pages)
            self._end_before(leased, cursor, page.total_pages)
            return True
        if cursor.page_to is None:
            stored = self.pages.store_first_and_split(leased, account.id, page, started)
            self.scheduler.abandon(leased)  # the task is a parent now and has no lease
            self._log_stored(leased, account, page, stored)
            return False
        if number > cursor.next_page:
            self._skip_empty_page(leased, account, cursor, page, started)
            if cursor.at_end:
                return True
        stored = self.pages.store(leased, account.id, page, cursor.page_to, started)
        self._log_stored(leased, account, page, stored)
        cursor.move_to(number + 1, stored.page_to)
        return True

    def _end_before(self, leased: TaskLease, cursor: Cursor, total_pages: int) -> None:
        """End the task's range before its next page, as the platform has only so many pages."""
        number = cursor.next_page
        end = CreatorPage(number, min(total_pages, number - 1), ())
        self.pages.end_before(leased, end)
        cursor.move_to(number, number - 1)

    def _end_before_empty(self, leased: TaskLease, cursor: Cursor, promised_pages: int) -> None:
        """End the task's range before its next page, which came empty whoever asked."""
        number, domain = cursor.next_page, leased.task.domain
        end = CreatorPage(number, number - 1, ())
        reason = self.pages.end_before_empty(leased, end, promised_pages)
        where = fields(task=leased.id, domain=domain, page=number, total=promised_pages)
        if reason is not None:
            log.warning("%s %s", where, reason)
        else:
            asked = len(cursor.confirmation.accounts)
            log.info("%s is empty, as %d accounts say; the range ends before it", where, asked)
        cursor.move_to(number, number - 1)

    def _skip_empty_page(
        self,
        leased: TaskLease,
        account: AccountLease,
        cursor: Cursor,
        following: CreatorPage,
        started: datetime,
    ) -> None:
        """Store a page that is believed to be empty, since the page after it has entries."""
        assert cursor.page_to is not None
        empty = CreatorPage(cursor.next_page, following.total_pages, ())
        stored = self.pages.store(leased, account.id, empty, cursor.page_to, started)
        self._log_stored(leased, account, empty, stored)
        cursor.move_to(cursor.next_page + 1, stored.page_to)

    def _accounts_to_leave_out(self, cursor: Cursor, task: Task) -> frozenset[int]:
        """Return the accounts that are not asked for the next page now."""
        now = self.clock.now()
        held_up = {account_id for account_id, until in cursor.held_up.items() if until > now}
        return self._accounts_asked_already(cursor, task) | held_up

    def _accounts_asked_already(self, cursor: Cursor, task: Task) -> frozenset[int]:
        """Return the accounts that were asked for the next page already, if there are others.

        After an odd answer, others that rest for long (behind a dead proxy) are not waited for:
        those asked already are asked again, as often as `Confirmation.is_hopeless` allows. After
        an empty one they are: a crawl that one account's word ends would lose creators in silence.
        """
        confirmation = cursor.confirmation
        if not confirmation.is_open or confirmation.is_empty:
            return frozenset()
        asked = confirmation.accounts
        if confirmation.empty:
            has_other = self.accounts.count_enabled(task.platform, task.pin) > len(asked)
        else:
            has_other = self.accounts.has_other_soon(task.platform, asked, task.pin)
        return asked if has_other else frozenset()

    def _react(
        self,
        leased: TaskLease,
        account_id: int,
        cursor: Cursor,
        error: SourceError | CredentialsError,
    ) -> Outcome:
        """Requeue or fail the task as the error asks for; the account was given back before."""
        match error:
            case PlatformQuotaError():
                self._wait_for_platform(leased, error.resets_at, error)
            case NotFoundError() | BadRequestError():
                self._fail(leased, cursor.next_page, self._with_evidence(leased, cursor, error))
            case EmptyPageError():
                self._record_empty_page(leased, account_id, cursor, error)
                return Outcome.NEXT_ACCOUNT
            case UnexpectedResponseError() | ItemUnavailableError():
                return self._record_odd_answer(leased, account_id, cursor, error)
            case _:
                return self._react_to_unit(leased, account_id, cursor, error)
        return Outcome.TASK_ENDED

    def _react_to_unit(
        self,
        leased: TaskLease,
        account_id: int,
        cursor: Cursor,
        error: SourceError | CredentialsError,
    ) -> Outcome:
        """Wait for what nobody gets through to, or go on with an account that it does not concern.

        Only a failure that is the question's own uses up an attempt of the task.
        """
        attribution = error.attribution if isinstance(error, SourceError) else None
        if isinstance(error, RetryableError) and (
            attribution is None or attribution.scope is Scope.REQUEST
        ):
            self.scheduler.back_off(leased, error)
            return Outcome.TASK_ENDED
        if attribution is not None and attribution.scope is Scope.CLIENT:
            self.scheduler.wait_for_resources(leased, error.message)
            return Outcome.TASK_ENDED
        if attribution is None:
            return Outcome.NEXT_ACCOUNT
        until = attribution.until
        if attribution.scope not in (Scope.ENDPOINT, Scope.PLATFORM):
            if until is not None:
                cursor.held_up[account_id] = until
            if not self._is_everybody_held_up(cursor, leased.task):
                return Outcome.NEXT_ACCOUNT
            until = min(cursor.held_up.values())
        soon = self.clock.now() + timedelta(seconds=RECHECK_SECS)
        self._wait_for_platform(leased, until or soon, error)
        return Outcome.TASK_ENDED

    def _is_everybody_held_up(self, cursor: Cursor, task: Task) -> bool:
        """Return whether no account that may work on the task has an egress that lets it ask."""
        now = self.clock.now()
        held_up = sum(until > now for until in cursor.held_up.values())
        return held_up > 0 and held_up >= self.accounts.count_enabled(task.platform, task.pin)

    def _wait_for_platform(self, leased: TaskLease, until: datetime, error: BatonError) -> None:
        # Those who wait for the same moment must not all come at once.
        jitter = timedelta(seconds=random.uniform(0.0, MAX_JITTER_SECS))
        self.scheduler.requeue(
            leased, not_before=until + jitter, waiting_for=WaitingFor.PLATFORM, error=error.message
        )

    def _record_empty_page(
        self, leased: TaskLease, account_id: int, cursor: Cursor, error: EmptyPageError
    ) -> None:
        """Count an account's word that a page is empty, and end the range where that is its end."""
        is_end = error.page > cursor.next_page  # and that one is believed to be empty already
        if not is_end:
            cursor.confirmation = cursor.confirmation.with_empty(account_id)
            at_border = error.page == 1 or error.page >= error.total
            is_end = cursor.confirmation.is_empty and at_border
        if is_end:
            self._end_before_empty(leased, cursor, error.total)

    def _record_odd_answer(
        self, leased: TaskLease, account_id: int, cursor: Cursor, error: SourceError
    ) -> Outcome:
        """Let another account ask for the page; fail the task when enough of them did in vain."""
        cause = self._with_evidence(leased, cursor, error)
        cursor.confirmation = cursor.confirmation.with_odd(account_id, cause)
        askers = self.accounts.count_enabled(leased.task.platform, leased.task.pin)
        if cursor.confirmation.is_hopeless(askers):
            self._fail(leased, cursor.next_page, cause)
            return Outcome.TASK_ENDED
        return Outcome.NEXT_ACCOUNT

    def _with_evidence(self, leased: TaskLease, cursor: Cursor, error: SourceError) -> Message:
        """Return the error's message, with the file that keeps its evidence where there is one."""
        page, now = cursor.page_to_ask, self.clock.now()
        if error.evidence is None:
            return error.message
        file = self.response_archive.save_response(leased.id, page, error.evidence, now)
        if file is None:
            return error.message
        return Message.of("evidence_kept", cause=error.message, file=str(file))

    def _fail(self, leased: TaskLease, page: int, cause: Message) -> None:
        reason = Message.of("page_failed", page=page, cause=cause)
        where = fields(task=leased.id, domain=leased.task.domain, page=page)
        log.error("%s failed: %s", where, reason)
        self.scheduler.finish(leased, reason)

    def _complete(self, leased: TaskLease) -> None:
        if self.scheduler.finish(leased):
            log.info("%s completed", fields(task=leased.id, domain=leased.task.domain))

    def _wait_for_turn(self, leased: TaskLease, cursor: Cursor, stop: threading.Event) -> bool:
        """Wait for an account whose turn comes soon; else requeue the task and return False."""
        platform = leased.task.platform
        endpoints = self.sessions.endpoints_of(platform, SEARCH)
        shortage = self.accounts.shortage(Purpose.INGESTING, platform, endpoints, leased.task.pin)
        now = self.clock.now()
        if shortage.until is not None and not shortage.busy:
            secs = (shortage.until - now).total_seconds()
            if secs <= MAX_INLINE_WAIT_SECS:
                leased.lease.require(self.clock)
                self.clock.wait(stop, max(0.0, secs))
                if not stop.is_set():
                    return True
        until = shortage.retry_at(now, self.poll_secs)
        log.info(
            "%s waits for an account: %s", fields(task=leased.id, until=until), shortage.reason
        )
        reason, confirmation = shortage.worth_telling(now), cursor.confirmation
        if confirmation.is_open:
            reason = confirmation.as_message(shortage.reason)  # the next worker goes on from there
        self.scheduler.requeue(
            leased,
            not_before=until,
            waiting_for=WaitingFor.ACCOUNT,
            error=reason,
        )
        return False

    def _log_stored(
        self, leased: TaskLease, account: AccountLease, page: CreatorPage, stored: StoredPage
    ) -> None:
        where = fields(
            task=leased.id,
            domain=leased.task.domain,
            account=account.username,
            page=page.page,
        )
        log.info("%s %s", where, fields(creators=stored.kept, new=stored.new))

    def _archive_rejected(self, leased: TaskLease, page: CreatorPage) -> None:
        if not page.rejected:
            return
        now = self.clock.now()
        file = self.response_archive.save_rejected_entries(leased.id, page.page, page.rejected, now)
        for entry in page.rejected:
            where = fields(
                task=leased.id,
                domain=leased.task.domain,
                page=page.page,
                entry=entry.position,
                evidence=file,
            )
            log.warning("%s entry left out: %s", where, entry.reason)
