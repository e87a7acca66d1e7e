"""One site's cookies out of all that were given, and the session text that is stored of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from core.messages import Message
from sources.cookies.given import GivenCookie, GivenCookies

# What a Cookie header can hold, without the semicolon that separates cookies.
SENDABLE = re.compile(r"[ -:<-~\u00a0-\u00ff]*")
MAX_PLACES = 5
# Below these a site's name is its third label: example.com.cn, example.co.uk.
SHARED_ENDINGS = {"com", "co", "net", "org", "gov", "edu", "ac", "or", "ne"}


@dataclass(frozen=True)
class SessionText:
    """An account's session as it is stored.

    Args:
        text: a Cookie header's value, or a token.
        notes: what was left out or mended, without any value.
        user_agent: that of the browser which the session comes from; None: not known.
    """

    text: str = field(repr=False)
    notes: tuple[Message, ...] = ()
    user_agent: str | None = None


@dataclass(frozen=True)
class SiteCookies:
    """The cookies of one site by name, and what was left out, without any value."""

    cookies: dict[str, str] = field(repr=False)
    notes: tuple[Message, ...] = ()


def cookies_of_site(
    given: GivenCookies,
    site: str | None,
    ends_at: Callable[[GivenCookie], float | None] = lambda cookie: cookie.expires,
) -> SiteCookies:
    """Return the cookies that belong to a site; one without a domain counts as the site's.

    Of several with one name the newest counts that is not empty: the one that ends last, or the
    last one. Those that no request can carry are left out.

    Args:
        site: a domain with all its hosts; None: all cookies are the site's.
        ends_at: when a cookie ends, in Unix seconds; None: unknown.
    """
    ours = [cookie for cookie in given.cookies if is_of_site(cookie.domain, site)]
    fit = [cookie for cookie in ours if _is_sendable(cookie)]
    chosen: dict[str, GivenCookie] = {}
    repeated: set[str] = set()
    for cookie in fit:
        other = chosen.get(cookie.name)
        if other is None or _rank(cookie, ends_at) >= _rank(other, ends_at):
            chosen[cookie.name] = cookie
        if other is not None and other.value != cookie.value:
            repeated.add(cookie.name)
    notes = [_malformed(given.left_out)] if given.left_out else []
    if len(ours) < len(given.cookies):
        others = len(given.cookies) - len(ours)
        notes.append(Message.of("cookies_of_other_sites", n=others))
    if len(fit) < len(ours):
        notes.append(Message.of("cookies_not_sendable", n=len(ours) - len(fit)))
    if repeated:
        notes.append(Message.of("cookies_repeated", n=len(repeated)))
    return SiteCookies({name: c.value for name, c in chosen.items()}, tuple(notes))


def is_of_site(domain: str | None, site: str | None) -> bool:
    """Return whether a domain is a site's, or one of its hosts; True where one is not known."""
    return None in (domain, site) or domain == site or str(domain).endswith(f".{site}")


def site_of(host: str) -> str:
    """Return the site of a host: its last two labels, three where the second is a shared ending.

    An IP address is its own site.
    """
    labels = host.lower().split(".")
    if labels[-1].isdigit() or ":" in host:
        return host
    is_shared = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in SHARED_ENDINGS
    return ".".join(labels[-3 if is_shared else -2 :])


def _rank(
    cookie: GivenCookie, ends_at: Callable[[GivenCookie], float | None]
) -> tuple[bool, float]:
    return bool(cookie.value), ends_at(cookie) or 0.0


def _is_sendable(cookie: GivenCookie) -> bool:
    return all(SENDABLE.fullmatch(text) for text in (cookie.name, cookie.value)) and bool(
        cookie.name
    )


def _malformed(places: tuple[Message, ...]) -> Message:
    return Message.of("cookies_malformed", n=len(places), places=list(places[:MAX_PLACES]))
