"""Parsing of a browser's cookies: Netscape file, extension JSON, or a header string."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from core.errors import InvalidInputError
from core.messages import Message
from sources.transport.cookies import CookieNames

DOMAIN = "bilibili.com"
# What a Cookie header can hold, without the semicolon that separates cookies.
SENDABLE = re.compile(r"[ -:<-~\u00a0-\u00ff]*")
SESSION_COOKIE = "SESSDATA"
UID_COOKIE = "DedeUserID"
DEVICE_COOKIE = "buvid3"
LOGIN_COOKIES = (SESSION_COOKIE, "bili_jct", UID_COOKIE, "DedeUserID__ckMd5")
DEVICE_COOKIES = (DEVICE_COOKIE, "buvid4", "b_nut")
KEPT_COOKIES = (*LOGIN_COOKIES, "sid", *DEVICE_COOKIES)
NAMES = CookieNames(
    login=frozenset(LOGIN_COOKIES),
    volatile=frozenset({"sid"}),
    device=frozenset(DEVICE_COOKIES),
    device_id=DEVICE_COOKIE,
    session=SESSION_COOKIE,
)
# As the platform writes its members' numbers.
UID = re.compile(r"[1-9][0-9]{0,19}")


def parse_cookies(text: str) -> dict[str, str]:
    """Return Bilibili's cookies by name, out of a header, a browser extension's JSON or a
    cookies.txt.

    Raises:
        InvalidInputError: the text has another form, or holds no signed-in session (SESSDATA). The
            message says where it is wrong and repeats no value.
    """
    body = text.removeprefix("\ufeff").strip(" \r\n")
    if not body.strip():
        raise InvalidInputError("cookie_file_empty")
    if body[0] in "[{":
        cookies = _from_json(body)
    elif "\t" in body or body.startswith("# "):
        cookies = _from_netscape(body)
    else:
        cookies = _from_header(body)
    for name, value in cookies.items():
        if not (_is_sendable(name) and _is_sendable(value)):
            raise InvalidInputError("cookie_not_sendable", name=_shown(name))
    if not cookies.get(SESSION_COOKIE):
        raise InvalidInputError("session_cookie_missing", name=SESSION_COOKIE, site=DOMAIN)
    return cookies


def session_expiry(text: str) -> datetime | None:
    """Return the moment (UTC) when the session ends by itself; None when its value does not say.

    The value of the cookie SESSDATA holds the moment as `token,Unix seconds,…`.
    """
    try:
        value = parse_cookies(text)[SESSION_COOKIE]
    except InvalidInputError:
        return None
    parts = unquote(value).split(",")
    # Ten digits from 2001 to 2065: anything else is no moment.
    if len(parts) < 3 or not re.fullmatch(r"1[0-9]{9}|2[0-9]{9}", parts[1]):
        return None
    return datetime.fromtimestamp(int(parts[1]), UTC)


def claimed_uid(text: str) -> str | None:
    """Return the number of the member that the cookies name; None when they name none.

    It is a claim: only the platform says who is signed in with them.
    """
    uid = _value(text, UID_COOKIE)
    return uid if UID.fullmatch(uid) else None


def device_id(text: str) -> str | None:
    """Return the device that the cookies bring along; None when they bring none."""
    return _value(text, DEVICE_COOKIE) or None


def _value(text: str, name: str) -> str:
    """Return a cookie of a session's text; empty when it has none, or cannot be read."""
    try:
        return parse_cookies(text).get(name, "")
    except InvalidInputError:
        return ""


def _from_netscape(body: str) -> dict[str, str]:
    cookies = {}
    for number, line in enumerate(body.splitlines(), start=1):
        entry = line.removeprefix("#HttpOnly_")
        if not entry.strip() or entry.startswith("#"):
            continue
        parts = entry.rstrip("\r\n").split("\t")
        if len(parts) != 7:
            raise InvalidInputError("cookie_line_malformed", line=number, fields=len(parts))
        if _is_ours(parts[0]):
            cookies[parts[5]] = parts[6]
    return cookies


def _from_json(body: str) -> dict[str, str]:
    try:
        data = json.loads(body)
    except json.JSONDecodeError as error:
        raise InvalidInputError(
            "cookie_json_malformed", line=error.lineno, detail=error.msg
        ) from None
    except (ValueError, RecursionError):
        raise InvalidInputError("cookie_json_too_deep") from None
    if isinstance(data, dict) and "cookies" not in data:
        return _checked((name, value, DOMAIN) for name, value in data.items())
    entries = data["cookies"] if isinstance(data, dict) else data
    if not isinstance(entries, list):
        raise InvalidInputError("cookie_json_not_list")
    return _checked(_json_entry(number, entry) for number, entry in enumerate(entries, start=1))


def _json_entry(number: int, entry: object) -> tuple[str, Any, str]:
    if not isinstance(entry, dict) or "name" not in entry or "value" not in entry:
        raise InvalidInputError("cookie_json_entry_malformed", entry=number)
    return str(entry["name"]), entry["value"], str(entry.get("domain") or DOMAIN)


def _from_header(body: str) -> dict[str, str]:
    header = body.removeprefix("Cookie:").removeprefix("cookie:").replace("\n", ";")
    pairs = []
    for part in header.split(";"):
        if not part.strip():
            continue
        name, mark, value = part.strip().partition("=")
        if not mark or not name or " " in name:
            raise InvalidInputError("cookie_text_malformed")
        pairs.append((name, value, DOMAIN))
    return _checked(pairs)


def _checked(entries: Iterable[tuple[str, Any, str]]) -> dict[str, str]:
    cookies = {}
    for name, value, domain in entries:
        if not isinstance(value, str | int | float):
            raise InvalidInputError("cookie_value_not_text", name=_shown(name))
        if _is_ours(domain):
            cookies[name] = str(value)
    return cookies


def _is_ours(domain: str) -> bool:
    host = domain.lstrip(".").lower()
    return host == DOMAIN or host.endswith(f".{DOMAIN}")


def _shown(name: str) -> str | Message:
    """Return the name if it is one of the platform's; in a damaged file any other may be a
    value."""
    return name if name in KEPT_COOKIES else Message.of("cookie_name_unknown")


def _is_sendable(text: str) -> bool:
    return SENDABLE.fullmatch(text) is not None
