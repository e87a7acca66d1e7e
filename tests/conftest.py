"""Shared fixtures: both database engines, an App in a temporary folder, the sandbox."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mariadb import INSTALL_HINT, MariaDBServer, find_server
from moving_clock import MovingClock
from pydantic import SecretStr

from accounts.vault import Credentials
from commands.root import App
from core.clock import Clock
from core.settings import Pace, Settings
from sandbox import RateLimit, SandboxConfig, SandboxServer

AppFactory = Callable[..., App]


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDBServer]:
    """A private server. Where MariaDB is missing: skipped on a person's machine, failed in CI."""
    if find_server() is None:
        reason = f"MariaDB is not installed; {INSTALL_HINT}"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    folder = Path(tempfile.mkdtemp(prefix="baton-db-"))
    server = MariaDBServer(folder)
    try:
        server.install()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "mariadb"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """DATABASE_URL of an empty database, on each engine in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'baton.db'}"
        return
    server: MariaDBServer = request.getfixturevalue("mariadb")
    url = server.new_database()
    yield url
    server.drop_database(url)


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def make_app(database_url: str, tmp_path: Path, clock: MovingClock) -> Iterator[AppFactory]:
    """Builds opened Apps on one database; each is like a process of its own.

    `make_app(clock=..., host=..., threads=..., **settings)`; the clock is the moving one unless
    given, the schema is created, pauses are short.
    """
    made: list[App] = []

    def make(
        *, clock: Clock | None = clock, host: str = "test-host", threads: int = 2, **changes: Any
    ) -> App:
        values: dict[str, Any] = {
            "database_url": SecretStr(database_url),
            "data_dir": tmp_path / "data",
            "log_dir": tmp_path / "logs",
            "bilibili_pace": Pace(1000, 1),
        }
        settings = Settings(_env_file=None, **(values | changes))  # type: ignore[call-arg]
        app = App(settings, threads=threads, patience_secs=5, clock=clock, host=host)
        from storage import schema

        schema.create(app.database)
        app.open()
        made.append(app)
        return app

    yield make
    for app in made:
        app.close()


@pytest.fixture
def app(make_app: AppFactory) -> App:
    return make_app()


def add_account(app: App, name: str, limit: int = 4000, **changes: Any) -> int:
    """An account whose session the sandbox knows by its name."""
    credentials = Credentials(session=changes.pop("session", f"SESSDATA={name}"), **changes)
    return app.registry.add("bilibili", name, credentials, limit)


@pytest.fixture
def sandbox() -> Iterator[Callable[..., SandboxServer]]:
    """Starts sandboxes: `sandbox(creators=100, domains=("美妆",), rate="1000/1")`."""
    running: list[SandboxServer] = []

    def start(rate: str = "100000/1", **options: Any) -> SandboxServer:
        server = SandboxServer(SandboxConfig(rate=RateLimit.parse(rate), **options))
        server.start()
        running.append(server)
        return server

    yield start
    for server in running:
        server.stop()
