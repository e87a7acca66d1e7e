"""POST reports to URLs that others choose: public addresses only, no redirects, a deadline.

`requests-hardened` resolves the name for each request, refuses private, loopback and link-local
addresses, and connects to the address that it has seen; the Host header and TLS keep the name.
Connections are kept by that address, so that a name which changes its own gets another one.
"""

from __future__ import annotations

import ipaddress
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests_hardened.ip_filter import InvalidIPAddress
from requests_hardened.ip_filter_adapter import IPFilterAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError
from urllib3.util.ssl_ import create_urllib3_context

from core.errors import NoResourcesError, NotSentError, SettingsError, UnsendableError
from core.messages import Message
from core.supervision.internal_errors import lacks_resources
from sources.transport.deadline import Deadline
from sources.transport.faults import error_chain
from sources.transport.tls import tls_reason
from sources.transport.watched_pools import WatchedConnection, watch_pools

RESPONSE_BYTES = 64 * 1024
CHUNK_BYTES = 8192
CONNECT_SECS = 5.0
# Many servers close a connection that was idle for 5 s: a request must not meet them doing so.
IDLE_SECS = 4.0
HEADERS = {
    "Accept": "*/*",
    "Content-Type": "application/json",
    "User-Agent": "Baton-Webhooks/1",
    # A compressed response could be a decompression bomb.
    "Accept-Encoding": "identity",
    "Connection": "keep-alive",
}

TROUBLES = {
    "NameResolutionError": Message.of("host_name_unknown"),
    "NewConnectionError": Message.of("connection_refused_there"),
    "SSLError": Message.of("tls_failed"),
    "ProtocolError": Message.of("connection_broke"),
}
# Where a setting helps, the advice differs from that of a platform.
RECEIVERS_OWN = {
    "certificate_issuer_unknown": Message.of("receiver_issuer_unknown"),
    "certificate_self_signed": Message.of("receiver_self_signed"),
}


@dataclass(frozen=True)
class Answer:
    """A receiver's HTTP response, of any status.

    Args:
        text: the first 64 KB of the body, with invalid UTF-8 replaced.
        retry_after: the header `Retry-After` as it was received; None when there was none.
    """

    status: int
    text: str
    retry_after: str | None


