"""Served sites on SQLite; what depends on the engine asks for both itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from pydantic import SecretStr

from app.container import App
from core.settings import Pace
from tests.support.apps import AppFactory, GivenSettings
from tests.support.web.browser import chromium
from tests.support.web.web_site import Site, Visitor

NOWHERE = "http://127.0.0.1:9"  # nobody listens there


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> str:
    """SQLite, or what a test asks for with `BOTH_ENGINES`."""
    engine = getattr(request, "param", "sqlite")
    url: str = request.getfixturevalue("mysql_url" if engine == "mariadb" else "sqlite_url")
    return url


@pytest.fixture
def app(make_app: AppFactory) -> App:
    return make_app(threads=8)


@pytest.fixture(scope="module")
def module_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """One App on SQLite for all tests of a module; platforms cannot be reached from it."""
    folder = tmp_path_factory.mktemp("module")
    settings = GivenSettings(
        database_url=SecretStr(f"sqlite:///{folder / 'baton.db'}"),
        data_dir=folder / "data",
        log_dir=folder / "logs",
        bilibili_pace=Pace(1000, 1),
        bilibili_base_url=NOWHERE,
        webhook_allowed_hosts="127.0.0.1",
    )
    app = App(settings, threads=8, patience_secs=5, host="test-host")
    app.open()
    yield app
    app.close()


@pytest.fixture
def site(app: App) -> Iterator[Site]:
    served = Site(app)
    yield served
    served.close()


@pytest.fixture(scope="session")
def chromium_browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def browse(chromium_browser: Browser, site: Site) -> Iterator[Callable[..., Page]]:
    """Opens pages in browsers of their own: `browse(path, locale="zh-CN", …)`, `signed_in=False`
    at the sign-in. A script error, or anything that the content policy stops, fails the test."""
    wrong: list[str] = []
    contexts: list[BrowserContext] = []

    def open_page(path: str = "", signed_in: bool = True, **options: Any) -> Page:
        context = chromium_browser.new_context(**({"locale": "en-GB"} | options))
        contexts.append(context)
        if signed_in:
            context.add_cookies([site.session_cookie()])
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if "Policy" in said.text else None)
        page.goto(f"{site.url}/admin{path}")
        if signed_in:
            page.wait_for_selector(".refresh")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def admin(site: Site) -> Visitor:
    return site.admin
