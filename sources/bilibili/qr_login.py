"""Sign-in by QR code, as on the web page: a code is shown, and the phone's app confirms it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any
from urllib.parse import urlsplit

from core.errors import (
    Evidence,
    NoAnswerError,
    RetryableError,
    RiskControlError,
    SourceError,
    ThrottledError,
    UnexpectedResponseError,
)
from core.messages import Message
from sources.anonymous_requests import AnonymousRequests, ignore_retry
from sources.bilibili.client import HEADERS
from sources.bilibili.cookies import KEPT_COOKIES, SESSION_COOKIE
from sources.transport.cookies import cookie_header
from sources.transport.retry_after import retry_after_secs
from sources.transport.session import ANSWER_SECS, HttpAnswer, HttpLimits, fetch, open_http

GENERATE = "/x/passport-login/web/qrcode/generate"
POLL = "/x/passport-login/web/qrcode/poll"
ENDPOINT = "sign_in"  # the name in circuits
REFUSED = (403, 412)  # of the route: no account is involved
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
        requests: sends the requests, by the route that `proxy` makes.
        proxy: the URL of the account's proxy; None to connect directly.
        on_retry: called with each failure after which the same is asked again.
    """

    def __init__(
        self,
        *,
        requests: AnonymousRequests,
        base_url: str,
        timeout_secs: float,
        proxy: str | None = None,
        answer_secs: float = ANSWER_SECS,
        on_retry: Callable[[SourceError], None] = ignore_retry,
    ) -> None:
        self._requests = requests
        self._on_retry = on_retry
        self._unknown_state: str | None = None
        self._base_url = base_url
        self._host = urlsplit(base_url).hostname or ""
        self._limits = HttpLimits(timeout_secs, answer_secs)
        self._http = open_http(proxy)
        self._http.headers.update(HEADERS)

    def new_code(self, stop: threading.Event) -> QRCode:
        """Return a fresh code, valid for CODE_LIVES_SECS.

        Raises:
            RetryableError: the platform did not answer, or not with data, however often it was
                asked.
            RiskControlError, ThrottledError: it refuses the route.
            CircuitOpenError: nothing was sent, as the host or the route is left alone.
            UnexpectedResponseError: the answer has no code.
            StoppedSignal: `stop` was set before the code came.
        """
        data = self._data(GENERATE, {}, stop)
        url, key = data.get("url"), data.get("qrcode_key")
        if not isinstance(url, str) or not isinstance(key, str) or not url or not key:
            raise UnexpectedResponseError("qr_code_missing", Evidence(f"GET {GENERATE}"))
        return QRCode(url, key)

    def poll(self, code: QRCode, stop: threading.Event) -> ScanState:
        """Return whether the code was scanned, was confirmed or has expired.

        An unknown state counts as waiting, as the code may still be confirmed; `require_known`
        tells it.

        Raises:
            SourceError, StoppedSignal: as `new_code`.
        """
        state = self._data(POLL, {"qrcode_key": code.key}, stop).get("code")
        known = [one for one in ScanState if one == state]
        self._unknown_state = None if known else repr(state)
        return known[0] if known else ScanState.WAITING

    def require_known(self) -> None:
        """Do nothing unless the newest state of a code is an unknown one.

        Raises:
            UnexpectedResponseError: it is.
        """
        if self._unknown_state is not None:
            raise UnexpectedResponseError(
                "qr_state_unknown", Evidence(f"GET {POLL}"), state=self._unknown_state
            )

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

    def _data(self, path: str, params: dict[str, str], stop: threading.Event) -> dict[str, Any]:
        return self._requests.send(
            self._host,
            ENDPOINT,
            lambda: self._fetch(path, params),
            stop=stop,
            on_retry=self._on_retry,
        )

    def _fetch(self, path: str, params: dict[str, str]) -> dict[str, Any]:
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
            raise self._refusal(answer, Evidence(f"GET {path}", answer.status))
        try:
            body = json.loads(answer.content)
        except (ValueError, RecursionError):
            raise RetryableError("sign_in_not_json", evidence) from None
        data = body.get("data") if isinstance(body, dict) else None
        if not isinstance(data, dict) or body.get("code") != 0:
            raise RetryableError("sign_in_without_data", evidence)
        return data

    def _refusal(self, answer: HttpAnswer, evidence: Evidence) -> SourceError:
        message = Message.of("sign_in_status", status=answer.status)
        if answer.status == 429:
            secs = retry_after_secs(answer.headers.get("Retry-After"), self._requests.clock.now())
            return ThrottledError(message, evidence, retry_after_secs=secs)
        if answer.status in REFUSED:
            return RiskControlError(message, evidence)
        return RetryableError(message, evidence)
