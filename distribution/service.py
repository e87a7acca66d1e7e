"""The operator's use cases on distribution tasks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from accounts.vault import Vault
from core.clock import Clock
from core.errors import InvalidInputError
from distribution.fields import read_secret
from distribution.shared_list import CountOnce, SharedVideo, shared_videos_of
from storage.distribution import completions, daily_stats, distribution_tasks
from storage.distribution.daily_stats import DailyStats, IncompleteDay
from storage.distribution.distribution_tasks import Drama, DramaStatus
from storage.engines.transactions import Database, Tx
from storage.operations import listings
from storage.operations.listings import Slice

DAYS_SHOWN = 14


@dataclass(frozen=True)
class DramaDetails:
    """What is shown of one drama: its distribution task and what came of it.

    `completion_count` is the number of videos that users posted for it; `days` are its stored daily
    counts, newest day first, at most 14.
    """

    drama: Drama
    completion_count: int
    days: list[DailyStats]


@dataclass(frozen=True, kw_only=True)
class DistributionService:
    """Shows and changes the distribution tasks of dramas.

    Args:
        count_once: for whom a video counts once.

    Raises:
        InvalidInputError: by every method with a task id, when there is no such task.
    """

    database: Database
    vault: Vault
    clock: Clock
    count_once: CountOnce

    def newest(self, limit: int, status: DramaStatus | None = None) -> list[Drama]:
        """Return at most `limit` tasks, newest first; only those of `status` if one is given."""
        return self.database.read(distribution_tasks.newest, limit, status)

    def details(self, task_id: str) -> DramaDetails:
        """Return a task with its number of completions and its newest 14 days that were counted."""
        drama = self.database.read(distribution_tasks.get, task_id)
        if drama is None:
            raise _unknown(task_id)
        count = self.database.read(completions.count_of_task, task_id)
        days = self.database.read(daily_stats.newest_of_task, task_id, DAYS_SHOWN)
        return DramaDetails(drama, count, days)

    def incomplete_days(self) -> list[IncompleteDay]:
        """Return the days with tasks that could not be counted yet, oldest first."""
        return self.database.read(daily_stats.incomplete_days)

    def incomplete_tasks(self, limit: int, day: date | None = None) -> list[DailyStats]:
        """Return at most `limit` tasks whose day could not be counted yet, last stored first.

        `day` selects one day; None all.
        """
        part = Slice(limit=limit)
        found = self.database.read(listings.daily_stats, part, None, day, incomplete=True)
        return [one.row for one in found]

    def shared_videos(self, tx: Tx, part: Slice, *, same_task: bool = False) -> list[SharedVideo]:
        """Return the completions of a page whose video was handed in before, newest first.

        Without a beginning the page is of the last 7 days.

        Args:
            same_task: only those of a task that had the video already.
        """
        now = self.clock.now()
        return shared_videos_of(tx, part, scope=self.count_once, now=now, same_task=same_task)

    def set_status(self, task_id: str, status: DramaStatus) -> None:
        """Set a task's status. Only active tasks are broadcast; the daily scan counts all."""
        now = self.clock.now()
        if not self.database.write_idempotent(distribution_tasks.set_status, task_id, status, now):
            raise _unknown(task_id)

    def set_secret(self, task_id: str, secret: str | None) -> None:
        """Replace the secret that signs a task's reports; it is stored encrypted.

        Args:
            secret: in clear; two with a blank between them, newest first, both sign. None: reports
                are no longer signed.

        Raises:
            InvalidInputError: the secret is malformed or empty, or there is no such task.
        """
        clear = None if secret is None else read_secret("secret", secret)
        now = self.clock.now()
        if not self.database.write_idempotent(
            lambda tx: distribution_tasks.set_secret(
                tx, task_id, self.vault.encrypt_one(tx, clear), now
            )
        ):
            raise _unknown(task_id)


def _unknown(task_id: str) -> InvalidInputError:
    return InvalidInputError("distribution_task_not_found", task_id=task_id)
