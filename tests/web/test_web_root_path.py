"""Published by a proxy below a path, whether or not it removes the path from requests."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import pytest
import requests

from tests.support.apps import AppFactory
from tests.support.crawler.workbench import file_crawl
from tests.support.web.busy_site import fill
from tests.support.web.web_site import Site
from web.console import SECTIONS

ROOT = "/tools/baton"
ADDRESS = re.compile(r'(?:href|src|action)="([^"#]+)"')


@pytest.fixture
def site(make_app: AppFactory) -> Iterator[Site]:
    served = Site(make_app(threads=8, web_root_path=ROOT, webhook_allowed_hosts="127.0.0.1"))
    yield fill(served)
    served.close()


@pytest.fixture
def boss(site: Site) -> Iterator[requests.Session]:
    """Somebody who signed in as a browser does, below the root path."""
    with requests.Session() as session:
        session.headers["Origin"] = site.url
        form = {"token": site.admin_token, "to": "/admin/tasks"}
        answer = session.post(f"{site.url}{ROOT}/admin/login", form, allow_redirects=False)
        assert answer.headers["Location"] == f"{ROOT}/admin/tasks"
        assert f"Path={ROOT};" in answer.headers["Set-Cookie"]
        yield session


def test_every_address_of_every_page_leads_below_the_root(
    site: Site, boss: requests.Session
) -> None:
    pages = {f"{ROOT}{section.path}" for section in SECTIONS}
    seen: set[str] = set()
    while waiting := pages - seen:
        page = waiting.pop()
        seen.add(page)
        answer = boss.get(site.url + page, headers={"Accept": "text/html"}, allow_redirects=False)
        assert answer.status_code == 200, page
        if "html" not in answer.headers["Content-Type"] or page == f"{ROOT}/docs":
            continue
        addresses = [found.replace("&amp;", "&") for found in ADDRESS.findall(answer.text)]
        assert addresses
        for address in addresses:
            if address.startswith("https://"):
                continue  # the profile of a creator
            assert address.startswith(f"{ROOT}/"), (page, address)
            if address.startswith((f"{ROOT}/admin", f"{ROOT}/static")) and len(seen) < 60:
                is_form = f'action="{html.escape(address, quote=False)}"' in answer.text
                pages |= set() if is_form or address.endswith("/file") else {address}
    assert len(seen) > 30


def test_a_proxy_may_remove_the_path(site: Site) -> None:
    for path in ("/admin/login", f"{ROOT}/admin/login"):
        answer = site.stranger.get(path)
        assert answer.status_code == 200
        assert f'action="{ROOT}/admin/login"' in answer.text
    assert site.stranger.get(ROOT).headers["Location"] == f"{ROOT}/admin"
    assert site.stranger.get(f"{ROOT}x/healthz").status_code == 404


def test_strangers_are_sent_to_the_sign_in_below_it(site: Site) -> None:
    answer = site.stranger.get(f"{ROOT}/admin/tasks?rows=50", headers={"Accept": "text/html"})
    assert answer.headers["Location"].startswith(f"{ROOT}/admin/login?to=%2Fadmin%2Ftasks")


def test_an_action_leads_back_to_its_page(site: Site, boss: requests.Session) -> None:
    task = file_crawl(site.app)
    page = f"{ROOT}/admin/tasks/{task.id}"
    answer = boss.post(
        f"{site.url}{page}/pause", headers={"Referer": site.url + page}, allow_redirects=False
    )
    assert answer.headers["Location"] == page
    assert f"Path={ROOT}/admin;" in answer.headers["Set-Cookie"]


def test_a_slash_at_the_end_leads_below_it_and_names_no_host(site: Site) -> None:
    for path in (f"{ROOT}/admin/tasks/", "/admin/tasks/"):
        answer = site.stranger.get(path, headers={"Host": "evil.example"})
        assert answer.headers["Location"] == f"{ROOT}/admin/tasks"


def test_the_api_names_addresses_below_it(site: Site) -> None:
    following = site.admin.get(f"{ROOT}/api/v1/webhooks?limit=1").json()["next"]
    assert following.startswith(f"{ROOT}/api/v1/webhooks?limit=1&before=")
    assert site.admin.get(following).status_code == 200
    assert site.admin.get("/openapi.json").json()["servers"] == [{"url": ROOT}]


def test_the_page_of_the_api_finds_its_parts(site: Site) -> None:
    page = site.admin.get(f"{ROOT}/docs").text
    for address in ADDRESS.findall(page):
        if address.startswith("/"):
            raise AssertionError(address)
        assert site.stranger.get(f"{ROOT}/{address}").status_code == 200
    assert 'url: "openapi.json"' in site.stranger.get(f"{ROOT}/static/docs.js").text
