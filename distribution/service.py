"""What an operator does with a distribution task."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.vault import Vault
from core.clock import Clock
from core.errors import InvalidInputError
from distribution.fields import read_secret
from storage.distribution import completions, daily_stats
from storage.distribution import distribution_tasks as rows
from storage.distribution.daily_stats import DailyStats
from storage.distribution.distribution_tasks import Drama, DramaStatus
from storage.engines.transactions import Database

DAYS_SHOWN = 14


@dataclass(frozen=True)
class DramaStory:
    """A task, how often it was completed, and its newest days."""

    drama: Drama
    completion_count: int
    days: list[DailyStats]


class DistributionService:
    """Looks tasks up and changes them.

    Raises:
        InvalidInputError: there is no task of that id.
    """

    def __init__(self, *, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    def newest(self, limit: int, status: DramaStatus | None = None) -> list[Drama]:
        """The newest tasks (of a status)."""
        return self._database.read(rows.newest, limit, status)

    def story(self, task_id: str) -> DramaStory:
        """All that is known of a task."""
        drama = self._database.read(rows.get, task_id)
        if drama is None:
            raise _unknown(task_id)
        count = self._database.read(completions.count_of_task, task_id)
        days = self._database.read(daily_stats.newest_of_task, task_id, DAYS_SHOWN)
        return DramaStory(drama, count, days)

    def set_status(self, task_id: str, status: DramaStatus) -> None:
        """Pause, resume or finish: only active tasks are broadcast; all are scanned daily."""
        now = self._clock.now()
        if not self._database.write_idempotent(rows.set_status, task_id, status, now):
            raise _unknown(task_id)

    def set_secret(self, task_id: str, secret: str | None) -> None:
        """Replace the secret (or two, the newest first) that signs the task's reports; None: they
        are not signed any more. Raises InvalidInputError also for one of another form."""
        clear = None if secret is None else read_secret("secret", secret)
        now = self._clock.now()
        if not self._database.write_idempotent(
            lambda tx: rows.set_secret(tx, task_id, self._vault.encrypt_one(tx, clear), now)
        ):
            raise _unknown(task_id)


def _unknown(task_id: str) -> InvalidInputError:
    return InvalidInputError(f"no task has the id {task_id!r}; see: python cli.py dramas list")
