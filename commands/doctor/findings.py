"""The findings of `doctor`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from core.messages import Message


class Level(StrEnum):
    """The severity of a finding; ERROR makes the command fail."""

    OK = "ok"
    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """The result of a check.

    Args:
        subject: the thing that was checked.
        detail: its state.
        advice: what to do; None when nothing.
        fix: follows the advice where that is safe, and returns what it did; None where it is not.
    """

    level: Level
    subject: Message
    detail: Message
    advice: Message | None = None
    fix: Callable[[], Message] | None = None
