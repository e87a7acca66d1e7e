"""The state of an export task while a worker holds its lease."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum, auto

from accounts.account_lease import AccountLease
from accounts.manager import AccountManager
from crawler.export.options import ExportOptions
from crawler.export.segment_files import SegmentWriter
from crawler.tasks.leases import TaskLease
from storage.crawling.export_segments import NewSegment


class Next(Enum):
    """What the worker does after it has ended the work with one account."""

    TASK_OVER = auto()  # completed, requeued or halted
    NEXT_ACCOUNT = auto()  # quota used up, or another quota day: lease an account again


@dataclass
class ExportRun:
    """The state of one worker's work on an export task.

    `marker` is the highest id of a creator's row that the task has exported, or the last place of
    its selection; `exported` is the number of its rows so far, those of earlier workers included.
    `account` is None while no account is leased, `segment_id` and `writer` while no segment is
    open. `segment_last_id` is the id of the segment's last row; 0 for a selection, which has an
    order of its own.
    """

    task: TaskLease
    options: ExportOptions
    marker: int
    exported: int
    account: AccountLease | None = None
    segment_id: int | None = None
    segment_last_id: int = 0
    writer: SegmentWriter | None = None

    @classmethod
    def of(cls, leased: TaskLease) -> ExportRun:
        """Return the run that continues where the task's last holder stopped."""
        task, options = leased.task, ExportOptions.from_json(leased.task.options)
        return cls(
            task=leased,
            options=options,
            marker=task.last_id if options.selection is None else task.last_place,
            exported=task.item_count,
        )

    @property
    def limit_left(self) -> int | None:
        """Return how many rows the user's limit still allows; None without a limit."""
        return None if self.options.limit is None else self.options.limit - self.exported

    @property
    def is_limit_reached(self) -> bool:
        """Return whether as many rows were exported as the user wants."""
        return self.limit_left is not None and self.limit_left <= 0

    @property
    def exporter(self) -> AccountLease:
        """Return the leased account whose quota is used. Call it only while one is leased."""
        assert self.account is not None, "no account is leased"
        return self.account

    def new_segment(self, account: AccountLease, day: date, host: str) -> NewSegment:
        """Return the segment to open for rows that the account exports on that quota day."""
        task = self.task.task
        return NewSegment(
            task_id=task.id,
            account_id=account.id,
            platform=task.platform,
            domain=task.domain,
            quota_day=day,
            quota_limit=account.account.daily_export_limit,
            format=self.options.format,
            options=self.options.of_segment(),
            host=host,
        )

    def release_account(self, accounts: AccountManager, *, keeps_task: bool = False) -> None:
        """Give the account back, if one is leased; `keeps_task`: only until more rows come."""
        account, self.account = self.account, None
        if account is not None:
            accounts.release(account, keeps_task=keeps_task)

    def discard_part(self) -> None:
        """Remove the part file, if one is open; its rows can be rendered from the database
        again."""
        if self.writer is not None:
            self.writer.discard()
            self.writer = None
