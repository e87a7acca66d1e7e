"""The service for crawls and exports that commands, console and API share."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from accounts.account_lease import Purpose
from accounts.manager import AccountManager
from core.clock import Clock
from core.errors import (
    BatonError,
    CredentialsError,
    DatabaseError,
    InvalidInputError,
    LeaseLostError,
    OutputError,
    UnfinishedError,
    UnknownDomainError,
    WrongFieldsError,
)
from core.messages import Message
from crawler.creators.backfill import CreatorsBackfill
from crawler.export.options import ExportOptions
from crawler.export.requests import ExportRequest
from crawler.export.segment_files import FinishedFile
from crawler.export.segment_finalizer import SegmentFinalizer
from crawler.export.selection import TOLD_VALUES
from crawler.tasks.control import TaskControl
from crawler.tasks.labels import require_few
from crawler.tasks.options import CrawlOptions
from crawler.tasks.pins import PinTargets, pin_messages
from crawler.tasks.requests import DEFAULT_PLATFORM, CrawlRequest, LabelChange, PinChange
from crawler.tasks.submission import FiledTask, TaskSubmitter
from storage.crawling import export_segments, influencers, task_labels, tasks
from storage.engines.transactions import Database, Tx
from storage.models.tasks import NO_PIN, Pin, Task, TaskStatus

if TYPE_CHECKING:
    from sources.platforms import Platform, PlatformRegistry

DOMAIN_POLL_SECS = 0.2


@dataclass(frozen=True)
class CancelledTask:
    """What became of the files that a cancelled task left open, by segment id.

    `left_open` has the reason for each that could not be finished, such as a folder that is gone.
    """

    finished: dict[int, FinishedFile]
    left_open: dict[int, BatonError]


@dataclass(frozen=True, kw_only=True)
class CrawlingService:
    """Creates crawl and export tasks, and lets an operator control them.

    While a task of the same type, platform and domain is open, no second one is created: that task
    is returned, resumed if it was paused. It keeps its own options; only the new labels are added.
    """

    database: Database
    clock: Clock
    submitter: TaskSubmitter
    control: TaskControl
    targets: PinTargets
    accounts: AccountManager
    finalizer: SegmentFinalizer
    platforms: PlatformRegistry
    backfill: CreatorsBackfill

    def crawl(self, request: CrawlRequest) -> tuple[FiledTask, ...]:
        """Create a crawl of a domain for each keyword, in their order; without any, one crawl.

        While a crawl of that platform, domain and keyword is open no second one is created: it gets
        the labels of the request, and is returned.

        Raises:
            WrongFieldsError: there is no such platform, account or group, or the platform's
                creators cannot be searched.
            CredentialsError: no account can crawl, and none will by itself.
            InvalidInputError: the open crawl is pinned otherwise than the request asks for; nothing
                was filed.
            UnfinishedError: the database failed when some of several crawls were filed; filing them
                again joins those.
        """
        platform = self._searching(request.platform)
        pin = self.targets.pin(platform.name, request.account, request.group)
        self.require_accounts(platform.name, Purpose.INGESTING, pin)
        options = CrawlOptions(
            via=request.via, sequential=platform.sequential, stop_dry=request.stop_dry
        )
        words = request.search_words
        self.submitter.require_pin(platform.name, request.domain, words, pin)
        filed: list[FiledTask] = []
        for keyword in words:
            try:
                crawl = self.submitter.submit_crawl(
                    platform.name,
                    request.domain,
                    request.pages,
                    options,
                    request.labels,
                    pin=pin,
                    keyword=keyword,
                )
                filed.append(self._resumed(crawl))
            except (DatabaseError, InvalidInputError) as error:
                if not filed:
                    raise
                raise UnfinishedError(
                    "crawls_filed_partly", filed=len(filed), of=len(words), cause=error
                ) from error
        return tuple(filed)

    def export(self, request: ExportRequest, *, grace_secs: float = 0.0) -> FiledTask:
        """Create an export of a domain, or return the open one (see the class), which gets the
        labels.

        Args:
            grace_secs: seconds to wait for the domain to become known: its crawl may be starting
                just now.

        Raises:
            WrongFieldsError: there is no such platform, account or group, or the platform's
                creators cannot be searched.
            UnknownDomainError: nobody crawls the domain, and no creator of it is stored.
            CredentialsError: no account can export, and none will by itself.
            InvalidInputError: the open export has another choice than the one given, or is pinned
                otherwise than the request asks for, or creators of an older release are still
                being brought in, which a selection would not find.
        """
        platform = self._searching(request.platform).name
        pin = self.targets.pin(platform, request.account, request.group)
        self.require_accounts(platform, Purpose.EXPORTING, pin)
        if request.selection is not None:
            self.backfill.require_finished()
        self._require_known_domain(platform, request.domain, grace_secs)
        filed = self.submitter.submit_export(
            platform,
            request.domain,
            request.options.as_json(),
            request.lanes,
            request.labels,
            pin=pin,
        )
        _require_same_selection(filed, request)
        return self._resumed(filed)

    def task(self, task_id: int) -> Task:
        """Return the task or piece with that id. Raise InvalidInputError when there is none."""
        task = self.database.read(tasks.get, task_id)
        if task is None:
            raise _unknown(task_id)
        return task

    def pause(self, task_id: int) -> None:
        """Keep a task and its pieces from being worked on until they are resumed.

        A worker that has one stops at its next write.

        Raises:
            InvalidInputError: there is no such task, or it has ended.
        """
        self.control.pause(task_id)

    def resume(self, task_id: int) -> None:
        """Make a paused, waiting or failed task, with its pieces, claimable at once.

        Raises:
            InvalidInputError: there is no such task, it is completed, or another open task of the
                same platform and domain has taken its place.
        """
        self.control.resume(task_id)

    def move_output(self, task_id: int, out: Path) -> None:
        """Have an open export write its files to another folder, an absolute one.

        Raises:
            InvalidInputError: there is no such task, it has ended, it is a piece of another, or it
                is a crawl.
        """
        self.control.move_output(task_id, str(out))

    def cancel(self, task_id: int) -> CancelledTask:
        """End a task for good, and finish the files it left open.

        The task becomes failed, but all that it stored and exported stays. A file that a worker is
        still writing is not among the result.

        Raises:
            InvalidInputError: there is no such task, or it has ended.
        """
        self.control.cancel(task_id)
        segments = self.database.read(export_segments.of_task, task_id)
        ids = {segment.id for segment in segments}
        unfinished = [segment.id for segment in self.finalizer.unattended() if segment.id in ids]
        finished: dict[int, FinishedFile] = {}
        left_open: dict[int, BatonError] = {}
        for segment_id in unfinished:
            try:
                finished[segment_id] = self.finalizer.rebuild(segment_id)
            except (OutputError, LeaseLostError, InvalidInputError) as error:
                left_open[segment_id] = error
        return CancelledTask(finished, left_open)

    def labels(self, task_ids: Collection[int]) -> dict[int, list[str]]:
        """Return the labels of those tasks that have any, by task id."""
        return self.database.read(task_labels.of_tasks, task_ids)

    def labels_in_use(self, limit: int) -> list[str]:
        """Return up to `limit` labels that any task has, in alphabetical order."""
        return self.database.read(task_labels.in_use, limit)

    def label(self, change: LabelChange) -> list[str]:
        """Take labels off a task, put others on it, and return all that it has then.

        Raises:
            InvalidInputError: there is no such task, it is a piece of one, or it would have too
                many.
        """

        def relabel(tx: Tx) -> list[str]:
            task = tasks.get(tx, change.task_id)
            if task is None:
                raise _unknown(change.task_id)
            if task.parent_id is not None:
                raise InvalidInputError(
                    "piece_not_labelled", task_id=task.id, parent_id=task.parent_id
                )
            task_labels.remove(tx, task.id, change.remove)
            task_labels.add(tx, task.id, change.add)
            labels = task_labels.of_tasks(tx, [task.id]).get(task.id, [])
            require_few(labels)
            return labels

        return self.database.write_idempotent(relabel)

    def pin(self, change: PinChange) -> Pin:
        """Pin an open task to an account or a group, or to nobody; return its new pin.

        Workers that have it lose it, and who claims it next heeds the new pin.

        Raises:
            WrongFieldsError: the task's platform has no such account or group.
            InvalidInputError: there is no such task, it has ended, or it is a piece of one.
        """
        task = self.task(change.task_id)
        pin = self.targets.pin(task.platform, change.account, change.group)
        self.control.pin(task.id, pin)
        return pin

    def pin_messages(self, tasks: Collection[Task]) -> dict[int, Message]:
        """Return whom tasks are pinned to, by the task's id, without those that are not pinned."""
        return self.database.read(pin_messages, tasks)

    def require_accounts(self, platform: str, purpose: Purpose, pin: Pin = NO_PIN) -> None:
        """Do nothing when an account that `pin` admits is fit for `purpose` or will be by itself.

        Raises:
            CredentialsError: only a person can help, such as by adding or enabling an account.
        """
        shortage = self.accounts.shortage(purpose, platform, pin=pin)
        if shortage.busy or shortage.spent or shortage.until is not None:
            return
        raise CredentialsError(shortage.reason)

    def is_known(self, platform: str, domain: str) -> bool:
        """Return whether the domain is being crawled, or creators of it are stored."""
        return self.database.read(
            lambda tx: (
                tasks.is_domain_being_crawled(tx, platform, domain)
                or influencers.domain_has_rows(tx, platform, domain)
            )
        )

    def known_domains(self, platform: str) -> list[str]:
        """Return the domains of the platform that have stored creators, in alphabetical order."""
        return self.database.read(
            lambda tx: [
                domain
                for domain in tasks.domains(tx)
                if influencers.domain_has_rows(tx, platform, domain)
            ]
        )

    def _searching(self, name: str) -> Platform:
        try:
            return self.platforms.searchable(name)
        except InvalidInputError as error:
            raise WrongFieldsError({"platform": error.message}) from error

    def _require_known_domain(self, platform: str, domain: str, grace_secs: float) -> None:
        never = threading.Event()
        deadline = self.clock.monotonic() + grace_secs
        while not self.is_known(platform, domain):
            if self.clock.monotonic() >= deadline:
                raise UnknownDomainError(
                    platform=platform, domain=domain, known=self.known_domains(platform)
                )
            self.clock.wait(never, DOMAIN_POLL_SECS)

    def _resumed(self, filed: FiledTask) -> FiledTask:
        """Resume the task if it is paused, even until a moment: it is tried again at once."""
        if filed.task.status is TaskStatus.PAUSED:
            self.control.resume(filed.task.id)
        return filed


def _require_same_selection(filed: FiledTask, request: ExportRequest) -> None:
    """Raise InvalidInputError when a choice is given and the open export that was joined has
    another one; without one, the open export goes on as it is."""
    if filed.is_new or request.selection is None:
        return
    task = filed.task
    chosen = ExportOptions.from_json(task.options).selection
    if chosen == request.selection:
        return
    options = ["--domain", task.domain]
    if task.platform != DEFAULT_PLATFORM:
        options += ["--platform", task.platform]
    found = {"task_id": task.id, "options": shlex.join(options)}
    if chosen is None:
        raise InvalidInputError("selection_of_all_is_open", **found)
    choice = chosen.in_words(TOLD_VALUES)
    raise InvalidInputError("selection_differs", choice=choice, **found)


def _unknown(task_id: int) -> InvalidInputError:
    return InvalidInputError("task_not_found", task_id=task_id)
