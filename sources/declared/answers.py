"""Classification of responses by the file's rules, by their HTTP status, and by `answers.good`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from core.attribution import Signal, classify
from core.errors import NotJsonError, SourceError
from core.messages import Message
from sources.classifier import Refusal, error_of
from sources.declared.declaration import Answers, Meaning
from sources.declared.response_rules import (
    LOGIN_PAGE,
    NOT_GOOD,
    UNREADABLE,
    mark_of,
    rules_of,
)
from sources.json_api import MESSAGE_CHARS, Answer
from sources.text import may_be_unstorable, parse_json, storable_json

LOGIN_URL = re.compile(r"log[-_]?in|sign[-_]?in|passport|/sso\b|/auth\b", re.IGNORECASE)
PASSWORD_FIELD = re.compile(rb"<input[^>]{0,300}type=[\"']?password", re.IGNORECASE)
LOGIN_PAGE_BYTES = 200_000
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

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._rules = rules_of(answers.means)

    def body(self, answer: Answer, endpoint: str, now: datetime) -> Any:
        """Return the JSON of a good response.

        `endpoint` is CHECK, or any other name.

        Raises:
            SourceError: the response is not good: the error that the file's rules or its status
                name; a RetryableError with `damaged` when it is no JSON. `now` is what a date in
                its Retry-After header is compared with.
        """
        try:
            body = _parse_json(answer.content)
        except NotJsonError:
            raise self._error(answer, endpoint, None, UNREADABLE, now) from None
        good = self._answers.good
        is_success = 200 <= answer.status < 300
        is_good = is_success and (good is None or good.holds(body))
        if is_good and not self._fitting(answer.status, body):
            return body
        raise self._error(answer, endpoint, body, None if is_good else NOT_GOOD, now)

    def _fitting(self, status: int, body: Any) -> list[int]:
        """Return the numbers of the file's rules that are about a response."""
        means = enumerate(self._answers.means)
        return [number for number, meaning in means if _applies(meaning, status, body)]

    def _error(
        self, answer: Answer, endpoint: str, body: Any, damage: str | None, now: datetime
    ) -> SourceError:
        diagnosis = self._diagnose(answer, body)
        numbers = self._fitting(answer.status, body)
        damages = [damage] if damage is not None else []
        if (damage == UNREADABLE or answer.status >= 300) and _is_login_page(answer):
            damages.append(LOGIN_PAGE)
        signal = Signal(
            endpoint=endpoint,
            http_status=answer.status,
            code=diagnosis.code,
            marks=frozenset([*map(mark_of, numbers), *damages]),
        )
        meaning = self._answers.means[numbers[0]].reaction if numbers else None
        refusal = Refusal(
            message=_with_diagnosis(_what(answer.status, meaning, damage), diagnosis),
            evidence=replace(answer.evidence(), code=diagnosis.code),
            retry_after_secs=answer.retry_after_secs(now),
        )
        return error_of(classify(self._rules, signal), refusal)

    def _diagnose(self, answer: Answer, body: Any) -> _Diagnosis:
        rules = self._answers
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


def _is_login_page(answer: Answer) -> bool:
    if 300 <= answer.status < 400:
        return LOGIN_URL.search(answer.headers.get("Location", "")) is not None
    return PASSWORD_FIELD.search(answer.content[:LOGIN_PAGE_BYTES]) is not None


def _what(status: int, reaction: str | None, damage: str | None) -> Message:
    """Return what is wrong with a response: by the file, by HTTP, or by its body."""
    reaction = reaction or _reaction_of_status(status)
    if reaction is not None:
        return Message.of("answer_means", meaning=MEANINGS[reaction], status=status)
    return Message.of("answer_not_json" if damage == UNREADABLE else "answer_not_good")


def _reaction_of_status(status: int) -> str | None:
    if 200 <= status < 300:
        return None
    if status < 400:
        return "expired"
    known = {401: "expired", 403: "risk", 404: "gone", 407: "retry", 408: "retry", 410: "gone"}
    otherwise = "retry" if status >= 500 else "bad_request"
    return known.get(status, "throttled" if status == 429 else otherwise)


def _parse_json(content: bytes) -> Any:
    try:
        body = parse_json(content)
        return storable_json(body) if may_be_unstorable(content) else body
    except (ValueError, RecursionError):
        raise NotJsonError from None
