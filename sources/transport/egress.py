"""How requests leave this host: directly, or through a proxy as one of its users.

Providers of proxies tell their exits apart by the user or the password: one gateway is many egress
routes. A route has a name that shows host and port, but neither user nor password.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

MAX_NAME_CHARS = 80  # what the columns hold
DIRECT = "direct"
DIRECT_PREFIX = f"{DIRECT}@"
DEFAULT_PORTS = {"http": 80, "https": 443}
SOCKS_PORT = 1080
HASH_CHARS = 8
MAX_KIND_CHARS = 8  # what the column holds
# A place of this length leaves room for `#` and the hash.
MAX_PLACE_CHARS = MAX_NAME_CHARS - HASH_CHARS - 1


@dataclass(frozen=True)
class Egress:
    """An egress route.

    Args:
        name: `direct@HOST`, or `host:port#` with 8 hex digits that stand for scheme, host, port,
            user and password; at most 80 characters.
        gateway: `host:port`, which all exits of a gateway share; the name again for a direct one.
        kind: `direct`, or the scheme of the proxy.
        host: of the proxy, whole; None for a direct one, as is `port`.
    """

    name: str
    gateway: str
    kind: str
    host: str | None = None
    port: int | None = None

    @property
    def is_direct(self) -> bool:
        """Return whether requests leave without a proxy."""
        return self.kind == DIRECT


def is_direct(name: str) -> bool:
    """Return whether a route's name is that of a direct one, of this host or of another."""
    return name == DIRECT or name.startswith(DIRECT_PREFIX)


def direct_egress(host_name: str) -> Egress:
    """Return the route of requests without a proxy from the host of that name."""
    name = f"{DIRECT_PREFIX}{host_name}"[:MAX_NAME_CHARS]
    return Egress(name=name, gateway=name, kind=DIRECT)


def proxy_egress(url: str, salt: bytes) -> Egress:
    """Return the route through a proxy; for a text that is no URL, one of the host `?`.

    Args:
        url: with user and password, percent-encoded where needed.
        salt: the installation's own, so that nobody can try out passwords against a name.
    """
    parts, port = _split(url)
    scheme, host = parts.scheme.lower(), parts.hostname or "?"
    port = port or DEFAULT_PORTS.get(scheme, SOCKS_PORT)
    # As HTTP libraries send them: two spellings of one password are one route.
    user, password = (
        unquote_to_bytes(part or "").hex() for part in (parts.username, parts.password)
    )
    identity = json.dumps([scheme, host, port, user, password])
    digest = hmac.new(salt, identity.encode(), hashlib.sha256).hexdigest()
    gateway = _place(host, port)
    name = f"{gateway}#{digest[:HASH_CHARS]}"
    return Egress(name=name, gateway=gateway, kind=scheme[:MAX_KIND_CHARS], host=host, port=port)


def _split(url: str) -> tuple[SplitResult, int | None]:
    """Return the parts of a URL and its port; empty parts for a text that is no URL."""
    try:
        parts = urlsplit(url)
        return parts, parts.port
    except ValueError:
        return urlsplit(""), None


def _place(host: str, port: int) -> str:
    """Return `host:port`; a long host is cut, and a hash of the whole keeps it apart."""
    shown = f"[{host}]" if ":" in host else host
    room = MAX_PLACE_CHARS - len(f":{port}")
    if len(shown) > room:
        mark = "~" + hashlib.sha256(host.encode()).hexdigest()[:HASH_CHARS]
        shown = shown[: room - len(mark)] + mark
    return f"{shown}:{port}"
