"""What TikHub's error answers mean: each status becomes the error that names the reaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.clock import QuotaCalendar
from core.errors import (
    BadRequestError,
    LoginExpiredError,
    NotFoundError,
    PlatformQuotaError,
    RetryableError,
    RiskControlError,
    SourceError,
    ThrottledError,
)
from sources.json_api import MESSAGE_CHARS, Answer, error_of_other_status, fields

UTC_DAYS = QuotaCalendar(ZoneInfo("UTC"))
TRY_AGAIN = ("请重试", "please retry", "please try again")


def error_of(answer: Answer, now: datetime) -> SourceError:
    """The error that an answer means, by its status, or by the `code` of a 200's envelope.

    The 402 repeats the request's headers: everything of the body that is kept goes through the
    session's `hide`.
    """
    status = _code(answer)
    detail = _detail(answer)
    text = _text(answer, detail)
    said = f"TikHub, HTTP {status}: {text[:MESSAGE_CHARS]}"
    evidence = answer.evidence()
    if status == 401:
        return LoginExpiredError(said, evidence)
    if status == 402:
        return PlatformQuotaError(said, UTC_DAYS.next_day_starts(now.astimezone(UTC)), evidence)
    if status == 403 and not detail:
        return RiskControlError(f"{said} (not from TikHub itself)", evidence, whole_egress=True)
    if status == 404 and detail:
        return NotFoundError(said, evidence)
    if status == 429:
        return ThrottledError(said, evidence, retry_after_secs=answer.retry_after_secs(now))
    if status == 400 and any(words in text.lower() for words in TRY_AGAIN):
        return RetryableError(said, evidence)
    if status == 200:
        return RetryableError("TikHub's answer has no envelope", evidence, damaged=True)
    if 400 <= status < 500 and status not in (407, 408):
        return BadRequestError(said, evidence)
    return (
        RetryableError(said, evidence)
        if answer.status == 200
        else error_of_other_status(said, answer)
    )


def _code(answer: Answer) -> int:
    if answer.status != 200:
        return answer.status
    code = fields(answer.body).get("code")
    return code if isinstance(code, int) and 400 <= code < 600 else 200


def _detail(answer: Answer) -> Mapping[str, Any]:
    """TikHub's own words; empty when somebody else answered (a proxy, a wall, another host)."""
    if answer.status == 200:
        return fields(answer.body)
    return fields(fields(answer.body).get("detail"))


def _text(answer: Answer, detail: Mapping[str, Any]) -> str:
    said = [str(detail[name]) for name in ("message", "message_zh") if detail.get(name)]
    rest = fields(answer.body).get("detail")
    if isinstance(rest, list):  # of a 422: what is wrong with which parameter
        said = [f"{fields(one).get('loc')}: {fields(one).get('msg')}" for one in rest[:3]]
    elif isinstance(rest, str):
        said = [rest]
    return answer.session.hide(" / ".join(said) or "no message")