class WebhookClient:
    """Posts report bodies to callback URLs; safe for threads.

    Args:
        timeout_secs: limit of a whole exchange in seconds, with the DNS lookup.
        allowed_hosts: host names or addresses that may be private, each with or without `:port`.
        ca_file: certificates of issuers that are trusted besides the public ones; None for none.
        monotonic: returns the seconds by which the age of kept connections is told.
    """

    def __init__(
        self,
        *,
        timeout_secs: float,
        allowed_hosts: Sequence[str],
        ca_file: Path | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._timeout_secs = timeout_secs
        self._issuers = None if ca_file is None else read_issuers(ca_file)
        self._allowed_hosts = frozenset(host.lower() for host in allowed_hosts)
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._free: list[_Session] = []  # the one used last at the end
        # Refusals are reported by NotSentError; without a handler the library writes to stderr.
        logging.getLogger("requests_hardened").addHandler(logging.NullHandler())

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """POST `body` unchanged and return the response, whatever its status; follow no redirect.

        Raises:
            UnsendableError: `url` is no http(s) URL; no request was made.
            NotSentError: the address is private or could not be reached, or no complete response
                came within the time limit. The receiver may have got the body all the same.
            NoResourcesError: this host lacks what a connection needs.
        """
        with Deadline(self._timeout_secs) as deadline, self._session() as session:
            try:
                return self._post(session, deadline, _prepared(url, headers, body))
            except _NO_URL:
                raise UnsendableError("callback_url_not_http") from None
            except InvalidIPAddress as error:
                raise NotSentError(_refused(str(error))) from None
            except (requests.RequestException, HTTPError, OSError, ValueError) as error:
                if any(_is_of_this_host(cause) for cause in error_chain(error)):
                    raise NoResourcesError("host_without_descriptors") from None
                # Only the kind of error is kept: its text may contain the URL with a secret.
                if deadline.has_passed or isinstance(error, requests.Timeout):
                    raise NotSentError("no_answer_within", secs=self._timeout_secs) from None
                raise NotSentError("no_answer_because", trouble=_kind(error)) from None

    def _post(
        self, session: _Session, deadline: Deadline, request: requests.PreparedRequest
    ) -> Answer:
        timeout = (min(CONNECT_SECS, self._timeout_secs), self._timeout_secs)
        with session.send(request, deadline, timeout) as answer:
            # The status counts even when the body breaks off: the receiver has answered. A
            # connection whose answer was not read to its end is closed with that.
            text = _beginning(answer)
            return Answer(answer.status_code, text, answer.headers.get("Retry-After"))

    @contextmanager
    def _session(self) -> Iterator[_Session]:
        """Hold a session that no other thread uses, if possible with connections just used."""
        with self._lock:
            session = self._free.pop() if self._free else None
            is_old = bool(self._free) and self._free[0].is_idle()
            old = self._free.pop(0) if is_old else None
        if old is not None:
            old.close()
        if session is None:
            session = _Session(self._allowed_hosts, self._issuers, self._monotonic)
        try:
            yield session
        finally:
            with self._lock:
                self._free.append(session)


class _Session:
    """The kept connections of one thread at a time.

    Not one of requests: that would take cookies, netrc files and proxies of the environment into
    account, and read the body of a redirect without a limit.
    """

    def __init__(
        self,
        allowed_hosts: frozenset[str],
        issuers: str | None,
        monotonic: Callable[[], float],
    ) -> None:
        self._monotonic = monotonic
        self._used_at = monotonic()
        self._adapters = {
            f"{scheme}://": _Adapter(
                is_https=scheme == "https",
                allowed_hosts=allowed_hosts,
                issuers=issuers,
                monotonic=monotonic,
            )
            for scheme in ("http", "https")
        }

    def send(
        self,
        request: requests.PreparedRequest,
        deadline: Deadline,
        timeout: tuple[float, float],
    ) -> requests.Response:
        """Send a request and return the response, of which the head was read."""
        assert request.url is not None
        beginning = request.url.partition("//")[0].lower() + "//"
        if beginning not in self._adapters:
            raise requests.exceptions.InvalidSchema
        adapter = self._adapters[beginning]
        adapter.deadline, self._used_at = deadline, self._monotonic()
        try:
            answer: requests.Response = adapter.send(request, stream=True, timeout=timeout)
            return answer
        finally:
            adapter.deadline = None

    def is_idle(self) -> bool:
        """Return whether none of its connections would be used again."""
        return self._monotonic() - self._used_at > IDLE_SECS

    def close(self) -> None:
        """Close its connections; a later request opens new ones."""
        for adapter in self._adapters.values():
            adapter.close()


def _prepared(url: str, headers: Mapping[str, str], body: bytes) -> requests.PreparedRequest:
    """Return the request; raise what requests raises for a URL that is none."""
    return requests.Request("POST", url, headers=HEADERS | dict(headers), data=body).prepare()


def read_issuers(file: Path) -> str:
    """Return the certificates (PEM) in a file.

    Raises:
        SettingsError: it cannot be read, or has no certificate.
    """
    try:
        text = file.read_text(encoding="ascii", errors="ignore")
        create_urllib3_context().load_verify_locations(cadata=text)
    except (OSError, ValueError) as error:  # an SSLError is an OSError
        detail = getattr(error, "strerror", None) or str(error)
        raise SettingsError("ca_file_unusable", file=str(file), detail=detail) from error
    return text


class _Adapter(IPFilterAdapter):  # type: ignore[misc]
    """The address filter of requests-hardened, with allowed private hosts and a deadline.

    `deadline` is that of the request that is under way; None while there is none.
    """

    deadline: Deadline | None = None

    def __init__(
        self,
        *,
        is_https: bool,
        allowed_hosts: frozenset[str],
        issuers: str | None,
        monotonic: Callable[[], float],
    ) -> None:
        super().__init__(is_https_proto=is_https)
        self.monotonic = monotonic
        self._allowed_hosts = allowed_hosts
        self._issuers = issuers

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        watch_pools(self.poolmanager, self, _Connection)

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        """Resolve the host within the deadline; refuse private addresses of hosts not allowed."""
        # The host comes from the library, not from a second parser: two readings of one URL could
        # differ, and a private host pass as an allowed one.
        unfiltered = HTTPAdapter.build_connection_pool_key_attributes(self, request, verify, cert)
        host, port = unfiltered[0]["host"], unfiltered[0]["port"]
        if {host, f"{host}:{port}"} & self._allowed_hosts:
            return unfiltered
        resolve = super().build_connection_pool_key_attributes
        assert self.deadline is not None
        return self.deadline.run(lambda: resolve(request, verify, cert))

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> HTTPConnectionPool:
        pool: HTTPConnectionPool = super().get_connection_with_tls_context(*args, **kwargs)
        if self._issuers is None or not isinstance(pool, HTTPSConnectionPool):
            return pool
        if pool.conn_kw.get("ssl_context") is None:
            # Besides the public issuers, which the library adds to it; another one for each name,
            # as the library notes in it how the name is checked.
            context = create_urllib3_context()
            context.load_verify_locations(cadata=self._issuers)
            pool.conn_kw["ssl_context"] = context
        return pool

    def connects_in_thread(self, host: str) -> bool:
        """Return whether `host` is a name, which is looked up without a time limit."""
        return not _is_address(host)


class _Connection(WatchedConnection):
    """A connection that is not used again once it was idle for IDLE_SECS."""

    adapter: _Adapter
    _used_at = float("-inf")

    def getresponse(self) -> Any:
        """Return the response to the request, of which the head was read."""
        response = super().getresponse()  # type: ignore[misc]
        self._used_at = self.adapter.monotonic()
        return response

    @property
    def is_connected(self) -> bool:
        """Return whether a request may be sent over the connection as it is."""
        is_idle = self.adapter.monotonic() - self._used_at > IDLE_SECS
        return not is_idle and bool(super().is_connected)  # type: ignore[misc]


def _is_address(host: str) -> bool:
    """Return True for an IP address, which needs no DNS lookup."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


_NO_URL = (
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
    requests.exceptions.InvalidSchema,
)


def _beginning(answer: requests.Response) -> str:
    """Return the first 64 KB of the body as text, or less when the connection breaks off."""
    body = bytearray()
    with suppress(HTTPError, OSError):
        for chunk in answer.raw.stream(CHUNK_BYTES, decode_content=False):
            body += chunk
            if len(body) >= RESPONSE_BYTES:
                break
    return body[:RESPONSE_BYTES].decode("utf-8", "replace")


def _is_of_this_host(error: BaseException) -> bool:
    # EADDRNOTAVAIL is none of these: a receiver's address may have no route from here for ever.
    return lacks_resources(error) and not isinstance(error, BlockingIOError)


def _refused(address: str) -> Message:
    if ipaddress.ip_address(address).is_loopback:
        return Message.of("callback_address_loopback", address=address)
    return Message.of("callback_address_private", address=address)


def _kind(error: Exception) -> Message | str:
    """Return the kind of error as a message or class name; its text may hold a secret."""
    tls = tls_reason(error_chain(error))
    if tls is not None:
        return RECEIVERS_OWN.get(tls.code, tls)
    if isinstance(error.__cause__, socket.gaierror):
        return TROUBLES["NameResolutionError"]
    cause: BaseException = error
    while isinstance(cause, requests.ConnectionError) and cause.args:
        inner = getattr(cause.args[0], "reason", None) or cause.args[0]
        if not isinstance(inner, BaseException):
            break
        cause = inner
    name = type(cause).__name__
    return TROUBLES.get(name, name)
