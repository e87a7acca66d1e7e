"""Apps as tests make them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from accounts.vault import Credentials
from app.container import App
from core.settings import Settings
from storage.schema import schema

AppFactory = Callable[..., App]


class GivenSettings(Settings):
    """Settings as they are given, with defaults: neither the environment nor a file is read.

    Reading every setting's name there takes longer than all else that makes an App.
    """

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: Any, init_settings: Any, *_others: Any, **_more: Any
    ) -> tuple[Any, ...]:
        return (init_settings,)


@contextmanager
def opened_app(database_url: str, data_dir: Path, patience_secs: float = 30.0) -> Iterator[App]:
    """Open an App on an installation whose commands run as processes of their own.

    The schema is created when it is missing.
    """
    settings = GivenSettings(database_url=SecretStr(database_url), data_dir=data_dir)
    app = App(settings, patience_secs=patience_secs)
    try:
        schema.create(app.database)
        yield app.open()
    finally:
        app.close()


def add_account(app: App, name: str, limit: int = 4000, **changes: Any) -> int:
    """Add an account whose session the sandbox knows by its name; return its id."""
    credentials = Credentials(session=changes.pop("session", f"SESSDATA={name}"), **changes)
    return app.pool.registry.add("bilibili", name, credentials, limit)
