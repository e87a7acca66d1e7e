"""What an account does, as operators see it: its lease's state, and its rests between requests."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from storage.models.accounts import Account, AccountStatus
from storage.models.tasks import TaskType

# A turn further away is a rest; an account whose turn passed so long ago is not needed.
MAX_TURN_SECS = 300.0


class Activity(StrEnum):
    """The work of an account as operators see it; the values are those of its lease's status."""

    INGESTING = "ingesting"
    EXPORTING = "exporting"
    IDLE = "idle"


OF_LEASE = {
    AccountStatus.INGESTING: Activity.INGESTING,
    AccountStatus.EXPORTING: Activity.EXPORTING,
}
OF_TASK = {TaskType.INGESTION: Activity.INGESTING, TaskType.EXPORT: Activity.EXPORTING}


def activity_of(account: Account, task_type: TaskType | None, now: datetime) -> Activity:
    """Return what an account does: what it is leased for, or what it rests from between requests.

    Args:
        task_type: the type of the task with the id `account.working_task_id`; None when the account
            has none, or nobody works on it now.
    """
    leased_for = OF_LEASE.get(account.status)
    if leased_for is not None:
        ran_out = account.lease_until is None or account.lease_until < now
        return Activity.IDLE if ran_out else leased_for
    if account.status is AccountStatus.DISABLED or task_type is None:
        return Activity.IDLE
    return OF_TASK[task_type] if _has_its_turn_soon(account, now) else Activity.IDLE


def shown_state(account: Account, activity: Activity) -> AccountStatus:
    """Return the state that operators see: disabled, or what the account does."""
    is_disabled = account.status is AccountStatus.DISABLED
    return AccountStatus.DISABLED if is_disabled else AccountStatus(activity)


def next_request_at(account: Account, now: datetime) -> datetime | None:
    """Return when cooldown and pace allow the next request; None for at once, or when disabled."""
    if account.status is AccountStatus.DISABLED:
        return None
    moments = (account.cooldown_until, account.ready_at)
    return max((moment for moment in moments if moment and moment > now), default=None)


def _has_its_turn_soon(account: Account, now: datetime) -> bool:
    if account.cooldown_until is not None and account.cooldown_until > now:
        return False
    moments = (account.last_used_at, account.ready_at)
    turn = max((moment for moment in moments if moment is not None), default=None)
    return turn is not None and abs(turn - now) <= timedelta(seconds=MAX_TURN_SECS)
