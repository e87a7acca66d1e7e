"""The operator's desk: files tasks, and ends them in order, for commands and the web alike."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from accounts.account_lease import Purpose
from accounts.manager import AccountManager
from core.errors import CredentialsError, InvalidInputError
from crawler.export.options import ExportOptions
from crawler.export.segment_files import FinishedFile
from crawler.export.segment_finalizer import SegmentFinalizer
from crawler.tasks.control import TaskControl
from crawler.tasks.labels import labels_named, require_few
from crawler.tasks.submission import FiledTask, TaskSubmitter
from sources.base import Via
from storage.crawling import export_segments, influencers, task_labels, tasks
from storage.engines.transactions import Database, Tx
from storage.models.tasks import TaskStatus, TaskType

if TYPE_CHECKING:
    from sources.platforms import PlatformRegistry

MAX_DOMAIN_LETTERS = 128


class CrawlingService:
    """Files crawls and exports. An open task of the same platform and domain is joined; where it
    was paused it goes on."""

    def __init__(
        self,
        *,
        database: Database,
        submitter: TaskSubmitter,
        control: TaskControl,
        accounts: AccountManager,
        sealer: SegmentFinalizer,
        catalog: PlatformRegistry,
    ) -> None:
        self._database = database
        self._submitter = submitter
        self._control = control
        self._accounts = accounts
        self._sealer = sealer
        self._catalog = catalog

    def crawl(
        self,
        platform: str,
        domain: str,
        pages: int | None,
        via: Via,
        labels: Sequence[str] = (),
    ) -> FiledTask:
        """File a crawl of a domain that `is_domain`. An open one gets the labels too. Raises
        InvalidInputError, CredentialsError."""
        labels = labels_named(labels)
        known = self._catalog.searchable(platform)
        self.require_accounts(known.name, Purpose.INGESTING)
        options: Mapping[str, Any] = {"via": via.value}
        if known.sequential:
            options = {**options, "sequential": True}
        filed = self._submitter.submit_crawl(known.name, domain, pages, options, labels)
        return self._woken(filed)

    def export(
        self,
        platform: str,
        domain: str,
        options: ExportOptions,
        lanes: int = 1,
        labels: Sequence[str] = (),
    ) -> FiledTask:
        """File an export of a known domain; labels as for `crawl`. Raises InvalidInputError,
        CredentialsError."""
        labels = labels_named(labels)
        known = self._catalog.searchable(platform)
        self.require_accounts(known.name, Purpose.EXPORTING)
        filed = self._submitter.submit_export(known.name, domain, options.as_json(), lanes, labels)
        return self._woken(filed)

    def cancel(self, task_id: int) -> dict[int, FinishedFile]:
        """End a task for good and finish its open files; those by segment.

        Raises:
            InvalidInputError: no such task, or it has ended.
            OutputError: the task has ended, but a file cannot be written.
        """
        self._control.cancel(task_id)
        ours = {one.id for one in self._database.read(export_segments.of_task, task_id)}
        left = [one.id for one in self._sealer.unattended() if one.id in ours]
        return {segment_id: self._sealer.rebuild(segment_id) for segment_id in left}

    def labels(self, task_ids: Collection[int]) -> dict[int, list[str]]:
        """The labels of those tasks that have any."""
        return self._database.read(task_labels.of_tasks, task_ids)

    def labels_in_use(self, limit: int) -> list[str]:
        """Labels of any task, by name."""
        return self._database.read(task_labels.in_use, limit)

    def label(self, task_id: int, add: Sequence[str] = (), remove: Sequence[str] = ()) -> list[str]:
        """Put labels on a task and take others off; those it has then.

        Raises:
            InvalidInputError: no such task, a piece of one, a label that is none, or too many.
        """
        wanted = labels_named(add)

        def work(tx: Tx) -> list[str]:
            task = tasks.get(tx, task_id)
            if task is None:
                raise InvalidInputError(
                    f"no task has the id {task_id}; see: python cli.py tasks list"
                )
            if task.parent_id is not None:
                whole = task.parent_id
                raise InvalidInputError(
                    f"task {task_id} is a piece of task {whole}; label that one"
                )
            task_labels.remove(tx, task_id, remove)
            task_labels.add(tx, task_id, wanted)
            found = task_labels.of_tasks(tx, [task_id]).get(task_id, [])
            require_few(found)
            return found

        return self._database.write_idempotent(work)

    def require_accounts(self, platform: str, purpose: Purpose) -> None:
        """Raise CredentialsError when no account can do it, now or later by itself."""
        shortage = self._accounts.shortage(purpose, platform)
        if shortage.busy or shortage.spent or shortage.until is not None:
            return
        raise CredentialsError(shortage.reason)

    def is_known(self, platform: str, domain: str) -> bool:
        """Whether the domain is being crawled, or creators of it are stored."""
        return self._database.read(
            lambda tx: (
                tasks.find_open(tx, TaskType.INGESTION, platform, domain) is not None
                or influencers.domain_has_rows(tx, platform, domain)
            )
        )

    def known_domains(self, platform: str) -> list[str]:
        """Domains of which creators are stored."""
        return self._database.read(
            lambda tx: [
                name
                for name in tasks.domains(tx)
                if influencers.domain_has_rows(tx, platform, name)
            ]
        )

    def _woken(self, filed: FiledTask) -> FiledTask:
        """Resume a task that was paused; one that waits is looked at again at once."""
        if filed.task.status is TaskStatus.PAUSED:
            self._control.resume(filed.task.id)
        return filed


def is_domain(name: str) -> bool:
    """Whether a text can name a domain."""
    return 0 < len(name) <= MAX_DOMAIN_LETTERS and not any(ord(letter) < 32 for letter in name)
