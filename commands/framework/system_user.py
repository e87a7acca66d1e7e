"""The acting user of the command line, for the log of actions."""

from __future__ import annotations

import getpass
import os
from dataclasses import dataclass

from app.container import App


@dataclass(frozen=True)
class SystemUser:
    """A user of this host. `name` is like `cli:root`; `address` is the host's name."""

    name: str
    address: str


def system_user(app: App) -> SystemUser:
    """Return the user who runs this process, by the user id when it has no name."""
    return SystemUser(name=f"cli:{_user_name()}", address=app.host)


def _user_name() -> str:
    try:
        name = getpass.getuser()
    except (KeyError, OSError, ImportError):  # no variable names it, nor does the user database
        return str(os.getuid())
    return name.encode(errors="replace").decode()
