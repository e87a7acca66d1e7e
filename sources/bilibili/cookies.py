"""Bilibili's cookies out of any text that has them, and what their values say."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import unquote

from core.errors import InvalidInputError
from core.messages import Message
from sources.cookies.given import GivenCookie, GivenCookies
from sources.cookies.reader import read_cookies
from sources.cookies.selection import SessionText, SiteCookies, cookies_of_site
from sources.transport.cookies import CookieNames, cookie_header

DOMAIN = "bilibili.com"
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
# Programs for Bilibili spell them in lower case.
SPELLINGS = {name.lower(): name for name in (*LOGIN_COOKIES, *DEVICE_COOKIES)}
# A refresh token, which those programs keep beside the cookies: the site never gets it as a cookie.
NO_COOKIES = {"ac_time_value"}
SESSION_VALUE = re.compile(r"[0-9A-Za-z]{3,64}(?:%2C|,)[0-9]{10}(?:%2C|,)[^\s;=,]+", re.IGNORECASE)


def parse_cookies(text: str) -> dict[str, str]:
    """Return Bilibili's cookies by name, out of a text of any form that `read_cookies` knows.

    Raises:
        InvalidInputError: the text has another form, or holds no signed-in session (SESSDATA). The
            message names what was left out and repeats no value.
    """
    return _site_cookies(text)[0].cookies


def read_session(text: str) -> SessionText:
    """Return the session to store for a text of any form, and what was left out of it.

    The value of SESSDATA alone will do.

    Raises:
        InvalidInputError: as `parse_cookies` does.
    """
    found, user_agent = _site_cookies(text)
    return SessionText(cookie_header(found.cookies), found.notes, user_agent)


def session_expiry(text: str) -> datetime | None:
    """Return the moment (UTC) when the session ends by itself; None when its value does not say.

    The value of the cookie SESSDATA holds the moment as `token,Unix seconds,…`.
    """
    try:
        ends_at = _value_ends_at(parse_cookies(text)[SESSION_COOKIE])
    except InvalidInputError:
        return None
    return None if ends_at is None else datetime.fromtimestamp(ends_at, UTC)


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


def _site_cookies(text: str) -> tuple[SiteCookies, str | None]:
    if SESSION_VALUE.fullmatch(text.strip()):
        text = f"{SESSION_COOKIE}={text.strip()}"
    given = _spelled(read_cookies(text))
    found = cookies_of_site(given, DOMAIN, _ends_at)
    cookies, notes = dict(found.cookies), list(found.notes)
    value = cookies.get(SESSION_COOKIE, "")
    usable = _usable_value(value)
    if not usable:
        missing = Message.of("session_cookie_missing", name=SESSION_COOKIE, site=DOMAIN)
        if notes:
            missing = Message.of("session_cookie_missing_noted", **missing.params, notes=notes)
        raise InvalidInputError(missing)
    if usable != value:
        cookies[SESSION_COOKIE] = usable
        notes.append(Message.of("cookie_mended", name=SESSION_COOKIE))
    return SiteCookies(cookies, tuple(notes)), given.user_agent


def _spelled(given: GivenCookies) -> GivenCookies:
    """Return the cookies with Bilibili's own spelling of their names."""
    names = {cookie.name for cookie in given.cookies}
    cookies = []
    for cookie in given.cookies:
        spelled = SPELLINGS.get(cookie.name.lower(), cookie.name)
        if cookie.name in NO_COOKIES:
            continue
        # The right spelling beside another one is the site's own cookie.
        name = cookie.name if spelled in names else spelled
        cookies.append(GivenCookie(name, cookie.value, cookie.domain, cookie.expires))
    return GivenCookies(tuple(cookies), given.user_agent, given.left_out)


def _usable_value(value: str) -> str:
    """Return SESSDATA as the site sets it: without quotes, encoded once.

    Some endpoints take a value with bare commas for that of a visitor.
    """
    bare = value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value
    if "%252c" in bare.lower():
        bare = unquote(bare)
    return bare.replace(",", "%2C")


def _ends_at(cookie: GivenCookie) -> float | None:
    """Return when a cookie ends, in Unix seconds; SESSDATA says it itself."""
    own = _value_ends_at(_usable_value(cookie.value)) if cookie.name == SESSION_COOKIE else None
    return cookie.expires if own is None else own


def _value_ends_at(value: str) -> int | None:
    parts = unquote(value).split(",")
    # Ten digits from 2001 to 2065: anything else is no moment.
    if len(parts) < 3 or not re.fullmatch(r"1[0-9]{9}|2[0-9]{9}", parts[1]):
        return None
    return int(parts[1])
