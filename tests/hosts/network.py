"""A bridge of this machine with namespaces on it: links that go down, packets that vanish."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess

from tests.chaos.chaos_proxy import ChaosProxy
from tests.chaos.entering import listen_in
from tests.chaos.namespaces import Forwarder, ip

NOBODY = "02:00:00:00:00:99"  # no interface has this address: what is sent to it is lost


class Place:
    """A namespace with an address on the bridge."""

    def __init__(self, bridge: str, tail: str, address: str) -> None:
        self.namespace = f"baton-{tail}"
        self.address = address
        self._near, self._far = f"hn{tail}", f"hf{tail}"
        ip("netns", "add", self.namespace)
        ip("link", "add", self._near, "type", "veth", "peer", "name", self._far)
        ip("link", "set", self._far, "netns", self.namespace)
        ip("link", "set", self._near, "master", bridge)
        ip("link", "set", self._near, "up")
        self._inside("addr", "add", f"{address}/24", "dev", self._far)
        self._inside("link", "set", self._far, "up")
        self._inside("link", "set", "lo", "up")

    def listen(self) -> socket.socket:
        """Return a socket that listens here."""
        return listen_in(self.namespace, self.address)

    def cut(self) -> None:
        """Let nothing in or out, without a word to either side."""
        ip("link", "set", self._near, "down")

    def mend(self) -> None:
        ip("link", "set", self._near, "up")

    def lose_packets_to(self, other: Place) -> None:
        """Lose what is sent from here to there; the other direction stays as it is."""
        where = (other.address, "lladdr", NOBODY, "dev", self._far, "nud", "permanent")
        self._inside("neigh", "replace", *where)

    def deliver_packets_to(self, other: Place) -> None:
        with contextlib.suppress(subprocess.CalledProcessError):  # it may be gone already
            self._inside("neigh", "del", other.address, "dev", self._far)

    def close(self) -> None:
        for command in (("link", "del", self._near), ("netns", "del", self.namespace)):
            with contextlib.suppress(subprocess.CalledProcessError):
                ip(*command)

    def _inside(self, *args: str) -> None:
        ip("-n", self.namespace, *args)


class Network:
    """The bridge, on which this process has an address, too."""

    def __init__(self) -> None:
        self._tail = f"{os.getpid() % 100_000}"
        self._bridge = f"hb{self._tail}"
        self._subnet = f"10.214.{os.getpid() % 250}"
        self._places: list[Place] = []
        self._doors: list[ChaosProxy] = []
        ip("link", "add", self._bridge, "type", "bridge")
        ip("addr", "add", f"{self._subnet}.254/24", "dev", self._bridge)
        ip("link", "set", self._bridge, "up")

    def join(self) -> Place:
        """Make a namespace on the bridge."""
        number = len(self._places) + 1
        place = Place(self._bridge, f"{self._tail}x{number}", f"{self._subnet}.{number}")
        self._places.append(place)
        return place

    def door(self, place: Place, port: int) -> Forwarder:
        """Have a server of this machine's loopback answer in a namespace, at the door's `place`."""
        door = Forwarder(port=port, outer=place.listen())
        self._doors.append(door)
        return door

    def close(self) -> None:
        for door in self._doors:
            door.close()
        for place in self._places:
            place.close()
        with contextlib.suppress(subprocess.CalledProcessError):
            ip("link", "del", self._bridge)
