"""Apps as tests make them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accounts.vault import Credentials
from app.container import App

AppFactory = Callable[..., App]


def add_account(app: App, name: str, limit: int = 4000, **changes: Any) -> int:
    """An account whose session the sandbox knows by its name."""
    credentials = Credentials(session=changes.pop("session", f"SESSDATA={name}"), **changes)
    return app.pool.registry.add("bilibili", name, credentials, limit)
