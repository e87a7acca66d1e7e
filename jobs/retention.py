"""Deleting what is older than it is kept, so that nothing grows for ever without a need."""

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
from storage.engines.transactions import Database, Tx

log = service_log("jobs")
BATCH = 200  # rows of one transaction: others must not wait long for it
PAUSE_SECS = 0.01  # between two, so that others get in
LATE = timedelta(days=2)  # what a daily job has not deleted by then, it does not delete
LOG_OF_A_DAY = re.compile(r".+[-_]([0-9]{4})-?([0-9]{2})-?([0-9]{2})\.log")
FOLDER_OF_A_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


@dataclass(frozen=True)
class OldRows:
    """Rows of one kind.

    Args:
        name: what they are called, in the plural; `table` holds them.
        setting: where `days` comes from.
        days: how long they are kept; 0: for ever.
        find: ids of those that were over before a moment, at most so many.
        drop: deletes them, with what belongs to them; how many.
    """

    name: str
    table: str
    setting: str
    days: int
    find: Callable[[Tx, datetime, int], list[int]]
    drop: Callable[[Tx, Sequence[int]], int]


class Retention:
    """The job `prune`. What it has deleted is gone, so it may end anywhere and begin anew.

    Args:
        log_dir, evidence_dir: of this host; files there carry their day in their name.
        file_days: how long those are kept; 0: for ever.
    """

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        kinds: Sequence[OldRows],
        log_dir: Path,
        evidence_dir: Path,
        file_days: int,
    ) -> None:
        self.kinds = tuple(kinds)
        self._database = database
        self._clock = clock
        self._log_dir = log_dir
        self._evidence_dir = evidence_dir
        self._file_days = file_days

    def run(self, stop: threading.Event) -> str:
        """Delete what is old; how much, in a sentence.

        Raises:
            StoppedSignal: `stop` was set; a later run does the rest.
            DatabaseError: what was deleted is deleted; a later run does the rest.
        """
        counts = {kind.name: self._prune(kind, stop) for kind in self.kinds if kind.days}
        counts["log files"] = self._remove_logs()
        counts["evidence files"] = self._remove_evidence()
        told = ", ".join(f"{name} {count:,}" for name, count in counts.items() if count)
        return f"deleted: {told}" if told else "nothing was old enough to be deleted"

    def overdue(self) -> list[OldRows]:
        """Kinds of which rows are there that should have been deleted days ago."""
        now = self._clock.now()

        def is_overdue(kind: OldRows) -> bool:
            before = now - timedelta(days=kind.days) - LATE
            return bool(self._database.read(kind.find, before, 1))

        return [kind for kind in self.kinds if kind.days and is_overdue(kind)]

    def _prune(self, kind: OldRows, stop: threading.Event) -> int:
        before = self._clock.now() - timedelta(days=kind.days)
        total = 0
        while True:
            if stop.is_set():
                raise StoppedSignal
            found, dropped = self._prune_some(kind, before)
            total += dropped
            if not found:
                return total
            self._clock.wait(stop, PAUSE_SECS)

    def _prune_some(self, kind: OldRows, before: datetime) -> tuple[int, int]:
        """How many were found and deleted; others may delete, or replay, at the same time."""
        ids = self._database.read(kind.find, before, BATCH)
        if not ids:
            return 0, 0
        return len(ids), self._database.write_idempotent(kind.drop, ids)

    def _remove_logs(self) -> int:
        return sum(_removed(path) for path in self._old(self._log_dir.rglob("*"), LOG_OF_A_DAY))

    def _remove_evidence(self) -> int:
        count = 0
        for folder in self._old(self._evidence_dir.glob("*"), FOLDER_OF_A_DAY):
            if folder.is_dir() and not folder.is_symlink():
                count += sum(_removed(path) for path in folder.glob("*.json"))
                _remove_empty(folder)
        return count

    def _old(self, found: Iterator[Path], form: re.Pattern[str]) -> list[Path]:
        """Those whose name says a day that is not kept any more."""
        if not self._file_days:
            return []
        oldest = self._clock.now().date() - timedelta(days=self._file_days)
        days = ((path, _day(path.name, form)) for path in found)
        return sorted(path for path, day in days if day is not None and day < oldest)


def _day(name: str, form: re.Pattern[str]) -> date | None:
    seen = form.fullmatch(name)
    try:
        return date(*map(int, seen.groups())) if seen else None
    except ValueError:
        return None  # digits, but no day


def _removed(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        log.warning("%s stays: %s", path, error.strerror)
        return False
    return True


def _remove_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError as error:
        log.warning("%s stays: %s", folder, error.strerror)
