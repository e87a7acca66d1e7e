"""Sign-in by QR code, as on the web page: a code is shown, and the phone's app confirms it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from core.errors import Evidence, NoAnswerError, RetryableError, UnexpectedResponseError
from sources.bilibili.client import HEADERS
from sources.bilibili.cookies import KEPT_COOKIES, SESSION_COOKIE
from sources.transport.cookies import cookie_header
from sources.transport.session import ANSWER_SECS, HttpLimits, fetch, open_http

GENERATE = "/x/passport-login/web/qrcode/generate"
POLL = "/x/passport-login/web/qrcode/poll"
# Stated by the platform's own page.
CODE_LIVES_SECS = 180.0


class ScanState(IntEnum):
    """The state of a code; the values are the platform's own numbers."""

    DONE = 0
    EXPIRED = 86038
    SCANNED = 86090
    WAITING = 86101


@dataclass(frozen=True)
class QRCode:
    """A sign-in code: `url` is the content to draw, `key` identifies the code in polls."""

    url: str
    key: str


class QRLogin:
    """One sign-in by QR code; the cookies that it collects become the account's session.

    Args:
        proxy: the URL of the account's proxy; None to connect directly.
    """

    def __init__(
        self,
        *,
        base_url: str,
        timeout_secs: float,
        proxy: str | None = None,
        answer_secs: float = ANSWER_SECS,
    ) -> None:
        self._base_url = base_url
        self._limits = HttpLimits(timeout_secs, answer_secs)
        self._http = open_http(proxy)
        self._http.headers.update(HEADERS)

    def new_code(self) -> QRCode:
        """Return a fresh code, valid for CODE_LIVES_SECS.

        Raises:
            RetryableError: the platform did not answer, or not with data.
            UnexpectedResponseError: the answer has no code.
        """
        data = self._data(GENERATE, {})
        url, key = data.get("url"), data.get("qrcode_key")
        if not isinstance(url, str) or not isinstance(key, str) or not url or not key:
            raise UnexpectedResponseError("qr_code_missing", Evidence(f"GET {GENERATE}"))
        return QRCode(url, key)

    def poll(self, code: QRCode) -> ScanState:
        """Return whether the code was scanned, was confirmed or has expired.

        Raises:
            RetryableError: the platform did not answer, or not with data.
            UnexpectedResponseError: the answer names an unknown state.
        """
        state = self._data(POLL, {"qrcode_key": code.key}).get("code")
        if state not in list(ScanState):
            raise UnexpectedResponseError(
                "qr_state_unknown", Evidence(f"GET {POLL}"), state=repr(state)
            )
        return ScanState(state)

    def cookie_header(self) -> str:
        """Return the session as a cookie header, once the state is DONE.

        Raises:
            UnexpectedResponseError: no session cookie came.
        """
        cookies = {cookie.name: cookie.value for cookie in self._http.cookies if cookie.value}
        if SESSION_COOKIE not in cookies:
            raise UnexpectedResponseError(
                "qr_session_missing", Evidence(f"GET {POLL}"), cookie=SESSION_COOKIE
            )
        return cookie_header(
            {name: cookies[name] or "" for name in KEPT_COOKIES if cookies.get(name)}
        )

    def close(self) -> None:
        """Close the HTTP session."""
        self._http.close()

    def _data(self, path: str, params: dict[str, str]) -> dict[str, Any]:
        evidence = Evidence(f"GET {path}")
        try:
            answer = fetch(
                self._http, "GET", f"{self._base_url}{path}", self._limits, params=params
            )
        except NoAnswerError as error:
            raise RetryableError(
                "sign_in_unanswered", evidence, detail=error.message, fault=error.fault
            ) from None
        if answer.fault is not None:
            raise RetryableError(answer.fault.message, evidence, fault=answer.fault)
        if answer.status != 200:
            raise RetryableError("sign_in_status", evidence, status=answer.status)
        try:
            body = json.loads(answer.content)
        except (ValueError, RecursionError):
            raise RetryableError("sign_in_not_json", evidence) from None
        data = body.get("data") if isinstance(body, dict) else None
        if not isinstance(data, dict) or body.get("code") != 0:
            raise RetryableError("sign_in_without_data", evidence)
        return data
