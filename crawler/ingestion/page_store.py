"""Storing a fetched page: its creators, its log and the task's marker, all or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from core.clock import Clock, QuotaCalendar
from core.messages import Message
from crawler.tasks.leases import TaskLease, refused_write_error
from crawler.tasks.options import CrawlOptions
from crawler.tasks.submission import split_pages
from sources.base import Creator, CreatorPage, Via
from storage.crawling import influencers, ingestion_logs, task_leases, task_pieces, tasks
from storage.creators import creators, day_totals, keywords
from storage.engines.transactions import Database, Tx
from storage.models.creators import CreatorProfile


class Profiles(Protocol):
    """Reads what is stored of a creator beside its raw data."""

    def profile(self, platform: str, creator: Creator) -> CreatorProfile:
        """Return a creator that a page lists."""


@dataclass(frozen=True)
class StoredPage:
    """The outcome of storing a page.

    `kept` creators were valid, `new` of them were not known in this domain before; `page_to` is the
    last page of the task's range from now on.
    """

    kept: int
    new: int
    page_to: int


@dataclass(frozen=True)
class FetchedPage:
    """A page, the account that fetched it, and when its request was sent.

    `profiles` are its creators in the order of their uids; rejected entries are not among them.
    """

    page: CreatorPage
    account_id: int
    started: datetime
    profiles: tuple[CreatorProfile, ...]


@dataclass(frozen=True, kw_only=True)
class PageStore:
    """Stores pages under a task's lease, each in one transaction.

    Args:
        profiles: reads what is stored of a creator beside its raw data.
        calendar: the quota zone, whose days the sums of accounts are of.
        pages_per_task: pages in each piece (a child task) that a crawl is split into after page 1.
    """

    database: Database
    clock: Clock
    profiles: Profiles
    calendar: QuotaCalendar
    pages_per_task: int

    def store(
        self, leased: TaskLease, account_id: int, page: CreatorPage, page_to: int, started: datetime
    ) -> StoredPage:
        """Store a page of the task's range and advance its marker.

        Args:
            page_to: the last page of the task's range. The range ends at the platform's last page
                instead if that is earlier; in an open-ended crawl also if it is later.
            started: when the request was sent.

        Raises:
            LeaseLostError: another worker has the task; nothing was written.
            TaskHaltedSignal: the operator paused or cancelled it; nothing was written.
        """
        range_end = self._range_end(leased, page, page_to)
        fetched = self._fetched(leased, account_id, page, started)
        kept = len(fetched.profiles)

        def work(tx: Tx) -> StoredPage:
            # The task's row comes first: its lock keeps another holder out until COMMIT.
            now = self.clock.now()
            if not task_leases.advance(
                tx,
                leased.id,
                token=leased.lease.token,
                marker=f"page={page.page}",
                items=kept,
                new=kept,
                now=now,
                page_to=range_end,
            ):
                raise refused_write_error(tx, leased)
            self._extend_parent(tx, leased, range_end, now)
            new = self._store_creators(tx, leased, leased.id, fetched)
            self._correct_new_count(tx, leased.id, new - kept)
            self._drop_pages_beyond(tx, leased, page)
            end = self._end_if_dry(tx, leased, page.page, new)
            return StoredPage(kept, new, range_end if end is None else min(end, range_end))

        return self.database.write(work)

    def store_first_and_split(
        self, leased: TaskLease, account_id: int, page: CreatorPage, started: datetime
    ) -> StoredPage:
        """Split a crawl by the total that page 1 states, and store that page in the first piece.

        The task becomes the parent of its pieces (tasks with a range of pages each, which workers
        claim on their own), and its lease ends.

        Raises:
            LeaseLostError: another worker has the task; nothing was written.
            TaskHaltedSignal: the operator paused or cancelled it; nothing was written.
        """
        fetched = self._fetched(leased, account_id, page, started)
        kept = len(fetched.profiles)
        options = CrawlOptions.from_json(leased.task.options)
        end = min(page.total_pages, options.at_most or page.total_pages)
        size = self.pages_per_task
        pieces = [
            replace(piece, parent_id=leased.id)
            for piece in split_pages(leased.task, end, pages_per_task=size, open_ended=True)
        ]

        def work(tx: Tx) -> StoredPage:
            now = self.clock.now()
            if not task_leases.lock(tx, leased.id, leased.lease.token, now):
                raise refused_write_error(tx, leased)
            first = replace(pieces[0], progress_marker="page=1", item_count=kept, new_count=kept)
            child_id = tasks.add_child(tx, first, now)
            for piece in pieces[1:]:
                tasks.add_child(tx, piece, now)
            new = self._store_creators(tx, leased, child_id, fetched)
            self._correct_new_count(tx, child_id, new - kept)
            task_leases.make_parent(tx, leased.id, leased.lease.token, end, now)
            return StoredPage(kept, new, end)

        return self.database.write(work)

    def end_before(self, leased: TaskLease, page: CreatorPage) -> None:
        """End the task's range before a page that turned out to lie beyond the platform's last one.

        Raises:
            LeaseLostError: another worker has the task; nothing was written.
            TaskHaltedSignal: the operator paused or cancelled it; nothing was written.
        """
        self.database.write(lambda tx: self._end_before(tx, leased, page))

    def end_before_empty(
        self, leased: TaskLease, page: CreatorPage, promised_pages: int
    ) -> Message | None:
        """End the task's range before a page that is believed to be empty.

        Return why creators may be missing, which is stored as the crawl's end reason; None when
        the domain has just that many pages.

        Args:
            promised_pages: how many pages the platform counts, on the empty page too.

        Raises:
            LeaseLostError: another worker has the task; nothing was written.
            TaskHaltedSignal: the operator paused or cancelled it; nothing was written.
        """

        def work(tx: Tx) -> Message | None:
            self._end_before(tx, leased, page)
            if not self._is_cut_off(tx, leased, page.page, promised_pages):
                return None
            reason = Message.of("ended_at_empty_page", page=page.page, total=promised_pages)
            tasks.set_end_reason(tx, leased.task.top_level_id, reason.dump())
            return reason

        return self.database.write(work)

    def _end_before(self, tx: Tx, leased: TaskLease, page: CreatorPage) -> None:
        now = self.clock.now()
        if not task_leases.set_page_to(tx, leased.id, leased.lease.token, page.page - 1, now):
            raise refused_write_error(tx, leased)
        self._drop_pages_beyond(tx, leased, page)

    def _is_cut_off(self, tx: Tx, leased: TaskLease, empty_page: int, promised_pages: int) -> bool:
        """Return whether an empty page may be the platform's trouble, and not the domain's end.

        A domain that lost its last page since page 1 was fetched has ended, and so has one whose
        last page with entries is not full, however many pages the platform counts.
        """
        if promised_pages <= max(1, empty_page):
            return False
        sizes = ingestion_logs.page_sizes(tx, leased.task.top_level_id)
        if sizes.last is None or sizes.fullest is None:
            return True
        # Pages of authors of videos, each listed once, are never full.
        is_by_name = CrawlOptions.from_json(leased.task.options).via is Via.USERS
        ends_short = sizes.last_page == empty_page - 1 and sizes.last < sizes.fullest
        return not (is_by_name and ends_short)

    def _extend_parent(self, tx: Tx, leased: TaskLease, range_end: int, now: datetime) -> None:
        """Let the parent of an open-ended crawl cover the pages that are known by now."""
        parent_id = leased.task.parent_id
        if parent_id is not None and CrawlOptions.from_json(leased.task.options).open_ended:
            task_pieces.set_range_end(tx, parent_id, range_end, now)

    def _range_end(self, leased: TaskLease, page: CreatorPage, page_to: int) -> int:
        options = CrawlOptions.from_json(leased.task.options)
        if options.open_ended:
            end = max(page.page, page.total_pages)
            return min(end, options.at_most or end)
        return max(page.page, min(page_to, page.total_pages))

    def _store_creators(self, tx: Tx, leased: TaskLease, task_id: int, fetched: FetchedPage) -> int:
        task, now = leased.task, self.clock.now()
        page, profiles = fetched.page, fetched.profiles
        log_id = ingestion_logs.log_page(
            tx,
            task_id,
            account_id=fetched.account_id,
            domain=task.domain,
            page=page.page,
            counts=(len(profiles), len(page.rejected)),
            started=fetched.started,
            ended=now,
            keyword=task.search_word,
        )
        new = self._store_profiles(tx, leased, log_id, fetched, now) if profiles else 0
        if new != len(profiles):
            ingestion_logs.set_page_new_count(tx, log_id, new)
        day_totals.add(
            tx,
            self.calendar.day(now),
            fetched.account_id,
            task.platform,
            task.domain,
            pages=1,
            seen=len(profiles),
            new=new,
        )
        return new

    def _store_profiles(
        self, tx: Tx, leased: TaskLease, log_id: int, fetched: FetchedPage, now: datetime
    ) -> int:
        """Store a page's creators and return how many are new in the domain."""
        task, page, profiles = leased.task, fetched.page, fetched.profiles
        creators.upsert_page(tx, task.platform, profiles, now, complete=page.complete)
        influencers.upsert_page(
            tx,
            task.platform,
            domain=task.domain,
            page=page.page,
            profiles=profiles,
            log_id=log_id,
            now=now,
            complete=page.complete,
        )
        uids = [profile.uid for profile in profiles]
        keywords.note(tx, task.platform, task.domain, uids, task.search_word)
        return influencers.count_new(tx, task.platform, task.domain, uids, log_id)

    def _end_if_dry(self, tx: Tx, leased: TaskLease, page: int, new: int) -> int | None:
        """End the crawl behind its last stored page when too many in a row brought nobody new.

        Return the last page of the task's range then; None while the crawl goes on.
        """
        pages, parent = CrawlOptions.from_json(leased.task.options).stop_dry, leased.task.parent_id
        if pages is None or parent is None or new:
            return None
        stored = ingestion_logs.page_counts(tx, parent, page - pages + 1, page + pages - 1)
        first = last = page
        while stored.get(first - 1) == 0:
            first -= 1
        while stored.get(last + 1) == 0:
            last += 1
        if last - first + 1 < pages:
            return None
        now = self.clock.now()
        task_leases.drop_pages_beyond(tx, parent, last, now)
        end = min(last, leased.task.page_to or last)
        task_leases.set_page_to(tx, leased.id, leased.lease.token, end, now)
        reason = Message.of("stopped_dry", pages=last - first + 1, page=last)
        tasks.set_end_reason(tx, parent, reason.dump())
        return end

    def _fetched(
        self, leased: TaskLease, account_id: int, page: CreatorPage, started: datetime
    ) -> FetchedPage:
        platform = leased.task.platform
        profiles = [self.profiles.profile(platform, creator) for creator in page.creators]
        ordered = tuple(sorted(profiles, key=lambda profile: profile.uid))
        return FetchedPage(page, account_id, started, ordered)

    def _correct_new_count(self, tx: Tx, task_id: int, difference: int) -> None:
        # The marker counted every creator as new, as in a first crawl: this writes to the task a
        # second time only when some were known.
        if difference:
            task_leases.add_new_count(tx, task_id, difference)

    def _drop_pages_beyond(self, tx: Tx, leased: TaskLease, page: CreatorPage) -> None:
        parent = leased.task.parent_id
        range_end = leased.task.page_to or 0
        is_end = page.total_pages < range_end or page.page >= page.total_pages
        if parent is not None and is_end:
            task_leases.drop_pages_beyond(tx, parent, page.total_pages, self.clock.now())
