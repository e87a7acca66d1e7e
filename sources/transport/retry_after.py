"""The header `Retry-After`: how long a server asks its clients to wait (RFC 9110, 10.2.3)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# Whatever a server writes, an account or a receiver is left alone for a day at most.
MAX_SECS = 86_400.0
# Two longest dates; more is no header that a server means.
MAX_CHARS = 200
DELTA = re.compile(r"[0-9]+")
# A date contains a comma after its day's name, and a list of values has commas between them.
WEEKDAY = re.compile(r"\s*(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*\s*", re.IGNORECASE)


def retry_after_secs(header: str | None, now: datetime) -> float | None:
    """Return the seconds that a `Retry-After` header asks for, from 0 to MAX_SECS.

    Seconds and all three forms of HTTP dates are read, with any zone; of several values the longest
    wait counts. None when there is no header or no value of it is legal; 0 when its date has
    passed. It never raises.

    Args:
        now: the moment of the answer, timezone-aware.
    """
    text = (header or "").strip()
    waits = [_secs(value, now) for value in _values(text[:MAX_CHARS])]
    return max((secs for secs in waits if secs is not None), default=None)


def _values(text: str) -> Iterator[str]:
    parts = iter(text.split(","))
    for part in parts:
        yield f"{part},{next(parts, '')}" if WEEKDAY.fullmatch(part) else part


def _secs(value: str, now: datetime) -> float | None:
    value = value.strip()
    if DELTA.fullmatch(value):
        # A number that is too large means for ever, not nothing (RFC 9111, 1.2.2).
        return min(float(value), MAX_SECS)
    try:
        until = parsedate_to_datetime(value)
    # The parser of e-mails, which is more lenient than HTTP, fails on garbage in several ways.
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # Without a zone it is asctime's form, or -0000: HTTP's dates are UTC, not the host's zone.
    until = until if until.tzinfo is not None else until.replace(tzinfo=UTC)
    try:
        secs = (until - now).total_seconds()
    except OverflowError:  # the first or last day of the calendar, moved out of it by its zone
        secs = MAX_SECS if until.year > now.year else 0.0
    return min(max(0.0, secs), MAX_SECS)
