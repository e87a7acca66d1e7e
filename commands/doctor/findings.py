"""What `doctor` finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """What was seen, and what to do about it. `fix` does it where that is safe, and says what."""

    level: Level
    subject: str
    detail: str
    advice: str = ""
    fix: Callable[[], str] | None = None
