"""The findings of `doctor`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from core.messages import Message


class Level(StrEnum):
    """How bad a finding is; ERROR makes the command fail."""

    OK = "ok"
    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """What a check found, and advice (None where nothing is to be done).

    `fix` follows the advice where that is safe, and returns what it did.
    """

    level: Level
    subject: Message
    detail: Message
    advice: Message | None = None
    fix: Callable[[], Message] | None = None
