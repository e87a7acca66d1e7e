"""Delete rows and files that are older than their retention."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from core.cancellation import StoppedSignal
from core.clock import Clock
from core.logs import service_log
from core.messages import Message
from storage.engines.transactions import Database, Tx

log = service_log("jobs")
# Larger transactions hold row locks for longer than other writers should wait.
BATCH_ROWS = 200
# The pause lets other writers in between two batches.
PAUSE_SECS = 0.01
# A daily job that works has deleted the rows by then.
OVERDUE_AFTER = timedelta(days=2)
LOG_NAME = re.compile(r".+[-_]([0-9]{4})-?([0-9]{2})-?([0-9]{2})\.log")
DAY_FOLDER_NAME = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


@dataclass(frozen=True)
class OldRows:
    """The retention of one kind of rows.

    Args:
        name: the name of the kind, in the plural.
        table: the table that holds the rows.
        days: days for which rows are kept; 0: for ever.
        find: returns the ids of rows that ended before a time (UTC), up to a limit.
        drop: deletes rows by id, with what belongs to them, and returns the number of rows.
    """

    name: Message
    table: str
    days: int
    find: Callable[[Tx, datetime, int], list[int]]
    drop: Callable[[Tx, Sequence[int]], int]


@dataclass(frozen=True, kw_only=True)
class Retention:
    """Deletes old rows and files, as the job `prune`.

    It may be interrupted anywhere; the next run continues.

    Args:
        log_dir, evidence_dir: folders of this host; the names of files or folders in them contain
            their day. A missing one is empty.
        file_days: days for which files are kept; 0: for ever.
        rejected_dir: folder of what the drop folder rejected; a missing one is empty.
        rejected_days: days since then for which that is kept; 0: for ever.
    """

    database: Database
    clock: Clock
    kinds: Sequence[OldRows]
    log_dir: Path
    evidence_dir: Path
    file_days: int
    rejected_dir: Path
    rejected_days: int

    def run(self, stop: threading.Event) -> Message:
        """Delete what is older than its retention, and return the counts as a message.

        Raises:
            StoppedSignal: `stop` was set; a later run deletes the rest.
            DatabaseError: deleted batches stay deleted; a later run deletes the rest.
        """
        counts = [(kind.name, self._prune(kind, stop)) for kind in self.kinds if kind.days]
        counts += self._remove_files()
        deleted = [
            Message.of("deleted_count", kind=kind, count=count) for kind, count in counts if count
        ]
        return Message.of("old_deleted", counts=deleted) if deleted else Message.of("nothing_old")

    def remove_files(self) -> int:
        """Delete the old files of this host alone; return their number.

        The job deletes those of the host that runs it; each host calls this for its own.
        """
        return sum(count for _kind, count in self._remove_files())

    def overdue(self) -> list[OldRows]:
        """Return the kinds with rows that should have been deleted two days ago or earlier."""
        now = self.clock.now()

        def is_overdue(kind: OldRows) -> bool:
            before = now - timedelta(days=kind.days) - OVERDUE_AFTER
            return bool(self.database.read(kind.find, before, 1))

        return [kind for kind in self.kinds if kind.days and is_overdue(kind)]

    def _prune(self, kind: OldRows, stop: threading.Event) -> int:
        """Delete old rows in batches and return their number. Raise StoppedSignal on `stop`."""
        before = self.clock.now() - timedelta(days=kind.days)
        total = 0
        while True:
            if stop.is_set():
                raise StoppedSignal
            found, dropped = self._prune_batch(kind, before)
            total += dropped
            if not found:
                return total
            self.clock.wait(stop, PAUSE_SECS)

    def _prune_batch(self, kind: OldRows, before: datetime) -> tuple[int, int]:
        """Return the numbers of rows found and deleted; others may change rows in between."""
        ids = self.database.read(kind.find, before, BATCH_ROWS)
        if not ids:
            return 0, 0
        return len(ids), self.database.write_idempotent(kind.drop, ids)

    def _remove_files(self) -> list[tuple[Message, int]]:
        return [
            (Message.of("kind_log_files"), self._remove_logs()),
            (Message.of("kind_evidence_files"), self._remove_evidence()),
            (Message.of("kind_rejected_files"), self._remove_rejected()),
        ]

    def _remove_logs(self) -> int:
        """Delete old log files, whose names end in their day; return their number."""
        expired = self._expired(self.log_dir.rglob("*"), LOG_NAME)
        return sum(_remove_file(path) for path in expired)

    def _remove_evidence(self) -> int:
        """Delete the JSON files in old folders `YYYY-MM-DD`; return their number."""
        count = 0
        for folder in self._expired(self.evidence_dir.glob("*"), DAY_FOLDER_NAME):
            if folder.is_dir() and not folder.is_symlink():
                count += sum(_remove_file(path) for path in folder.glob("*.json"))
                _remove_folder(folder)
        return count

    def _remove_rejected(self) -> int:
        """Delete old files of rejected works, with their reasons; return their number."""
        if not self.rejected_days:
            return 0
        oldest = self.clock.now() - timedelta(days=self.rejected_days)
        old = [path for path in self.rejected_dir.glob("*") if _was_before(path, oldest)]
        return sum(_remove_file(path) for path in sorted(old))

    def _expired(self, paths: Iterator[Path], pattern: re.Pattern[str]) -> list[Path]:
        """Return the paths whose names carry a day that is past its retention, sorted."""
        if not self.file_days:
            return []
        oldest = self.clock.now().date() - timedelta(days=self.file_days)
        days = ((path, _parse_day(path.name, pattern)) for path in paths)
        return sorted(path for path, day in days if day is not None and day < oldest)


def _was_before(path: Path, moment: datetime) -> bool:
    try:
        return path.lstat().st_mtime < moment.timestamp()
    except OSError:
        return False  # another process was faster


def _parse_day(name: str, pattern: re.Pattern[str]) -> date | None:
    match = pattern.fullmatch(name)
    try:
        return date(*map(int, match.groups())) if match else None
    except ValueError:
        return None  # The digits are no date, such as 2026-13-40.


def _remove_file(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("%s stays: %s", path, error.strerror)
        return False
    return True


def _remove_folder(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError as error:
        log.warning("%s stays: %s", folder, error.strerror)
