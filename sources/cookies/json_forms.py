"""Cookies in JSON: of extensions, browsers under control, programs for Bilibili, and HAR files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import InvalidInputError
from core.messages import Message
from sources.cookies.given import GivenCookie, GivenCookies, host_of, merged
from sources.cookies.literals import NotALiteralError, read_literal
from sources.cookies.text_forms import read_header

# The keys of an entry, as the exporting programs name them; the first one that is there counts.
NAMES = ("name", "Name raw", "key")
VALUES = ("value", "Content raw")
DOMAINS = ("domain", "host", "Host raw", "hostname")
EXPIRIES = ("expirationDate", "expires", "expiry", "Expires raw")
# Where programs keep the list: storage states and extensions, biliup, the DevTools protocol.
LISTS = ("cookies", "cookie_info", "result", "data")
ASSIGNED = re.compile(
    r"^[ \t]*(?:(?:const|let|var)[ \t]+)?[A-Za-z_$][\w$.]*[ \t]*=[ \t]*(?=[\[{])", re.M
)
MAX_DEPTH = 4


def read_json(text: str) -> GivenCookies:
    """Return the cookies in JSON, or in a list or mapping as Python or JavaScript writes it.

    Raises:
        InvalidInputError: it is neither, or holds no cookies in any known place; the message says
            where and repeats no value.
    """
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        document = _as_code(text, error)
    except (ValueError, RecursionError):
        raise InvalidInputError("cookie_json_too_deep") from None
    return _in_document(document)


def read_code(text: str) -> GivenCookies | None:
    """Return the cookies in lists and mappings that code assigns to names; None without any."""
    parts = []
    for match in ASSIGNED.finditer(text):
        try:
            value, _ = read_literal(text, match.end())
            parts.append(_in_document(value))
        except (NotALiteralError, InvalidInputError):
            continue
    return merged(parts) if any(part.cookies for part in parts) else None


def _as_code(text: str, cause: json.JSONDecodeError) -> Any:
    try:
        value, end = read_literal(text)
    except NotALiteralError:
        value, end = None, 0
    if value is None or text[end:].strip(" \t\r\n;,"):
        raise InvalidInputError(
            "cookie_json_malformed", line=cause.lineno, detail=cause.msg
        ) from None
    return value


def _in_document(document: Any, depth: int = 0) -> GivenCookies:
    if isinstance(document, list):
        return _in_list(document)
    if not isinstance(document, dict) or depth > MAX_DEPTH:
        raise InvalidInputError("cookie_json_not_list")
    if isinstance(document.get("log"), dict):
        return _in_har(document["log"])
    if _first(document, NAMES) is not None and _first(document, VALUES) is not None:
        return _in_list([document])
    for key in LISTS:
        inner = document.get(key)
        if isinstance(inner, list | dict):
            return _in_document(inner, depth + 1)
    return _in_mapping(document)


def _in_list(entries: Sequence[Any]) -> GivenCookies:
    cookies, left_out = [], []
    for number, entry in enumerate(entries, start=1):
        cookie = _cookie(entry) if isinstance(entry, dict) else None
        if cookie is None:
            left_out.append(Message.of("cookie_place_entry", entry=number))
        else:
            cookies.append(cookie)
    return GivenCookies(tuple(cookies), None, tuple(left_out))


def _cookie(entry: Mapping[str, Any]) -> GivenCookie | None:
    name, value = _first(entry, NAMES), _first(entry, VALUES)
    if not isinstance(name, str) or not _is_value(value):
        return None
    domain = _first(entry, DOMAINS)
    return GivenCookie(
        name,
        str(value),
        host_of(domain) if isinstance(domain, str) else None,
        _seconds(_first(entry, EXPIRIES)),
    )


def _in_mapping(document: Mapping[str, Any]) -> GivenCookies:
    """Return the cookies of a mapping: of names to values, or of headers."""
    headers = {str(name).lower(): value for name, value in document.items()}
    agent = headers.get("user-agent")
    text = headers.get("cookie")
    if isinstance(text, str) or isinstance(agent, str):
        given = read_header(text) if isinstance(text, str) else GivenCookies()
        return GivenCookies(
            given.cookies, agent if isinstance(agent, str) else None, given.left_out
        )
    cookies, left_out = [], []
    for number, (name, value) in enumerate(document.items(), start=1):
        if _is_value(value):
            cookies.append(GivenCookie(str(name), str(value)))
        else:
            left_out.append(Message.of("cookie_place_entry", entry=number))
    return GivenCookies(tuple(cookies), None, tuple(left_out))


def _in_har(log: Mapping[str, Any]) -> GivenCookies:
    entries = log.get("entries")
    if not isinstance(entries, list):
        raise InvalidInputError("cookie_json_not_list")
    return merged(_in_request(entry.get("request")) for entry in entries if isinstance(entry, dict))


def _in_request(request: Any) -> GivenCookies:
    headers = request.get("headers") if isinstance(request, dict) else None
    if not isinstance(headers, list):
        return GivenCookies()
    host = host_of(str(request.get("url", "")))
    named = [
        (str(header.get("name", "")).lower(), str(header.get("value", "")))
        for header in headers
        if isinstance(header, dict)
    ]
    given = merged(read_header(value, host) for name, value in named if name == "cookie")
    agent = next((value for name, value in named if name == "user-agent"), None)
    return GivenCookies(given.cookies, agent if given.cookies else None, given.left_out)


def _first(entry: Mapping[str, Any], keys: Sequence[str]) -> Any:
    return next((entry[key] for key in keys if entry.get(key) is not None), None)


def _is_value(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)


def _seconds(value: Any) -> float | None:
    """Return Unix seconds of a number or a text of digits, also of milliseconds; None otherwise."""
    try:
        seconds = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if seconds > 1e11:
        seconds /= 1000
    return seconds if 0 < seconds < 1e11 else None
