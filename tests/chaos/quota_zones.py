"""A time zone in which midnight comes when a test wants it: the quota day turns in the middle.

Python reads zones from PYTHONTZPATH, so this is a setting like any other to Baton.
"""

from __future__ import annotations

import struct
from datetime import UTC, datetime
from pathlib import Path

DAY_SECS = 86400
NAME = "Chaos/Midnight"


def zone_whose_midnight_is_in(secs: float, folder: Path) -> dict[str, str]:
    """Write such a zone under `folder`; the environment that makes Baton use it."""
    now = datetime.now(UTC)
    of_day = (now - now.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds()
    offset = (DAY_SECS - secs - of_day) % DAY_SECS
    file = folder / NAME
    file.parent.mkdir(parents=True)
    file.write_bytes(_tzif(int(offset if offset < DAY_SECS / 2 else offset - DAY_SECS)))
    return {"PYTHONTZPATH": str(folder), "BATON_QUOTA_TIMEZONE": NAME}


def _tzif(offset_secs: int) -> bytes:
    """A zone with one offset for ever (RFC 8536, version 1)."""
    letters = b"CHS\0"
    header = b"TZif" + b"\0" * 16 + struct.pack(">6l", 0, 0, 0, 0, 1, len(letters))
    return header + struct.pack(">lbB", offset_secs, 0, 0) + letters
