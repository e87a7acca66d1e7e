"""File crawls and exports, and change tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crawler.export.segment_files import FinishedFile
    from crawler.requests import CrawlRequest, ExportRequest, LabelChange
    from crawler.service import CrawlingService
    from crawler.tasks.submission import FiledTask
    from web.audit_log import AuditLog, Principal


class TaskUseCases:
    """Files tasks and changes them.

    Raises:
        InvalidInputError: from every method, when the task does not exist or is in the wrong state.
    """

    def __init__(self, *, service: CrawlingService, audit: AuditLog) -> None:
        self._service = service
        self._audit = audit

    def crawl(self, who: Principal, request: CrawlRequest) -> FiledTask:
        """File a crawl, or join the open one; see CrawlingService.crawl."""
        with self._audit.action(who, "task.crawl", f"{request.platform}/{request.domain}"):
            return self._service.crawl(request)

    def export(
        self, who: Principal, request: ExportRequest, *, grace_secs: float = 0.0
    ) -> FiledTask:
        """File an export, or join the open one; see CrawlingService.export."""
        with self._audit.action(who, "task.export", f"{request.platform}/{request.domain}"):
            return self._service.export(request, grace_secs=grace_secs)

    def pause(self, who: Principal, task_id: int) -> None:
        """Hold a task until it is resumed."""
        with self._audit.action(who, "task.pause", self._named(task_id)):
            self._service.pause(task_id)

    def resume(self, who: Principal, task_id: int) -> None:
        """Let a task continue now, from its progress marker."""
        with self._audit.action(who, "task.resume", self._named(task_id)):
            self._service.resume(task_id)

    def cancel(self, who: Principal, task_id: int) -> dict[int, FinishedFile]:
        """End a task for good; return the files that were finished, by segment id."""
        with self._audit.action(who, "task.cancel", self._named(task_id)):
            return self._service.cancel(task_id)

    def label(self, who: Principal, change: LabelChange) -> list[str]:
        """Put labels on a task and take others off; return all that it has then."""
        with self._audit.action(who, "task.label", str(change)):
            return self._service.label(change)

    def _named(self, task_id: int) -> str:
        task = self._service.task(task_id)
        return f"{task_id} {task.task_type} {task.domain}"
