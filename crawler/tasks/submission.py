"""Filing of crawls and exports: one open task for each platform and domain, split into pieces."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from core.clock import Clock
from core.logs import fields, service_log
from crawler.tasks.options import CrawlOptions
from crawler.tasks.pins import pinned_otherwise
from storage.crawling import task_labels, tasks
from storage.crawling.tasks import NewTask
from storage.engines.transactions import Database, Tx
from storage.models.tasks import NO_PIN, Pin, Task, TaskType

log = service_log("tasks")


@dataclass(frozen=True)
class FiledTask:
    """The task of a request; `is_new` is False when it was open already and none was created."""

    task: Task
    is_new: bool


@dataclass(frozen=True, kw_only=True)
class TaskSubmitter:
    """Creates crawl and export tasks, which the workers of all processes claim.

    While a task of the same type, platform and domain is open, no second one is created: the open
    one is returned with its own options, and gets the new labels as well.

    Args:
        pages_per_task: pages in each piece (a child task) that a crawl is split into.
    """

    database: Database
    clock: Clock
    pages_per_task: int

    def submit_crawl(
        self,
        platform: str,
        domain: str,
        pages: int | None,
        options: CrawlOptions,
        labels: Sequence[str] = (),
        pin: Pin = NO_PIN,
        keyword: str | None = None,
    ) -> FiledTask:
        """Create a crawl of a domain, or return the open one; either gets the labels.

        Args:
            keyword: what is searched for; None: the domain.
            pages: the last page to crawl, by which the crawl is split at once. None: it is split
                when page 1 has stated how many there are.
            options: with `sequential` (pages must be fetched in order) the crawl stays in one
                piece.
            pin: whom the crawl is pinned to.

        Raises:
            InvalidInputError: the open crawl is pinned otherwise than `pin` says, which is a pin.
        """
        if options.sequential:
            options, pages = replace(options, at_most=pages), None
        crawl = NewTask(
            task_type=TaskType.INGESTION,
            platform=platform,
            domain=domain,
            options=options.as_json(),
            is_leaf=pages is None,
            page_from=1,
            page_to=pages,
            only_account_id=pin.account_id,
            only_group=pin.group,
            keyword=keyword,
        )

        def pieces() -> list[NewTask]:
            if pages is None:
                return []
            return split_pages(crawl, pages, pages_per_task=self.pages_per_task, open_ended=False)

        return self._submit(crawl, pieces, labels)

    def require_pin(
        self, platform: str, domain: str, keywords: Sequence[str | None], pin: Pin
    ) -> None:
        """Raise InvalidInputError when an open crawl of a keyword is pinned otherwise than `pin`.

        NO_PIN fits every crawl.
        """
        if not pin:
            return

        def read(tx: Tx) -> None:
            for keyword in keywords:
                task = tasks.find_open(tx, TaskType.INGESTION, platform, domain, keyword)
                if task is not None and task.pin != pin:
                    raise pinned_otherwise(tx, task, pin)

        self.database.read(read)

    def submit_export(
        self,
        platform: str,
        domain: str,
        options: Mapping[str, Any],
        lanes: int,
        labels: Sequence[str] = (),
        pin: Pin = NO_PIN,
    ) -> FiledTask:
        """Create an export of a domain, or return the open one; either gets the labels.

        Args:
            options: the JSON object that `ExportOptions.as_json` returns.
            lanes: how many workers may export the domain at once, each with a piece of its own.
            pin: whom the export is pinned to.

        Raises:
            InvalidInputError: the open export is pinned otherwise than `pin` says, which is a pin.
        """
        export = NewTask(
            task_type=TaskType.EXPORT,
            platform=platform,
            domain=domain,
            options=options,
            is_leaf=lanes == 1,
            only_account_id=pin.account_id,
            only_group=pin.group,
        )

        def pieces() -> list[NewTask]:
            return [replace(export, is_leaf=True)] * lanes if lanes > 1 else []

        return self._submit(export, pieces, labels)

    def _submit(
        self, new: NewTask, pieces: Callable[[], list[NewTask]], labels: Sequence[str]
    ) -> FiledTask:
        def work(tx: Tx) -> FiledTask:
            now = self.clock.now()
            task, is_new = tasks.open_or_join(tx, new, now)
            if not is_new and new.pin and task.pin != new.pin:
                raise pinned_otherwise(tx, task, new.pin)
            # In the parent's transaction: a parent that lacks pieces would complete too early.
            if is_new:
                for piece in pieces():
                    tasks.add_child(tx, replace(piece, parent_id=task.id), now)
            task_labels.add(tx, task.id, labels)
            return FiledTask(task, is_new)

        filed = self.database.write_idempotent(work)
        _log_filed(filed, len(pieces()) if filed.is_new else 0)
        return filed


def _log_filed(filed: FiledTask, pieces: int) -> None:
    task, done = filed.task, "created" if filed.is_new else "joined"
    what = {"type": task.task_type, "platform": task.platform, "domain": task.domain}
    log.info("%s %s", done, fields(task=task.id, **what, pieces=pieces or None))


def split_pages(
    crawl: NewTask | Task, pages: int, *, pages_per_task: int, open_ended: bool
) -> list[NewTask]:
    """Return the pieces that cover pages 1 to `pages` of a crawl, without their parent's id.

    A sequential crawl is one piece. With `open_ended` the last piece continues where the platform
    has more pages by then.
    """
    crawl_options = CrawlOptions.from_json(crawl.options)
    step = pages if crawl_options.sequential else pages_per_task
    pieces = []
    for first in range(1, pages + 1, step):
        last = min(pages, first + step - 1)
        options = replace(crawl_options, open_ended=open_ended and last == pages)
        pieces.append(
            NewTask(
                task_type=TaskType.INGESTION,
                platform=crawl.platform,
                domain=crawl.domain,
                options=options.as_json(),
                page_from=first,
                page_to=last,
                keyword=crawl.keyword,
                only_account_id=crawl.only_account_id,
                only_group=crawl.only_group,
            )
        )
    return pieces
