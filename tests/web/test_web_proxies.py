"""Proxies in the API and the console."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.support.apps import add_account
from tests.support.web.web_site import Site
from tests.web.test_web_uploads import Boss, boss  # noqa: F401  # a fixture

LIST = "1.2.3.4:8080:u:s3cret\nhello\n5.6.7.8:3128\n1.2.3.4:8080:u:s3cret\n"
API = "/api/v1/proxies"


@pytest.fixture
def pool(site: Site) -> Site:
    for name in ("alice", "bob"):
        add_account(site.app, name)
    return site


def names(site: Site) -> list[str]:
    return [one["name"] for one in site.reader.get(API).json()["items"]]


def test_the_api_takes_a_list_and_shares_it_out(pool: Site) -> None:
    planned = pool.admin.post(f"{API}/import", json={"content": LIST, "dry_run": True})
    assert planned.status_code == 207 and names(pool) == []
    done = pool.admin.post(f"{API}/import", json={"content": LIST})
    assert done.status_code == 207 and "s3cret" not in done.text
    assert [one["is_new"] for one in done.json()["imported"]] == [True, True]
    assert done.json()["problems"][0].startswith("list, line 2: ")
    assert "same proxy as in line 1" in done.json()["notes"][0]
    plan = pool.admin.post(f"{API}/assign", json={"dry_run": True}).json()
    assert [one["username"] for one in plan["assignments"]] == ["alice", "bob"]
    assert plan["done"] == 0
    assert pool.admin.post(f"{API}/assign", json={}).json()["done"] == 2
    listed = pool.reader.get(API).json()["items"]
    assert [one["accounts"][0]["username"] for one in listed] == ["alice", "bob"]
    assert pool.reader.post(f"{API}/assign", json={}).status_code == 403


def test_the_api_changes_an_accounts_proxy_and_removes_one(pool: Site) -> None:
    account = pool.app.pool.registry.find("alice").id
    path = f"/api/v1/accounts/{account}/proxy"
    done = pool.admin.post(path, json={"proxy": "u:s3cret@1.2.3.4:80"}).json()
    assert done["egress"].startswith("1.2.3.4:80#") and not done["is_direct"]
    wrong = pool.admin.post(path, json={"proxy": "http://u:s3#cret@1.2.3.4:80"})
    assert wrong.status_code == 422 and "write # as %23" in wrong.text and "s3" not in wrong.text
    removal = f"{API}/{quote(done['egress'], safe='')}/remove"
    refused = pool.admin.post(removal)
    assert refused.status_code == 409 and refused.json()["code"] == "proxy_in_use"
    assert pool.admin.post(removal, json={"accounts_to": "none"}).json()["moved"] == ["alice"]
    assert names(pool) == []


def test_the_api_checks_proxies(pool: Site) -> None:
    pool.admin.post(f"{API}/import", json={"content": "127.0.0.1:9"})
    body = {"url": "http://127.0.0.1:9/", "deadline_secs": 5}
    [one] = pool.admin.post(f"{API}/check", json=body).json()["items"]
    assert one["works"] is False and one["told_code"] == "proxy_failed"
    assert pool.admin.post(f"{API}/check", json={"url": "ftp://x"}).status_code == 422


def test_the_console_shows_a_list_before_it_is_taken_in_and_a_plan_before_it_is_done(
    pool: Site,
    boss: Boss,  # noqa: F811
) -> None:
    begun = boss.post("/admin/proxies/preview", {"text": LIST, "scheme": "socks5"})
    address = begun.headers["location"]
    page = boss.page(address)
    assert "1.2.3.4:8080#" in page and "list, line 2" in page and "s3cret" not in page
    assert names(pool) == []
    boss.post("/admin/proxies/import", {"upload": address.rpartition("/")[2]})
    assert len(names(pool)) == 2
    assert {one["kind"] for one in pool.reader.get(API).json()["items"]} == {"socks5"}
    plan = boss.page("/admin/proxies/assign?platform=bilibili&per_proxy=1")
    assert "alice" in plan and names(pool)[0] in plan
    boss.post("/admin/proxies/assign", {"platform": "bilibili", "per_proxy": "1"})
    shown = boss.page("/admin/proxies")
    assert "alice" in shown and "bob" in shown and "not used yet" in shown
    first, second = names(pool)
    boss.post("/admin/proxies/remove", {"name": first})
    assert "1 account leaves by" in boss.page("/admin/proxies")
    boss.post("/admin/proxies/remove", {"name": first, "accounts_to": second})
    assert names(pool) == [second]


def test_the_console_changes_an_accounts_proxy(pool: Site, boss: Boss) -> None:  # noqa: F811
    account = pool.app.pool.registry.find("alice").id
    boss.post(f"/admin/accounts/{account}/proxy", {"proxy": "1.2.3.4:80:u:s3cret"})
    page = boss.page(f"/admin/accounts/{account}")
    assert "1.2.3.4:80#" in page and "s3cret" not in page
    boss.post(f"/admin/accounts/{account}/proxy", {"proxy": "none"})
    assert pool.app.pool.registry.find("alice").proxy is None
    boss.post("/admin/proxies/check", {})
    assert "0 of 0 proxies work" in boss.page("/admin/proxies")


def test_a_reader_sees_proxies_and_changes_nothing(pool: Site) -> None:
    pool.admin.post(f"{API}/import", json={"content": "127.0.0.1:9"})
    page = pool.reader.get("/admin/proxies").text
    assert "127.0.0.1:9#" in page and "<textarea" not in page
    assert pool.reader.post("/admin/proxies/check", data={}).status_code == 403
