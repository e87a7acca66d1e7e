"""Hosts as network namespaces: each with its own name and a link that can be cut.

Only root can make them. Elsewhere a host is a process with its own data folder behind proxies
that can be shut, which is the same to Baton but for how a connection ends: a shut proxy breaks it,
a link that is down says nothing.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import shlex
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from tests.chaos.chaos_proxy import ChaosProxy
from tests.support.processes.launcher import CLI, Baton, CommandServer, Process

NUMBERS = itertools.count()
AS_HOST = Path(__file__).with_name("as_host.py")


class Link(Protocol):
    """How a host reaches servers on 127.0.0.1 of the machine."""

    def command(self, name: str, args: list[str]) -> list[str]:
        """What runs `cli.py ARGS` on the host of that name."""

    def reach(self, port: int) -> str:
        """HOST:PORT at which the host finds the server that listens on `port`."""

    def cut(self) -> None: ...

    def mend(self) -> None: ...

    def close(self) -> None: ...


class Forwarder(ChaosProxy):
    """Leads to a port of 127.0.0.1 from elsewhere, too: from where `outer` listens."""

    def __init__(self, port: int, outer: socket.socket) -> None:
        super().__init__(port)
        self._outer = outer
        address, self.outer_port = outer.getsockname()
        self.place = f"{address}:{self.outer_port}"
        threading.Thread(target=self._accept_outer, daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._outer.shutdown(socket.SHUT_RDWR)
        self._outer.close()
        super().close()

    def _accept_outer(self) -> None:
        self._accept_on(self._outer)


class NamespaceLink:
    """A namespace joined to the machine's by a veth pair."""

    def __init__(self) -> None:
        number = next(NUMBERS)
        self._name = f"baton-{os.getpid()}-{number}"
        tail = f"{os.getpid() % 100000}x{number}"
        self._near, self._far = f"bn{tail}", f"bf{tail}"
        base = f"10.213.{os.getpid() % 250}.{4 * number}"
        head, _, last = base.rpartition(".")
        self._near_address = f"{head}.{int(last) + 1}"
        self._forwarders: list[Forwarder] = []
        ip("netns", "add", self._name)
        ip("link", "add", self._near, "type", "veth", "peer", "name", self._far)
        ip("link", "set", self._far, "netns", self._name)
        ip("addr", "add", f"{self._near_address}/30", "dev", self._near)
        ip("link", "set", self._near, "up")
        inside = ("-n", self._name)
        ip(*inside, "addr", "add", f"{head}.{int(last) + 2}/30", "dev", self._far)
        ip(*inside, "link", "set", self._far, "up")
        ip(*inside, "link", "set", "lo", "up")

    def command(self, name: str, args: list[str]) -> list[str]:
        run = f"hostname {name}; exec {shlex.join([sys.executable, str(CLI), *args])}"
        return ["ip", "netns", "exec", self._name, "unshare", "--uts", "sh", "-c", run]

    def reach(self, port: int) -> str:
        forwarder = Forwarder(port=port, outer=socket.create_server((self._near_address, 0)))
        self._forwarders.append(forwarder)
        return forwarder.place

    def cut(self) -> None:
        ip("link", "set", self._near, "down")

    def mend(self) -> None:
        ip("link", "set", self._near, "up")

    def close(self) -> None:
        for forwarder in self._forwarders:
            forwarder.close()
        for command in (("link", "del", self._near), ("netns", "del", self._name)):
            with contextlib.suppress(subprocess.CalledProcessError):
                ip(*command)


class ProxyLink:
    """Where namespaces cannot be made: proxies that refuse and break."""

    def __init__(self) -> None:
        self._proxies: list[ChaosProxy] = []

    def command(self, name: str, args: list[str]) -> list[str]:
        return [sys.executable, str(AS_HOST), name, "0", "-", *args]

    def reach(self, port: int) -> str:
        proxy = ChaosProxy(port)
        self._proxies.append(proxy)
        return f"127.0.0.1:{proxy.port}"

    def cut(self) -> None:
        for proxy in self._proxies:
            proxy.refuse = True
            proxy.cut()

    def mend(self) -> None:
        for proxy in self._proxies:
            proxy.refuse = False

    def close(self) -> None:
        for proxy in self._proxies:
            proxy.close()


class LinkedHost(Baton):
    """Commands of a host behind a link: a data folder, a name and addresses of its own."""

    def __init__(
        self, folder: Path, server: CommandServer, name: str, link: Link, **env: str
    ) -> None:
        folder.mkdir()
        super().__init__(folder, server, env.pop("DATABASE_URL"), **env)
        self.name = name
        self.link = link

    def start(self, *args: object, env: Mapping[str, str] | None = None) -> Process:
        command = self.link.command(self.name, [str(arg) for arg in args])
        process = Process(
            command=command, cwd=self.work, env=self._whole(env), log=self._next_log()
        )
        self._started.append(process)
        return process

    def close(self) -> None:
        super().close()
        self.link.close()


def make_link() -> Link:
    return NamespaceLink() if can_make_namespaces() else ProxyLink()


def can_make_namespaces() -> bool:
    if os.geteuid() != 0 or shutil.which("ip") is None or shutil.which("unshare") is None:
        return False
    try:
        ip("netns", "add", f"baton-try-{os.getpid()}")
        ip("netns", "del", f"baton-try-{os.getpid()}")
    except subprocess.CalledProcessError:
        return False
    return True


def ip(*args: str) -> None:
    subprocess.run(["ip", *args], check=True, capture_output=True, text=True)
