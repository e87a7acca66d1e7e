"""What YouTube's error answers mean: status and reason become the error that names the reaction."""

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
from sources.json_api import MESSAGE_CHARS, Answer, error_of_other_status, fields

PACIFIC = QuotaCalendar(ZoneInfo("America/Los_Angeles"))  # where YouTube's quota day turns
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


def error_of(answer: Answer, now: datetime) -> SourceError:
    """The error that an answer other than 200 means. `now` tells when a spent quota comes back."""
    reason, message = _reason_and_message(answer)
    said = f"HTTP {answer.status}" + (f" {reason}" if reason else "") + f": {message}"
    if answer.status == 429 or reason in TOO_FAST:
        return ThrottledError(
            said, answer.evidence(), retry_after_secs=answer.retry_after_secs(now)
        )
    if reason in DAY_IS_SPENT:
        return PlatformQuotaError(said, PACIFIC.next_day_starts(now), answer.evidence())
    if answer.status == 401 or reason in KEY_IS_NO_GOOD or KEY_MESSAGE.search(message):
        return LoginExpiredError(said, answer.evidence())
    if answer.status in (400, 403):
        return BadRequestError(said, answer.evidence())
    return error_of_other_status(said, answer)


def _reason_and_message(answer: Answer) -> tuple[str, str]:
    error = fields(fields(answer.body).get("error"))
    listed = error.get("errors")
    first = fields(listed[0]) if isinstance(listed, list) and listed else {}
    text = html.unescape(TAG.sub("", str(error.get("message") or first.get("message") or "")))
    message = answer.session.hide(" ".join(text.split())) or "no message"
    reason = answer.session.hide(str(first.get("reason") or ""))
    return reason[:MESSAGE_CHARS], message[:MESSAGE_CHARS]
