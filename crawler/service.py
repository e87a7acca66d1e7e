"""The service for crawls and exports that commands, console and API share."""

from __future__ import annotations

import threading
from collections.abc import Collection
from typing import TYPE_CHECKING

from accounts.account_lease import Purpose
from accounts.manager import AccountManager
from core.clock import Clock
from core.errors import CredentialsError, InvalidInputError, UnknownDomainError, WrongFieldsError
from crawler.export.segment_files import FinishedFile
from crawler.export.segment_finalizer import SegmentFinalizer
from crawler.requests import CrawlRequest, ExportRequest, LabelChange
from crawler.tasks.control import TaskControl
from crawler.tasks.labels import require_few
from crawler.tasks.options import CrawlOptions
from crawler.tasks.submission import FiledTask, TaskSubmitter
from storage.crawling import export_segments, influencers, task_labels, tasks
from storage.engines.transactions import Database, Tx
from storage.models.tasks import Task, TaskStatus, TaskType

if TYPE_CHECKING:
    from sources.platforms import Platform, PlatformRegistry

DOMAIN_POLL_SECS = 0.2


class CrawlingService:
    """Files crawls and exports, and lets an operator control their tasks.

    An open task of the same platform and domain is joined; if it was paused, it is resumed.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        submitter: TaskSubmitter,
        control: TaskControl,
        accounts: AccountManager,
        sealer: SegmentFinalizer,
        catalog: PlatformRegistry,
    ) -> None:
        self._database = database
        self._clock = clock
        self._submitter = submitter
        self._control = control
        self._accounts = accounts
        self._sealer = sealer
        self._catalog = catalog

    def crawl(self, request: CrawlRequest) -> FiledTask:
        """File a crawl, or join the open one of that domain.

        Raises:
            WrongFieldsError: there is no such platform, or its creators cannot be searched.
            CredentialsError: no account can crawl, and none will by itself.
        """
        platform = self._searching(request.platform)
        self.require_accounts(platform.name, Purpose.INGESTING)
        options = CrawlOptions(via=request.via, sequential=platform.sequential)
        filed = self._submitter.submit_crawl(
            platform.name, request.domain, request.pages, options, request.labels
        )
        return self._resumed(filed)

    def export(self, request: ExportRequest, *, grace_secs: float = 0.0) -> FiledTask:
        """File an export, or join the open one, of a domain that is crawled or has stored creators.

        Args:
            grace_secs: seconds to wait for the domain: its crawl may be starting just now.

        Raises:
            WrongFieldsError: there is no such platform, or its creators cannot be searched.
            UnknownDomainError: nobody crawls the domain, and no creator of it is stored.
            CredentialsError: no account can export, and none will by itself.
        """
        platform = self._searching(request.platform).name
        self.require_accounts(platform, Purpose.EXPORTING)
        self._require_known_domain(platform, request.domain, grace_secs)
        filed = self._submitter.submit_export(
            platform, request.domain, request.options.as_json(), request.lanes, request.labels
        )
        return self._resumed(filed)

    def task(self, task_id: int) -> Task:
        """Return the task or piece with that id. Raise InvalidInputError when there is none."""
        task = self._database.read(tasks.get, task_id)
        if task is None:
            raise _unknown(task_id)
        return task

    def pause(self, task_id: int) -> None:
        """Hold a task until it is resumed.

        Raises:
            InvalidInputError: there is no such task, or it has ended.
        """
        self._control.pause(task_id)

    def resume(self, task_id: int) -> None:
        """Make a paused, waiting or failed task claimable at once.

        Raises:
            InvalidInputError: as `TaskControl.resume`.
        """
        self._control.resume(task_id)

    def cancel(self, task_id: int) -> dict[int, FinishedFile]:
        """End a task for good, finish the files it left open, and return those by segment id.

        Raises:
            InvalidInputError: there is no such task, or it has ended.
            OutputError: the task has ended, but a file cannot be written.
        """
        self._control.cancel(task_id)
        segments = self._database.read(export_segments.of_task, task_id)
        ids = {segment.id for segment in segments}
        unfinished = [segment.id for segment in self._sealer.unattended() if segment.id in ids]
        return {segment_id: self._sealer.rebuild(segment_id) for segment_id in unfinished}

    def labels(self, task_ids: Collection[int]) -> dict[int, list[str]]:
        """Return the labels of those tasks that have any, by task id."""
        return self._database.read(task_labels.of_tasks, task_ids)

    def labels_in_use(self, limit: int) -> list[str]:
        """Return up to `limit` labels that any task has, in alphabetical order."""
        return self._database.read(task_labels.in_use, limit)

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

        return self._database.write_idempotent(relabel)

    def require_accounts(self, platform: str, purpose: Purpose) -> None:
        """Raise CredentialsError when no account is fit for `purpose` and none will be by
        itself."""
        shortage = self._accounts.shortage(purpose, platform)
        if shortage.busy or shortage.spent or shortage.until is not None:
            return
        raise CredentialsError(shortage.reason)

    def is_known(self, platform: str, domain: str) -> bool:
        """Return whether the domain is being crawled, or creators of it are stored."""
        return self._database.read(
            lambda tx: (
                tasks.find_open(tx, TaskType.INGESTION, platform, domain) is not None
                or influencers.domain_has_rows(tx, platform, domain)
            )
        )

    def known_domains(self, platform: str) -> list[str]:
        """Return the domains of the platform that have stored creators, in alphabetical order."""
        return self._database.read(
            lambda tx: [
                domain
                for domain in tasks.domains(tx)
                if influencers.domain_has_rows(tx, platform, domain)
            ]
        )

    def _searching(self, name: str) -> Platform:
        try:
            return self._catalog.searchable(name)
        except InvalidInputError as error:
            raise WrongFieldsError({"platform": error.message}) from error

    def _require_known_domain(self, platform: str, domain: str, grace_secs: float) -> None:
        never = threading.Event()
        deadline = self._clock.monotonic() + grace_secs
        while not self.is_known(platform, domain):
            if self._clock.monotonic() >= deadline:
                raise UnknownDomainError(
                    platform=platform, domain=domain, known=self.known_domains(platform)
                )
            self._clock.wait(never, DOMAIN_POLL_SECS)

    def _resumed(self, filed: FiledTask) -> FiledTask:
        """Resume the task if it is paused, even until a moment: it is tried again at once."""
        if filed.task.status is TaskStatus.PAUSED:
            self._control.resume(filed.task.id)
        return filed


def _unknown(task_id: int) -> InvalidInputError:
    return InvalidInputError("task_not_found", task_id=task_id)
