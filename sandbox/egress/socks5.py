"""The server's side of a SOCKS5 handshake (RFC 1928, RFC 1929), read from a stream."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from io import BufferedIOBase

VERSION = 5
GREETING = b"\x05"
NO_AUTH, USER_PASSWORD, NOTHING_FITS = 0, 2, 0xFF
SUCCEEDED, HOST_UNREACHABLE, BAD_COMMAND, BAD_ADDRESS = 0, 4, 7, 8
_CONNECT = 1
_IPV4, _NAME, _IPV6 = 1, 3, 4


@dataclass(frozen=True, slots=True)
class Target:
    """Where a client wants to go; `problem` is the reply to a request that is not supported."""

    host: str
    port: int
    problem: int = SUCCEEDED


def read_methods(stream: BufferedIOBase) -> bytes:
    """Read the greeting; return the methods of authentication that the client offers."""
    version, count = _exactly(stream, 2)
    if version != VERSION:
        raise ConnectionResetError("the client does not speak SOCKS5")
    return _exactly(stream, count)


def read_user(stream: BufferedIOBase) -> str:
    """Read user and password; return `USER`, or `USER:PASSWORD` if there is a password."""
    _, length = _exactly(stream, 2)
    user = _exactly(stream, length).decode("utf-8", "replace")
    password = _exactly(stream, _exactly(stream, 1)[0]).decode("utf-8", "replace")
    return f"{user}:{password}" if password else user


def read_target(stream: BufferedIOBase) -> Target:
    """Read the request that follows."""
    _, command, _, kind = _exactly(stream, 4)
    if kind == _NAME:
        host = _exactly(stream, _exactly(stream, 1)[0]).decode("utf-8", "replace")
    elif kind in (_IPV4, _IPV6):
        family, length = (socket.AF_INET, 4) if kind == _IPV4 else (socket.AF_INET6, 16)
        host = socket.inet_ntop(family, _exactly(stream, length))
    else:
        return Target("", 0, BAD_ADDRESS)
    port = int.from_bytes(_exactly(stream, 2), "big")
    return Target(host, port, SUCCEEDED if command == _CONNECT else BAD_COMMAND)


def reply(code: int) -> bytes:
    """Return the reply to a request: 0 for success, else one of 1 to 8."""
    return bytes((VERSION, code, 0, _IPV4)) + bytes(6)


def _exactly(stream: BufferedIOBase, count: int) -> bytes:
    read = stream.read(count)
    if len(read) < count:
        raise ConnectionResetError("the client hung up in the middle of the handshake")
    return read
