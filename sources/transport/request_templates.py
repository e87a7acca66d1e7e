"""Requests that are prepared once for a session and an address, and sent again with other queries.

Preparing one takes as long as sending it: requests copies the cookie jar, asks of each cookie
whether it belongs to the address, and merges and checks all headers, each time with one result.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from http.cookiejar import Cookie
from math import inf
from typing import Any

import requests
from requests.cookies import RequestsCookieJar

MAX_TEMPLATES = 32
Version = tuple[int, tuple[tuple[str, str | bytes], ...]]


class CountingCookieJar(RequestsCookieJar):
    """A cookie jar that counts its changes, so that others know whether what they made of it is
    still true."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._changes = 0
        self._expires_at = inf  # the first cookie does, by the system's clock as in http.cookiejar

    def set_cookie(self, cookie: Cookie, *args: Any, **kwargs: Any) -> None:
        """Set a cookie in place of the one of the same domain, path and name."""
        super().set_cookie(cookie, *args, **kwargs)
        self._changes += 1
        if cookie.expires is not None:
            self._expires_at = min(self._expires_at, cookie.expires)

    def clear(
        self, domain: str | None = None, path: str | None = None, name: str | None = None
    ) -> None:
        """Remove the cookies of a domain, of a path there, or of a name there; without any, all.

        Raises:
            KeyError: there is none.
        """
        super().clear(domain, path, name)
        self._changes += 1

    def changes(self) -> int:
        """Remove the cookies that have expired, and return the number of changes so far."""
        if time.time() >= self._expires_at:
            self.clear_expired_cookies()
            kept = (cookie.expires for cookie in self if cookie.expires is not None)
            self._expires_at = min(kept, default=inf)
        return self._changes


@dataclass(frozen=True)
class _Template:
    """A prepared GET without a query, and the cookies and headers of the session that it is of."""

    version: Version
    request: requests.PreparedRequest


class RequestTemplates:
    """The prepared GET requests of one session, by their address.

    One thread at a time may use it.
    """

    def __init__(self) -> None:
        self._templates: dict[str, _Template] = {}

    def __len__(self) -> int:
        return len(self._templates)

    def get(self, http: requests.Session, address: str, query: str) -> requests.PreparedRequest:
        """Return a prepared GET of `address?query`, as the session would prepare it now.

        Args:
            address: a URL without a query.
            query: encoded as a URL has it; it is sent byte for byte.

        Raises:
            requests.RequestException, ValueError: the address is no URL.
        """
        jar = http.cookies
        # Hooks, parameters and logins of a session, or the environment's, are not looked at here.
        is_plain = not (http.trust_env or http.auth or http.params or any(http.hooks.values()))
        if not is_plain or not isinstance(jar, CountingCookieJar):
            return http.prepare_request(requests.Request("GET", f"{address}?{query}"))
        version = (jar.changes(), tuple(http.headers.items()))
        template = self._templates.get(address)
        if template is None or template.version != version:
            template = _Template(version, http.prepare_request(requests.Request("GET", address)))
            if len(self._templates) >= MAX_TEMPLATES:
                self._templates.clear()
            self._templates[address] = template
        return _with_query(template.request, query)


def _with_query(template: requests.PreparedRequest, query: str) -> requests.PreparedRequest:
    """Return a GET that shares everything with a template but its URL."""
    request = requests.PreparedRequest()
    request.method = template.method
    request.url = f"{template.url}?{query}"
    request.headers = template.headers
    request.hooks = template.hooks
    return request
