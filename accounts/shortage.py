"""Why no account is fit, as a sentence and as a moment to try again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from storage.crawling.accounts import PoolState

RECHECK_SECS = 30.0


@dataclass(frozen=True)
class Shortage:
    """The reason why no account is fit, and when that ends.

    `busy` is True when others use the accounts and may give one back at any time; `spent` when the
    day's quota is used up. `until` is None when nothing but a person, or such a return, can change
    it.
    """

    reason: str
    busy: bool = False
    spent: bool = False
    until: datetime | None = None

    def retry_at(self, now: datetime, poll_secs: float) -> datetime:
        """Return when to look for an account again.

        That is a known moment (the end of a cooldown, the next quota day), or `poll_secs` from
        `now` while accounts are busy. When only a person can help, adding or enabling an account
        wakes the task earlier than the moment returned.
        """
        if self.busy:
            return now + timedelta(seconds=poll_secs)
        return self.until or now + timedelta(seconds=RECHECK_SECS)


def ingestion_shortage(pool: PoolState, platform: str) -> Shortage:
    """Return why no account may send requests to the platform."""
    hopeless = _hopeless(pool, platform)
    if hopeless is not None:
        return hopeless
    if pool.fit:
        return Shortage("an account was just given back", busy=True)
    turn, rested = pool.waiting_until, pool.cooling_until
    if turn is not None and (rested is None or turn <= rested):
        return _until(pool, _count(pool.waiting, "waits", "wait") + " for the next turn", turn)
    if pool.busy:
        return _busy(pool, pool.busy, rested)
    return _until(pool, _count(pool.cooling, "is", "are") + " cooling down", rested)


def export_shortage(pool: PoolState, platform: str, day: date, day_ends: datetime) -> Shortage:
    """Return why no account may export on `day`, which ends at `day_ends`."""
    hopeless = _hopeless(pool, platform)
    if hopeless is not None:
        return hopeless
    if pool.fit_with_quota:
        return Shortage("an account was just given back", busy=True)
    rested = pool.cooling_with_quota_until
    new_day = day_ends if pool.spent else None
    until = min((moment for moment in (rested, new_day) if moment is not None), default=None)
    if pool.busy_with_quota:
        return _busy(pool, pool.busy_with_quota, until)
    if until is None:
        return _until(pool, "no account has an export quota", None)
    if until == rested:
        return _until(pool, _count(pool.cooling, "is", "are") + " cooling down", until)
    text = _count(pool.spent, "has", "have") + f" used up the quota of {day}"
    return Shortage(text + _disabled(pool), spent=True, until=until)


def next_look(shortage: Shortage, now: datetime, poll_secs: float) -> datetime:
    """Return when a worker that found no fit account should look again: at the known moment (a
    cooldown's end, the next quota day), or soon when other workers use the accounts.

    When only a person can help, adding or enabling an account wakes the task before that moment.
    """
    if shortage.busy:
        return now + timedelta(seconds=poll_secs)
    return shortage.until or now + timedelta(seconds=RECHECK_SECS)


def _hopeless(pool: PoolState, platform: str) -> Shortage | None:
    if pool.total == 0:
        return Shortage(f"no account for {platform}")
    if pool.disabled == pool.total:
        return Shortage(f"all {pool.total} accounts are disabled")
    return None


def _busy(pool: PoolState, number: int, until: datetime | None) -> Shortage:
    text = _count(number, "is", "are") + " busy" + _disabled(pool)
    return Shortage(text, busy=True, until=until)


def _until(pool: PoolState, text: str, until: datetime | None) -> Shortage:
    return Shortage(text + _disabled(pool), until=until)


def _disabled(pool: PoolState) -> str:
    return f"; {_count(pool.disabled, 'is', 'are')} disabled" if pool.disabled else ""


def _count(number: int, singular: str, plural: str) -> str:
    return f"1 account {singular}" if number == 1 else f"{number} accounts {plural}"
