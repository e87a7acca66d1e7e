"""The operator's desk: files tasks, and ends them in order, for commands and the web alike."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from accounts.manager import AccountManager, Purpose
from core.errors import CredentialsError
from crawler.export_options import ExportOptions
from crawler.reasons import told
from crawler.scheduler import Filed, TaskScheduler
from crawler.sealing import SegmentSealer
from crawler.segments import FinishedFile
from crawler.texts import ENGLISH
from sources.base import Via
from storage import influencers, segments, tasks
from storage.database import Database
from storage.records import TaskStatus, TaskType

if TYPE_CHECKING:
    from sources.catalog import Catalog

MOST_DOMAIN_LETTERS = 128


class TaskDesk:
    """Files crawls and exports. An open task of the same platform and domain is joined; where it
    was paused it goes on."""

    def __init__(
        self,
        database: Database,
        scheduler: TaskScheduler,
        accounts: AccountManager,
        sealer: SegmentSealer,
        catalog: Catalog,
    ) -> None:
        self._database = database
        self._scheduler = scheduler
        self._accounts = accounts
        self._sealer = sealer
        self._catalog = catalog

    def crawl(self, platform: str, domain: str, pages: int | None, via: Via) -> Filed:
        """File a crawl of a domain that `is_domain`. Raises InvalidInput, CredentialsError."""
        known = self._catalog.searching(platform)
        self.require_accounts(known.name, Purpose.INGESTING)
        options: Mapping[str, Any] = {"via": via.value}
        if known.sequential:
            options = {**options, "sequential": True}
        return self._woken(self._scheduler.submit_crawl(known.name, domain, pages, options))

    def export(self, platform: str, domain: str, options: ExportOptions, lanes: int = 1) -> Filed:
        """File an export of a known domain. Raises InvalidInput, CredentialsError."""
        known = self._catalog.searching(platform)
        self.require_accounts(known.name, Purpose.EXPORTING)
        filed = self._scheduler.submit_export(known.name, domain, options.as_json(), lanes)
        return self._woken(filed)

    def cancel(self, task_id: int) -> dict[int, FinishedFile]:
        """End a task for good and finish its open files; those by segment.

        Raises:
            InvalidInput: no such task, or it has ended.
            OutputError: the task has ended, but a file cannot be written.
        """
        self._scheduler.cancel(task_id)
        ours = {one.id for one in self._database.read(lambda tx: segments.of_task(tx, task_id))}
        left = [one.id for one in self._sealer.unattended() if one.id in ours]
        return {segment_id: self._sealer.rebuild(segment_id) for segment_id in left}

    def require_accounts(self, platform: str, purpose: Purpose) -> None:
        """Raise CredentialsError when no account can do it, now or later by itself."""
        shortage = self._accounts.shortage(purpose, platform)
        if shortage.busy or shortage.spent or shortage.until is not None:
            return
        raise CredentialsError(
            f"{told(ENGLISH, shortage.reason)}; add one with: python cli.py accounts import NAME"
            " cookies.txt (or enable one: python cli.py accounts enable NAME)"
        )

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

    def _woken(self, filed: Filed) -> Filed:
        """Resume a task that was paused; one that waits is looked at again at once."""
        if filed.task.status is TaskStatus.PAUSED:
            self._scheduler.resume(filed.task.id)
        return filed


def is_domain(name: str) -> bool:
    """Whether a text can name a domain."""
    return 0 < len(name) <= MOST_DOMAIN_LETTERS and not any(ord(letter) < 32 for letter in name)
