"""Distribution tasks, the scans of their days, and the broadcaster."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from distribution.intake.importer import ImportOptions
from distribution.intake.item_files import ItemKind
from storage.distribution.distribution_tasks import DramaStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from core.messages import Message
    from distribution.broadcast.broadcaster import Broadcaster, BroadcastReply
    from distribution.daily.scanner import DailyScanner, DayScan
    from distribution.intake.importer import DistributionImporter, ImportResult
    from distribution.requests import ScanRequest
    from distribution.service import DistributionService
    from web.audit_log import AuditLog, Principal

STATUS_OF_VERB = {
    "pause": DramaStatus.PAUSED,
    "resume": DramaStatus.ACTIVE,
    "finish": DramaStatus.FINISHED,
}


class DramaUseCases:
    """Stores and changes the distribution tasks of dramas, users and completions, and counts days.

    Each change is recorded in the log of actions: `who` made it, and `subject` is its text there,
    such as a file's name.
    """

    def __init__(
        self,
        *,
        importer: DistributionImporter,
        service: DistributionService,
        scanner: DailyScanner,
        audit: AuditLog,
    ) -> None:
        self._importer = importer
        self._service = service
        self._scanner = scanner
        self._audit = audit

    def preview(self, kind: ItemKind, items: Iterable[Any]) -> ImportResult:
        """Return what taking the items of a list in would do; nothing is stored."""
        return self._add(kind, items, ImportOptions(spare_fields=True, dry_run=True))

    def take_list(
        self,
        who: Principal,
        kind: ItemKind,
        items: Iterable[Any],
        subject: str | Message,
        *,
        report: bool = True,
    ) -> ImportResult:
        """Store the items of a list: a wrong optional cell costs the cell, and is listed.

        A wrong item raises nothing: it is listed in the result's `problems`, and the others are
        stored. With `report`, reports on new completions are filed.
        """
        with self._audit.action(who, f"{kind.value}.add", subject):
            return self._add(kind, items, ImportOptions(spare_fields=True, report=report))

    def _add(self, kind: ItemKind, items: Iterable[Any], options: ImportOptions) -> ImportResult:
        add = {
            ItemKind.DRAMAS: self._importer.add_dramas,
            ItemKind.USERS: self._importer.add_users,
            ItemKind.COMPLETIONS: self._importer.add_completions,
        }[kind]
        return add(items, options)

    def add_dramas(
        self, who: Principal, items: Iterable[Any], subject: str | Message
    ) -> ImportResult:
        """Store distribution tasks, new ones and known ones that differ.

        `items` are JSON objects. A wrong one raises nothing: it is listed in the result's
        `problems`, and the others are stored.
        """
        with self._audit.action(who, "dramas.add", subject):
            return self._importer.add_dramas(items)

    def add_users(
        self, who: Principal, items: Iterable[Any], subject: str | Message
    ) -> ImportResult:
        """Store users, new ones and known ones that differ.

        `items` are JSON objects. A wrong one raises nothing: it is listed in the result's
        `problems`, and the others are stored.
        """
        with self._audit.action(who, "users.add", subject):
            return self._importer.add_users(items)

    def add_completions(
        self, who: Principal, items: Iterable[Any], subject: str | Message
    ) -> ImportResult:
        """Store posted videos; known ones get the details that are verified now.

        `items` are JSON objects. A wrong one raises nothing: it is listed in the result's
        `problems`, and the others are stored. Reports on the new ones are filed.
        """
        with self._audit.action(who, "completions.add", subject):
            return self._importer.add_completions(items)

    def change(self, who: Principal, verb: str, task_id: str) -> None:
        """Set the status of a task; `verb` is `pause`, `resume` or `finish`.

        Raises:
            InvalidInputError: there is no such task.
        """
        with self._audit.action(who, f"drama.{verb}", task_id):
            self._service.set_status(task_id, STATUS_OF_VERB[verb])

    def set_secret(self, who: Principal, task_id: str, secret: str | None) -> None:
        """Replace the secret that signs a task's reports; it comes in clear and is stored
        encrypted.

        Two secrets with a blank between them, newest first, both sign; with None reports are not
        signed.

        Raises:
            InvalidInputError: the secret is malformed or empty, or there is no such task.
        """
        with self._audit.action(who, "drama.set_secret", task_id):
            self._service.set_secret(task_id, secret)

    def days(self, request: ScanRequest) -> Sequence[date]:
        """Return the days that a scan counts.

        Raises:
            InvalidInputError: a day is in the future, the days are reversed, or more than 366; or
                there is no such task.
        """
        self._scanner.require_known(request.tasks)
        return self._scanner.days(*request.span(self._scanner.yesterday))

    def scan(
        self,
        who: Principal,
        request: ScanRequest,
        stop: threading.Event,
        on_day: Callable[[DayScan], None],
    ) -> None:
        """Count days, one after the other; call `on_day` after each.

        Raises:
            InvalidInputError: as `days`.
            StoppedSignal: `stop` was set; earlier days stay.
        """
        with self._audit.action(who, "daily_stats.scan", request.as_message()):
            for day in self.days(request):
                on_day(self._scan(day, request, stop))

    def _scan(self, day: date, request: ScanRequest, stop: threading.Event) -> DayScan:
        only = None
        if request.tasks:
            only = self._scanner.those_with_completions(day, request.tasks)
        return self._scanner.scan(
            day, stop, dry_run=request.dry_run, by_agent=request.by_agent, only=only
        )


class BroadcastUseCases:
    """Switches broadcasting, and runs single rounds."""

    def __init__(self, *, broadcaster: Broadcaster, audit: AuditLog) -> None:
        self._broadcaster = broadcaster
        self._audit = audit

    def start(self, who: Principal) -> BroadcastReply:
        """Turn broadcasting on for all processes, also after a restart."""
        with self._audit.action(who, "broadcaster.start", ""):
            return self._broadcaster.start()

    def stop(self, who: Principal) -> BroadcastReply:
        """Turn broadcasting off; a round in progress is finished."""
        with self._audit.action(who, "broadcaster.stop", ""):
            return self._broadcaster.stop()

    def trigger(self, who: Principal, stop: threading.Event) -> BroadcastReply:
        """Run a broadcast round now and return at its end; `success` is False while another one
        runs.

        Raises:
            StoppedSignal: `stop` was set before the end; nothing was reported.
            LeaseLostError: another process took the round over; nothing was reported.
            DatabaseError: nothing was reported.
        """
        with self._audit.action(who, "broadcaster.trigger", ""):
            return self._broadcaster.trigger(stop)
