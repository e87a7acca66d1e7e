"""Fixtures of the chaos tests: stages with a server of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.chaos.galera import HINT, find_provider
from tests.chaos.galera_stage import GaleraStage
from tests.chaos.stages import MariaDBStage, SqliteStage
from tests.support.mariadb import MariaDBServer


@pytest.fixture(scope="session")
def sqlite_stage() -> Iterator[SqliteStage]:
    yield SqliteStage()


@pytest.fixture(scope="session")
def mariadb_stage(mariadb: MariaDBServer) -> Iterator[MariaDBStage]:
    """A server that may be killed; asking for `mariadb` skips where none is installed."""
    stage = MariaDBStage()
    yield stage
    stage.close()


@pytest.fixture(scope="session")
def galera_stage(mariadb: MariaDBServer) -> Iterator[GaleraStage]:
    """A cluster. Where Galera is missing: skipped on a person's machine, failed in CI."""
    if find_provider() is None:
        reason = f"Galera is not installed; {HINT}"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    stage = GaleraStage()
    yield stage
    stage.close()
