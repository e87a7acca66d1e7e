"""An account's stored session as headers and cookies, and the parts of it that must stay secret."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import quote, unquote

from core.errors import InvalidInputError
from core.messages import Message
from sources.base import SECRET_CHARS
from sources.cookies.reader import read_cookies
from sources.cookies.selection import SessionText, cookies_of_site
from sources.declared.declaration import COOKIE_VALUE, HEADER_NAME, HEADER_VALUE, SessionForm
from sources.transport.cookies import CookieNames, cookie_header


@dataclass(frozen=True)
class Credentials:
    """The headers and cookies of every request of an account, and the texts in them to redact."""

    headers: dict[str, str] = field(repr=False)
    cookies: dict[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)


def read_session(form: SessionForm, text: str) -> Credentials:
    """Return the credentials in a stored session, in the form that the platform's file declares.

    Raises:
        InvalidInputError: it has another form; the message repeats no value.
    """
    body = text.removeprefix("\ufeff").strip()
    if not body:
        raise InvalidInputError("session_empty")
    if form.kind == "header":
        return _as_header(form, body)
    cookies = _cookies(body)
    if form.required_cookie is not None and not cookies.get(form.required_cookie):
        raise InvalidInputError("required_cookie_missing", name=form.required_cookie)
    return Credentials({}, cookies, _spellings(cookies.values()))


def given_session(form: SessionForm, site: str, text: str) -> SessionText:
    """Return the session to store for a text that somebody hands in.

    Cookies may have any form that `read_cookies` knows; only those of the site are taken. A token
    is taken as it is.

    Args:
        site: the domain whose cookies are the platform's.

    Raises:
        InvalidInputError: it has another form, or the required cookie is not in it; the message
            names what was left out and repeats no value.
    """
    body = text.removeprefix("\ufeff").strip()
    if not body:
        raise InvalidInputError("session_empty")
    if form.kind == "header":
        _as_header(form, body)
        return SessionText(body)
    given = read_cookies(body)
    found = cookies_of_site(given, site)
    cookies = {name: value for name, value in found.cookies.items() if _is_usable(name, value)}
    notes = list(found.notes)
    if len(cookies) < len(found.cookies):
        notes.append(Message.of("cookies_not_sendable", n=len(found.cookies) - len(cookies)))
    required = form.required_cookie
    if not cookies or (required is not None and not cookies.get(required)):
        raise InvalidInputError(_missing(required, site, notes))
    return SessionText(cookie_header(cookies), tuple(notes), given.user_agent)


def _is_usable(name: str, value: str) -> bool:
    return bool(HEADER_NAME.fullmatch(name) and COOKIE_VALUE.fullmatch(value))


def _missing(required: str | None, site: str, notes: list[Message]) -> Message:
    if required is None:
        missing = Message.of("cookies_of_site_missing", site=site)
    else:
        missing = Message.of("required_cookie_missing", name=required)
    return Message.of("missing_with_notes", missing=missing, notes=notes) if notes else missing


def cookie_names(form: SessionForm, credentials: Credentials) -> CookieNames:
    """Return what the cookies of a stored session mean.

    The one that the file requires stands for the session. The file says nothing of the others: a
    new value of one is kept, but not worth a write of its own.
    """
    session = form.required_cookie
    login = frozenset({session} if session is not None else ())
    return CookieNames(
        login=login, volatile=frozenset(credentials.cookies) - login, session=session
    )


def _as_header(form: SessionForm, token: str) -> Credentials:
    if not HEADER_VALUE.fullmatch(token):
        raise InvalidInputError("session_not_sendable")
    value = form.value.replace("{session}", token)
    return Credentials({str(form.header): value}, {}, _spellings([token, *token.split()]))


def _cookies(body: str) -> dict[str, str]:
    header = body.removeprefix("Cookie:").removeprefix("cookie:").replace("\n", ";")
    cookies = {}
    for part in filter(None, (part.strip() for part in header.split(";"))):
        name, mark, value = part.partition("=")
        if not mark or not HEADER_NAME.fullmatch(name):
            raise InvalidInputError("cookie_header_malformed")
        if not COOKIE_VALUE.fullmatch(value):
            raise InvalidInputError("cookie_not_sendable", name=name)
        cookies[name] = value
    return cookies


def _spellings(values: Iterable[str]) -> tuple[str, ...]:
    """Return each secret as it is, decoded, and as a URL or a JSON text spells it; longest
    first."""
    found: set[str] = set()
    for value in values:
        for secret in (value, unquote(value)):
            found.update((secret, quote(secret, safe=""), json.dumps(secret)[1:-1]))
    return tuple(
        sorted((secret for secret in found if len(secret) >= SECRET_CHARS), key=len, reverse=True)
    )
