"""The reason why no account is fit, and when to look for one again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from accounts.activity import MAX_TURN_SECS
from core.messages import Message
from storage.crawling.accounts import PoolState
from storage.models.accounts import Account

# Only a fallback: adding or enabling an account wakes the tasks that wait for one.
RECHECK_SECS = 30.0
# What a reason says of a pool, and what it says where the pool is the one account of a pin.
OF_ONE_ACCOUNT = {
    "all_accounts_disabled": "pinned_account_disabled",
    "accounts_cooling": "pinned_account_cooling",
    "accounts_waiting": "pinned_account_waiting",
    "accounts_busy": "pinned_account_busy",
    "accounts_cut_off": "pinned_account_cut_off",
    "accounts_spent": "pinned_account_spent",
    "no_export_quota": "pinned_account_without_quota",
}


@dataclass(frozen=True)
class Shortage:
    """The reason why no account is fit, and when that ends.

    `busy` is True when other workers use the accounts and may give one back at any time; `spent`
    when the day's quota is used up. `until` is the moment (UTC) when an account becomes fit by
    itself; None when only a person, or an account given back, can change that. `turn` is True when
    nothing is wrong: the accounts wait for their turn, or one was given back a moment ago.
    `is_own` is True when other processes may use the accounts, and this one cannot.
    """

    reason: Message
    busy: bool = False
    spent: bool = False
    until: datetime | None = None
    turn: bool = False
    is_own: bool = False

    def worth_telling(self, now: datetime) -> Message | None:
        """Return the reason that operators should read; None for a wait as in every crawl."""
        is_soon = self.until is None or self.until - now <= timedelta(seconds=MAX_TURN_SECS)
        return None if self.turn and is_soon else self.reason

    def retry_at(self, now: datetime, poll_secs: float) -> datetime:
        """Return the moment (UTC) at which to look for an account again, in whatever process.

        That is `until`, or `poll_secs` from `now` while accounts are busy, or else RECHECK_SECS
        from `now`; at once when other processes may use the accounts. When only a person can help,
        adding or enabling an account wakes the task even earlier.
        """
        if self.is_own:
            return now
        if self.busy:
            return now + timedelta(seconds=poll_secs)
        return self.until or now + timedelta(seconds=RECHECK_SECS)


def ingestion_shortage(
    pool: PoolState, platform: str, routes_open_at: datetime | None = None
) -> Shortage:
    """Return why no account of the platform may send requests.

    If one is fit by now, the answer is `busy`: look again.

    Args:
        pool: the state of its accounts.
        routes_open_at: when the first egress route of those that are cut off opens; None when there
            are none, or nobody knows.
    """
    hopeless = _hopeless(pool, platform)
    if hopeless is not None:
        return hopeless
    if pool.fit:
        return Shortage(Message.of("account_returned"), turn=True, busy=True)
    turn, rested = pool.waiting_until, pool.cooling_until
    soonest = _earliest(turn, rested, routes_open_at)
    reason = _of_pool(pool, routes_open_at)
    if turn is not None and turn == soonest:
        return Shortage(reason, until=turn, turn=True)
    return Shortage(reason, busy=pool.busy > 0, until=soonest)


def _of_pool(pool: PoolState, routes_open_at: datetime | None) -> Message:
    """Return what keeps each account of a pool from asking; one reason where all have the same."""
    if pool.cooling == pool.total:
        return Message.of("accounts_cooling", n=pool.cooling)
    parts = [
        Message.of("accounts_busy", n=pool.busy),
        Message.of("accounts_waiting", n=pool.waiting),
        Message.of("accounts_cut_off", n=pool.cut_off, until=routes_open_at),
        Message.of("accounts_rest", n=pool.cooling, until=pool.cooling_until),
        Message.of("accounts_disabled", n=pool.disabled),
    ]
    present = [part for part in parts if part.params["n"]]
    if len(present) == 1:
        return present[0]
    return Message.of("accounts_of_pool", n=pool.total, parts=present)


def export_shortage(pool: PoolState, platform: str, day: date, day_ends: datetime) -> Shortage:
    """Return why no account may export on the quota day `day`, which ends at `day_ends` (UTC).

    `pool` is the state of the platform's accounts. If one is fit by now, the answer is `busy`: look
    again.
    """
    hopeless = _hopeless(pool, platform)
    if hopeless is not None:
        return hopeless
    if pool.fit_with_quota:
        return Shortage(Message.of("account_returned"), turn=True, busy=True)
    rested = pool.cooling_with_quota_until
    new_day = day_ends if pool.spent else None
    until = _earliest(rested, new_day)
    if pool.busy_with_quota:
        return _busy(pool, pool.busy_with_quota, until)
    if until is None:
        return _until(pool, Message.of("no_export_quota"), None)
    if until == rested:
        return _until(pool, Message.of("accounts_cooling", n=pool.cooling), until)
    reason = Message.of("accounts_spent", n=pool.spent, day=day)
    return Shortage(_with_disabled(pool, reason), spent=True, until=until)


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)


def _hopeless(pool: PoolState, platform: str) -> Shortage | None:
    if pool.total == 0:
        return Shortage(Message.of("no_account", platform=platform))
    if pool.disabled == pool.total:
        return Shortage(Message.of("all_accounts_disabled", n=pool.total))
    return None


def _busy(pool: PoolState, number: int, until: datetime | None) -> Shortage:
    reason = _with_disabled(pool, Message.of("accounts_busy", n=number))
    return Shortage(reason, busy=True, until=until)


def _until(pool: PoolState, reason: Message, until: datetime | None) -> Shortage:
    return Shortage(_with_disabled(pool, reason), until=until)


def _with_disabled(pool: PoolState, reason: Message) -> Message:
    if not pool.disabled:
        return reason
    return Message.of("others_disabled", reason=reason, n=pool.disabled)


def of_account(found: Shortage, account: Account | None) -> Shortage:
    """Return the shortage of a task that is pinned to one account, in words about that account.

    `found` is that of a pool in which it stands alone; the account is None where its row is gone.
    """
    if account is None or account.deleted_at is not None:
        name = None if account is None else account.username
        return Shortage(pin_lost(account_name=name, group=None))
    code = OF_ONE_ACCOUNT.get(found.reason.code)
    if code is None:
        reason = found.reason
    else:
        cause = Message.load(account.disabled_reason or "")
        reason = Message.of(code, name=account.username, until=found.until, reason=cause)
    return replace(found, reason=Message.of("only_pinned_account", reason=reason))


def of_group(found: Shortage, group: str) -> Shortage:
    """Return the shortage of a task that is pinned to a group, in words about the group.

    `found` is that of a pool which is the group.
    """
    if found.reason.code == "no_account":
        return Shortage(pin_lost(account_name=None, group=group))
    reason = Message.of("only_pinned_group", group=group, reason=found.reason)
    return replace(found, reason=reason)


def pin_lost(*, account_name: str | None, group: str | None) -> Message:
    """Return that nobody is left who may work on a task: its account was deleted, or its group has
    no account. The name is None where it is not known any more."""
    if group is not None:
        return Message.of("pinned_group_empty", group=group)
    return Message.of("pinned_account_deleted", name=account_name or "?")
