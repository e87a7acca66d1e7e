"""The limits on connections: how many in all and per address, and which one makes room."""

from __future__ import annotations

import ipaddress
import resource
from collections import Counter
from collections.abc import Collection
from typing import Protocol

# Each connection may have a file open beside its socket; the other half is for the workers.
SHARE_OF_DESCRIPTORS = 4
IPV6_SITE_BITS = 64  # one visitor has a whole network of this size


class Connection(Protocol):
    """A connection, as its limits see it."""

    @property
    def address(self) -> str:
        """Return the IP address of the other end; empty when it is not known."""

    @property
    def is_spared(self) -> bool:
        """Return True while the request of a valid token is answered on it."""

    def abort(self) -> None:
        """Close it at once, without sending what is buffered."""


class Connections:
    """The open connections; a new one over a limit closes the one that stood still longest.

    Half-sent heads, idle connections, bodies that trickle in and answers that nobody reads make
    room for others, so that none of them can keep anybody out. Requests of valid tokens are never
    cut off.

    Args:
        most: connections in all; fewer where the process has few descriptors.
        most_of_address: connections of one address (IPv6: of one /64).
        proxies: addresses and networks of proxies, which have the first limit only.
    """

    def __init__(self, *, most: int, most_of_address: int, proxies: Collection[str] = ()) -> None:
        self._most = min(most, _descriptors() // SHARE_OF_DESCRIPTORS)
        self._most_of_address = most_of_address
        self._proxies = [ipaddress.ip_network(proxy, strict=False) for proxy in proxies]
        # In the order in which they last went on: the first one stood still longest.
        self._open: dict[Connection, str] = {}

    def admit(self, connection: Connection) -> None:
        """Add a new connection, and close one (perhaps the new one) when that is too many."""
        site = site_of(connection.address)
        self._open[connection] = site
        ours = [one for one, of in self._open.items() if of == site]
        if len(ours) > self._most_of_address and not self._is_proxy(connection.address):
            self._make_room(ours, connection)
        elif len(self._open) > self._most:
            self._make_room(self._of_largest_site(), connection)

    def moved(self, connection: Connection) -> None:
        """Note that a connection went on (a request came whole, or was answered)."""
        site = self._open.pop(connection, None)
        if site is not None:
            self._open[connection] = site

    def discard(self, connection: Connection) -> None:
        """Forget a connection that is closed; one that is not known changes nothing."""
        self._open.pop(connection, None)

    def __len__(self) -> int:
        return len(self._open)

    def _make_room(self, among: list[Connection], new: Connection) -> None:
        others = (one for one in among if one is not new and not one.is_spared)
        victim = next(others, new)
        self.discard(victim)
        victim.abort()

    def _of_largest_site(self) -> list[Connection]:
        """Return the connections of the address that has most of those that may be closed."""
        closable = [one for one in self._open if not one.is_spared]
        counts = Counter(self._open[one] for one in closable)
        largest = max(counts, key=counts.__getitem__, default="")
        return [one for one in closable if self._open[one] == largest]

    def _is_proxy(self, address: str) -> bool:
        return is_in(address, self._proxies)


def is_in(
    address: str, networks: Collection[ipaddress.IPv4Network | ipaddress.IPv6Network]
) -> bool:
    """Return True when the address belongs to one of the networks; False for no address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)


def site_of(address: str) -> str:
    """Return what counts as one visitor: an IPv4 address, the /64 network of an IPv6 address, or
    the text itself when it is no address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((found, IPV6_SITE_BITS), strict=False))


def _descriptors() -> int:
    """Return the number of files and sockets that this process may have open."""
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft != resource.RLIM_INFINITY else 2**20
