"""An account's cookies in its HTTP session: placed where the platform's own would be, and compared
with what is stored."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from http.cookiejar import Cookie, CookieJar
from typing import cast
from urllib.parse import urlsplit

from sources.transport.cookie_jar import CountingCookieJar

PATH = "/"


@dataclass(frozen=True)
class CookieNames:
    """What the cookies of a platform mean.

    Args:
        login: those that are worth a write to the database as soon as the platform changes one.
        volatile: those whose changes can wait for the next write of the account.
        device: those that the platform knows a browser by; they outlive a sign-in.
        device_id: the one of them that tells devices apart; None where the platform has none.
        session: the one without which nobody is signed in; None where no single one says so.
    """

    login: frozenset[str] = frozenset()
    volatile: frozenset[str] = frozenset()
    device: frozenset[str] = frozenset()
    device_id: str | None = None
    session: str | None = None


NO_NAMES = CookieNames()


def cookie_domain(base_url: str, site: str | None = None) -> str:
    """Return the domain that a cookie of the server at `base_url` has in a jar.

    With `site` (`example.com`) that is the whole site for its hosts. Elsewhere, as in a trial, it
    is the host alone.
    """
    host = (urlsplit(base_url).hostname or "").lower()
    if site is not None and (host == site or host.endswith(f".{site}")):
        return f".{site}"
    # As http.cookiejar names hosts: one without a dot, which "[::1]" is too, gets an ending.
    host = f"[{host}]" if ":" in host else host
    return host if "." in host else f"{host}.local"


@dataclass
class AccountCookies:
    """The cookies of one account.

    All of them have the platform's own domain and path in the jar: with others, a renewed cookie
    would be sent beside the old one instead of in its place.

    `stored` are the values in the account's stored session, by name; whoever stores others brings
    it up to date.
    """

    jar: CountingCookieJar = field(repr=False)
    domain: str
    names: CookieNames = NO_NAMES
    stored: dict[str, str] = field(default_factory=dict, repr=False)
    _listed: tuple[int, tuple[Cookie, ...]] = field(default=(-1, ()), init=False, repr=False)
    _settled: int = field(default=-1, init=False, repr=False)

    def put(self, cookies: Mapping[str, str]) -> None:
        """Set cookies by name, in place of those of the same name."""
        # One that stays as it is must not count as a change, for which requests are prepared anew.
        kept = {c.name: c.value for c in self._all if self._is_ours(c) and c.expires is None}
        for name, value in cookies.items():
            if kept.get(name) != value:
                self.jar.set(name, value, domain=self.domain, path=PATH)

    def settle(self) -> None:
        """Leave one cookie of each name that is kept: what came for another domain or path last."""
        if self.jar.changes() == self._settled:
            return
        for cookie in self._all:
            if cookie.name not in self._kept or self._is_ours(cookie):
                continue
            self.jar.clear(cookie.domain, cookie.path, cookie.name)
            self.put({cookie.name: cookie.value or ""})
        self._settled = self.jar.changes()

    def value(self, name: str) -> str:
        """Return the cookie's value; empty when there is none."""
        return next((c.value or "" for c in self._all if c.name == name), "")

    def changed(self, names: Collection[str]) -> dict[str, str]:
        """Return those of `names` whose value differs from the stored one; emptied ones are left
        out."""
        values = ((name, self.value(name)) for name in sorted(names))
        return {name: text for name, text in values if text and text != self.stored.get(name)}

    @property
    def is_signed_out(self) -> bool:
        """Return whether the platform emptied the cookie that stands for the session."""
        session = self.names.session
        return session is not None and session in self.stored and not self.value(session)

    @property
    def values(self) -> tuple[str, ...]:
        """Return the values of all cookies."""
        return tuple(cookie.value for cookie in self._all if cookie.value)

    def _is_ours(self, cookie: Cookie) -> bool:
        return (cookie.domain, cookie.path) == (self.domain, PATH)

    @property
    def _all(self) -> tuple[Cookie, ...]:
        # Walking the jar takes long, and every answer is asked what it changed.
        changes = self.jar.changes()
        if self._listed[0] != changes:
            self._listed = (changes, tuple(cast(CookieJar, self.jar)))
        return self._listed[1]

    @property
    def _kept(self) -> frozenset[str]:
        return self.names.login | self.names.volatile | self.names.device


def cookie_header(cookies: Mapping[str, str]) -> str:
    """Return cookies as the text of a Cookie header, which every platform takes as a session."""
    return "; ".join(f"{name}={value}" for name, value in cookies.items())
