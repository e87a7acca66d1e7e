"""When a channel that refused a message is tried again."""

from __future__ import annotations

from datetime import datetime, timedelta

BACKOFF_BASE_SECS = 30.0
MAX_BACKOFF_SECS = 3600.0
GIVE_UP_AFTER = timedelta(days=1)


def next_attempt(attempts: int, created_at: datetime, now: datetime) -> datetime | None:
    """Return when a message is sent again after `attempts` refusals; None when it is given up.

    Args:
        created_at: when the message was filed.
    """
    if now - created_at >= GIVE_UP_AFTER:
        return None
    return now + timedelta(seconds=min(MAX_BACKOFF_SECS, BACKOFF_BASE_SECS * 2.0 ** (attempts - 1)))
