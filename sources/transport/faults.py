"""Whose fault it is that a request got no answer, read from the errors of the HTTP libraries.

Which error a failure raises differs by the kind of proxy and by the moment: of the ways in which a
proxy can fail, most do not raise `ProxyError`. Observed with requests 2.34, urllib3 2.8 and PySocks
1.7; `tests/sources/test_sources_transport_faults.py` repeats each of them with real sockets.
"""

from __future__ import annotations

import errno
import http.client
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from typing import TypeVar

import requests
import socks
import urllib3.exceptions as lib

from core.errors import BatonError, FaultUnit, TransportFault
from core.messages import Message
from sources.transport.tls import (
    EXPIRED,
    ISSUER_UNKNOWN,
    NOT_YET_VALID,
    certificate_reason,
    tls_reason,
)

E = TypeVar("E", bound=BaseException)
TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})")
SOCKS_REPLY = re.compile(r"^0x([0-9a-f]{2})", re.IGNORECASE)
# The provider of the proxy refuses its user: credentials, credit or traffic (452-455 are used by
# providers for limits of a plan).
GATEWAY_STATUSES = (402, 407, 452, 453, 454, 455)
# The proxy works, but its exit does not: no peer, or a session that has ended (404).
EXIT_STATUSES = (404, 502, 503, 504, 522, 525)
# Replies of RFC 1928 about what lies behind the proxy: network or host unreachable, refused.
SOCKS_BEHIND_PROXY = (3, 4, 5)
# Where providers say why their proxy did not pass a request on.
PROVIDER_HEADERS = (
    "x-brd-err-code",
    "x-luminati-error",
    "x-soax-error",
    "x-error-description",
    "x-thor-error-code",
    "x-helodata-error-code",
    "bytio-error",
)
# RFC 9209, 2.3: `Proxy-Status: name; error=TYPE`.
PROXY_STATUS_ERROR = re.compile(r";\s*error\s*=\s*\"?([a-z0-9_]+)", re.IGNORECASE)
BEHIND_PROXY = re.compile(r"connection_refused|dns_error|dns_timeout|destination_\w+", re.I)
# No descriptor, memory, buffer or local port is left for a socket.
LOCAL_ERRNOS = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.EADDRNOTAVAIL)
# A look-up of a name that failed on this host, before anybody was asked.
LOCAL_LOOKUP_ERRORS = (socket.EAI_MEMORY, socket.EAI_SYSTEM)


def classify(error: BaseException, *, through_proxy: bool) -> TransportFault:
    """Return to which unit a failed request belongs; read from `error` and what caused it.

    Args:
        error: what `requests` raised.
        through_proxy: the request went through a proxy.
    """
    chain = list(error_chain(error))
    if _lacks_resources(chain):
        # Before all else: to the libraries it is a connection that nobody accepted.
        return TransportFault(
            unit=FaultUnit.OURSELVES,
            message=Message.of("host_without_descriptors"),
            is_certain=True,
            through_proxy=through_proxy,
        )
    status = _tunnel_status(chain)
    if through_proxy and status is not None:
        return _of_proxy_status(status)
    certificate = _first(chain, ssl.SSLCertVerificationError)
    if certificate is not None:
        of_proxy = through_proxy and _first(chain, lib.ProxyError) is not None
        return _of_certificate(certificate, through_proxy, of_proxy=of_proxy)
    if through_proxy:
        found = _of_socks(chain) or _of_proxy(chain)
        if found is not None:
            return found
    return _of_connection(chain, through_proxy)


