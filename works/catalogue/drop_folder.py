"""The import directory: another program sends changes of works as files, and none gets lost.

Files are imported in the order of their names and then removed. Until then they wait, also while
Baton is down. A file that cannot be parsed is moved to `rejected/` with its reason beside it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import partial
from pathlib import Path

from core.atomic_file import replacing, sync_folder
from core.clock import Clock
from core.errors import DatabaseError, InvalidInputError, OutputError
from core.file_lock import file_lock
from core.logs import service_log
from core.messages import Message
from core.poller import Poller
from core.supervision.internal_errors import ComponentErrors
from presentation.i18n.renderer import Renderer
from works.catalogue.catalogue import Catalogue, Changes
from works.catalogue.entries import WorkEntry
from works.catalogue.import_files import WorkRows, read_works

log = service_log("works")
# One transaction and one removal for this many files: more would hold memory and locks.
FILES_AT_ONCE = 500
REJECTED = "rejected"


@dataclass(frozen=True)
class DropFolderResult:
    """The outcome of an import: files taken, how many of them were rejected, and the changes
    made."""

    files: int = 0
    rejected: int = 0
    changes: Changes = field(default_factory=Changes)

    def __add__(self, other: DropFolderResult) -> DropFolderResult:
        return DropFolderResult(
            self.files + other.files, self.rejected + other.rejected, self.changes + other.changes
        )


@dataclass(frozen=True)
class DropFolderState:
    """What waits in the import directory, and what was rejected there.

    Args:
        waiting: the number of files that wait.
        oldest_at: time (UTC) since which the first of them waits; None when none waits.
        rejected: the number of rejected files.
        reason: why `newest_rejected` was rejected; None when nothing was.
    """

    waiting: int = 0
    oldest_at: datetime | None = None
    rejected: int = 0
    newest_rejected: Path | None = None
    reason: Message | None = None


@dataclass(frozen=True, kw_only=True)
class DropFolder:
    """Imports the files of the import directory and removes them; one process at a time.

    Args:
        zone: the time zone of times without an offset.
        poll_secs: seconds between two looks of the long-running process.
        renderer: writes the reasons beside rejected files.
    """

    folder: Path
    catalogue: Catalogue
    clock: Clock
    zone: tzinfo
    poll_secs: float
    renderer: Renderer
    errors: ComponentErrors

    def run(self, stop: threading.Event) -> None:
        """Import files until `stop` is set; errors of the database or the
        disk are logged and tried again."""
        poller = Poller(
            clock=self.clock,
            poll_secs=self.poll_secs,
            retried=(DatabaseError, OutputError),
            on_error=partial(log.error, "the inbox waits: %s"),
            errors=self.errors,
        )
        poller.run(lambda: self.import_waiting(stop), stop)

    def import_waiting(self, stop: threading.Event) -> DropFolderResult:
        """Import all files that wait, in the order of their names; return what was done.

        A file with a wrong row is moved to `rejected/` as a whole, which raises nothing. Without
        the folder, and while another process imports, nothing is done. `stop` ends it after a batch
        of files.

        Raises:
            DatabaseError, OutputError: the files that were not imported still wait.
        """
        total = DropFolderResult()
        if not self.folder.is_dir():
            return total
        with file_lock(self.folder / ".taking", wait=False) as is_locked:
            while is_locked and not stop.is_set():
                files = self._waiting()[:FILES_AT_ONCE]
                if not files:
                    break
                total += self._import_files(files)
        return total

    def state(self) -> DropFolderState:
        """Return what waits in the folder, without touching it; nothing when there is no folder.

        Raises:
            OutputError: the folder cannot be read.
        """
        waiting = [moment for file in self._listed() if (moment := _written_at(file))]
        rejected = {
            file: moment
            for file in (self.folder / REJECTED).glob("*.json")
            if (moment := _written_at(file))
        }
        newest = max(rejected, key=lambda file: rejected[file], default=None)
        return DropFolderState(
            waiting=len(waiting),
            oldest_at=min(waiting, default=None),
            rejected=len(rejected),
            newest_rejected=newest,
            reason=_reason_of(newest) if newest else None,
        )

    def _waiting(self) -> list[Path]:
        """Return the files in the order of their names.

        The folder is listed twice: of two files that come during a listing, it may show only the
        later one; the second listing has all that came before the last one of the first.
        """
        newest = max((file.name for file in self._listed()), default="")
        return sorted(file for file in self._listed() if file.name <= newest)

    def _listed(self) -> list[Path]:
        try:
            files = list(self.folder.glob("*.json"))
        except OSError as error:
            detail = error.strerror or str(error)
            raise OutputError(
                "folder_not_readable", folder=str(self.folder), detail=detail
            ) from error
        # A pipe would hold the reader up for ever.
        return [file for file in files if not file.name.startswith(".") and not file.is_fifo()]

    def _import_files(self, files: Sequence[Path]) -> DropFolderResult:
        """Import some files in their order: store their works, then remove them."""
        entries: list[WorkEntry] = []
        rejected = 0
        for file in files:
            rows = self._read(file)
            if not isinstance(rows, WorkRows):
                self._reject(file, rows)
                rejected += 1
                continue
            for note in rows.notes:
                log.warning("%s", self.renderer.sentence(note))
            listed = [row.entry for row in rows.good]
            left_out = self.catalogue.unlisted_entries(listed, entries) if rows.is_complete else []
            entries += listed + left_out
        # Stored before the files are removed: a crash in between only repeats the same changes.
        changes = self.catalogue.put(entries)
        self._remove(files)
        log.info(
            "inbox: %s files, %s rejected, %s works new, %s changed",
            len(files),
            rejected,
            changes.new,
            changes.changed,
        )
        return DropFolderResult(len(files), rejected, changes)

    def _read(self, file: Path) -> WorkRows | Sequence[Message]:
        """Return the works of a file, or the problems for which it is rejected as a whole."""
        try:
            rows = read_works(file, None, self.zone)
        except InvalidInputError as error:
            return [error.message]
        if rows.problems:
            return rows.problems
        if any(not row.entry.work_id for row in rows.good):
            return [Message.of("short_link_dropped")]
        return rows

    def _reject(self, file: Path, problems: Sequence[Message]) -> None:
        """Move a file to `rejected/`; its reason is written first, so that
        none lies there without one."""
        reason = "; ".join(self.renderer.sentence(problem) for problem in problems)
        log.warning("rejected: %s", reason)
        aside = self.folder / REJECTED / file.name
        with replacing(_reason_file(aside)) as text:
            text.write(f"{reason}\n")
        try:
            os.replace(file, aside)
        except OSError as error:
            detail = error.strerror or str(error)
            raise OutputError(
                "file_not_moved", path=str(file), target=str(aside), detail=detail
            ) from error

    def _remove(self, files: Sequence[Path]) -> None:
        try:
            for file in files:
                file.unlink(missing_ok=True)
            # Without it a power cut could bring removed files back, over later changes.
            sync_folder(self.folder)
        except OSError as error:
            detail = error.strerror or str(error)
            raise OutputError("file_not_removed", path=error.filename, detail=detail) from error


def _reason_file(rejected: Path) -> Path:
    return rejected.with_name(f"{rejected.name}.reason.txt")


def _reason_of(rejected: Path) -> Message:
    try:
        return Message.text(_reason_file(rejected).read_text(encoding="utf-8").strip())
    except (OSError, ValueError):
        return Message.of("reject_reason_gone")


def _written_at(file: Path) -> datetime | None:
    """Return when the file was written, by this host's clock (UTC); None when it is gone."""
    try:
        return datetime.fromtimestamp(file.stat().st_mtime, UTC)
    except OSError:
        return None
