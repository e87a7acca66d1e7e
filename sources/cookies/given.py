"""Cookies as somebody hands them in: read from a text, not yet chosen for a platform."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from core.messages import Message


@dataclass(frozen=True)
class GivenCookie:
    """One cookie of a text.

    Args:
        domain: the host or domain that it belongs to; None where the text names none.
        expires: Unix seconds after which the browser drops it; None: unknown, or with its window.
    """

    name: str
    value: str = field(repr=False)
    domain: str | None = None
    expires: float | None = None


@dataclass(frozen=True)
class GivenCookies:
    """All cookies of a text, in its order.

    Args:
        user_agent: the browser's, where the text holds it.
        left_out: places of what is no cookie, as messages without any value.
    """

    cookies: tuple[GivenCookie, ...] = ()
    user_agent: str | None = None
    left_out: tuple[Message, ...] = ()


def merged(parts: Iterable[GivenCookies]) -> GivenCookies:
    """Return the cookies of several texts as those of one; the last User-Agent wins."""
    found = list(parts)
    agents = [part.user_agent for part in found if part.user_agent]
    return GivenCookies(
        tuple(cookie for part in found for cookie in part.cookies),
        agents[-1] if agents else None,
        tuple(place for part in found for place in part.left_out),
    )


def host_of(text: str) -> str | None:
    """Return the host in a URL, or in a domain with or without a dot or a port; None for none."""
    try:
        host = urlsplit(text if "://" in text else f"//{text}").hostname
    except ValueError:
        return None
    return (host or "").strip(".").lower() or None
