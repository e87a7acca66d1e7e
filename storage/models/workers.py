"""Running processes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Worker:
    """A running process: its host and pid, the services it runs, and when it was last seen."""

    id: str
    host: str
    pid: int
    roles: str
    started_at: datetime
    seen_at: datetime
