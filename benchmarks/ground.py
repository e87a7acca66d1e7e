"""Where benchmarks run: temporary folders, databases on both engines, a sandbox process."""

from __future__ import annotations

import logging
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from accounts.vault import Credentials
from app.container import App
from core.clock import Clock
from core.logs import set_up_logging
from core.settings import Pace, Settings
from storage.schema import schema
from tests.support.mariadb import INSTALL_HINT, MariaDBServer, find_server

ROOT = Path(__file__).resolve().parent.parent
FILLING_BYTES = 3 << 30  # of a database's pages in memory, so that indexes grow without reading
UNPACED = Pace(1_000_000, 1)


@dataclass(frozen=True)
class Place:
    """An empty database and an empty folder."""

    url: str
    folder: Path


class Ground:
    """Temporary folders and a private server; a context manager that removes everything."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="baton-bench-"))
        self._server: MariaDBServer | None = None
        self._places = 0

    @property
    def engines(self) -> tuple[str, ...]:
        """Engines that can be measured on this machine."""
        if find_server() is None:
            print(f"MariaDB is left out; {INSTALL_HINT}", file=sys.stderr)
            return ("sqlite",)
        return ("sqlite", "mariadb")

    def place(self, engine: str) -> Place:
        """Return a fresh place on that engine."""
        self._places += 1
        folder = self._folder / f"place-{self._places}"
        folder.mkdir()
        if engine == "sqlite":
            return Place(f"sqlite:///{folder / 'baton.db'}", folder)
        return Place(self._mariadb().new_database(), folder)

    def drop(self, place: Place) -> None:
        """Free what a place takes, so that later measurements do not pay for it."""
        if place.url.startswith("mysql") and self._server is not None:
            self._server.drop_database(place.url)
        shutil.rmtree(place.folder, ignore_errors=True)

    @contextmanager
    def filling(self, app: App) -> Iterator[None]:
        """Give the app's database much memory and no waiting for disks, to be filled quickly."""
        if app.database.dialect.name == "sqlite":
            connection = app.database.engine.connect()
            assert isinstance(connection, sqlite3.Connection)
            connection.execute(f"PRAGMA cache_size=-{FILLING_BYTES >> 10}")
            connection.execute("PRAGMA synchronous=OFF")
            app.database.engine.release(connection)  # the next transaction gets it again
            yield
            app.database.engine.close()  # others are opened as the product does
            return
        with self._mariadb().variables(
            innodb_buffer_pool_size=FILLING_BYTES, innodb_flush_log_at_trx_commit=0
        ):
            yield

    def __enter__(self) -> Ground:
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _mariadb(self) -> MariaDBServer:
        if self._server is None:
            folder = self._folder / "mariadb"
            folder.mkdir()
            self._server = MariaDBServer(folder=folder)
            self._server.install()
            self._server.start()
        return self._server


@contextmanager
def opened(
    place: Place, threads: int = 2, clock: Clock | None = None, **changes: Any
) -> Iterator[App]:
    """Open an App that logs to files as a service does; create its schema when it is missing."""
    values: dict[str, Any] = {
        "database_url": SecretStr(place.url),
        "data_dir": place.folder / "data",
        "log_dir": place.folder / "logs",
        "bilibili_pace": UNPACED,
        "lease_secs": 600.0,
        "poll_secs": 0.01,
    }
    settings = Settings(_env_file=None, **(values | changes))  # type: ignore[call-arg]
    app = App(settings, threads=threads, patience_secs=5, clock=clock)
    handler = set_up_logging(settings.log_dir)
    try:
        schema.create(app.database)
        yield app.open()
    finally:
        app.close()
        logging.getLogger("baton").removeHandler(handler)
        handler.close()


def add_accounts(app: App, count: int, limit: int) -> list[int]:
    """Add accounts that the sandbox knows; return their ids."""
    names = [f"bench-{number}" for number in range(1, count + 1)]
    return [
        app.pool.registry.add("bilibili", name, Credentials(session=f"SESSDATA={name}"), limit)
        for name in names
    ]


@contextmanager
def sandbox_process(
    creators: int, domain: str, rate: str = "1000000/1", options: Sequence[str] = ()
) -> Iterator[str]:
    """Run a sandbox in its own process and yield its URL; it limits nobody unless `rate` does."""
    command = [
        sys.executable,
        "-m",
        "sandbox",
        "--creators",
        str(creators),
        "--domains",
        domain,
        "--rate",
        rate,
        *options,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().removeprefix("listening on ").strip()
    finally:
        process.terminate()
        process.wait(30)
