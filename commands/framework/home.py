"""Which folder the command works in, as people are told."""

from __future__ import annotations

from core.installation.home import find_home
from core.messages import Message


def home_message() -> Message:
    """Return which folder is the home of this process, and why."""
    home = find_home()
    return Message.of(f"home_is_{home.reason}", folder=str(home.path.absolute()))
