"""When a day that was counted in vain is counted again."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.logs import storable
from core.messages import Message
from storage.distribution.daily_stats import Incompleteness

FIRST_WAIT = timedelta(minutes=10)
MAX_WAIT = timedelta(days=1)
LAST_DOUBLING = 8
# A video that its platform never answers for would be paid for each day, for ever.
GIVE_UP_AFTER = timedelta(days=31)


def is_given_up(known: Incompleteness | None, now: datetime) -> bool:
    """Return True when a day was counted in vain for so long that it counts as it is."""
    return known is not None and now - known.since >= GIVE_UP_AFTER


def counted_in_vain(known: Incompleteness | None, cause: Message, now: datetime) -> Incompleteness:
    """Return what to store of a day that was counted in vain at `now` (UTC).

    Each try doubles the wait, from 10 minutes to a day. One that is made before its time, such
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
    wait = min(MAX_WAIT, FIRST_WAIT * 2 ** min(tries - 1, LAST_DOUBLING))
    return Incompleteness(
        since=now if known is None else known.since,
        cause=reason,
        tries=tries,
        next_count_at=now + wait,
    )
