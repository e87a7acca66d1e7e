"""Errors of YouTube's Data API v3: status and reason become the error that names the reaction."""

from __future__ import annotations

import html
import re
from datetime import datetime
from zoneinfo import ZoneInfo

from core.clock import QuotaCalendar
from core.errors import (
    BadRequestError,
    LoginExpiredError,
    PlatformQuotaError,
    SourceError,
    ThrottledError,
)
from core.messages import Message
from sources.json_api import (
    MESSAGE_CHARS,
    SILENT,
    Answer,
    error_from_common_status,
    object_or_empty,
)

# YouTube's quota day begins at midnight of this zone.
PACIFIC = QuotaCalendar(ZoneInfo("America/Los_Angeles"))
DAY_IS_SPENT = {"quotaExceeded", "dailyLimitExceeded"}
TOO_FAST = {"rateLimitExceeded", "userRateLimitExceeded"}
KEY_IS_NO_GOOD = {
    "keyInvalid",
    "keyExpired",
    "accessNotConfigured",
    "ipRefererBlocked",
    "authError",
    "required",
}
KEY_MESSAGE = re.compile(r"API key (?:not valid|expired|not found)", re.IGNORECASE)
TAG = re.compile(r"<[^>]*>")


def error_from_answer(answer: Answer, now: datetime) -> SourceError:
    """Return the error that a response other than 200 means; texts in it are redacted.

    `now` is what the end of a spent quota's day and a Retry-After date are counted from.
    """
    reason, message = _reason_and_message(answer)
    code = "youtube_refused_because" if reason else "youtube_refused"
    summary = Message.of(code, status=answer.status, reason=reason, text=message or SILENT)
    if answer.status == 429 or reason in TOO_FAST:
        return ThrottledError(
            summary, answer.evidence(), retry_after_secs=answer.retry_after_secs(now)
        )
    if reason in DAY_IS_SPENT:
        return PlatformQuotaError(summary, PACIFIC.next_day_starts(now), answer.evidence())
    if answer.status == 401 or reason in KEY_IS_NO_GOOD or KEY_MESSAGE.search(message):
        return LoginExpiredError(summary, answer.evidence())
    if answer.status in (400, 403):
        return BadRequestError(summary, answer.evidence())
    return error_from_common_status(summary, answer)


def _reason_and_message(answer: Answer) -> tuple[str, str]:
    error = object_or_empty(object_or_empty(answer.body).get("error"))
    listed = error.get("errors")
    first = object_or_empty(listed[0]) if isinstance(listed, list) and listed else {}
    # YouTube's messages are HTML with links.
    text = html.unescape(TAG.sub("", str(error.get("message") or first.get("message") or "")))
    message = answer.session.redact(" ".join(text.split()))
    reason = answer.session.redact(str(first.get("reason") or ""))
    return reason[:MESSAGE_CHARS], message[:MESSAGE_CHARS]
