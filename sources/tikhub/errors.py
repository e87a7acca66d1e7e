"""Errors of TikHub: each status becomes the error that names the reaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from core.attribution import Signal, classify
from core.clock import QuotaCalendar
from core.errors import SourceError
from core.messages import Message
from sources.classifier import Refusal, error_of
from sources.json_api import MESSAGE_CHARS, SILENT, Answer, object_or_empty
from sources.tikhub.response_rules import EXPLAINED, RULES, TRY_AGAIN

UTC_DAYS = QuotaCalendar(ZoneInfo("UTC"))
# TikHub sends these words, in either language, with a 400 for failures of its own.
TRY_AGAIN_WORDS = ("请重试", "please retry", "please try again")


def error_from_answer(answer: Answer, now: datetime) -> SourceError:
    """Return the error that a failed response means, by its status or, of a 200, by its `code`.

    The status of a 200 is the `code` in the envelope that TikHub puts around its data. Call it for
    failures only: a good response becomes an error too. Texts of the body in the error are redacted
    already. `now` is what the end of a spent budget's day and a Retry-After date are counted from.
    """
    status = _code(answer)
    detail = _detail(answer)
    text = _text(answer, detail)
    said = {"status": status, "text": text[:MESSAGE_CHARS] or SILENT}
    asks_again = any(words in text.lower() for words in TRY_AGAIN_WORDS)
    marks = {EXPLAINED: bool(detail), TRY_AGAIN: asks_again}
    signal = Signal(
        endpoint=answer.request.partition("?")[0],
        http_status=answer.status,
        code=status,
        marks=frozenset(mark for mark, holds in marks.items() if holds),
    )
    refusal = Refusal(
        message=Message(_message_code(status, bool(detail)), said),
        evidence=answer.evidence(),
        retry_after_secs=answer.retry_after_secs(now),
        resets_at=UTC_DAYS.next_day_starts(now.astimezone(UTC)),
    )
    return error_of(classify(RULES, signal), refusal)


def _message_code(status: int, is_explained: bool) -> str:
    if status == 403 and not is_explained:
        return "tikhub_not_reached"
    return "tikhub_without_envelope" if status == 200 else "tikhub_refused"


def _code(answer: Answer) -> int:
    if answer.status != 200:
        return answer.status
    # TikHub answers some failures with HTTP 200 and the real status in the envelope.
    code = object_or_empty(answer.body).get("code")
    return code if isinstance(code, int) and 400 <= code < 600 else 200


def _detail(answer: Answer) -> Mapping[str, Any]:
    """Return TikHub's own explanation; empty when somebody else answered (a proxy, a firewall)."""
    if answer.status == 200:
        return object_or_empty(answer.body)
    return object_or_empty(object_or_empty(answer.body).get("detail"))


def _text(answer: Answer, detail: Mapping[str, Any]) -> str:
    parts = [str(detail[name]) for name in ("message", "message_zh") if detail.get(name)]
    rest = object_or_empty(answer.body).get("detail")
    if isinstance(rest, list):  # of a 422: what is wrong with which parameter
        parts = [
            f"{object_or_empty(problem).get('loc')}: {object_or_empty(problem).get('msg')}"
            for problem in rest[:3]
        ]
    elif isinstance(rest, str):
        parts = [rest]
    return answer.session.redact(" / ".join(parts))
