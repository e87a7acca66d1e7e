"""File crawls and exports, and change tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from core.messages import Message
    from crawler.export.requests import ExportRequest
    from crawler.service import CancelledTask, CrawlingService
    from crawler.tasks.requests import CrawlRequest, LabelChange, PinChange
    from crawler.tasks.submission import FiledTask
    from web.audit_log import AuditLog, Principal


class TaskUseCases:
    """Creates tasks and changes them; each call is recorded in the log of actions under `who`.

    Raises:
        InvalidInputError: from every method, when the task does not exist or is in the wrong state.
    """

    def __init__(self, *, service: CrawlingService, audit: AuditLog) -> None:
        self._service = service
        self._audit = audit

    def crawl(self, who: Principal, request: CrawlRequest) -> tuple[FiledTask, ...]:
        """Create a crawl of a domain for each keyword; while one is open, return that one, resumed
        and with these labels.

        Raises:
            WrongFieldsError: there is no such platform, or its creators cannot be searched.
            CredentialsError: no account can crawl, and none will by itself.
        """
        with self._audit.action(who, "task.crawl", f"{request.platform}/{request.domain}"):
            return self._service.crawl(request)

    def export(
        self, who: Principal, request: ExportRequest, *, grace_secs: float = 0.0
    ) -> FiledTask:
        """Create an export of a domain; while one is open, return that one, resumed and with these
        labels.

        Args:
            grace_secs: seconds to wait for the domain to become known: its crawl may be starting
                just now.

        Raises:
            WrongFieldsError: there is no such platform, or its creators cannot be searched.
            UnknownDomainError: nobody crawls the domain, and no creator of it is stored.
            CredentialsError: no account can export, and none will by itself.
        """
        with self._audit.action(who, "task.export", f"{request.platform}/{request.domain}"):
            return self._service.export(request, grace_secs=grace_secs)

    def pause(self, who: Principal, task_id: int) -> None:
        """Keep a task and its pieces from being worked on until they are resumed."""
        with self._audit.action(who, "task.pause", self._named(task_id)):
            self._service.pause(task_id)

    def resume(self, who: Principal, task_id: int) -> None:
        """Let a task continue now, from its progress marker."""
        with self._audit.action(who, "task.resume", self._named(task_id)):
            self._service.resume(task_id)

    def move_output(self, who: Principal, task_id: int, out: Path) -> None:
        """Have an open export write its files to another folder, an absolute one."""
        with self._audit.action(who, "task.move_output", self._named(task_id)):
            self._service.move_output(task_id, out)

    def cancel(self, who: Principal, task_id: int) -> CancelledTask:
        """End a task for good; return what became of the files that it left open."""
        with self._audit.action(who, "task.cancel", self._named(task_id)):
            return self._service.cancel(task_id)

    def pin(self, who: Principal, change: PinChange) -> Message | None:
        """Let only an account or a group work on an open task; return whom, None for everybody.

        Raises:
            WrongFieldsError: there is no such account or group on the task's platform.
        """
        with self._audit.action(who, "task.pin", str(change)):
            self._service.pin(change)
            task = self._service.task(change.task_id)
            return self._service.pin_messages([task]).get(task.id)

    def label(self, who: Principal, change: LabelChange) -> list[str]:
        """Put labels on a task and take others off; return all that it has then."""
        with self._audit.action(who, "task.label", str(change)):
            return self._service.label(change)

    def _named(self, task_id: int) -> str:
        task = self._service.task(task_id)
        return f"{task_id} {task.task_type} {task.domain}"