def classify_answer(
    status: int, headers: Mapping[str, str], *, by_proxy: bool
) -> TransportFault | None:
    """Return to which unit an HTTP answer belongs; None when it is the platform's own.

    What an HTTP proxy answers arrives as an ordinary answer where the request was not tunnelled.

    Args:
        headers: a mapping that ignores case.
        by_proxy: a proxy was able to write the answer.
    """
    # 407 is a proxy's by definition (RFC 9110, 15.5.8), wherever the request went.
    if status == 407:
        return _of_proxy_status(status)
    if not by_proxy:
        return None
    if status in GATEWAY_STATUSES:
        return _of_proxy_status(status)
    kind = PROXY_STATUS_ERROR.search(headers.get("proxy-status", ""))
    if kind is not None and BEHIND_PROXY.fullmatch(kind[1]):
        return _fault(FaultUnit.EGRESS, "proxy_reaches_not", certain=False)
    if kind is not None or any(name in headers for name in PROVIDER_HEADERS):
        return _of_proxy_status(status)
    # Without a header that says so, the platform may have failed just as well.
    if status in EXIT_STATUSES and status >= 500:
        return _fault(FaultUnit.EXIT, "proxy_or_server_failed", certain=False, status=status)
    return None


def error_chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and what caused it, down to the first one."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        current = waiting.pop(0)
        # An error of ours is an earlier request's, during whose handling this one was sent.
        if not isinstance(current, BaseException) or isinstance(current, BatonError):
            continue
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        waiting += [current.__cause__, current.__context__]
        # Not all of the libraries chain their errors; some only carry the cause along.
        waiting += [getattr(current, "reason", None), getattr(current, "socket_err", None)]
        waiting += current.args


def _first(chain: list[BaseException], kind: type[E]) -> E | None:
    return next((error for error in chain if isinstance(error, kind)), None)


def _lacks_resources(chain: list[BaseException]) -> bool:
    """Return whether this host could not even open a connection."""
    lookups = (error for error in chain if isinstance(error, socket.gaierror))
    if any(error.errno in LOCAL_LOOKUP_ERRORS for error in lookups):
        return True
    others = (error for error in chain if not isinstance(error, socket.gaierror))
    return any(isinstance(error, OSError) and error.errno in LOCAL_ERRNOS for error in others)


def _tunnel_status(chain: list[BaseException]) -> int | None:
    """Return the status with which a proxy refused CONNECT."""
    found = (TUNNEL.search(str(error)) for error in chain if isinstance(error, OSError))
    match = next((match for match in found if match), None)
    return None if match is None else int(match[1])


def _of_proxy_status(status: int) -> TransportFault:
    if status == 407:
        return _fault(FaultUnit.GATEWAY, "proxy_login_refused")
    if status in GATEWAY_STATUSES:
        return _fault(FaultUnit.GATEWAY, "proxy_plan_used_up", status=status)
    if status in EXIT_STATUSES:
        return _fault(FaultUnit.EXIT, "proxy_exit_failed", status=status)
    return _fault(FaultUnit.EGRESS, "proxy_refused", status=status)


def _of_certificate(
    error: ssl.SSLCertVerificationError, through_proxy: bool, *, of_proxy: bool
) -> TransportFault:
    """Return the fault of a certificate; `of_proxy`: it is the one of the proxy itself."""
    reason = certificate_reason(error)
    if of_proxy:
        # Another proxy may do: whatever is wrong here, the platform was not even asked.
        message = Message.of("proxy_certificate_wrong", cause=reason)
        return TransportFault(FaultUnit.EGRESS, message, is_certain=True, through_proxy=True)
    code = getattr(error, "verify_code", 0)
    if code in (NOT_YET_VALID, EXPIRED):
        return TransportFault(FaultUnit.OURSELVES, reason)
    # Behind a proxy an unknown issuer is most likely the proxy, which reads the traffic.
    ours = code in ISSUER_UNKNOWN and not through_proxy
    return TransportFault(
        unit=FaultUnit.OURSELVES if ours else FaultUnit.CONNECTION,
        message=reason,
        through_proxy=through_proxy,
    )


def _of_socks(chain: list[BaseException]) -> TransportFault | None:
    """Return the fault of a SOCKS proxy; None when none of its errors is in the chain."""
    error = _first(chain, socks.ProxyError)
    if error is None:
        return None
    if _first(chain, socks.SOCKS5AuthError):
        return _fault(FaultUnit.GATEWAY, "proxy_user_refused")
    reply = _first(chain, socks.SOCKS5Error) or _first(chain, socks.SOCKS4Error)
    if reply is not None:
        return _of_socks_reply(str(reply))
    if _first(chain, socket.gaierror):
        # `socks5://` looks the platform's name up on this host, and the proxy is not asked.
        return TransportFault(
            FaultUnit.CONNECTION, Message.of("host_name_unresolved"), through_proxy=True
        )
    if _first(chain, TimeoutError):
        return _fault(FaultUnit.EGRESS, "proxy_silent", timeout=True)
    if _first(chain, socks.ProxyConnectionError):
        return _fault(FaultUnit.EGRESS, "proxy_unreachable")
    return _fault(FaultUnit.EGRESS, "proxy_protocol_wrong")


