"""Fixtures for tests with real processes; `tests/conftest.py` loads them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.processes.launcher import Baton, CommandServer, Launcher, SandboxProcess
from tests.support.processes.outside import Outside

DOMAIN = "美妆"
CRAWLED = 600
Crawled = tuple[Baton, set[str]]


@pytest.fixture(scope="session")
def command_server() -> Iterator[CommandServer]:
    server = CommandServer()
    yield server
    server.close()


@pytest.fixture
def launcher(tmp_path: Path, command_server: CommandServer) -> Iterator[Launcher]:
    """Commands with an empty environment and folder."""
    folder = tmp_path / "bare"
    folder.mkdir()
    made = Launcher(folder=folder, server=command_server)
    yield made
    made.close()


@pytest.fixture
def make_baton(tmp_path: Path, command_server: CommandServer) -> Iterator[Callable[..., Baton]]:
    """`make_baton(database_url=..., **env)`; without a URL on SQLite."""
    made: list[Baton] = []

    def make(database_url: str | None = None, **env: str) -> Baton:
        folder = tmp_path / f"baton-{len(made)}"
        folder.mkdir()
        url = database_url or f"sqlite:///{folder / 'baton.db'}"
        made.append(Baton(folder=folder, server=command_server, database_url=url, **env))
        return made[-1]

    yield make
    for baton in made:
        baton.close()


@pytest.fixture
def baton(make_baton: Callable[..., Baton]) -> Baton:
    """Commands on an SQLite file."""
    return make_baton()


@pytest.fixture
def on_both(make_baton: Callable[..., Baton], database_url: str) -> Baton:
    """Commands on each engine in turn."""
    return make_baton(database_url)


@pytest.fixture
def start_sandbox(
    tmp_path: Path, command_server: CommandServer
) -> Iterator[Callable[..., SandboxProcess]]:
    """`start_sandbox(creators=..., domains=...)`: platforms in processes of their own."""
    folder = tmp_path / "sandbox"
    folder.mkdir()
    own = Launcher(folder=folder, server=command_server)
    yield lambda **options: SandboxProcess(own, **({"domains": "美妆"} | options))
    own.close()


@pytest.fixture(scope="session")
def crawled_once(
    tmp_path_factory: pytest.TempPathFactory, command_server: CommandServer
) -> Crawled:
    """An installation with creators to export; tests get copies of it."""
    folder = tmp_path_factory.mktemp("crawled")
    baton = Baton(
        folder=folder, server=command_server, database_url=f"sqlite:///{folder / 'baton.db'}"
    )
    try:
        sandbox = SandboxProcess(baton, creators=CRAWLED, domains=DOMAIN)
        baton.use(sandbox)
        baton.add_accounts("acc1", "acc2", limit=CRAWLED)
        baton.crawl(DOMAIN)
        uids = sandbox.uids(DOMAIN)
    finally:
        baton.close()
    return baton, uids


@pytest.fixture
def crawled(crawled_once: Crawled, make_baton: Callable[..., Baton]) -> Crawled:
    """600 creators in an SQLite file, two accounts, no sandbox; and the creators' ids."""
    source, uids = crawled_once
    baton = make_baton()
    shutil.copytree(source.data_dir, baton.data_dir)
    for file in source.folder.glob("baton.db*"):
        shutil.copy(file, baton.folder)
    return baton, uids


def look_at(baton: Baton) -> Outside:
    return Outside(database_url=baton.database_url, exports_dir=baton.exports_dir)
