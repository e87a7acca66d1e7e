"""The API over HTTP: accounts, tasks, events, paging, refusals."""

from __future__ import annotations

import pytest

from app.container import App
from storage.models.tasks import TaskStatus, TaskType
from storage.operations import listings
from storage.operations.listings import Slice
from tests.support.apps import add_account
from tests.support.crawler.workbench import DOMAIN, file_crawl, store_rows, task_of
from tests.support.moving_clock import MovingClock
from tests.support.web.web_site import Site, Visitor

BOTH_ENGINES = pytest.mark.parametrize("database_url", ["sqlite", "mariadb"], indirect=True)
SECRET = "SESSDATA=very-secret"


def test_accounts_are_shown_without_their_secrets(site: Site) -> None:
    account = add_account(
        site.app, "alice", 100, session=SECRET, password="pw-secret", proxy="http://u:p@h:1"
    )
    for path in ("/api/v1/accounts", f"/api/v1/accounts/{account}", "/api/v1/status"):
        answer = site.reader.get(path)
        assert answer.status_code == 200
        for word in ("secret", 'session"', "password", "proxy", "gAAAA"):
            assert word not in answer.text, (path, word)
    shown = site.reader.get(f"/api/v1/accounts/{account}").json()
    assert shown["remaining_today"] == 100 and shown["username"] == "alice"


def test_an_account_is_disabled_enabled_and_limited(site: Site, admin: Visitor) -> None:
    account = add_account(site.app, "alice", 100)
    gone = admin.post(f"/api/v1/accounts/{account}/disable", json={"reason": "tired"}).json()
    assert (gone["status"], gone["disabled_reason"]) == ("disabled", "tired")
    assert admin.post(f"/api/v1/accounts/{account}/enable").json()["status"] == "idle"
    changed = admin.post(f"/api/v1/accounts/{account}/limit", json={"daily_export_limit": 7})
    assert changed.json()["daily_export_limit"] == 7
    kinds = [one["kind"] for one in admin.get(f"/api/v1/accounts/{account}/events").json()["items"]]
    assert kinds == ["limit_changed", "enabled", "disabled", "added"]
    wrong = admin.post(f"/api/v1/accounts/{account}/limit", json={"daily_export_limit": -1})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["field"] == "daily_export_limit"


def test_a_crawl_is_filed_paused_resumed_and_cancelled(site: Site, admin: Visitor) -> None:
    add_account(site.app, "alice")
    filed = admin.post("/api/v1/tasks/crawl", json={"domain": " 美妆 ", "pages": 3})
    assert filed.status_code == 201 and filed.json()["new"]
    task_id = filed.json()["task"]["id"]
    assert filed.json()["task"]["domain"] == DOMAIN
    again = admin.post("/api/v1/tasks/crawl", json={"domain": DOMAIN})
    assert again.status_code == 200 and again.json()["task"]["id"] == task_id
    for word, status in (("pause", "paused"), ("resume", "pending"), ("cancel", "failed")):
        answer = admin.post(f"/api/v1/tasks/{task_id}/{word}")
        assert (answer.status_code, answer.json()["status"]) == (200, status)
    assert task_of(site.app, task_id).status is TaskStatus.FAILED
    ended = admin.post(f"/api/v1/tasks/{task_id}/pause")
    assert ended.status_code == 409 and "has ended" in ended.json()["detail"]


def test_an_export_is_filed_for_a_known_domain_only(site: Site, admin: Visitor) -> None:
    add_account(site.app, "alice")
    unknown = admin.post("/api/v1/tasks/export", json={"domain": DOMAIN})
    assert unknown.status_code == 422
    assert "crawl it first" in unknown.json()["detail"]
    store_rows(site.app, 3)
    filed = admin.post("/api/v1/tasks/export", json={"domain": DOMAIN, "columns": "uid,nickname"})
    assert filed.status_code == 201
    assert filed.json()["task"]["options"]["columns"] == ["uid", "nickname"]
    assert filed.json()["task"]["options"]["out"] is None


def test_a_paused_task_goes_on_when_it_is_filed_again(site: Site, admin: Visitor) -> None:
    add_account(site.app, "alice")
    task_id = admin.post("/api/v1/tasks/crawl", json={"domain": DOMAIN}).json()["task"]["id"]
    admin.post(f"/api/v1/tasks/{task_id}/pause")
    admin.post("/api/v1/tasks/crawl", json={"domain": DOMAIN})
    assert task_of(site.app, task_id).status is TaskStatus.PENDING


