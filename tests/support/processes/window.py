"""A command in a terminal window of a given size."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import sys
import termios
from collections.abc import Mapping
from pathlib import Path

STYLES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def shown_in_window(
    folder: Path, env: Mapping[str, str], program: Path, words: tuple[str, ...], columns: int
) -> list[str]:
    """Run a Python program in a window of so many columns; return its lines, without styles."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(folder)
        os.execve(sys.executable, [sys.executable, str(program), *words], dict(env))
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    shown = b""
    while part := _read(terminal):
        shown += part
    os.close(terminal)
    os.waitpid(pid, 0)
    return STYLES.sub("", shown.decode()).replace("\r", "").splitlines()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # the program has ended
        return b""
