"""The one reader of cookies: finds out in which form a text has them."""

from __future__ import annotations

import base64
import binascii
import re

from core.errors import InvalidInputError
from sources.cookies.command_forms import is_curl, read_curl, read_fetch
from sources.cookies.given import GivenCookies
from sources.cookies.json_forms import read_code, read_json
from sources.cookies.text_forms import (
    is_netscape,
    is_set_cookie,
    read_header,
    read_headers,
    read_netscape,
    read_set_cookie,
    read_table,
)

HTML = re.compile(r"(?:<\?xml[^>]*>\s*)?<(?:!doctype\s+html|html|head|body)[\s>]", re.IGNORECASE)
BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}(?:\s+[A-Za-z0-9+/_-]+)*={0,2}")
# Longer texts are no cookies of a browser; reading them would take memory for nothing.
MAX_CHARS = 20_000_000


def read_cookies(text: str) -> GivenCookies:
    """Return all cookies in a text, of whatever sites, and the browser's User-Agent if it is there.

    Forms: header strings, lines of HTTP headers, Set-Cookie; cookies.txt, also with blanks for
    tabs; JSON of extensions, browsers under control, biliup, bilibili-api, HAR; mappings of Python
    and JavaScript; cURL for bash and cmd, fetch, PowerShell; tables of developer tools; any of them
    in base64. What is no cookie in them is left out.

    Raises:
        InvalidInputError: the text has none of these forms; the message repeats no value.
    """
    body = text.strip(" \t\r\n\0\ufeff")
    if not body:
        raise InvalidInputError("cookie_file_empty")
    if len(body) > MAX_CHARS:
        raise InvalidInputError("cookie_text_too_long", most=MAX_CHARS)
    if HTML.match(body):
        raise InvalidInputError("cookie_file_html")
    return _from_base64(body) or _read(body)


def _read(body: str) -> GivenCookies:
    if body[0] in '[{"':
        return _from_json(body)
    if is_curl(body):
        return read_curl(body)
    given = read_fetch(body) or read_code(body)
    if given is not None:
        return given
    if is_netscape(body):
        return read_netscape(body)
    given = read_headers(body) or (read_table(body) if "\t" in body else None)
    if given is not None:
        return given
    given = read_set_cookie(body) if is_set_cookie(body) else read_header(body)
    if not given.cookies:
        raise InvalidInputError("cookie_text_malformed")
    return given


def _from_json(body: str) -> GivenCookies:
    if body[0] == '"' and body[-1] == '"' and len(body) > 2:
        return _read(body[1:-1].strip() or body)
    return read_json(body)


def _from_base64(body: str) -> GivenCookies | None:
    """Return the cookies in a text that is base64 of another form; None when it is not."""
    if not BASE64.fullmatch(body):
        return None
    letters = re.sub(r"\s", "", body).translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        inner = base64.b64decode(letters + "=" * (-len(letters) % 4), validate=True).decode()
        return _read(inner.strip()) if re.search(r"[=\t\[{]", inner) else None
    except (binascii.Error, UnicodeDecodeError, InvalidInputError, IndexError):
        return None
