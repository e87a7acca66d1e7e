"""A platform that tests can spoil, and logs that they can read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tests.support.crawler.outside_checker as outside_checker
from app.container import App
from sandbox import RateLimit, SandboxConfig
from tests.support.crawler.workbench import (
    BATCH,
    DOMAIN,
    LIMIT,
    ROWS,
    Platform,
    add_accounts,
    store_rows,
)
from tests.support.moving_clock import MovingClock


@pytest.fixture
def platform(clock: MovingClock) -> Iterator[Callable[..., Platform]]:
    """Starts platforms whose time is the tests': `platform(creators=45, rate="3/60")`."""
    running: list[Platform] = []

    def start(rate: str = "100000/1", clock: Any = clock, **options: Any) -> Platform:
        options = {"domains": (DOMAIN,), "creators": 100} | options
        server = Platform(config=SandboxConfig(rate=RateLimit.parse(rate), **options), clock=clock)
        server.start()
        running.append(server)
        return server

    yield start
    for server in running:
        server.stop()


@pytest.fixture
def two(make_app: Callable[..., App]) -> tuple[App, App]:
    """Two processes on one database with three accounts and a few creators."""
    one, other = (make_app(export_batch_rows=BATCH) for _ in range(2))
    add_accounts(one, 3, limit=LIMIT)
    store_rows(one, ROWS)
    return one, other


@pytest.fixture
def agree(database_url: str, tmp_path: Path) -> Callable[..., list[int]]:
    """Looks from outside that rows, files and quotas agree; gives the exported ids."""
    folder = tmp_path / "data" / "exports"

    def check(**options: bool) -> list[int]:
        assert outside_checker.problems(database_url, folder, **options) == []
        return outside_checker.exported_ids(database_url, folder)

    return check
