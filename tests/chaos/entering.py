"""Enters network namespaces of this machine; only root may."""

from __future__ import annotations

import ctypes
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

NAMESPACES = Path("/run/netns")
CLONE_NEWNET, CLONE_NEWUTS = 0x40000000, 0x04000000


def become_host(name: str, namespace: str) -> None:
    """Put this process, before it has threads, into a namespace, with a host name of its own."""
    enter(namespace)
    _check(_libc().unshare(CLONE_NEWUTS))
    socket.sethostname(name)


def enter(namespace: str) -> None:
    """Put the calling thread into a network namespace; sockets stay where they were made."""
    handle = os.open(NAMESPACES / namespace, os.O_RDONLY)
    try:
        _check(_libc().setns(handle, CLONE_NEWNET))
    finally:
        os.close(handle)


def listen_in(namespace: str, address: str) -> socket.socket:
    """Return a socket that listens in a namespace, at any free port of that address."""

    def listen() -> socket.socket:
        enter(namespace)
        return socket.create_server((address, 0))

    with ThreadPoolExecutor(1) as pool:  # its thread stays there, and ends
        return pool.submit(listen).result()


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
