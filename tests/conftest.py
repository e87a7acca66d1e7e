"""Shared fixtures: both database engines, an App in a temporary folder."""

from __future__ import annotations

import gc
import logging
import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck
from pydantic import SecretStr

from app.container import App
from core.clock import Clock
from core.logs import set_up_logging
from core.settings import Pace
from tests.support.apps import AppFactory, GivenSettings
from tests.support.cpu_time import CpuBudget
from tests.support.mariadb import INSTALL_HINT, MariaDBServer, find_server, private_server
from tests.support.memory_folder import memory_folder
from tests.support.moving_clock import MovingClock
from tests.support.prepared_databases import PreparedDatabases, PreparedFile
from tests.support.processes.signals import let_commands_take_signals

# Fixtures of several folders: pytest loads these modules, so that nobody has to import fixtures.
pytest_plugins = (
    "tests.support.file_systems",
    "tests.support.processes.process_fixtures",
    "tests.support.webhooks.name_fixtures",
    "tests.support.webhooks.office_fixtures",
    "tests.support.works.django_site",
    "tests.support.works.views_fixtures",
)


hypothesis.settings.register_profile(
    "suite", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis.settings.load_profile("suite")  # how fast it is says something of the machine only


def pytest_configure(config: pytest.Config) -> None:
    """Count CPU time; put `tmp_path` into memory, as databases and files are synced to disk."""
    config.pluginmanager.register(CpuBudget())
    let_commands_take_signals()
    if (folder := memory_folder()) is not None:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(folder))


def pytest_collection() -> None:
    """Keep the garbage collector from walking through ever more tests while these are read."""
    gc.disable()


def pytest_collection_finish() -> None:
    gc.freeze()  # modules and tests stay to the end
    gc.enable()


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDBServer]:
    """A private server. Where MariaDB is missing: skipped on a person's machine, failed in CI."""
    if find_server() is None:
        reason = f"MariaDB is not installed; {INSTALL_HINT}"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    with private_server() as server:
        yield server


@pytest.fixture(scope="session")
def prepared_databases(mariadb: MariaDBServer) -> PreparedDatabases:
    return PreparedDatabases(mariadb)


@pytest.fixture(scope="session")
def prepared_file(tmp_path_factory: pytest.TempPathFactory) -> PreparedFile:
    return PreparedFile(tmp_path_factory.mktemp("prepared"))


def _wants_tables(request: pytest.FixtureRequest) -> bool:
    empty = request.node.get_closest_marker("empty_database") is not None
    return "make_app" in request.fixturenames and not empty


@pytest.fixture
def mysql_url(request: pytest.FixtureRequest, mariadb: MariaDBServer) -> Iterator[str]:
    """DATABASE_URL on MariaDB only: of an empty database; for `make_app` of one with tables."""
    if _wants_tables(request):
        prepared: PreparedDatabases = request.getfixturevalue("prepared_databases")
        url = prepared.take()
        yield url
        prepared.give_back(url)
        return
    url = mariadb.new_database()
    yield url
    mariadb.drop_database(url)


@pytest.fixture
def sqlite_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """DATABASE_URL on SQLite only: of no file yet; for `make_app` of one with tables."""
    path = tmp_path / "baton.db"
    if _wants_tables(request):
        request.getfixturevalue("prepared_file").copy_to(path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "mariadb"])
def database_url(request: pytest.FixtureRequest) -> str:
    """DATABASE_URL of an empty database, or with tables for `make_app`; on each engine in turn."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "mysql_url")
    return url


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
            "single_pause_min_secs": 0.0,
            "single_pause_max_secs": 0.0,
        }
        settings = GivenSettings(**(values | changes))
        app = App(settings, threads=threads, patience_secs=5, clock=clock, host=host)
        from storage.schema import schema

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


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Everything that was logged so far, as it lies on the disk."""
    folder = tmp_path / "logs"
    handler = set_up_logging(folder)

    def read() -> str:
        return "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.log")))

    yield read
    handler.close()
    logging.getLogger("baton").removeHandler(handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Captured text may hold what no encoding knows; reports travel between processes."""
    report = yield
    report.sections = [
        (name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections
    ]
    return report
