"""When a worker that found no fit account should look again."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.shortage import Shortage

NOBODY_RECHECK_SECS = 30.0


def next_look(shortage: Shortage, now: datetime, poll_secs: float) -> datetime:
    """A moment that is known (end of a rest, next quota day), or soon when others use the accounts.

    When only a person can help, adding or enabling an account wakes the task before that moment.
    """
    if shortage.busy:
        return now + timedelta(seconds=poll_secs)
    return shortage.until or now + timedelta(seconds=NOBODY_RECHECK_SECS)
