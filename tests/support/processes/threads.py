"""Threads of another process, as /proc shows them."""

from __future__ import annotations

from pathlib import Path


def stands_still(pid: int) -> bool:
    """Return whether all threads of a process are stopped, or have ended."""
    try:
        threads = [stat.read_text() for stat in Path(f"/proc/{pid}/task").glob("*/stat")]
    except OSError:  # one ended just now
        return False
    return all(thread.rpartition(")")[2].split()[0] in "TZX" for thread in threads)
