"""HTTP with JSON APIs: sessions by API key, one request, and defensive parsing of values."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from core.errors import Evidence, LoginExpiredError, NoAnswerError, RetryableError
from core.messages import Message
from sources.base import AccountSession
from sources.text import may_be_unstorable, parse_json, storable_json
from sources.transport.retry_after import retry_after_secs
from sources.transport.session import ANSWER_SECS, HttpLimits, fetch, open_http

EXCERPT_CHARS = 4000
MESSAGE_CHARS = 300
# 18 digits at most: every such number fits a BIGINT.
COUNT = re.compile(r"[0-9]{1,18}")
# Printable ASCII: what a header and a query can both hold.
KEY = re.compile(r"[!-~]+")
# Sets these digits apart from other hashes of the same key.
KEY_UID_LABEL = b"baton account"
# In place of the text of an error that came without one.
SILENT = Message.of("answer_without_text")


def open_key_session(
    account_id: int, username: str, key: str | None, proxy: str | None, *, missing: Message
) -> AccountSession:
    """Return a session whose only secret is an API key in clear; the caller puts it into a header.

    Args:
        missing: the message of the error when there is no key; it says where to write one.

    Raises:
        LoginExpiredError: there is no key, or it holds characters that no key has.
    """
    key = (key or "").strip()
    if not key:
        raise LoginExpiredError(missing)
    if not KEY.fullmatch(key):
        raise LoginExpiredError("platform_key_malformed")
    # The key is also searched for as a URL spells it, because messages may quote a URL.
    secrets = tuple(dict.fromkeys((key, quote(key, safe=""))))
    return AccountSession(
        account_id=account_id,
        username=username,
        http=open_http(proxy),
        secrets=secrets,
    )


def key_uid(key: str) -> str:
    """Return 8 hex digits that tell an API key from others, and from which nobody gets it back."""
    return hmac.digest(KEY_UID_LABEL, key.strip().encode(), "sha256").hex()[:8]


@dataclass(frozen=True)
class Answer:
    """An HTTP response of any status.

    `body` is its JSON, None when it has none, and may hold secrets that the platform repeats;
    `request` names the request without secrets.
    """

    status: int
    headers: Mapping[str, str]
    body: Any
    request: str
    session: AccountSession
    content: bytes

    def evidence(self) -> Evidence:
        """Return the request, the status and the start of the body, without secrets."""
        # Redacted before it is cut: half a secret would not be found.
        body = self.session.redact(self.content.decode("utf-8", "replace"))
        return Evidence(
            request=self.request, http_status=self.status, code=None, body=body[:EXCERPT_CHARS]
        )

    def damaged_error(self, code: str, /, **params: Any) -> RetryableError:
        """Return the error for a response that cannot be parsed; the code says what is wrong."""
        reason = Message(code, params).with_texts(self.session.redact)
        return RetryableError(reason, self.evidence(), damaged=True)

    def retry_after_secs(self, now: datetime) -> float | None:
        """Return the seconds that its Retry-After header asks for; None without a usable one."""
        return retry_after_secs(self.headers.get("Retry-After"), now)


class JsonApi:
    """A client of one API host. It follows no redirects, so that no other host sees a key."""

    def __init__(
        self, *, base_url: str, timeout_secs: float, answer_secs: float = ANSWER_SECS
    ) -> None:
        self._base_url = base_url
        self._limits = HttpLimits(timeout_secs, answer_secs)

    def request(
        self,
        session: AccountSession,
        path: str,
        params: Mapping[str, str] | None = None,
        payload: Any = None,
    ) -> Answer:
        """Send a GET, or with `payload` a POST with JSON, and return the response of any status.

        `path` is appended to the base URL.

        Raises:
            RetryableError: no response came within the limits, or the session's proxy refused;
                its `fault` says which.
            StoppedSignal, OutOfTurnSignal: the session's gate did not let it through.
        """
        method = "GET" if payload is None else "POST"
        query = "&".join(f"{name}={value}" for name, value in (params or {}).items())
        request = session.redact(f"{method} {path}" + (f"?{query}" if query else ""))
        try:
            with session.turn(path):
                answer = fetch(
                    session.http,
                    method,
                    f"{self._base_url}{path}",
                    self._limits,
                    params=params,
                    json=payload,
                )
        except NoAnswerError as error:
            raise RetryableError(
                "platform_unanswered", Evidence(request), detail=error.message, fault=error.fault
            ) from None
        finally:
            session.answered()
        read = Answer(
            status=answer.status,
            headers=answer.headers,
            body=_parse_json(answer.content),
            request=request,
            session=session,
            content=answer.content,
        )
        if answer.fault is not None:
            raise RetryableError(answer.fault.message, read.evidence(), fault=answer.fault)
        return read


def parse_count(value: object) -> int | None:
    """Return a count that came as number or text; None when negative, over 18 digits or neither."""
    if isinstance(value, str | int):
        # str() of a huge int is slow and limited by Python, so its size is compared first.
        text = str(value) if isinstance(value, str) or abs(value) < 10**18 else ""
        return int(text) if COUNT.fullmatch(text) else None
    return None


def id_text(value: object) -> str | None:
    """Return an id that came as text or integer; None for a float, whose last digits are lost."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return value if isinstance(value, str) else str(value)


def text_or_none(value: object) -> str | None:
    """Return the value when it is a text that is not empty, else None."""
    return value if isinstance(value, str) and value else None


def object_or_empty(value: object) -> Mapping[str, Any]:
    """Return the value when it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def _parse_json(content: bytes) -> Any:
    try:
        body = parse_json(content)
    except (ValueError, RecursionError):
        return None
    return storable_json(body) if may_be_unstorable(content) else body
