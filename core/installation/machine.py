"""A name of the machine that stays the same over restarts, also inside a container."""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from pathlib import Path

ID_FILES = (
    Path("/etc/machine-id"),
    Path("/var/lib/dbus/machine-id"),
    # Images of containers come without the others, and a container's host name is another one at
    # each start. This id is the kernel's: all containers of a machine share it until it boots.
    Path("/proc/sys/kernel/random/boot_id"),
)
ID = re.compile(r"[0-9a-f]{8}")  # the beginning; a file that is not set up yet holds a word
MAX_HOST_CHARS = 64


def machine_name(files: Sequence[Path] = ID_FILES) -> str:
    """Return the first 8 hex digits of the machine's id; the host name where it has none."""
    for file in files:
        try:
            found = ID.match(file.read_text(encoding="ascii").strip().lower())
        except (OSError, UnicodeDecodeError):
            continue
        if found is not None:
            return found[0]
    return socket.gethostname()[:MAX_HOST_CHARS] or "localhost"
