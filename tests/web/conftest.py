"""Served sites on SQLite; what depends on the engine asks for both itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from process_fixtures import baton, command_server, make_baton  # noqa: F401
from web_site import Site, Visitor

from commands.root import App
from tests.conftest import AppFactory


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """SQLite, or what a test asks for with `BOTH_ENGINES`."""
    if getattr(request, "param", "sqlite") == "mariadb":
        url: str = request.getfixturevalue("mysql_url")
        return url
    return f"sqlite:///{tmp_path / 'baton.db'}"


@pytest.fixture
def app(make_app: AppFactory) -> App:
    return make_app(threads=8)


@pytest.fixture
def site(app: App) -> Iterator[Site]:
    served = Site(app)
    yield served
    served.close()


@pytest.fixture
def admin(site: Site) -> Visitor:
    return site.admin
