"""PageStore: one fetched page becomes rows, its log and the task's marker, in one transaction."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from core.clock import Clock
from crawler.tasks.options import CrawlOptions
from crawler.tasks.scheduler import TaskLease, TaskScheduler
from sources.base import CreatorPage
from storage.crawling import influencers, ingestion_logs, task_leases
from storage.crawling import tasks as rows
from storage.engines.transactions import Database, Tx


@dataclass(frozen=True)
class StoredPage:
    """What a page brought, and the last page of the task's range as it is now."""

    kept: int
    new: int
    page_to: int


class PageStore:
    """Writes pages under a task's lease."""

    def __init__(self, *, database: Database, scheduler: TaskScheduler, clock: Clock) -> None:
        self._database = database
        self._scheduler = scheduler
        self._clock = clock

    def store(
        self, leased: TaskLease, account_id: int, page: CreatorPage, page_to: int, started: datetime
    ) -> StoredPage:
        """Store a page of the task's range and move its marker.

        Raises:
            LeaseLostError, TaskHaltedSignal: nothing was written.
        """
        range_end = self._range_end(leased, page, page_to)
        creators = _as_rows(page)

        def work(tx: Tx) -> StoredPage:
            now = self._clock.now()
            marker = f"page={page.page}"
            if not task_leases.advance(
                tx,
                leased.id,
                token=leased.lease.token,
                marker=marker,
                items=len(creators),
                new=len(creators),
                now=now,
                page_to=range_end,
            ):
                raise self._scheduler.why_not_advanced(tx, leased)
            new = self._store_creators(tx, leased, leased.id, account_id, page, creators, started)
            self._correct_new_count(tx, leased.id, new - len(creators))
            self._drop_pages_behind(tx, leased, page)
            return StoredPage(len(creators), new, range_end)

        return self._database.write(work)

    def store_first_and_split(
        self, leased: TaskLease, account_id: int, page: CreatorPage, started: datetime
    ) -> StoredPage:
        """Store page 1 of a crawl that learnt its size from it, under the first of its new pieces.

        Raises:
            LeaseLostError, TaskHaltedSignal: nothing was written.
        """
        creators = _as_rows(page)
        options = CrawlOptions.from_json(leased.task.options)
        end = min(page.total_pages, options.at_most or page.total_pages)
        pieces = self._scheduler.pieces(leased.task, end, open_ended=True)

        def work(tx: Tx) -> StoredPage:
            now = self._clock.now()
            if not task_leases.hold(tx, leased.id, leased.lease.token, now):
                raise self._scheduler.why_not_advanced(tx, leased)
            kept = len(creators)
            first = replace(pieces[0], progress_marker="page=1", item_count=kept, new_count=kept)
            child_id = rows.add_child(tx, first, now)
            for piece in pieces[1:]:
                rows.add_child(tx, piece, now)
            new = self._store_creators(tx, leased, child_id, account_id, page, creators, started)
            self._correct_new_count(tx, child_id, new - kept)
            task_leases.make_parent(tx, leased.id, leased.lease.token, page.total_pages, now)
            return StoredPage(len(creators), new, page.total_pages)

        return self._database.write(work)

    def end_before(self, leased: TaskLease, page: CreatorPage) -> None:
        """Cut the task's range off in front of a page that is behind the platform's last one.

        Raises:
            LeaseLostError, TaskHaltedSignal: nothing was written.
        """

        def work(tx: Tx) -> None:
            now = self._clock.now()
            if not task_leases.set_page_to(tx, leased.id, leased.lease.token, page.page - 1, now):
                raise self._scheduler.why_not_advanced(tx, leased)
            self._drop_pages_behind(tx, leased, page)

        self._database.write(work)

    def _range_end(self, leased: TaskLease, page: CreatorPage, page_to: int) -> int:
        options = CrawlOptions.from_json(leased.task.options)
        if options.open_ended:
            end = max(page.page, page.total_pages)
            return min(end, options.at_most or end)
        return max(page.page, min(page_to, page.total_pages))

    def _store_creators(
        self,
        tx: Tx,
        leased: TaskLease,
        task_id: int,
        account_id: int,
        page: CreatorPage,
        creators: list[influencers.NewCreator],
        started: datetime,
    ) -> int:
        task, now = leased.task, self._clock.now()
        counts = (len(creators), len(page.rejected))
        log_id = ingestion_logs.log_page(
            tx,
            task_id,
            account_id=account_id,
            domain=task.domain,
            page=page.page,
            counts=counts,
            started=started,
            ended=now,
        )
        if not creators:
            return 0
        influencers.upsert_page(
            tx,
            task.platform,
            domain=task.domain,
            page=page.page,
            creators=creators,
            log_id=log_id,
            now=now,
            refresh_raw=page.complete,
        )
        uids = [creator.uid for creator in creators]
        new = influencers.count_new(tx, task.platform, task.domain, uids, log_id)
        if new != len(creators):
            ingestion_logs.set_page_new_count(tx, log_id, new)
        return new

    def _correct_new_count(self, tx: Tx, task_id: int, difference: int) -> None:
        """All were counted as new, as in a first crawl; take back those that are not."""
        if difference:
            task_leases.add_new_count(tx, task_id, difference)

    def _drop_pages_behind(self, tx: Tx, leased: TaskLease, page: CreatorPage) -> None:
        parent = leased.task.parent_id
        last_asked = leased.task.page_to or 0
        is_end = page.total_pages < last_asked or page.page >= page.total_pages
        if parent is not None and is_end:
            task_leases.drop_pages_beyond(tx, parent, page.total_pages, self._clock.now())


def _as_rows(page: CreatorPage) -> list[influencers.NewCreator]:
    dump: Callable[[object], str] = json.JSONEncoder(
        ensure_ascii=False, separators=(",", ":")
    ).encode
    return [
        influencers.NewCreator(creator.uid, creator.nickname, dump(creator.raw))
        for creator in page.creators
    ]