@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        ("crawl", {}, "domain"),
        ("crawl", {"domain": "  "}, "domain"),
        ("crawl", {"domain": "a\nb"}, "domain"),
        ("crawl", {"domain": "x" * 129}, "domain"),
        ("crawl", {"domain": "x", "pages": 0}, "pages"),
        ("crawl", {"domain": "x", "via": "magic"}, "via"),
        ("export", {"domain": "x", "limit": "many"}, "limit"),
        ("export", {"domain": "x", "lanes": 65}, "lanes"),
    ],
)
def test_a_wrong_field_is_named(admin: Visitor, kind: str, body: object, field: str) -> None:
    answer = admin.post(f"/api/v1/tasks/{kind}", json=body)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert [one["field"] for one in answer.json()["errors"]] == [field]
    assert field in answer.json()["detail"]


def test_what_cannot_be_is_refused_with_advice(site: Site, admin: Visitor) -> None:
    nobody = admin.post("/api/v1/tasks/crawl", json={"domain": "x"})
    assert nobody.status_code == 409 and "POST /api/v1/accounts" in nobody.json()["detail"]
    add_account(site.app, "alice")
    for body, words in (
        ({"domain": "x", "format": "pdf"}, "pdf"),
        ({"domain": "x", "columns": "colour"}, "colour"),
        ({"domain": "x", "limit": 5, "lanes": 2}, "lanes at 1"),
    ):
        answer = admin.post("/api/v1/tasks/export", json=body)
        assert answer.status_code == 422 and words in answer.json()["detail"]


@pytest.mark.parametrize("path", ["tasks/99", "accounts/99", "exports/99", "exports/99/file"])
def test_what_is_not_there_is_a_404_that_says_where_to_look(admin: Visitor, path: str) -> None:
    answer = admin.get(f"/api/v1/{path}")
    assert answer.status_code == 404
    assert "has the id 99; see GET /api/v1/" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/nothing"])
def test_unknown_addresses_and_methods_are_problems_too(admin: Visitor, path: str) -> None:
    for method in ("GET", "DELETE"):
        answer = admin.ask(method, path)
        assert answer.status_code == 404 and answer.json()["status"] == 404
    assert admin.ask("DELETE", "/api/v1/tasks").status_code == 405


def test_a_list_is_read_page_by_page(site: Site, admin: Visitor) -> None:
    filed = [file_crawl(site.app, domain=f"d{n}").id for n in range(5)]
    seen, path = [], "/api/v1/tasks?limit=2"
    while path and len(seen) < 20:
        page = admin.get(path).json()
        assert len(page["items"]) <= 2
        seen += [one["id"] for one in page["items"]]
        path = page["next"]
    assert seen == filed[::-1]
    assert admin.get("/api/v1/tasks?limit=5").json()["next"] is None
    assert admin.get("/api/v1/tasks?limit=0").status_code == 422


@BOTH_ENGINES
def test_lists_filter_by_time_and_columns(app: App, clock: MovingClock) -> None:
    add_account(app, "alice")
    begun = app.clock.now()
    first = file_crawl(app, domain="a")
    clock.move(3600)
    later = app.clock.now()
    second = file_crawl(app, domain="b")
    app.crawling.control.pause(second.id)

    def found(part: Slice, *filters: object) -> list[int]:
        return [one.id for one in app.database.read(lambda tx: listings.tasks(tx, part, *filters))]

    assert found(Slice(9)) == [second.id, first.id]
    assert found(Slice(9, since=later)) == [second.id]
    assert found(Slice(9, since=begun, until=later)) == [first.id]
    assert found(Slice(9, before=second.id)) == [first.id]
    assert found(Slice(9), TaskType.INGESTION, TaskStatus.PAUSED) == [second.id]
    assert found(Slice(9), TaskType.EXPORT) == []
    assert found(Slice(9), None, None, "a") == [first.id]
    events = app.database.read(lambda tx: listings.events(tx, Slice(9), kind="added"))
    assert [(one.username, one.kind) for one in events] == [("alice", "added")]
    assert app.database.read(lambda tx: listings.events(tx, Slice(9), account_id=99)) == []
    assert app.database.read(lambda tx: listings.segments(tx, Slice(9), "a")) == []


@BOTH_ENGINES
def test_the_api_works_on_both_engines(site: Site, admin: Visitor) -> None:
    account = add_account(site.app, "alice")
    store_rows(site.app, 3)
    assert admin.post("/api/v1/tasks/export", json={"domain": DOMAIN}).status_code == 201
    assert admin.post(f"/api/v1/accounts/{account}/disable").status_code == 200
    for path in ("status", "accounts", "tasks", "exports", "events", "actions"):
        assert admin.get(f"/api/v1/{path}").status_code == 200, path
    assert "baton_database_up 1.0" in admin.get("/metrics").text
