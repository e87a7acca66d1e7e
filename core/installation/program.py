"""How this process was started, in the words to start another command with."""

from __future__ import annotations

import sys
from pathlib import Path

INSTALLED = ("baton", "baton-crawler")
FROM_CHECKOUT = "python cli.py"
AS_MODULE = "python -m baton"


def program_name() -> str:
    """Return what to type before a command's name: `baton`, or `python cli.py` in a checkout."""
    started = Path(sys.argv[0])
    if started.stem in INSTALLED:
        return started.stem
    if started.name == "__main__.py" and started.parent.name == INSTALLED[0]:
        return AS_MODULE
    return FROM_CHECKOUT


def is_installed() -> bool:
    """Return whether an installed program was started, not `cli.py` of a checkout."""
    return program_name() != FROM_CHECKOUT
