"""User and password in the URL of a proxy, sent as the very bytes that the URL encodes.

requests reads them as text: it fails on characters beyond Latin-1, replaces what is no UTF-8, and
drops a user without a password.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes, urlsplit


@dataclass(frozen=True)
class ProxyLogin:
    """User and password; the password is empty where the URL has none."""

    user: bytes
    password: bytes

    @property
    def basic(self) -> str:
        """Return the value of the header Proxy-Authorization."""
        return "Basic " + base64.b64encode(self.user + b":" + self.password).decode("ascii")

    @property
    def socks_options(self) -> dict[str, str]:
        """Return user and password as urllib3 hands them to PySocks."""
        return {"username": _SocksText(self.user), "password": _SocksText(self.password)}


def login_of(proxy: str) -> ProxyLogin | None:
    """Return the login in the URL of a proxy; None where it has none, or is no URL."""
    try:
        parts = urlsplit(proxy)
    except ValueError:
        return None
    if parts.username is None:
        return None
    return ProxyLogin(unquote_to_bytes(parts.username), unquote_to_bytes(parts.password or ""))


class _SocksText(str):
    """A user or password of SOCKS5 in the place of a text: PySocks calls `encode` once."""

    def __new__(cls, value: bytes) -> _SocksText:
        return super().__new__(cls, value.decode("latin-1"))

    def __bool__(self) -> bool:
        # PySocks offers no login where user or password is false: a token has no password.
        return True

    def encode(self, encoding: str = "", errors: str = "") -> bytes:
        """Return the bytes, whatever the encoding."""
        return _SocksField(super().encode("latin-1"))


class _SocksField(bytes):
    """A user or password of SOCKS5 that puts its length in front of it as one byte (RFC 1929).

    PySocks appends the length as a UTF-8 character, which is two bytes from 128 on, and then adds
    the field to it.
    """

    def __bool__(self) -> bool:
        return True

    def __radd__(self, before: bytes) -> bytes:
        return before.removesuffix(chr(len(self)).encode()) + bytes((len(self),)) + bytes(self)
