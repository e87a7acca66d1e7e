"""Errors of Bilibili: each code and shape becomes the error that names the reaction.

The codes are those of the platform's public web API.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.errors import (
    AccountBannedError,
    BadRequestError,
    Evidence,
    LoginExpiredError,
    NotFoundError,
    RetryableError,
    RiskControlError,
    SourceError,
    ThrottledError,
)
from core.messages import Message
from sources.json_api import SILENT

NOT_SIGNED_IN = -101
# Refusals that also come when the signature is wrong or its keys are old.
SIGNATURE_CODES = (-352, -403)
# Internal errors, overload, a time-out, and the page of a server that is down.
SERVER_SIDE = (-500, -503, -504, -8888)
# Both say that requests come too often.
TOO_MANY = (-509, -799)
# No such thing, no such user, a video that is hidden, and one that only its author sees.
GONE = (-404, -626, 62002, 62012)
# A video that waits for publication or is in review.
LATER = (62003, 62004)
# Malformed, too large, filtered as abuse, and without a valid token of a form.
BAD_REQUEST = (-400, -413, -1200, -111)
MESSAGE_CHARS = 300


def error_from_status(
    status: int, evidence: Evidence, retry_after_secs: float | None
) -> SourceError | None:
    """Return the error that an HTTP status means, whatever the body says; None for a normal one.

    `retry_after_secs` is what the Retry-After header asks for; None without one.
    """
    if status == 412:
        return RiskControlError("address_blocked", evidence, whole_egress=True)
    if status == 429:
        return ThrottledError("too_many_requests", evidence, retry_after_secs=retry_after_secs)
    if status >= 500:
        return RetryableError("server_failed", evidence, status=status)
    if status in (401, 403):
        return RiskControlError("access_refused", evidence, status=status)
    if status == 404:
        return NotFoundError("page_not_found", evidence)
    if status >= 300:
        return BadRequestError("status_unexpected", evidence, status=status)
    return None


def error_from_code(
    body: Mapping[str, Any], evidence: Evidence, redact: Callable[[str], str]
) -> SourceError | None:
    """Return the error that a body's `code` means; None for a normal answer.

    `redact` removes secrets from a text.
    """
    code = body.get("code")
    text = redact(str(body.get("message") or body.get("msg") or ""))[:MESSAGE_CHARS]
    summary = Message.of("refused_with_code", number=code, text=text or SILENT)
    if code == 0:
        return _error_from_success(body, evidence)
    if code == NOT_SIGNED_IN:
        return LoginExpiredError(summary, evidence)
    if code == -102:
        return AccountBannedError(summary, evidence)
    if code in (-352, -401, -403):
        return RiskControlError(summary, evidence)
    if code == -412:
        return RiskControlError(summary, evidence, whole_egress=True)
    if code in TOO_MANY:
        return ThrottledError(summary, evidence)
    if code in SERVER_SIDE or code in LATER:
        return RetryableError(summary, evidence)
    if code in GONE:
        return NotFoundError(summary, evidence)
    if code in BAD_REQUEST:
        return BadRequestError(summary, evidence)
    return RetryableError(
        "refused_with_unknown_code", evidence, damaged=True, number=code, text=text or SILENT
    )


def _error_from_success(body: Mapping[str, Any], evidence: Evidence) -> SourceError | None:
    """Return the error of a refusal disguised as `code 0`: only a voucher, or no data at all."""
    data = body.get("data")
    if isinstance(data, dict) and set(data) == {"v_voucher"}:
        return RiskControlError("verification_demanded", evidence)
    if not data:
        return RetryableError("success_without_data", evidence, damaged=True)
    return None