def _of_socks_reply(text: str) -> TransportFault:
    match = SOCKS_REPLY.match(text)
    number = int(match[1], 16) if match else 0
    if number in SOCKS_BEHIND_PROXY:
        return _fault(FaultUnit.EGRESS, "proxy_reaches_not", certain=False)
    return _fault(FaultUnit.EGRESS, "proxy_refused_socks", number=number)


def _of_proxy(chain: list[BaseException]) -> TransportFault | None:
    """Return the fault of a proxy that was not reached, or broke off before it was asked."""
    if _first(chain, requests.exceptions.InvalidProxyURL):
        return _fault(FaultUnit.EGRESS, "proxy_url_unusable")
    # The only name that this host looks up, and the only host it connects to, is the proxy's.
    if _first(chain, socket.gaierror):
        return _fault(FaultUnit.EGRESS, "proxy_name_unknown")
    if _first(chain, lib.NewConnectionError):
        return _fault(FaultUnit.EGRESS, "proxy_unreachable")
    if _first(chain, lib.ConnectTimeoutError):
        return _fault(FaultUnit.EGRESS, "proxy_silent", timeout=True)
    if _first(chain, lib.ProxyError):
        return _fault(FaultUnit.EGRESS, "proxy_protocol_wrong")
    return None


def _of_connection(chain: list[BaseException], through_proxy: bool) -> TransportFault:
    """Return the fault of a connection that failed anywhere on its way."""
    timeouts = (requests.Timeout, lib.TimeoutError, TimeoutError)
    # A refused connection is of a class below the one of timeouts.
    is_refused = _first(chain, lib.NewConnectionError) is not None
    is_timeout = not is_refused and any(isinstance(error, timeouts) for error in chain)
    return TransportFault(
        unit=FaultUnit.OURSELVES if _is_unusable(chain) else FaultUnit.CONNECTION,
        message=Message.of("connection_timed_out") if is_timeout else _reason(chain),
        is_timeout=is_timeout,
        through_proxy=through_proxy,
    )


def _is_unusable(chain: list[BaseException]) -> bool:
    """Return whether the request could not be made at all."""
    unusable = (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, UnicodeError)
    return isinstance(chain[0], unusable)


def _reason(chain: list[BaseException]) -> Message:
    if _first(chain, socket.gaierror):
        return Message.of("host_name_unresolved")
    if _first(chain, lib.NewConnectionError):
        return Message.of("connection_refused")
    if _first(chain, requests.exceptions.ContentDecodingError) or _first(chain, lib.DecodeError):
        return Message.of("answer_not_decodable")
    if _first(chain, requests.exceptions.ChunkedEncodingError):
        return Message.of("answer_cut_short")
    if _first(chain, ssl.SSLError) or _first(chain, lib.SSLError):
        return tls_reason(chain) or Message.of("tls_failed")
    # RemoteDisconnected, a connection that was closed, is a BadStatusLine too.
    if _first(chain, http.client.BadStatusLine) and not _first(chain, ConnectionError):
        return Message.of("answer_not_http")
    if _first(chain, lib.ProtocolError) or _first(chain, ConnectionError):
        return Message.of("connection_broken")
    return Message.of("connection_failed", kind=type(chain[0]).__name__)


def _fault(
    unit: FaultUnit, code: str, *, certain: bool = True, timeout: bool = False, **params: int
) -> TransportFault:
    """Return a fault of the proxy."""
    return TransportFault(
        unit=unit,
        message=Message(code, params),
        is_certain=certain,
        is_timeout=timeout,
        through_proxy=True,
    )
