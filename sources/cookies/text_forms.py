"""Cookies in lines: header strings, Set-Cookie, cookies.txt, and the tables of developer tools."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from core.messages import Message
from sources.cookies.given import GivenCookie, GivenCookies, host_of, merged

HTTP_ONLY = "#HttpOnly_"
# Domain, whether subdomains count, path, whether secure, expiry, name, value: also with blanks
# where copy and paste made them of the tabs.
NETSCAPE = re.compile(
    r"(?P<domain>[^\s=;]+)[ \t]+(?:TRUE|FALSE)[ \t]+(?P<path>/\S*)[ \t]+(?:TRUE|FALSE)[ \t]+"
    r"(?P<expires>-?[0-9]+(?:\.[0-9]+)?)[ \t]+(?P<name>[^\s=;]+)(?:[ \t]+(?P<value>[^\t]*))?",
    re.IGNORECASE,
)
NETSCAPE_START = re.compile(r"\S+[ \t]+(?:TRUE|FALSE)[ \t]+/", re.IGNORECASE)
NETSCAPE_COMMENT = re.compile(r"#.*(?:netscape|http cookie file)", re.IGNORECASE)
HEADER_LINE = re.compile(r"\s*(?P<name>:?[A-Za-z][A-Za-z-]*)[ \t]*:(?:[ \t]*(?P<value>\S.*))?\s*")
FLAGS = {"httponly", "secure", "partitioned"}
ATTRIBUTES = {"path", "domain", "expires", "max-age", "samesite", "priority"}
TABLE_HEADS = {"name", "名称", "名稱"}


def read_header(text: str, domain: str | None = None) -> GivenCookies:
    """Return the cookies of the value of a Cookie header; a line break separates as `;` does.

    Parts that are no `name=value` are left out. Blanks around name and value do not count.
    """
    cookies, left_out = [], []
    parts = [part.strip() for part in re.split(r"[;\n\r]", text)]
    for number, part in enumerate(filter(None, parts), start=1):
        name, mark, value = (piece.strip() for piece in part.partition("="))
        if mark and name and not re.search(r"\s", name):
            cookies.append(GivenCookie(name, value, domain))
        else:
            left_out.append(Message.of("cookie_place_part", part=number))
    return GivenCookies(tuple(cookies), None, tuple(left_out))


def read_set_cookie(text: str, domain: str | None = None) -> GivenCookies:
    """Return the one cookie of the value of a Set-Cookie header, its attributes understood."""
    first, *rest = text.split(";")
    attributes = {
        name.strip().lower(): value.strip() for name, _, value in (a.partition("=") for a in rest)
    }
    given = read_header(first, host_of(attributes.get("domain", "")) or domain)
    expires = _moment(attributes.get("expires", ""))
    cookies = (
        GivenCookie(cookie.name, cookie.value, cookie.domain, expires) for cookie in given.cookies
    )
    return GivenCookies(tuple(cookies), None, given.left_out)


def is_set_cookie(text: str) -> bool:
    """Return whether a line has the attributes of a Set-Cookie header behind its first pair.

    And nothing else: a site may name one of its cookies `path`.
    """
    parts = [part.strip().lower().partition("=")[0] for part in text.split(";")[1:]]
    return bool(parts) and all(part in FLAGS | ATTRIBUTES for part in parts)


def read_headers(text: str) -> GivenCookies | None:
    """Return the cookies in lines of HTTP headers (`Cookie: …`, `Set-Cookie: …`); None without.

    A header's value may go on, or begin, in the next line, as developer tools show it.
    """
    headers = _header_lines(text)
    names = {name for name, _ in headers}
    if not names & {"cookie", "set-cookie"}:
        return None
    values = dict(headers)
    host = host_of(values.get("host") or values.get(":authority") or "")
    parts = [read_header(value, host) for name, value in headers if name == "cookie"]
    parts += [
        read_set_cookie(line, host)
        for name, value in headers
        if name == "set-cookie"
        for line in value.splitlines()
    ]
    given = merged(parts)
    return GivenCookies(given.cookies, values.get("user-agent") or None, given.left_out)


def _header_lines(text: str) -> list[tuple[str, str]]:
    headers: list[tuple[str, str]] = []
    for line in text.splitlines():
        match = HEADER_LINE.fullmatch(line)
        if match:
            headers.append((match["name"].lower(), (match["value"] or "").strip()))
        elif headers and line.strip():
            name, value = headers[-1]
            headers[-1] = (name, f"{value}\n{line.strip()}".strip())
    return headers


def is_netscape(text: str) -> bool:
    """Return whether a text is a cookies.txt: by its first comment, or by one of its lines."""
    lines = text.splitlines()
    if any(NETSCAPE_COMMENT.match(line) for line in lines[:5]):
        return True
    return any(NETSCAPE_START.match(line.removeprefix(HTTP_ONLY)) for line in lines)


def read_netscape(text: str) -> GivenCookies:
    """Return the cookies of a cookies.txt; lines of another form are left out, with their number.

    A value may hold blanks where the fields are separated by tabs.
    """
    cookies, left_out = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        entry = line.removeprefix(HTTP_ONLY)
        if not entry.strip(" \0") or entry.startswith("#"):
            continue
        cookie = _netscape_cookie(entry)
        if cookie is None:
            left_out.append(Message.of("cookie_place_line", line=number))
        else:
            cookies.append(cookie)
    return GivenCookies(tuple(cookies), None, tuple(left_out))


def _netscape_cookie(entry: str) -> GivenCookie | None:
    if entry.count("\t") >= 6:
        fields = entry.split("\t")
        if len(fields) != 7 or not fields[5].strip():
            return None
        domain, _, _, _, expires, name, value = (field.strip(" ") for field in fields)
        return GivenCookie(name, value, host_of(domain), _unix(expires))
    match = NETSCAPE.fullmatch(entry.strip())
    if match is None or " " in (match["value"] or ""):
        return None
    value = match["value"] or ""
    return GivenCookie(match["name"], value, host_of(match["domain"]), _unix(match["expires"]))


def read_table(text: str) -> GivenCookies | None:
    """Return the cookies of rows copied from the developer tools: name, value, domain, path, …

    None when no line has such columns.
    """
    cookies, left_out = [], []
    for number, line in enumerate(text.splitlines(), start=1):
        cells = [cell.strip() for cell in line.split("\t")]
        if not line.strip() or cells[0].lower() in TABLE_HEADS:
            continue
        if len(cells) < 2 or not cells[0] or re.search(r"[\s=;]", cells[0]):
            left_out.append(Message.of("cookie_place_line", line=number))
            continue
        domain = host_of(cells[2]) if len(cells) > 2 else None
        expires = _moment(cells[4]) if len(cells) > 4 else None
        cookies.append(GivenCookie(cells[0], cells[1], domain, expires))
    return GivenCookies(tuple(cookies), None, tuple(left_out)) if cookies else None


def _unix(text: str) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0 < seconds < 1e11 else None


def _moment(text: str) -> float | None:
    """Return Unix seconds of a time as HTTP or ISO 8601 writes it; None for anything else."""
    readers: Iterable[object] = (parsedate_to_datetime, datetime.fromisoformat)
    for read in readers:
        try:
            moment: datetime = read(text)  # type: ignore[operator]
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, TypeError, OverflowError):
            continue
    return None
