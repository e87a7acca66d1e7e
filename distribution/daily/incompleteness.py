"""When a day that was counted in vain is counted again."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.logs import storable
from core.messages import Message
from storage.distribution.daily_stats import Incompleteness

FIRST_WAIT = timedelta(minutes=10)
MAX_WAIT = timedelta(hours=6)


def counted_in_vain(known: Incompleteness | None, cause: Message, now: datetime) -> Incompleteness:
    """Return what to store of a day that was counted in vain at `now` (UTC).

    Each try doubles the wait, from 10 minutes to 6 hours. One that is made before its time, such
    as by hand or by another host at once, changes neither their number nor the next one.

    Args:
        known: what is stored of it; None when its last count succeeded.
    """
    reason = storable(cause)
    if known is not None and now < known.next_count_at:
        return Incompleteness(
            since=known.since,
            cause=reason,
            tries=known.tries,
            next_count_at=known.next_count_at,
        )
    tries = 1 if known is None else known.tries + 1
    wait = MAX_WAIT if tries > 6 else min(MAX_WAIT, FIRST_WAIT * 2 ** (tries - 1))
    return Incompleteness(
        since=now if known is None else known.since,
        cause=reason,
        tries=tries,
        next_count_at=now + wait,
    )
