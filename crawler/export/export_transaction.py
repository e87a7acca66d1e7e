"""The export transaction: rows, their segment, the account's quota and the marker move together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from accounts.account_lease import AccountLease
from core.clock import Clock
from core.errors import DatabaseContentionError, LeaseLostError, QuotaExceededError
from crawler.tasks.scheduler import TaskLease, TaskScheduler
from storage.crawling import account_leases, accounts, export_segments, influencers, task_leases
from storage.crawling.export_segments import NewSegment
from storage.engines.transactions import Database, Row, Tx
from storage.models.accounts import AccountStatus


@dataclass(frozen=True)
class Batch:
    """Rows that now belong to the segment; `marker` is the highest id the task has come to."""

    rows: list[Row]
    segment_id: int
    marker: int


class ExportTransaction:
    """Moves the next rows of a domain into a segment, all or nothing.

    Args:
        after_commit: called between COMMIT and everything else, for tests that die there.
    """

    def __init__(
        self,
        *,
        database: Database,
        scheduler: TaskScheduler,
        clock: Clock,
        after_commit: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._scheduler = scheduler
        self._clock = clock
        self._after_commit = after_commit

    def export(
        self,
        task: TaskLease,
        account: AccountLease,
        segment: NewSegment,
        segment_id: int | None,
        after_id: int,
        marker: int,
        limit: int,
    ) -> Batch | None:
        """Export up to `limit` rows behind `after_id`; a first batch opens the segment.

        None: there is nothing to export just now.

        Raises:
            QuotaExceededError: the account has less left than the rows that are there.
            LeaseLostError, TaskHaltedSignal, CommitUnknownError: see the classes.
        """

        def work(tx: Tx) -> Batch | None:
            rows = influencers.next_pending(tx, segment.platform, segment.domain, after_id, limit)
            if not rows:
                return None
            in_segment = self._into_segment(tx, segment, segment_id, rows)
            self._spend(tx, account, segment.quota_day, len(rows))
            reached = max(marker, rows[-1]["id"])
            if not task_leases.advance(
                tx,
                task.id,
                token=task.lease.token,
                marker=f"last_id={reached}",
                items=len(rows),
                new=0,
                now=self._clock.now(),
            ):
                raise self._scheduler.why_not_advanced(tx, task)
            return Batch(rows, in_segment, reached)

        batch = self._database.write(work)
        self._after_commit()
        return batch

    def _into_segment(
        self, tx: Tx, segment: NewSegment, segment_id: int | None, rows: list[Row]
    ) -> int:
        ids, now = (rows[0]["id"], rows[-1]["id"]), self._clock.now()
        if segment_id is None:
            segment_id = export_segments.open_segment(tx, segment, ids, len(rows), now)
        elif not export_segments.grow(tx, segment_id, ids, len(rows)):
            raise LeaseLostError(f"segment {segment_id} was sealed by somebody else")
        if influencers.mark_exported(tx, [row["id"] for row in rows], segment_id, now) != len(rows):
            raise DatabaseContentionError("rows were exported by another worker meanwhile")
        return segment_id

    def _spend(self, tx: Tx, account: AccountLease, day: date, rows: int) -> None:
        now = self._clock.now()
        if account_leases.spend_quota(
            tx, account.id, day=day, rows=rows, token=account.lease.token, now=now
        ):
            return
        seen = accounts.get(tx, account.id)
        holds = seen is not None and seen.lease_token == account.lease.token
        if seen is None or not holds or seen.status is not AccountStatus.EXPORTING:
            raise LeaseLostError(f"account {account.username} was taken over")
        raise QuotaExceededError(
            f"account {account.username} has {seen.remaining_quota(day)} rows left"
        )
