"""What platforms with an API key have in common: a session, one request, values read with care."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlsplit

import requests

from core.errors import BadRequestError, Evidence, LoginExpiredError, RetryableError, SourceError
from sources.base import AccountSession
from sources.text import may_be_unstorable, storable_json

EXCERPT_CHARS = 4000
MESSAGE_CHARS = 300
COUNT = re.compile(r"[0-9]{1,18}")
KEY = re.compile(r"[!-~]+")  # what a header and a query can both hold


def open_key_session(
    account_id: int, username: str, key: str | None, proxy: str | None, *, missing: str
) -> AccountSession:
    """A session whose only secret is its key; putting the key where it belongs is the caller's.

    Raises:
        LoginExpiredError: there is no key (`missing` says where to write one), or it is unusable.
    """
    key = (key or "").strip()
    if not key:
        raise LoginExpiredError(missing)
    if not KEY.fullmatch(key):
        raise LoginExpiredError("the key holds characters that no key has; copy it again")
    http = requests.Session()
    http.trust_env = False  # a key leaves through its own proxy or directly, never another
    if proxy:
        http.proxies = {"http": proxy, "https": proxy}
    secrets = tuple(dict.fromkeys((key, quote(key, safe=""))))
    return AccountSession(
        account_id=account_id, username=username, http=http, egress=egress(proxy), secrets=secrets
    )


def egress(proxy: str | None) -> str:
    """Which way out it is, without credentials."""
    if not proxy:
        return "direct"
    parts = urlsplit(proxy)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)


@dataclass(frozen=True)
class Answer:
    """What came back. `body` is None when it is no JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any
    request: str
    session: AccountSession
    content: bytes

    def evidence(self) -> Evidence:
        # Hidden before it is cut: half a secret would not be found.
        body = self.session.hide(self.content.decode("utf-8", "replace"))
        return Evidence(
            request=self.request, http_status=self.status, code=None, body=body[:EXCERPT_CHARS]
        )

    def damaged(self, what: str) -> RetryableError:
        return RetryableError(self.session.hide(what), self.evidence(), damaged=True)

    def retry_after_secs(self, now: datetime) -> float | None:
        return retry_after_secs(self.headers.get("Retry-After"), now)


class JsonApi:
    """Asks one API host; follows no redirect, so that a key goes nowhere else."""

    def __init__(self, *, base_url: str, timeout_secs: float) -> None:
        self._base_url = base_url
        self._timeout_secs = timeout_secs

    def ask(
        self,
        session: AccountSession,
        path: str,
        params: Mapping[str, str] | None = None,
        payload: Any = None,
    ) -> Answer:
        """A GET, or with `payload` a POST. Raises RetryableError when no answer came."""
        method = "GET" if payload is None else "POST"
        query = "&".join(f"{name}={value}" for name, value in (params or {}).items())
        request = session.hide(f"{method} {path}" + (f"?{query}" if query else ""))
        try:
            with session.turn(path):
                answer = session.http.request(
                    method,
                    f"{self._base_url}{path}",
                    params=params,
                    json=payload,
                    timeout=self._timeout_secs,
                    allow_redirects=False,
                )
        except (requests.RequestException, ValueError) as error:
            # Only its kind is told: the text may hold the URL with its key, or the proxy's.
            raise RetryableError(
                f"no answer ({type(error).__name__})",
                Evidence(request),
                of_proxy=isinstance(error, requests.exceptions.ProxyError),
            ) from None
        body = _json(answer.content)
        return Answer(
            status=answer.status_code,
            headers=answer.headers,
            body=body,
            request=request,
            session=session,
            content=answer.content,
        )


def error_of_other_status(said: str, answer: Answer) -> SourceError:
    """The error of a status that means the same at every platform."""
    if answer.status == 407:
        return RetryableError("the proxy wants other credentials (HTTP 407)", answer.evidence())
    if answer.status == 408 or answer.status >= 500:
        return RetryableError(said, answer.evidence())
    return BadRequestError(said, answer.evidence())


def retry_after_secs(header: str | None, now: datetime) -> float | None:
    """The seconds that a Retry-After header asks for, as a number or as a date."""
    text = (header or "").strip()
    if re.fullmatch(r"[0-9]{1,9}", text):
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (until.astimezone(UTC) - now).total_seconds())


def counter(value: object) -> int | None:
    """A count given as number or text; None for what is neither, negative or beyond reason."""
    if isinstance(value, str | int):
        text = str(value) if isinstance(value, str) or abs(value) < 10**18 else ""
        return int(text) if COUNT.fullmatch(text) else None
    return None


def id_text(value: object) -> str | None:
    """An id given as text or as an exact number; None for a float, whose last digits are lost."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return value if isinstance(value, str) else str(value)


def text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def fields(value: object) -> Mapping[str, Any]:
    """The object, or an empty one where something else stands."""
    return value if isinstance(value, dict) else {}


def _finite(text: str) -> float | None:
    """1e999 is a number too large for anybody."""
    number = float(text)
    return number if math.isfinite(number) else None


def _json(content: bytes) -> Any:
    try:
        body = json.loads(content, parse_constant=lambda _word: None, parse_float=_finite)
    except (ValueError, RecursionError):
        return None
    return storable_json(body) if may_be_unstorable(content) else body
