"""The import directory: another program sends changes of works as files, and none gets lost.

Files are imported in the order of their names and then removed. Until then they wait, also while
Baton is down. What cannot be imported, a file or some of its rows, is put into `rejected/` with its
reason beside it, and does not hold up the rest.
"""

from __future__ import annotations

import stat
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path

from core.clock import Clock
from core.errors import DatabaseError, InvalidInputError, OutputError
from core.file_lock import file_lock
from core.installation.file_access import SHARED, FileAccess, sync_folder
from core.logs import service_log
from core.messages import Message
from core.poller import Poller
from core.supervision.internal_errors import ComponentErrors
from presentation.i18n.renderer import Renderer
from works.catalogue.catalogue import Catalogue, Changes
from works.catalogue.entries import WorkEntry
from works.catalogue.import_files import WorkRows, WrongRow, problem_at, read_works
from works.catalogue.rejected import FOLDER, RejectedFiles, written_at

log = service_log("works")
# One transaction and one removal for this many files: more would hold memory and locks.
FILES_AT_ONCE = 500


@dataclass(frozen=True)
class DropFolderResult:
    """The outcome of an import: files taken, how many of them were rejected as a whole, the changes
    made, and how many rows of the other files were rejected."""

    files: int = 0
    rejected: int = 0
    changes: Changes = field(default_factory=Changes)
    rejected_rows: int = 0

    def __add__(self, other: DropFolderResult) -> DropFolderResult:
        return DropFolderResult(
            files=self.files + other.files,
            rejected=self.rejected + other.rejected,
            changes=self.changes + other.changes,
            rejected_rows=self.rejected_rows + other.rejected_rows,
        )


@dataclass(frozen=True)
class DropFolderState:
    """What waits in the import directory, and what was rejected there.

    Args:
        waiting: the number of files that wait.
        oldest_at: time (UTC) since which the first of them waits; None when none waits.
        rejected: the number of files in `rejected/`.
        newest_rejected_at: when that was rejected (UTC), by this host's clock.
        reason: why `newest_rejected` was rejected; None when nothing was.
    """

    waiting: int = 0
    oldest_at: datetime | None = None
    rejected: int = 0
    newest_rejected: Path | None = None
    newest_rejected_at: datetime | None = None
    reason: Message | None = None


@dataclass(frozen=True, kw_only=True)
class DropFolder:
    """Imports the files of the import directory and removes them; one process at a time.

    Args:
        zone: the time zone of times without an offset.
        poll_secs: seconds between two looks of the long-running process.
        renderer: writes the reasons beside rejected files.
        access: mode and group of new files.
    """

    folder: Path
    catalogue: Catalogue
    clock: Clock
    zone: tzinfo
    poll_secs: float
    renderer: Renderer
    errors: ComponentErrors
    access: FileAccess = SHARED

    @property
    def rejected(self) -> RejectedFiles:
        """Return what was put aside."""
        return RejectedFiles(
            folder=self.folder / FOLDER, renderer=self.renderer, access=self.access
        )

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

        A file of which nothing can be understood is moved to `rejected/`, and wrong rows of others
        are written there, which raises nothing. Without the folder, and while another process
        imports, nothing is done. `stop` ends it after a batch of files.

        Raises:
            DatabaseError, OutputError: the files that were not imported still wait.
        """
        total = DropFolderResult()
        if not self._is_there():
            return total
        with file_lock(self.folder / ".taking", wait=False, access=self.access) as is_locked:
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
        waiting = [moment for file in self._listed() if (moment := written_at(file))]
        rejected = self.rejected.paths()
        newest = max(rejected, key=lambda file: rejected[file], default=None)
        return DropFolderState(
            waiting=len(waiting),
            oldest_at=min(waiting, default=None),
            rejected=len(rejected),
            newest_rejected=newest,
            newest_rejected_at=rejected[newest] if newest else None,
            reason=self.rejected.reason_of(newest) if newest else None,
        )

    def _is_there(self) -> bool:
        try:
            return stat.S_ISDIR(self.folder.stat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise self._unreadable(error) from error

    def _waiting(self) -> list[Path]:
        """Return the files in the order of their names.

        The folder is listed twice: of two files that come during a listing, it may show only the
        later one; the second listing has all that came before the last one of the first.
        """
        newest = max((file.name for file in self._listed()), default="")
        return sorted(file for file in self._listed() if file.name <= newest)

    def _listed(self) -> list[Path]:
        if not self._is_there():
            return []
        try:
            # A pipe would hold the reader up for ever, and a folder is no report.
            return [
                file
                for file in self.folder.iterdir()
                if file.suffix == ".json" and not file.name.startswith(".") and file.is_file()
            ]
        except OSError as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: OSError) -> OutputError:
        detail = error.strerror or str(error)
        return OutputError("folder_not_readable", folder=str(self.folder), detail=detail)

    def _import_files(self, files: Sequence[Path]) -> DropFolderResult:
        """Import some files in their order: store their works, then remove them."""
        entries: list[WorkEntry] = []
        rejected = rejected_rows = 0
        for file in files:
            rows = self._read(file)
            if rows is None:
                rejected += 1
                continue
            if rows.wrong:
                log.warning("rows rejected: %s", self.rejected.put_rows(rows.wrong))
                rejected_rows += len(rows.wrong)
            listed = [row.entry for row in rows.good]
            if rows.is_complete:
                entries += self._left_out(file, rows, listed, entries)
            entries += listed
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
        return DropFolderResult(len(files), rejected, changes, rejected_rows)

    def _read(self, file: Path) -> WorkRows | None:
        """Return the rows of a file; None where no work can be taken of it, and it was put aside
        as a whole."""
        try:
            rows = read_works(file, None, self.zone, clears=True)
        except InvalidInputError as error:
            log.warning("rejected: %s", self.rejected.put_file(file, [error.message]))
            return None
        for note in rows.notes:
            log.warning("%s", self.renderer.sentence(note))
        rows = _without_short_links(rows, str(file))
        if rows.good or not rows.wrong:
            return rows
        log.warning("rejected: %s", self.rejected.put_file(file, rows.problems))
        return None

    def _left_out(
        self, file: Path, rows: WorkRows, listed: Sequence[WorkEntry], before: Sequence[WorkEntry]
    ) -> list[WorkEntry]:
        """Return entries that disable what a complete list leaves out.

        A row that is wrong may be about any work of its platform: these works stay.
        """
        held = frozenset[str]().union(*(row.concerns for row in rows.wrong))
        if held:
            log.warning("%s takes out no works of %s", file.name, ", ".join(sorted(held)))
        return self.catalogue.unlisted_entries(listed, before, held)

    def _remove(self, files: Sequence[Path]) -> None:
        try:
            for file in files:
                file.unlink(missing_ok=True)
            # Without it a power cut could bring removed files back, over later changes.
            sync_folder(self.folder)
        except OSError as error:
            detail = error.strerror or str(error)
            raise OutputError("file_not_removed", path=error.filename, detail=detail) from error


def _without_short_links(rows: WorkRows, name: str) -> WorkRows:
    """Return the rows with short links among the wrong ones: nobody waits here to resolve them."""
    dropped = tuple(
        WrongRow(
            problem=problem_at(name, row.place, Message.of("short_link_dropped")),
            given=row.given,
            concerns=frozenset({row.link.platform}),
        )
        for row in rows.good
        if not row.entry.work_id
    )
    good = tuple(row for row in rows.good if row.entry.work_id)
    return replace(rows, good=good, wrong=rows.wrong + dropped)
