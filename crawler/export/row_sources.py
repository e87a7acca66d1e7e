"""Where an export's next rows come from: all that waits in the domain, or a selection of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from core.clock import Clock
from core.messages import Message
from crawler.export.run import ExportRun
from crawler.export.selection import Selection
from crawler.tasks.leases import TaskLease, refused_write_error
from storage.crawling import influencers, task_leases
from storage.creators import selections
from storage.engines.transactions import Database, Row, Tx

# While a crawl goes on, a selection is drawn again once a minute at most: a draw reads the domain.
DRAW_AGAIN_SECS = 60.0
MAX_TOLD_WAITING = 10_000_000


@dataclass(frozen=True)
class NextRows:
    """Rows to export in their order, and the task's marker behind them: as a number and as text."""

    rows: list[Row]
    marker: int
    marker_text: str

    @property
    def bounds(self) -> tuple[int, int]:
        """The lowest and the highest id of the rows."""
        ids = [row["id"] for row in self.rows]
        return min(ids), max(ids)


class RowSource(Protocol):
    """The rows of one export task; `marker` is how far it came."""

    def starts(self, marker: int) -> Sequence[int]:
        """Return the places from which to look for rows, one after the other."""

    def next_rows(self, tx: Tx, after: int, marker: int, limit: int) -> NextRows | None:
        """Lock and return up to `limit` rows behind `after`; None when there are none just now."""


@dataclass(frozen=True)
class PendingRows:
    """All rows of a domain that wait for export, by id."""

    platform: str
    domain: str

    def starts(self, marker: int) -> Sequence[int]:
        """Return the marker, then 0: rows that were committed late have lower ids."""
        return tuple(dict.fromkeys((marker, 0)))

    def next_rows(self, tx: Tx, after: int, marker: int, limit: int) -> NextRows | None:
        """Lock and return up to `limit` rows with ids above `after`; None when there are none."""
        rows = influencers.next_pending(tx, self.platform, self.domain, after, limit)
        if not rows:
            return None
        highest_id = max(marker, rows[-1]["id"])
        return NextRows(rows, highest_id, f"last_id={highest_id}")


@dataclass(frozen=True)
class SelectedRows:
    """The rows that were drawn for a task, by their places."""

    task_id: int

    def starts(self, marker: int) -> Sequence[int]:
        """Return the marker: what is drawn later has a higher place."""
        return (marker,)

    def next_rows(self, tx: Tx, after: int, marker: int, limit: int) -> NextRows | None:
        """Lock and return up to `limit` drawn rows behind the place `after`; None: none is left.

        A row that another transaction holds locked, or has exported, leaves the selection, so that
        a later draw can find it again.
        """
        while places := selections.drawn(tx, self.task_id, after, limit):
            rows = influencers.lock_pending(tx, sorted(places))
            found = {row["id"] for row in rows}
            if missing := [row_id for row_id in places if row_id not in found]:
                selections.drop(tx, self.task_id, missing)
            after = max(places.values())
            if rows:
                ordered = sorted(rows, key=lambda row: places[row["id"]])
                return NextRows(ordered, after, f"place={after}")
        return None


def source_of(run: ExportRun) -> RowSource:
    """Return where the rows of a run come from."""
    task = run.task.task
    if run.options.selection is None:
        return PendingRows(task.platform, task.domain)
    return SelectedRows(task.id)


@dataclass(frozen=True, kw_only=True)
class RowFinder:
    """Tells whether an export has rows; for a selection it draws some when none is left."""

    database: Database
    clock: Clock
    _drawn_at: dict[int, float] = field(default_factory=dict)

    def has_rows(self, run: ExportRun, *, is_last_look: bool = False) -> bool:
        """Return whether the run has rows to export now.

        Args:
            is_last_look: draw again however short the last draw is ago: the task may be completed
                when nothing is found.

        Raises:
            LeaseLostError: another worker has the task.
            TaskHaltedSignal: the operator paused or cancelled it.
        """
        task, selection = run.task.task, run.options.selection
        if selection is None:
            return self.database.read(influencers.domain_has_pending, task.platform, task.domain)
        if self.database.read(selections.has_left, task.id, run.marker):
            return True
        if not is_last_look and self._drew_lately(task.id):
            return False
        return self._draw(run, selection)

    def end_reason(self, run: ExportRun) -> Message | None:
        """Return what people are to know of a choice that is delivered: whom it leaves waiting as
        another domain delivered them, or that nobody fitted; None: nothing."""
        task, selection = run.task.task, run.options.selection
        if selection is None:
            return None
        if selection.skip_delivered:
            wanted = selection.of_domain(task.platform, task.domain)
            left_out = self.database.read(selections.count_delivered, wanted)
            if left_out:
                return Message.of("delivered_left_out", count=left_out)
        if run.exported:
            return None
        waiting = self.database.read(
            influencers.count_pending, task.platform, task.domain, MAX_TOLD_WAITING
        )
        return Message.of("nobody_fits", n=waiting) if waiting else Message.of("nobody_waits")

    def _drew_lately(self, task_id: int) -> bool:
        now = self.clock.monotonic()
        for known, drawn_at in list(self._drawn_at.items()):
            if now - drawn_at >= DRAW_AGAIN_SECS:
                self._drawn_at.pop(known, None)
        return task_id in self._drawn_at

    def _draw(self, run: ExportRun, selection: Selection) -> bool:
        task = run.task.task
        self._drawn_at[task.id] = self.clock.monotonic()
        # Found before the transaction: a large domain would keep the writers of SQLite waiting.
        # What another export takes in between leaves the selection when its turn comes.
        found = self.database.read(
            lambda tx: selections.waiting(
                tx,
                task.id,
                selection.of_domain(task.platform, task.domain),
                selection.sort,
                selections.MAX_DRAWN if run.limit_left is None else run.limit_left,
                skip_delivered=selection.skip_delivered,
            )
        )
        if found:
            self.database.write(self._append, run.task, found)
        return bool(found)

    def _append(self, tx: Tx, leased: TaskLease, ids: Sequence[int]) -> None:
        # The task's row comes first: a worker that lost the task draws nothing.
        if not task_leases.lock(tx, leased.id, leased.lease.token, self.clock.now()):
            raise refused_write_error(tx, leased)
        selections.append(tx, leased.id, ids)
