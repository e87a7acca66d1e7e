"""A client of a proxy gateway: by HTTP (CONNECT or absolute form) or SOCKS5, on the same port.

No connection leaves the machine: whatever the target, the sandbox itself answers. Targets that end
in `.invalid` do not resolve.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import urlsplit

from sandbox.egress import socks5
from sandbox.egress.faults import HTTP, SOCKS, EgressFault, EgressFaults
from sandbox.messages import Reply, Request, html_reply
from sandbox.tls import Certificate
from sandbox.transport import HOST, Connection, HttpServer

_EXPIRED_PAGE = "<!DOCTYPE html><html><body>Your package has expired.</body></html>"
_GARBAGE = b"\x00\x17SANDBOX\xff not a proxy\r\n\r\n"
# What a gateway may do before it has read who asks.
_AT_ONCE = ("silent", "close")
_AFTER_CONNECT = ("connect_html", "connect_silent", "connect_close")
# What may befall a tunnel that is open already, when its next request comes.
_IN_OPEN_TUNNEL = ("silent", "close", "close_later", "connect_silent", "connect_close")
_IN_PLACE_OF_SOCKS_REPLY = (
    *("silent", "close", "close_later", "garbage", "socks_silent", "socks_reply"),
    *_AFTER_CONNECT,
)


class GatewayServer(HttpServer):
    """The listener of one gateway."""

    def __init__(
        self,
        *,
        port: int,
        answer: Callable[[Request], Reply],
        certificate: Certificate,
        faults: EgressFaults,
    ) -> None:
        self.faults = faults
        super().__init__(
            port=port, answer=answer, certificate=certificate, connection=ProxyConnection
        )

    def egress(self, user: str) -> str:
        """Return the name of the egress route that a user of this gateway gets."""
        gateway = f"{HOST}:{self.server_port}"
        return f"{gateway}#{user}" if user else gateway


class ProxyConnection(Connection):
    """The requests of one client of a gateway."""

    server: GatewayServer
    is_tunnel = False

    def begin(self) -> None:
        """Find out which protocol the client speaks, and serve it."""
        self.egress = self.server.egress("")
        fault = self.server.faults.take(self.egress, HTTP, kinds=_AT_ONCE, of_gateway=True)
        if fault:
            self._play(fault)
        elif self.peek() != socks5.GREETING or self._opens_by_socks():
            super().begin()

    def do_CONNECT(self) -> None:  # noqa: N802 - the base class looks for this name
        """Open a tunnel to the platforms."""
        self.close_connection = False  # HTTP/1.0 would close it, but a tunnel is no request.
        fault = self._http_fault(self.path.rpartition(":")[0])
        if fault and fault.kind not in _AFTER_CONNECT:
            self._play(fault)
            return
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        if fault:
            self._play_in_tunnel(fault)
            return
        self.is_tunnel = True
        self.accept_tls()

    def _answer(self) -> None:
        if self._holds() if self.is_tunnel else self._passes():
            super()._answer()

    def _holds(self) -> bool:
        """Return whether the open tunnel is still good; False when it has come to its end."""
        fault = self.server.faults.take(self.egress, HTTP, kinds=_IN_OPEN_TUNNEL)
        if fault:
            self._play(fault)
        return fault is None

    def _passes(self) -> bool:
        """Take the host off an absolute form; False when the proxy itself has answered."""
        try:
            target = urlsplit(self.path)
            host = target.hostname or ""
        except ValueError:
            host = ""
        if not host or target.scheme != "http":
            self._refuse(Reply(b"the proxy needs the absolute form of a URL", 400))
            return False
        fault = self._http_fault(host)
        if fault:
            self._play(fault)
            return False
        self.path = f"{target.path or '/'}?{target.query}" if target.query else target.path or "/"
        return True

    def _http_fault(self, host: str) -> EgressFault | None:
        self.egress = self.server.egress(self._user())
        fault = self.server.faults.take(self.egress, HTTP)
        if fault is None and host.endswith(".invalid"):
            headers = {"Proxy-Status": "sandbox; error=dns_error"}
            return EgressFault("status", self.egress, status=502, headers=headers)
        return fault

    def _user(self) -> str:
        """Return `USER` or `USER:PASSWORD` of the proxy's authorization; empty without one."""
        scheme, _, encoded = self.headers.get("Proxy-Authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return ""
        try:
            return base64.b64decode(encoded, validate=True).decode("utf-8", "replace").rstrip(":")
        except binascii.Error:
            return ""

    def _opens_by_socks(self) -> bool:
        """Shake hands; False when the connection is over."""
        methods = socks5.read_methods(self.rfile)
        faults = self.server.faults
        fault = faults.take(self.egress, SOCKS, kinds=("garbage",), of_gateway=True)
        if fault:
            self._play(fault)
            return False
        if not self._is_admitted(methods):
            return False
        target = socks5.read_target(self.rfile)
        fault = faults.take(self.egress, SOCKS, kinds=_IN_PLACE_OF_SOCKS_REPLY)
        if fault and fault.kind not in _AFTER_CONNECT:
            self._play(fault)
            return False
        is_unknown = target.host.endswith(".invalid")
        code = target.problem or (socks5.HOST_UNREACHABLE if is_unknown else socks5.SUCCEEDED)
        self.wfile.write(socks5.reply(code))
        if fault and code == socks5.SUCCEEDED:
            self._play_in_tunnel(fault)
        self.is_tunnel = code == socks5.SUCCEEDED and fault is None
        return self.is_tunnel

    def _is_admitted(self, methods: bytes) -> bool:
        """Agree on a method of authentication, and learn which exit the client wants."""
        faults = self.server.faults
        if socks5.USER_PASSWORD in methods:
            self.wfile.write(bytes((socks5.VERSION, socks5.USER_PASSWORD)))
            self.egress = self.server.egress(socks5.read_user(self.rfile))
            is_refused = faults.take(self.egress, SOCKS, kinds=("socks_auth",)) is not None
            self.wfile.write(bytes((1, is_refused)))
            return not is_refused
        is_refused = socks5.NO_AUTH not in methods or bool(
            faults.take(self.egress, SOCKS, kinds=("socks_auth",))
        )
        method = socks5.NOTHING_FITS if is_refused else socks5.NO_AUTH
        self.wfile.write(bytes((socks5.VERSION, method)))
        return not is_refused

    def _play_in_tunnel(self, fault: EgressFault) -> None:
        if fault.kind == "connect_html":
            # Bytes that were not read would reset the connection before the page is seen.
            self.connection.recv(65_536)
        self._play(fault)

    def _play(self, fault: EgressFault) -> None:
        """Fail, and end the connection."""
        self.close_connection = True
        if fault.kind in ("silent", "socks_silent", "connect_silent"):
            self.swallow()
        elif fault.kind == "garbage":
            self.wfile.write(_GARBAGE)
        elif fault.kind == "connect_html":
            self._refuse(html_reply(_EXPIRED_PAGE))
        elif fault.kind == "socks_reply":
            self.wfile.write(socks5.reply(fault.code))
        elif fault.kind == "status":
            self._refuse(_refusal(fault))

    def _refuse(self, reply: Reply) -> None:
        self.close_connection = True
        self._send(reply)


def _refusal(fault: EgressFault) -> Reply:
    headers = {name: str(value) for name, value in fault.headers.items()}
    if fault.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
        headers.setdefault("Proxy-Authenticate", 'Basic realm="sandbox"')
    page = fault.body or f"<html><body><h1>{fault.status}</h1><hr>proxy</body></html>"
    return replace(html_reply(page, fault.status), headers=tuple(headers.items()))
