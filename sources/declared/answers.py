"""Classification of responses by the file's rules, by their HTTP status, and by `answers.good`."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from core.errors import (
    AccountBannedError,
    BadRequestError,
    LoginExpiredError,
    NotFoundError,
    NotJsonError,
    RetryableError,
    RiskControlError,
    SourceError,
    ThrottledError,
)
from core.messages import Message
from sources.declared.declaration import Answers, Meaning
from sources.json_api import MESSAGE_CHARS, Answer
from sources.text import may_be_unstorable, storable_json

PLAIN: dict[str, type[SourceError]] = {
    "expired": LoginExpiredError,
    "banned": AccountBannedError,
    "gone": NotFoundError,
    "bad_request": BadRequestError,
    "retry": RetryableError,
}
MEANINGS = {
    "throttled": Message.of("meaning_throttled"),
    "risk": Message.of("meaning_risk"),
    "expired": Message.of("meaning_expired"),
    "banned": Message.of("meaning_banned"),
    "gone": Message.of("meaning_gone"),
    "bad_request": Message.of("meaning_bad_request"),
    "retry": Message.of("meaning_retry"),
}


@dataclass(frozen=True)
class _Diagnosis:
    """The code and message of a response, as far as the file declares where they are.

    `said` is None when there is neither; `code` is None when the code is no integer.
    """

    said: Message | None = None
    code: int | None = None


class AnswerReader:
    """Tells the good responses of one declared platform from others, by the rules of its file."""

    def __init__(self, rules: Answers) -> None:
        self._rules = rules

    def body(self, answer: Answer, now: datetime) -> Any:
        """Return the JSON of a good response.

        Raises:
            SourceError: the response is not good: the error that the file's rules or its status
                name; a RetryableError with `damaged` when it is no JSON. `now` is what a date in
                its Retry-After header is compared with.
        """
        try:
            body = _parse_json(answer.content)
        except NotJsonError:
            self._raise_for(answer, None, _Diagnosis(), now)
            raise answer.damaged_error("answer_not_json") from None
        diagnosis = self._diagnose(answer, body)
        self._raise_for(answer, body, diagnosis, now)
        if self._rules.good is not None and not self._rules.good.holds(body):
            evidence = replace(answer.evidence(), code=diagnosis.code)
            raise RetryableError(
                _with_diagnosis(Message.of("answer_not_good"), diagnosis), evidence, damaged=True
            )
        return body

    def _raise_for(self, answer: Answer, body: Any, diagnosis: _Diagnosis, now: datetime) -> None:
        for meaning in self._rules.means:
            if _applies(meaning, answer.status, body):
                raise _error(meaning, answer, diagnosis, now)
        by_status = _meaning_of_status(answer.status)
        if by_status is not None:
            raise _error(by_status, answer, diagnosis, now)

    def _diagnose(self, answer: Answer, body: Any) -> _Diagnosis:
        rules = self._rules
        code = rules.code.find(body) if rules.code else None
        message = rules.message.find(body) if rules.message else None
        text = message if isinstance(message, str) else None
        said = _said(code, text, lambda part: answer.session.redact(part)[:MESSAGE_CHARS])
        is_number = isinstance(code, int) and not isinstance(code, bool)
        return _Diagnosis(said, code if is_number else None)


def _said(code: Any, text: str | None, shown: Callable[[str], str]) -> Message | None:
    if code is not None and text is not None:
        return Message.of("said_code_and_text", number=shown(str(code)), text=shown(text))
    if code is not None:
        return Message.of("said_code", number=shown(str(code)))
    return None if text is None else Message.of("said_text", text=shown(text))


def _with_diagnosis(message: Message, diagnosis: _Diagnosis) -> Message:
    if diagnosis.said is None:
        return message
    return Message.of("answer_saying", what=message, said=diagnosis.said)


def _applies(meaning: Meaning, status: int, body: Any) -> bool:
    if meaning.status and status not in meaning.status:
        return False
    return meaning.when is None or (body is not None and meaning.when.holds(body))


def _meaning_of_status(status: int) -> Meaning | None:
    if 200 <= status < 300:
        return None
    known = {
        401: "expired",
        403: "risk",
        404: "gone",
        407: "retry",
        408: "retry",
        410: "gone",
        429: "throttled",
    }
    otherwise = "retry" if status >= 500 else "bad_request"
    return Meaning.model_validate({"reaction": known.get(status, otherwise)})


def _error(meaning: Meaning, answer: Answer, diagnosis: _Diagnosis, now: datetime) -> SourceError:
    meant = Message.of("answer_means", meaning=MEANINGS[meaning.reaction], status=answer.status)
    message = _with_diagnosis(meant, diagnosis)
    evidence = replace(answer.evidence(), code=diagnosis.code)
    if meaning.reaction == "throttled":
        return ThrottledError(message, evidence, retry_after_secs=answer.retry_after_secs(now))
    if meaning.reaction == "risk":
        return RiskControlError(message, evidence, whole_egress=meaning.whole_egress)
    return PLAIN[meaning.reaction](message, evidence)


def _parse_json(content: bytes) -> Any:
    try:
        body = json.loads(content, parse_constant=_unknown, parse_float=_finite)
        return storable_json(body) if may_be_unstorable(content) else body
    except (ValueError, RecursionError):
        raise NotJsonError from None


def _unknown(_word: str) -> None:
    """Return None for NaN and Infinity, which are no JSON and which no database stores."""


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None
