"""A name service that says what a test wants."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest

Names = dict[str, list[str]]


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Names, list[str]]]:
    """Names with their addresses, one after the other, and what was asked. Literals that are not
    among them lead nowhere."""
    names: Names = {}
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> Any:
        asked.append(host)
        if host not in names:
            raise socket.gaierror("unknown")
        addresses = names[host]
        address = addresses.pop(0) if len(addresses) > 1 else addresses[0]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [(family, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield names, asked
