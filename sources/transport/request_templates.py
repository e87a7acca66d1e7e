"""Requests that are prepared once for a session and an address, and sent again with other queries.

Preparing one takes as long as sending it: requests copies the cookie jar, asks of each cookie
whether it belongs to the address, and merges and checks all headers, each time with one result.
"""

from __future__ import annotations

from dataclasses import dataclass

import requests

from sources.transport.cookie_jar import CountingCookieJar

MAX_TEMPLATES = 32
Version = tuple[int, tuple[tuple[str, str | bytes], ...]]


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
