"""Errors of Bilibili: an answer's signal, judged by the response rules, with its message."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.attribution import Signal, classify
from core.errors import Evidence, SourceError
from core.messages import Message
from sources.bilibili.response_rules import (
    EMPTY,
    RULES,
    UNREADABLE,
    VOUCHER,
    is_good,
    marks_of,
)
from sources.classifier import Refusal, error_of
from sources.json_api import SILENT

MESSAGE_CHARS = 300
STATUS_MESSAGES = {
    401: "access_refused",
    403: "access_refused",
    404: "page_not_found",
    407: "proxy_login_refused",
    412: "address_blocked",
    429: "too_many_requests",
}


def error_from_status(
    endpoint: str, evidence: Evidence, retry_after_secs: float | None
) -> SourceError:
    """Return the error of a response whose HTTP status is no success, whatever its body says."""
    status = evidence.http_status
    code = STATUS_MESSAGES.get(status or 0, "status_unexpected")
    if status is not None and status >= 500:
        code = "server_failed"
    refusal = Refusal(
        message=Message.of(code, status=status),
        evidence=evidence,
        retry_after_secs=retry_after_secs,
    )
    return error_of(classify(RULES, Signal(endpoint=endpoint, http_status=status)), refusal)


def unreadable_error(endpoint: str, code: str, evidence: Evidence) -> SourceError:
    """Return the error of a success whose body is not the platform's envelope; `code` says why."""
    signal = Signal(
        endpoint=endpoint, http_status=evidence.http_status, marks=frozenset({UNREADABLE})
    )
    return error_of(classify(RULES, signal), Refusal(message=Message.of(code), evidence=evidence))


def error_from_body(
    endpoint: str, body: Mapping[str, Any], evidence: Evidence, redact: Callable[[str], str]
) -> SourceError | None:
    """Return the error that an envelope means; None for a good answer.

    `redact` removes secrets from a text.
    """
    code = body.get("code")
    signal = Signal(
        endpoint=endpoint,
        http_status=evidence.http_status,
        code=code,
        marks=marks_of(endpoint, body),
    )
    if is_good(signal):
        return None
    verdict = classify(RULES, signal)
    text = redact(str(body.get("message") or body.get("msg") or ""))[:MESSAGE_CHARS]
    if text == str(code):  # the platform repeats the number where it has nothing to say
        text = ""
    if code != 0:
        name = "refused_with_code" if verdict.known else "refused_with_unknown_code"
        message = Message.of(name, number=code, text=text or SILENT)
    else:
        message = Message.of(_success_code(signal))
    return error_of(verdict, Refusal(message=message, evidence=evidence))


def _success_code(signal: Signal) -> str:
    assert signal.marks & {VOUCHER, EMPTY}
    return "verification_demanded" if VOUCHER in signal.marks else "success_without_data"
