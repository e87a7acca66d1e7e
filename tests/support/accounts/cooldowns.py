"""Cooldowns as tests give them to accounts."""

from __future__ import annotations

from accounts.manager import Cooldown
from core.messages import Message


def cooldown(secs: float, reason: str = "throttled", *, suspect: bool = False) -> Cooldown:
    return Cooldown(base_secs=secs, reason=Message.text(reason), suspect=suspect)
