"""Closed by default: who may look, who may act, and what a refusal says."""

from __future__ import annotations

import pytest

from app.container import App
from core.errors import InvalidInputError
from core.messages import TEXT, Message
from storage.engines.dialect import MAX_TEXT_CHARS
from storage.operations import listings
from storage.operations.listings import Slice
from storage.operations.web_tokens import Role
from tests.support.apps import add_account
from tests.support.crawler.workbench import rows
from tests.support.moving_clock import MovingClock
from tests.support.web.web_site import Site

OPEN_TO_ALL = {"/healthz", "/readyz", "/static", "/admin/login", "/admin/language"}


def test_every_route_but_a_few_needs_a_token(site: Site) -> None:
    described = site.admin.get("/openapi.json").json()
    asked = [
        (method.upper(), path.replace("{", "").replace("}", ""))
        for path, methods in described["paths"].items()
        for method in methods
        if path not in OPEN_TO_ALL
    ]
    assert len(asked) > 15
    for method, path in [*asked, ("GET", "/docs"), ("GET", "/openapi.json"), ("GET", "/metrics")]:
        answer = site.stranger.ask(method, path.replace("_id", "_id"))
        assert answer.status_code == 401, (method, path)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert "Authorization: Bearer TOKEN" in answer.json()["detail"]
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_reader_may_look_and_not_act(site: Site) -> None:
    account = add_account(site.app, "alice")
    assert site.reader.get("/api/v1/accounts").status_code == 200
    answer = site.reader.post(f"/api/v1/accounts/{account}/disable")
    assert answer.status_code == 403
    assert "'guest' may only read; use an admin token" in answer.json()["detail"]
    assert site.admin.get(f"/api/v1/accounts/{account}").json()["status"] == "idle"


def test_every_action_is_refused_to_readers(site: Site) -> None:
    described = site.admin.get("/openapi.json").json()
    posts = [path for path, methods in described["paths"].items() if "post" in methods]
    assert len(posts) > 7
    for path in posts:
        path = path.replace("{task_id}", "1").replace("{account_id}", "1")
        answer = site.reader.post(path, json={"domain": "x", "daily_export_limit": 1})
        assert answer.status_code == 403, path


@pytest.mark.parametrize("given", ["Bearer nonsense", "Bearer ", "Basic YTpi", "nonsense"])
def test_a_wrong_token_is_refused(site: Site, given: str) -> None:
    answer = site.stranger.get("/api/v1/tasks", headers={"Authorization": given})
    assert answer.status_code == 401
    assert "unknown or was revoked" in answer.json()["detail"]


def test_a_revoked_token_is_refused_at_once(site: Site) -> None:
    assert site.reader.get("/api/v1/tasks").status_code == 200
    site.app.web_tokens.revoke("guest")
    assert site.reader.get("/api/v1/tasks").status_code == 401


def test_the_database_keeps_no_token(site: Site) -> None:
    stored = rows(site.app, "SELECT * FROM web_tokens")
    assert len(stored) == 2
    for token in (site.admin_token, site.reader_token):
        assert token not in str(stored)
        assert len(token) > 40


def test_the_use_of_a_token_is_noted_once_a_minute(site: Site, clock: MovingClock) -> None:
    def noted() -> object:
        site.admin.get("/api/v1/tasks")
        return rows(site.app, "SELECT last_used_at FROM web_tokens ORDER BY id")[0]["last_used_at"]

    first = noted()
    clock.move(30)
    assert noted() == first
    clock.move(40)
    assert noted() != first


def test_names_of_tokens_are_checked(app: App) -> None:
    app.web_tokens.make(Role.ADMIN)
    with pytest.raises(InvalidInputError, match="token_name_taken: name=admin"):
        app.web_tokens.make(Role.ADMIN)
    for name in (" ", "x" * 65, "a\nb"):
        with pytest.raises(InvalidInputError, match="token_name_invalid: max_letters=64"):
            app.web_tokens.make(Role.ADMIN, name)
    with pytest.raises(InvalidInputError, match="token_not_in_use: name=nobody"):
        app.web_tokens.revoke("nobody")
    app.web_tokens.revoke("admin")
    assert not app.web_tokens.has_admin()
    assert app.web_tokens.make(Role.ADMIN).name == "admin"


def test_every_answer_carries_the_security_headers(site: Site) -> None:
    for path in ("/healthz", "/api/v1/tasks", "/nowhere", "/docs", "/static/docs.js"):
        headers = site.admin.get(path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
    assert site.admin.get("/api/v1/tasks").headers["Cache-Control"] == "no-store"


def test_actions_are_logged_with_who_what_and_outcome(site: Site) -> None:
    account = add_account(site.app, "alice")
    site.admin.post(f"/api/v1/accounts/{account}/disable", json={"reason": "tired"})
    site.admin.post("/api/v1/tasks/crawl", json={"domain": "美妆", "platform": "nowhere"})
    found = site.reader.get("/api/v1/actions").json()["items"]
    told = [(one["who"], one["action"], one["subject"], one["outcome"]) for one in found]
    assert told[1] == ("boss", "account.disable", "bilibili/alice", "done")
    assert told[0][:3] == ("boss", "task.crawl", "nowhere/美妆")
    assert "unknown platform 'nowhere'" in told[0][3]
    assert {one["address"] for one in found} == {"127.0.0.1"}


def test_why_an_action_was_refused_is_kept_as_a_message(site: Site) -> None:
    add_account(site.app, "alice")
    site.admin.post("/api/v1/tasks/export", json={"domain": "没有"})
    (found,) = site.reader.get("/api/v1/actions").json()["items"]
    assert found["outcome"] == (
        "nothing is known of domain '没有' on bilibili; crawl it first with POST"
        " /api/v1/tasks/crawl"
    )
    assert found["outcome_code"] == "domain_unknown"
    assert found["outcome_params"]["domain"] == "没有"
    assert found["subject_code"] == "text"
    page = site.admin.get("/admin/actions", headers={"Accept-Language": "zh"}).text
    assert "bilibili 上尚无领域“没有”的数据；请先抓取" in page


def test_a_long_reason_is_kept_whole_or_as_a_sentence(app: App) -> None:
    log = app.use_cases.audit_log
    detail = "x" * 3 * MAX_TEXT_CHARS
    log.note("boss", "here", "a.b", "", Message.of("value_malformed", detail=detail))
    many = [Message.of("value_malformed", detail=detail)] * 99
    log.note("boss", "here", "a.b", "", Message.of("wrong_fields", problems=many))
    sentence, short = app.database.read(lambda tx: listings.actions(tx, Slice(limit=2), None))
    assert Message.load(short.outcome).code == "value_malformed"
    assert Message.load(sentence.outcome).code == TEXT
    assert len(sentence.outcome) == MAX_TEXT_CHARS


def test_an_answer_outlives_a_lost_log_of_actions(site: Site) -> None:
    account = add_account(site.app, "alice")
    site.app.database.write(lambda tx: tx.execute("DROP TABLE web_actions"))
    answer = site.admin.post(f"/api/v1/accounts/{account}/disable")
    assert answer.status_code == 200 and answer.json()["status"] == "disabled"
