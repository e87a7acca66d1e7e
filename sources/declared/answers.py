"""Classification of responses by the file's rules, by their HTTP status, and by `answers.good`."""

from __future__ import annotations

import json
import math
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


@dataclass(frozen=True)
class _Diagnosis:
    """The code and message of a response, as far as the file declares where they are.

    `text` is ready to be appended, as `, code 42900: slow down`.
    """

    text: str = ""
    code: int | None = None


class AnswerReader:
    """Tells the good responses of one declared platform from others, and reads their JSON."""

    def __init__(self, rules: Answers) -> None:
        self._rules = rules

    def body(self, answer: Answer, now: datetime) -> Any:
        """Return the JSON of a good response.

        Raises:
            SourceError: the response is not good; `now` dates what its Retry-After header says.
        """
        try:
            body = _parse_json(answer.content)
        except NotJsonError:
            self._raise_for(answer, None, _Diagnosis(), now)
            raise answer.damaged_error("the answer is no JSON") from None
        diagnosis = self._diagnose(answer, body)
        self._raise_for(answer, body, diagnosis, now)
        if self._rules.good is not None and not self._rules.good.holds(body):
            text = f"the answer is not good by answers.good, and no rule knows it{diagnosis.text}"
            raise RetryableError(
                text, replace(answer.evidence(), code=diagnosis.code), damaged=True
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
        text = "" if code is None else f", code {code}"
        text += f": {message}" if isinstance(message, str) else ""
        is_number = isinstance(code, int) and not isinstance(code, bool)
        return _Diagnosis(answer.session.redact(text)[:MESSAGE_CHARS], code if is_number else None)


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
    text = f"{meaning.reaction.replace('_', ' ')} (HTTP {answer.status}){diagnosis.text}"
    evidence = replace(answer.evidence(), code=diagnosis.code)
    if meaning.reaction == "throttled":
        return ThrottledError(text, evidence, retry_after_secs=answer.retry_after_secs(now))
    if meaning.reaction == "risk":
        return RiskControlError(text, evidence, whole_egress=meaning.whole_egress)
    return PLAIN[meaning.reaction](text, evidence)


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
