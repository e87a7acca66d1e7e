"""Requests and replies as plain values, between the sockets and the handlers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from sandbox.wbi import query_params

Json = dict[str, Any]
JSON_TYPE = "application/json; charset=utf-8"
HTML_TYPE = "text/html; charset=utf-8"
DIRECT = "direct"


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; header names are lower-case, parameters and cookies are decoded.

    `egress` is the egress route by which it came: `direct`, or a proxy as `HOST:PORT#USER`.
    """

    method: str
    path: str
    raw_query: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    cookies: Mapping[str, str]
    body: bytes = b""
    egress: str = DIRECT

    @classmethod
    def parse(
        cls,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        egress: str = DIRECT,
    ) -> Request:
        """Take a request apart; `target` is the path with its query, as sent."""
        path, _, raw_query = target.partition("?")
        cookies = _cookies(headers.get("cookie", ""))
        return cls(
            method=method,
            path=path,
            raw_query=raw_query,
            params=query_params(raw_query),
            headers=headers,
            cookies=cookies,
            body=body,
            egress=egress,
        )

    @property
    def account(self) -> str:
        """The account that the session cookie names; empty for an anonymous visitor."""
        return self.cookies.get("SESSDATA", "")


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer, and how it goes wrong on its way if it shall.

    `missing_bytes` are promised by Content-Length and never sent; `dropped` hangs up without
    a word; `raw` is sent instead of any HTTP. `padding` is sent `padding_times` before the body.
    With `trickle_secs` the body goes out byte by byte, that far apart. `before_send` is called
    just before the first byte leaves; `retract` takes back what was counted for this answer, if
    the client is gone before.
    """

    body: bytes = b""
    status: int = 200
    content_type: str = JSON_TYPE
    set_cookies: tuple[str, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    delay_secs: float = 0.0
    missing_bytes: int = 0
    dropped: bool = False
    raw: bytes | None = None
    padding: bytes = b""
    padding_times: int = 0
    trickle_secs: float = 0.0
    before_send: Callable[[], None] | None = None
    retract: Callable[[], None] | None = None

    @property
    def hangs_up(self) -> bool:
        """Whether the connection cannot be used again after this."""
        return self.dropped or self.missing_bytes > 0 or self.raw is not None


def to_json(value: object) -> bytes:
    """UTF-8 as the platform sends it; half a surrogate pair, which UTF-8 cannot hold, escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")


def json_reply(value: object, status: int = 200) -> Reply:
    """Any JSON value as an answer."""
    return Reply(to_json(value), status)


def html_reply(body: str, status: int = 200) -> Reply:
    """A web page as an answer, such as a proxy in between would send."""
    return Reply(body.encode(), status, HTML_TYPE)


def redirect(location: str) -> Reply:
    """302 to another address."""
    return Reply(status=302, content_type=HTML_TYPE, headers=(("Location", location),))


def _cookies(header: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return {name: unquote(value) for name, equals, value in pairs if equals}
