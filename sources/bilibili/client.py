"""HTTP with Bilibili: headers, device cookie, signature keys, and responses turned into errors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any
from urllib.parse import urlsplit

from core.clock import Clock
from core.errors import (
    Evidence,
    NoAnswerError,
    RetryableError,
    SourceError,
    UnexpectedResponseError,
)
from sources.base import AccountSession
from sources.bilibili import wbi
from sources.bilibili.cookies import DEVICE_COOKIE
from sources.bilibili.errors import error_from_body, error_from_status, unreadable_error
from sources.bilibili.response_rules import (
    ENDPOINTS,
    FINGER,
    NAV,
    NOT_SIGNED_IN,
    SIGNATURE_CODES,
)
from sources.text import is_deeper, may_be_unstorable, parse_json, storable_json
from sources.transport.retry_after import retry_after_secs
from sources.transport.session import ANSWER_SECS, HttpAnswer, HttpLimits, fetch

# Requested once per session, as by every page of the site, and therefore not paced.
UNPACED_PATHS = (NAV, FINGER)
# The platform changes them about once a day; old ones are also noticed by refused signatures.
KEYS_LIVE_SECS = 3600.0
# How long to wait for another thread's request for keys before sending an own one.
KEYS_LOCK_SECS = 3.0
EXCERPT_CHARS = 4000
# Deeper bodies would exhaust the stack of recursive code that walks through them.
MAX_LEVELS = 100
# As a browser sends them: the platform takes requests without them for a robot's.
HEADERS = {
    "User-Agent": (
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)"
        " Chrome/140.0.0.0 Safari/537.36"
    ),
    "Referer": "https://www.bilibili.com/",
    "Accept": "application/json, text/plain, */*",
    "Accept-Language": "zh-CN,zh;q=0.9",
}


class BilibiliClient:
    """A client of one API host. It keeps the keys that sign requests, the same for all accounts,
    for an hour."""

    def __init__(
        self,
        *,
        base_url: str,
        timeout_secs: float,
        clock: Clock,
        answer_secs: float = ANSWER_SECS,
    ) -> None:
        self.base_url = base_url
        self._host = urlsplit(base_url).netloc
        self._limits = HttpLimits(timeout_secs, answer_secs)
        self.clock = clock
        self._keys_lock = threading.Lock()
        self._mixin: tuple[str | None, float] = (None, 0.0)  # and until when it is fresh

    def get(
        self,
        session: AccountSession,
        path: str,
        params: Mapping[str, object],
        before_send: Callable[[], None] = lambda: None,
    ) -> Any:
        """Return the `data` of an unsigned GET.

        Args:
            before_send: called when the account's turn has come, before the request leaves.

        Raises:
            SourceError: no answer came, or its status or `code` means an error.
        """
        query = wbi.encode({name: str(value) for name, value in params.items()})
        return self._data(session, path, query, before_send)

    def get_signed(self, session: AccountSession, path: str, params: Mapping[str, object]) -> Any:
        """Return the `data` of a GET with a WBI signature.

        A request whose signature is refused is signed and sent once more with fresh keys.

        Raises:
            SourceError: no answer came, or its status or `code` means an error.
        """
        self.ensure_device_cookie(session)
        mixin = self._mixin_key(session)
        try:
            return self._data(session, path, self._signed(params, mixin))
        except SourceError as error:
            if error.evidence is None or error.evidence.code not in SIGNATURE_CODES:
                raise
            fresh = self._mixin_key(session, replacing=mixin)
            if fresh == mixin:
                raise
        return self._data(session, path, self._signed(params, fresh))

    def nav(self, session: AccountSession) -> Mapping[str, Any]:
        """Return the `data` of nav: who is signed in, also when nobody is, and the signature keys.

        Raises:
            SourceError: nav answered with another code than 0 or -101 (not signed in), or without
                data.
        """
        with session.aside(NAV):
            return self._nav(session)

    def _nav(self, session: AccountSession) -> Mapping[str, Any]:
        body, evidence = self._fetch(session, NAV, "")
        data = body.get("data")
        if body["code"] == NOT_SIGNED_IN and isinstance(data, dict):
            return data
        error = error_from_body("nav", body, evidence, session.redact)
        if error is not None:
            raise error
        if not isinstance(data, dict):
            raise RetryableError("answer_lacks_data", evidence, damaged=True, path=NAV)
        return data

    def ensure_device_cookie(self, session: AccountSession) -> None:
        """Set the cookies `buvid3` and `buvid4`, unless there is a `buvid3`, as a browser gets them
        on its first visit.

        Raises:
            SourceError: the platform gave none.
        """
        cookies = session.cookies
        assert cookies is not None, "sessions of this platform have cookies"
        if cookies.value(DEVICE_COOKIE):
            return
        with session.aside(FINGER):
            data = self._data(session, FINGER, "")
        buvid3 = data.get("b_3") if isinstance(data, dict) else None
        if not isinstance(buvid3, str) or not buvid3:
            raise UnexpectedResponseError(
                "device_cookie_missing", Evidence(f"GET {FINGER}"), path=FINGER
            )
        buvid4 = data.get("b_4")
        cookies.put({DEVICE_COOKIE: buvid3})
        if isinstance(buvid4, str) and buvid4:
            cookies.put({"buvid4": buvid4})
        session.answered()

    def _signed(self, params: Mapping[str, object], mixin: str) -> str:
        return wbi.encode(wbi.sign(params, mixin, int(self.clock.now().timestamp())))

    def _mixin_key(self, session: AccountSession, replacing: str | None = None) -> str:
        known = self._cached_mixin_key(replacing)
        if known is not None:
            return known
        # One thread fetches the keys for all, but nobody waits for long on another account's proxy.
        is_locked = self._keys_lock.acquire(timeout=KEYS_LOCK_SECS)
        try:
            return self._cached_mixin_key(replacing) or self._fetch_mixin_key(session)
        finally:
            if is_locked:
                self._keys_lock.release()

    def _cached_mixin_key(self, replacing: str | None) -> str | None:
        mixin, until = self._mixin
        fresh = self.clock.monotonic() < until and mixin != replacing
        return mixin if fresh else None

    def _fetch_mixin_key(self, session: AccountSession) -> str:
        images = self.nav(session).get("wbi_img")
        try:
            mixin = wbi.mixin_key(_file_stem(images["img_url"]), _file_stem(images["sub_url"]))  # type: ignore[index]
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            shown = Evidence(f"GET {NAV}", body=session.redact(str(images))[:500])
            raise UnexpectedResponseError("signature_keys_missing", shown) from error
        self._mixin = (mixin, self.clock.monotonic() + KEYS_LIVE_SECS)
        return mixin

    def _data(
        self,
        session: AccountSession,
        path: str,
        query: str,
        before_send: Callable[[], None] = lambda: None,
    ) -> Any:
        body, evidence = self._fetch(session, path, query, before_send)
        error = error_from_body(_endpoint(path), body, evidence, session.redact)
        if error is not None:
            raise error
        if path not in UNPACED_PATHS:
            session.record_answered()
        return body["data"]

    def _fetch(
        self,
        session: AccountSession,
        path: str,
        query: str,
        before_send: Callable[[], None] = lambda: None,
    ) -> tuple[Mapping[str, Any], Evidence]:
        request = f"GET {path}" + (f"?{session.redact(query)}" if query else "")
        try:
            with nullcontext() if path in UNPACED_PATHS else session.turn(path):
                before_send()
                answer = fetch(
                    session.http, "GET", f"{self.base_url}{path}", self._limits, query=query
                )
        except NoAnswerError as error:
            raise RetryableError(
                "host_unanswered",
                Evidence(request),
                host=self._host,
                detail=error.message,
                fault=error.fault,
            ) from None
        finally:
            session.answered()
        return self._read(session, answer, request, _endpoint(path))

    def _read(
        self, session: AccountSession, answer: HttpAnswer, request: str, endpoint: str
    ) -> tuple[Mapping[str, Any], Evidence]:
        def evidence(code: int | None = None) -> Evidence:
            body = session.redact(answer.content[: EXCERPT_CHARS * 3].decode("utf-8", "replace"))
            return Evidence(
                request=request,
                http_status=answer.status,
                code=code,
                body=body[:EXCERPT_CHARS],
            )

        if answer.fault is not None:
            raise RetryableError(answer.fault.message, evidence(), fault=answer.fault)
        if not 200 <= answer.status < 300:
            secs = retry_after_secs(answer.headers.get("Retry-After"), self.clock.now())
            raise error_from_status(endpoint, evidence(), secs)
        try:
            body = parse_json(answer.content)
        except (ValueError, RecursionError) as cause:
            raise unreadable_error(endpoint, "answer_not_json", evidence()) from cause
        if is_deeper(body, MAX_LEVELS):
            raise unreadable_error(endpoint, "answer_too_deep", evidence())
        if may_be_unstorable(answer.content):
            body = storable_json(body)
        code = body.get("code") if isinstance(body, dict) else None
        if not isinstance(code, int) or isinstance(code, bool):
            raise unreadable_error(endpoint, "answer_without_code", evidence())
        data = body.get("data")
        is_plain = code == 0 and isinstance(data, dict) and len(data) > 1
        if is_plain and "v_voucher" not in data:
            return body, Evidence(request, 200, 0)
        return body, evidence(code)


def _endpoint(path: str) -> str:
    return ENDPOINTS.get(path, path)


def _file_stem(url: str) -> str:
    return urlsplit(url).path.rsplit("/", 1)[-1].split(".")[0]
