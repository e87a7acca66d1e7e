"""The export transaction: rows, their segment, the account's quota and the task's marker."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto

from accounts.account_lease import AccountLease
from core.clock import Clock
from core.errors import DatabaseContentionError, LeaseLostError, QuotaExceededError
from crawler.export.row_sources import NextRows, RowSource
from crawler.tasks.leases import TaskLease, refused_write_error
from storage.crawling import account_leases, accounts, export_segments, influencers, task_leases
from storage.crawling.export_segments import NewSegment
from storage.engines.transactions import Database, Row, Tx
from storage.models.accounts import AccountStatus


@dataclass(frozen=True)
class Batch:
    """Rows that one transaction added to the segment `segment_id`.

    `marker` is how far the task has come: the highest id, or the last place of its selection.
    """

    rows: list[Row]
    segment_id: int
    marker: int


class RowsOutOfOrder(Enum):
    """The next rows have lower ids than the open segment: they begin a new one.

    A file that is rendered again has its rows by id, so that it gets the old bytes only when they
    were added so.
    """

    FOUND = auto()


@dataclass(frozen=True, kw_only=True)
class ExportTransaction:
    """Moves the next rows of a domain into a segment, all or nothing.

    Args:
        after_commit: called between COMMIT and everything else, for tests that die there.
    """

    database: Database
    clock: Clock
    after_commit: Callable[[], None] = lambda: None

    def export(
        self,
        task: TaskLease,
        account: AccountLease,
        segment: NewSegment,
        *,
        source: RowSource,
        segment_id: int | None,
        last_id: int,
        after: int,
        marker: int,
        limit: int,
    ) -> Batch | RowsOutOfOrder | None:
        """Export the next rows of the source; None when there is none to export just now.

        With rows the task shows the account, and waits for nothing any more. Nothing is written
        where the open segment must be ended first.

        Args:
            segment_id: the open segment; None: this batch opens `segment`.
            last_id: the id of the segment's last row; 0 without one, and for a selection.
            after: only rows behind it are exported: an id, or a place of a selection.
            marker: how far the task has come.
            limit: rows at most.

        Raises:
            QuotaExceededError: the account has less quota left than the rows that were found.
            LeaseLostError: another worker has the task, the account or the segment.
            TaskHaltedSignal: the operator paused or cancelled the task.
            CommitUnknownError: nobody knows whether the rows were exported.
        """

        def work(tx: Tx) -> Batch | RowsOutOfOrder | None:
            found = source.next_rows(tx, after, marker, limit)
            if found is None:
                return None
            rows = found.rows
            if segment_id is not None and rows[0]["id"] < last_id:
                return RowsOutOfOrder.FOUND
            # One transaction: a crash between two of these steps would export rows twice, or charge
            # the quota for rows that nobody gets.
            in_segment = self._add_to_segment(tx, segment, segment_id, found)
            self._spend_quota(tx, account, segment.quota_day, len(rows))
            export_segments.note_limit(tx, in_segment)
            if not task_leases.advance(
                tx,
                task.id,
                token=task.lease.token,
                marker=found.marker_text,
                items=len(rows),
                new=0,
                now=self.clock.now(),
                account_id=account.id,
            ):
                raise refused_write_error(tx, task)
            return Batch(rows, in_segment, found.marker)

        batch = self.database.write(work)
        self.after_commit()
        return batch

    def _add_to_segment(
        self, tx: Tx, segment: NewSegment, segment_id: int | None, found: NextRows
    ) -> int:
        rows, ids, now = found.rows, found.bounds, self.clock.now()
        if segment_id is None:
            segment_id = export_segments.open_segment(tx, segment, ids, len(rows), now)
        elif not export_segments.grow(tx, segment_id, ids, len(rows)):
            raise LeaseLostError("segment_sealed_elsewhere", segment_id=segment_id)
        # Fewer rows than were read: another worker was faster. The whole transaction runs again.
        if influencers.mark_exported(tx, sorted(row["id"] for row in rows), segment_id, now) != len(
            rows
        ):
            raise DatabaseContentionError("rows_exported_meanwhile")
        return segment_id

    def _spend_quota(self, tx: Tx, account: AccountLease, day: date, rows: int) -> None:
        now = self.clock.now()
        if account_leases.spend_quota(
            tx, account.id, day=day, rows=rows, token=account.lease.token, now=now
        ):
            return
        stored = accounts.get(tx, account.id)
        holds = stored is not None and stored.lease_token == account.lease.token
        if stored is None or not holds or stored.status is not AccountStatus.EXPORTING:
            raise LeaseLostError("account_taken_over", name=account.username)
        raise QuotaExceededError(
            "quota_left", name=account.username, left=stored.remaining_quota(day)
        )
