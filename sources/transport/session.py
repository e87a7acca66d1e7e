"""HTTP sessions whose every answer has a limit in time and size, and no redirects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.exceptions import HTTPError

from core.errors import FaultUnit, NoAnswerError, TransportFault
from core.messages import Message
from sources.transport.cookie_jar import CountingCookieJar
from sources.transport.deadline import Deadline
from sources.transport.faults import classify, classify_answer
from sources.transport.proxy_login import login_of
from sources.transport.request_templates import RequestTemplates
from sources.transport.watched_pools import WatchedConnection, watch_pools

CONNECT_SECS = 5.0
ANSWER_SECS = 30.0
MIB = 2**20
BODY_BYTES = 16 * MIB
CHUNK_BYTES = 64 * 1024


@dataclass(frozen=True)
class HttpLimits:
    """The limits of one HTTP exchange.

    Args:
        read_secs: longest pause between two pieces of an answer.
        answer_secs: longest exchange as a whole, from the name look-up to the last byte; when it is
            less than `read_secs`, that counts.
        connect_secs: longest wait for a connection; when it is more than `read_secs`, that counts.
        body_bytes: largest body, decompressed.
    """

    read_secs: float
    answer_secs: float = ANSWER_SECS
    connect_secs: float = CONNECT_SECS
    body_bytes: int = BODY_BYTES

    @property
    def timeouts(self) -> tuple[float, float]:
        """Return the seconds for connecting and for reading, as requests takes them."""
        return min(self.connect_secs, self.read_secs), self.read_secs

    @property
    def whole_secs(self) -> float:
        """Return the seconds for the whole exchange."""
        return max(self.answer_secs, self.read_secs)


@dataclass(frozen=True)
class HttpAnswer:
    """A complete HTTP response.

    `content` is its body, decompressed. `fault` is None for an answer of the platform, and set
    for one that a proxy on the way there wrote, or may have written.
    """

    status: int
    headers: Mapping[str, str]
    content: bytes
    fault: TransportFault | None


class BoundedSession(requests.Session):
    """An HTTP session whose connections are shut down when the time of an exchange is over.

    One thread at a time may use it. It ignores redirects: requests would read the body of one
    without any limit, and fail on a damaged Location header.
    """

    cookies: CountingCookieJar

    def __init__(self) -> None:
        super().__init__()
        self.cookies = CountingCookieJar()
        self.templates = RequestTemplates()
        self.adapter = _WatchedAdapter()
        for scheme in ("http://", "https://"):
            self.mount(scheme, self.adapter)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return None: redirects are not followed."""
        return None


def open_http(proxy: str | None) -> BoundedSession:
    """Return a session that leaves through `proxy` (a URL), or directly when that is None.

    The environment's proxies and netrc files are ignored: an account leaves through its own proxy
    or directly, and no key or cookie goes another way.
    """
    http = BoundedSession()
    http.trust_env = False
    if proxy:
        http.proxies = {"http": proxy, "https": proxy}
    return http


def fetch(
    http: requests.Session,
    method: str,
    url: str,
    limits: HttpLimits,
    *,
    query: str = "",
    reads_body: bool = True,
    **options: Any,
) -> HttpAnswer:
    """Send a request and return the answer, whatever its status; follow no redirect.

    Args:
        http: a BoundedSession; another one is bounded between two pieces of an answer only.
        query: what follows the `?` of a URL without one, encoded, to be sent byte for byte.
        reads_body: False: only the headers are waited for, and `content` is empty.
        options: what `requests.Session.request` takes, such as `params` and `json`.

    Raises:
        NoAnswerError: no complete answer came within the limits.
    """
    with Deadline(limits.whole_secs) as deadline:
        try:
            with _watched_by(http, deadline):
                answer = _exchange(
                    http, method, url, limits, query=query, reads_body=reads_body, **options
                )
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            if not deadline.has_passed:
                fault = classify(error, through_proxy=bool(http.proxies))
                raise NoAnswerError(fault.message, fault=fault) from None
        # A body without a length ends where the connection does, also when the deadline ended it.
        if deadline.has_passed:
            raise _beyond(http, Message.of("answer_too_slow", secs=limits.whole_secs))
        return answer


def _exchange(
    http: requests.Session,
    method: str,
    url: str,
    limits: HttpLimits,
    *,
    query: str,
    reads_body: bool,
    **options: Any,
) -> HttpAnswer:
    with _send(http, method, url, limits, query=query, **options) as response:
        content = bytearray()
        for chunk in response.iter_content(CHUNK_BYTES) if reads_body else ():
            content += chunk
            if len(content) > limits.body_bytes:
                mib = limits.body_bytes // MIB
                raise _beyond(http, Message.of("answer_too_large", mib=mib))
        status, headers = response.status_code, response.headers
        fault = classify_answer(status, headers, by_proxy=_may_be_of_proxy(http, url))
        return HttpAnswer(status=status, headers=headers, content=bytes(content), fault=fault)


def _send(
    http: requests.Session, method: str, url: str, limits: HttpLimits, *, query: str, **options: Any
) -> requests.Response:
    ways: dict[str, Any] = {"timeout": limits.timeouts, "allow_redirects": False, "stream": True}
    if query and method == "GET" and not options and isinstance(http, BoundedSession):
        return http.send(http.templates.get(http, url, query), **ways)
    return http.request(method, f"{url}?{query}" if query else url, **ways, **options)


def _may_be_of_proxy(http: requests.Session, url: str) -> bool:
    """Return whether a proxy can answer in the platform's place: it writes HTTP, and no tunnel."""
    proxy = http.proxies.get("http") or ""
    return proxy.startswith("http") and url.startswith("http://")


def _beyond(http: requests.Session, message: Message) -> NoAnswerError:
    """Return the error of an answer beyond a limit, which counts as one that did not come."""
    through_proxy = bool(http.proxies)
    unit = FaultUnit.CONNECTION
    fault = TransportFault(unit, message, is_timeout=True, through_proxy=through_proxy)
    return NoAnswerError(message, fault=fault)


class _WatchedAdapter(HTTPAdapter):
    """An adapter whose connections, direct or through a proxy, are watched by `deadline`."""

    def __init__(self) -> None:
        self.deadline: Deadline | None = None
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        watch_pools(self.poolmanager, self, WatchedConnection)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> PoolManager:
        manager: PoolManager = super().proxy_manager_for(proxy, **kwargs)
        socks, login = manager.connection_pool_kw.get("_socks_options"), login_of(proxy)
        if socks is not None and login is not None:
            socks.update(login.socks_options)
        watch_pools(manager, self, WatchedConnection)
        return manager

    def proxy_headers(self, proxy: str) -> dict[str, str]:
        login = login_of(proxy)
        return {} if login is None else {"Proxy-Authorization": login.basic}

    def connects_in_thread(self, host: str) -> bool:
        """Return True: neither the name look-up nor a proxy's handshake has a limit as a whole."""
        return True


@contextmanager
def _watched_by(http: requests.Session, deadline: Deadline) -> Iterator[None]:
    if not isinstance(http, BoundedSession):
        yield
        return
    http.adapter.deadline = deadline
    try:
        yield
    finally:
        http.adapter.deadline = None
