"""The findings of `doctor`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from core.errors import BatonError
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
        fix: does what the advice says, where that is safe, and returns what it did; else None.
    """

    level: Level
    subject: Message
    detail: Message
    advice: Message | None = None
    fix: Callable[[], Message] | None = None


def ok(subject: Message, detail: Message) -> Finding:
    """Return a finding that nothing is wrong."""
    return Finding(Level.OK, subject, detail)


def warning(
    subject: Message, detail: Message, advice: Message, fix: Callable[[], Message] | None = None
) -> Finding:
    """Return a finding on what may do harm later, with what to do about it."""
    return Finding(Level.WARN, subject, detail, advice, fix)


def failure(
    subject: Message,
    detail: Message | BatonError,
    advice: Message,
    fix: Callable[[], Message] | None = None,
) -> Finding:
    """Return a finding on what does not work; `detail` may be the error that showed it."""
    if isinstance(detail, BatonError):
        detail = Message.of("error_found", cause=detail)
    return Finding(Level.ERROR, subject, detail, advice, fix)
