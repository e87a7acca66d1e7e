"""Errors of YouTube's Data API v3: status and reason become the error that names the reaction."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.attribution import Signal, classify
from core.clock import QuotaCalendar
from core.errors import SourceError
from core.messages import Message
from sources.classifier import Refusal, error_of
from sources.json_api import MESSAGE_CHARS, SILENT, Answer, object_or_empty
from sources.youtube.response_rules import KEY_TEXT, RULES

# YouTube's quota day begins at midnight of this zone.
PACIFIC = QuotaCalendar(ZoneInfo("America/Los_Angeles"))
KEY_MESSAGE = re.compile(r"API key (?:not valid|expired|not found)", re.IGNORECASE)
TAG = re.compile(r"<[^>]*>")
# Words for a whole group of reasons, which `details` tells apart.
VAGUE = ("forbidden", "badRequest")


def error_from_answer(answer: Answer, now: datetime) -> SourceError:
    """Return the error that a response other than 200 means; texts in it are redacted.

    `now` is what the end of a spent quota's day and a Retry-After date are counted from.
    """
    reason, message = _reason_and_message(answer)
    code = "youtube_refused_because" if reason else "youtube_refused"
    refusal = Refusal(
        message=Message.of(code, status=answer.status, reason=reason, text=message or SILENT),
        evidence=answer.evidence(),
        retry_after_secs=answer.retry_after_secs(now),
        resets_at=PACIFIC.next_day_starts(now),
    )
    signal = Signal(
        endpoint="videos",
        http_status=answer.status,
        code=reason or None,
        marks=frozenset({KEY_TEXT} if KEY_MESSAGE.search(message) else ()),
    )
    return error_of(classify(RULES, signal), refusal)


def _reason_and_message(answer: Answer) -> tuple[str, str]:
    error = object_or_empty(object_or_empty(answer.body).get("error"))
    listed = error.get("errors")
    first = object_or_empty(listed[0]) if isinstance(listed, list) and listed else {}
    # YouTube's messages are HTML with links.
    text = html.unescape(TAG.sub("", str(error.get("message") or first.get("message") or "")))
    message = answer.session.redact(" ".join(text.split()))
    reason = str(first.get("reason") or "")
    if not reason or reason in VAGUE:
        reason = _detailed_reason(error) or reason
    reason = answer.session.redact(reason)
    return reason[:MESSAGE_CHARS], message[:MESSAGE_CHARS]


def _detailed_reason(error: Mapping[str, Any]) -> str:
    """Return the reason in `details`, as newer errors have it; empty without one."""
    details = error.get("details")
    reasons = (
        object_or_empty(detail).get("reason")
        for detail in (details if isinstance(details, list) else ())
    )
    return next((reason for reason in reasons if isinstance(reason, str)), "")
