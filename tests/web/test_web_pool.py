"""Accounts that are renamed, grouped and deleted, and pins of tasks, by API and console."""

from __future__ import annotations

from typing import Any

from tests.support.apps import add_account
from tests.support.crawler.workbench import DOMAIN, store_rows
from tests.support.web.web_site import Site


def names(site: Site, **query: Any) -> list[str]:
    found = site.admin.get("/api/v1/accounts", params=query).json()["items"]
    return [one["username"] for one in found]


def test_the_api_renames_groups_and_deletes_accounts(site: Site) -> None:
    for name in ("alice", "bob", "carol"):
        add_account(site.app, name)
    admin = site.admin
    renamed = admin.post("/api/v1/accounts/2/rename", json={"username": " robert "})
    assert renamed.json()["username"] == "robert"
    twice = admin.post("/api/v1/accounts/2/rename", json={"username": "alice"})
    assert twice.status_code == 422 and twice.json()["code"] == "account_exists"
    hidden = admin.post("/api/v1/accounts/2/rename", json={"username": "a\u202eb"})
    assert hidden.status_code == 422 and "U+202E" in hidden.json()["detail"]
    grouped = admin.post("/api/v1/accounts/2/group", json={"group": "north"})
    assert grouped.json()["group_name"] == "north"
    assert names(site, group="north") == ["robert"]
    assert names(site, group="none") == ["alice", "carol"]
    totals = admin.get("/api/v1/accounts/groups").json()["items"]
    assert [(one["group_name"], one["total"]) for one in totals] == [("north", 1), (None, 2)]
    deleted = admin.post("/api/v1/accounts/3/delete").json()
    assert deleted["account"]["username"] == "carol (deleted)"
    assert deleted["waiting_tasks"] == []
    assert names(site) == ["alice", "robert"] and names(site, deleted=True) == ["carol (deleted)"]
    for word in ("delete", "enable", "disable", "check"):
        assert admin.post(f"/api/v1/accounts/3/{word}").status_code == 409, word
    assert admin.post("/api/v1/accounts/3/group", json={}).status_code == 409
    assert site.reader.post("/api/v1/accounts/1/delete").status_code == 403
    assert admin.post("/api/v1/accounts/99/delete").status_code == 404
    logged = [one["action"] for one in admin.get("/api/v1/actions").json()["items"]]
    assert {"account.rename", "account.group", "account.delete"} <= set(logged)
    kinds = admin.get("/api/v1/accounts/3/events").json()["items"]
    assert kinds[0]["kind"] == "deleted" and "carol" in kinds[0]["detail"]


def test_the_api_files_and_changes_pins(site: Site) -> None:
    for name in ("alice", "bob"):
        add_account(site.app, name)
    store_rows(site.app, 5)
    admin = site.admin
    admin.post("/api/v1/accounts/2/group", json={"group": "north"})
    body = {"domain": DOMAIN, "account": "alice"}
    task = admin.post("/api/v1/tasks/export", json=body).json()["task"]
    assert (task["only_account"], task["only_account_id"], task["only_group"]) == ("alice", 1, None)
    other = admin.post("/api/v1/tasks/export", json={"domain": DOMAIN, "group": "north"})
    assert other.status_code == 422
    assert "POST /api/v1/tasks/1/pin" in other.json()["detail"]
    unknown = admin.post("/api/v1/tasks/export", json={"domain": DOMAIN, "account": "x"})
    assert unknown.status_code == 422 and unknown.json()["errors"][0]["field"] == "account"
    both = admin.post("/api/v1/tasks/1/pin", json={"account": "bob", "group": "north"})
    assert both.status_code == 422
    pinned = admin.post("/api/v1/tasks/1/pin", json={"group": "north"})
    assert (pinned.json()["only_account"], pinned.json()["only_group"]) == (None, "north")
    listed = admin.get("/api/v1/tasks").json()["items"][0]
    assert (listed["only_account"], listed["only_group"]) == (None, "north")
    admin.post("/api/v1/tasks/1/pin", json={"account": "bob"})
    assert admin.get("/api/v1/accounts/2").json()["pinned_tasks"] == [1]
    assert admin.post("/api/v1/accounts/2/delete").json()["waiting_tasks"] == [1]
    gone = admin.post("/api/v1/tasks/1/pin", json={"account": "bob"})
    assert gone.status_code == 422
    assert admin.get("/api/v1/tasks/1").json()["only_account"] == "bob (deleted)"
    assert admin.post("/api/v1/tasks/1/pin", json={}).json()["only_account_id"] is None
    admin.post("/api/v1/tasks/1/cancel")
    assert admin.post("/api/v1/tasks/1/pin", json={"account": "alice"}).status_code == 409
    assert site.reader.post("/api/v1/tasks/1/pin", json={}).status_code == 403
    logged = {
        (one["action"], one["subject"]) for one in admin.get("/api/v1/actions").json()["items"]
    }
    assert ("task.pin", "1 group north") in logged and ("task.pin", "1 none") in logged


def test_pages_show_groups_pins_and_deleted_accounts(site: Site) -> None:
    add_account(site.app, "alice")
    add_account(site.app, "bob")
    admin = site.admin
    admin.post("/api/v1/accounts/1/group", json={"group": "north"})
    admin.post("/api/v1/tasks/crawl", json={"domain": DOMAIN, "account": "bob"})
    page = admin.get("/admin/accounts").text
    assert "north" in page and "/admin/accounts?group=none" in page
    assert "bob" not in admin.get("/admin/accounts?group=north").text.split('id="totals"')[0]
    assert 'href="/admin/tasks/1">#1</a>' in admin.get("/admin/accounts/2").text
    assert "pinned to account bob" in admin.get("/admin/tasks/1").text
    assert "pinned to account bob" in admin.get("/admin/tasks").text
    admin.post("/api/v1/accounts/2/delete")
    tombstone = admin.get("/admin/accounts/2").text
    assert "bob (deleted)" in tombstone
    assert "/admin/accounts/2/" not in tombstone, "nothing can be done to it"
    assert "bob (deleted)" not in admin.get("/admin/accounts").text
    assert "bob (deleted)" in admin.get("/admin/accounts?deleted=true").text
