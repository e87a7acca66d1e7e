"""The proxy gateways of a sandbox: each a port of its own, which can be closed and opened again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.egress.faults import EgressFaults
from sandbox.egress.proxy_connection import GatewayServer
from sandbox.messages import Reply, Request
from sandbox.tls import Certificate
from sandbox.transport import HOST


@dataclass(slots=True)
class _Gateway:
    """One gateway; without a server its port refuses connections."""

    port: int
    server: GatewayServer | None = None
    thread: threading.Thread | None = None


class Gateways:
    """All gateways; thread-safe. Their names are `HOST:PORT`."""

    def __init__(self, *, count: int, faults: EgressFaults) -> None:
        self._count = count
        self._faults = faults
        self._lock = threading.Lock()
        self._gateways: dict[str, _Gateway] = {}
        self._answer: Callable[[Request], Reply] | None = None
        self._certificate = Certificate()

    def open(
        self, first_port: int, answer: Callable[[Request], Reply], certificate: Certificate
    ) -> None:
        """Listen on `first_port` and those after it, or on free ones if it is 0.

        Raises OSError when a port is taken.
        """
        with self._lock:
            self._answer, self._certificate = answer, certificate
            for place in range(self._count):
                gateway = _Gateway(first_port + place if first_port else 0)
                self._serve(gateway)
                self._gateways[f"{HOST}:{gateway.port}"] = gateway

    def close(self) -> None:
        """Stop listening and hang up on all clients."""
        with self._lock:
            for gateway in self._gateways.values():
                _stop(gateway)

    def names(self) -> tuple[str, ...]:
        """Return the names of all gateways, in their order."""
        with self._lock:
            return tuple(self._gateways)

    def closed(self) -> list[str]:
        """Return the names of the gateways whose ports refuse connections."""
        with self._lock:
            return [name for name, gateway in self._gateways.items() if gateway.server is None]

    def shut(self, name: str) -> None:
        """Refuse connections to a gateway from now on; KeyError when there is none."""
        with self._lock:
            _stop(self._gateways[name])

    def reopen(self, name: str) -> None:
        """Listen again on the same port; KeyError when there is none, OSError if it is taken."""
        with self._lock:
            gateway = self._gateways[name]
            if gateway.server is None:
                self._serve(gateway)

    def reopen_all(self) -> None:
        """Listen again on the ports of all gateways; OSError when one is taken."""
        for name in self.closed():
            self.reopen(name)

    def _serve(self, gateway: _Gateway) -> None:
        assert self._answer is not None
        server = GatewayServer(
            port=gateway.port,
            answer=self._answer,
            certificate=self._certificate,
            faults=self._faults,
        )
        gateway.port, gateway.server = server.server_port, server
        gateway.thread = threading.Thread(
            target=server.serve_forever, args=(0.05,), name="sandbox gateway", daemon=True
        )
        gateway.thread.start()


def _stop(gateway: _Gateway) -> None:
    server, thread = gateway.server, gateway.thread
    gateway.server = gateway.thread = None
    if server is not None and thread is not None:
        server.shutdown()
        thread.join()
        server.close_all()
