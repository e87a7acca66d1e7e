"""What an attacker or a careless client may send: answered with a reason, never by a bug."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from urllib.parse import quote

import pytest
import requests

from app.container import App
from tests.support.apps import AppFactory, add_account
from tests.support.crawler.workbench import change, rows
from tests.support.web.web_site import Site

BOTH_ENGINES = pytest.mark.parametrize("database_url", ["sqlite", "mariadb"], indirect=True)
HALF = "\ud83d"
TURN = "\u202e"
JSON = {"Content-Type": "application/json"}
DRAMA = {"project_id": "p", "title": "t"}


@pytest.fixture
def boss(site: Site) -> Iterator[requests.Session]:
    """Somebody who has signed in, in a browser."""
    with requests.Session() as session:
        session.headers["Origin"] = site.url
        session.post(f"{site.url}/admin/login", {"token": site.admin_token}, allow_redirects=False)
        yield session


def raw(site: Site, *lines: str) -> bytes:
    """The whole answer to a request of these lines."""
    with closing(socket.create_connection(site.address, timeout=20)) as connection:
        connection.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        answer = b""
        while found := connection.recv(65536):
            answer += found
        return answer


@BOTH_ENGINES
def test_signing_out_ends_the_session_wherever_its_cookie_is(site: Site) -> None:
    with requests.Session() as browser, requests.Session() as other:
        for one in (browser, other):
            one.headers["Origin"] = site.url
            one.post(f"{site.url}/admin/login", {"token": site.admin_token}, allow_redirects=False)
        copied = browser.cookies["baton_session"]
        browser.post(f"{site.url}/admin/logout", allow_redirects=False)
        cookie = {"Cookie": f"baton_session={copied}"}
        assert site.stranger.get("/api/v1/tasks", headers=cookie).status_code == 401
        # The vault's text may be written in several ways; all of them are the same session.
        spelt = {"Cookie": f"baton_session={copied[:9]}!{copied[9:]}"}
        assert site.stranger.get("/api/v1/tasks", headers=spelt).status_code == 401
        assert other.get(f"{site.url}/api/v1/tasks").status_code == 200


@BOTH_ENGINES
def test_ended_sessions_are_forgotten_when_they_would_have_ended(site: Site, clock: Any) -> None:
    for days in (0, 8):
        clock.move(days * 86400)
        with requests.Session() as browser:
            browser.headers["Origin"] = site.url
            form = {"token": site.admin_token}
            browser.post(f"{site.url}/admin/login", form, allow_redirects=False)
            browser.post(f"{site.url}/admin/logout", allow_redirects=False)
    ended = "SELECT name FROM meta WHERE name LIKE 'web_session_ended:%'"
    assert len(rows(site.app, ended)) == 1


@pytest.mark.parametrize(
    "proxies, given, address",
    [
        ((), "203.0.113.9", "127.0.0.1"),
        (("127.0.0.1",), "203.0.113.9", "203.0.113.9"),
        (("127.0.0.0/8",), "6.6.6.6, 203.0.113.9", "203.0.113.9"),
        (("10.0.0.0/8",), "203.0.113.9", "127.0.0.1"),
        (("127.0.0.1",), "<script>" * 100, "unknown"),
    ],
)
def test_only_configured_proxies_tell_the_address(
    make_app: AppFactory, proxies: tuple[str, ...], given: str, address: str
) -> None:
    site = Site(make_app(threads=8, web_trusted_proxies=proxies))
    try:
        headers = {"Origin": site.url, "X-Forwarded-For": given}
        site.stranger.post("/admin/login", data={"token": "wrong"}, headers=headers)
        found = site.admin.get("/api/v1/actions").json()["items"]
        assert [one["address"] for one in found] == [address]
    finally:
        site.close()


def test_a_proxy_that_is_not_believed_makes_no_secure_cookie(site: Site) -> None:
    headers = {"Origin": site.url, "X-Forwarded-Proto": "https"}
    answer = site.stranger.post("/admin/login", data={"token": site.admin_token}, headers=headers)
    assert "Secure" not in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"domain": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"domain": "x", "pages": NaN}',
        b'{"domain": "x", "pages": Infinity}',
        b'{"domain": "x", "pages": ' + b"9" * 5000 + b"}",
        b'{"domain": "x", "pages": 1e400}',
        b'{"domain": "\\ud83d"}',
        b"\xff\xfe{\x00}\x00",
        b"\x00",
        b"domain=x",
        b"null",
        b'"text"',
    ],
)
@pytest.mark.parametrize("path", ["tasks/crawl", "dramas", "webhooks/replay", "works"])
def test_odd_json_is_refused_with_a_reason(site: Site, path: str, body: bytes) -> None:
    answer = site.admin.post(f"/api/v1/{path}", data=body, headers=JSON)
    assert answer.status_code in (400, 422), answer.text
    assert answer.text.isprintable() or answer.json()


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "", "a/b; c"])
def test_a_body_that_is_not_called_json_is_refused(site: Site, kind: str) -> None:
    body = json.dumps({"domain": "x"}).encode()
    answer = site.admin.post("/api/v1/tasks/crawl", data=body, headers={"Content-Type": kind})
    assert answer.status_code == 422 and answer.json()["errors"], answer.text


@BOTH_ENGINES
@pytest.mark.parametrize("odd", [HALF, "a\x00b", "x" * 100_000, {"a": [HALF]}, -1, 10**30, 1.5])
def test_each_item_of_a_bulk_call_is_judged_by_itself(site: Site, odd: Any) -> None:
    good = [DRAMA | {"task_id": f"good{n}"} for n in range(2)]
    names = ["task_id", "project_id", "title", "duration", "video_url", "callback_url", "status"]
    names += ["callback_secret", "platform", HALF]
    bad = [DRAMA | {"task_id": f"bad{n}"} | {name: odd} for n, name in enumerate(names)]
    answer = site.admin.post(
        "/api/v1/dramas", data=json.dumps([good[0], *bad, good[1]]), headers=JSON
    )
    assert answer.status_code in (200, 207), answer.text
    found = answer.json()
    stored = {row["task_id"] for row in rows(site.app, "SELECT task_id FROM drama_tasks")}
    assert {"good0", "good1"} <= stored
    assert found["created"] == len(stored) == 2 + len(bad) - len(found["problems"])
    assert {problem["position"] for problem in found["problems"]} <= set(range(1, len(bad) + 1))


@BOTH_ENGINES
@pytest.mark.parametrize("path, key", [("users", "user_id"), ("completions", "task_id")])
def test_half_an_emoji_never_breaks_a_bulk_call(site: Site, path: str, key: str) -> None:
    items = {
        "users": {"user_id": "u", "name": "n", "agent_node": "a"},
        "completions": {
            "task_id": "t", "user_id": "u", "submission_link": "https://youtu.be/dQw4w9WgXcQ",
            "verification_details": {"view_count": 1}, "completed_at": "2026-11-22T00:00:00Z",
        },
    }[path]  # fmt: skip
    site.admin.post("/api/v1/dramas", json=DRAMA | {"task_id": "t"})
    bad = [items | {name: f"{value}{HALF}"} for name, value in items.items()]
    bad += [items | {HALF: 1}, items | {"verification_details": {HALF: [HALF]}}]
    answer = site.admin.post(f"/api/v1/{path}", data=json.dumps([items, *bad]), headers=JSON)
    assert answer.status_code in (200, 207), answer.text
    assert answer.json()["created"] >= 1
    listed = site.admin.get(f"/api/v1/{path}" if path == "completions" else "/api/v1/dramas")
    assert listed.status_code == 200


@pytest.mark.parametrize("host", ["evil.example/admin/login?", "a b", "x#y", "[", "h:99999999"])
def test_a_host_that_is_no_host_is_refused(site: Site, host: str) -> None:
    assert raw(site, "GET /admin HTTP/1.1", f"Host: {host}").startswith(b"HTTP/1.1 400 ")


def test_the_host_of_a_request_is_told_to_nobody(site: Site) -> None:
    for path in ("/admin", "/admin/", "/admin/tasks/", "/nowhere", "/admin/login", "/"):
        answer = raw(site, f"GET {path} HTTP/1.1", "Host: evil.example", "Accept: text/html")
        assert b"evil.example" not in answer, path


def test_head_is_answered_as_get_is(site: Site) -> None:
    for path in ("/healthz", "/readyz", "/admin/login", "/static/docs.js"):
        got, head = site.stranger.get(path), site.stranger.ask("HEAD", path)
        assert (head.status_code, head.content) == (200, b""), path
        assert head.headers["Content-Length"] == got.headers["Content-Length"]
    assert site.stranger.ask("HEAD", "/api/v1/tasks").status_code == 401
    assert site.admin.ask("HEAD", "/api/v1/tasks").status_code == 200


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "PUT", "DELETE", "PATCH", "BREW"])
def test_other_methods_are_refused(site: Site, method: str) -> None:
    for path in ("/healthz", "/api/v1/tasks", "/admin/tasks", "/static/docs.js"):
        answer = site.admin.ask(method, path)
        assert answer.status_code == 405, path
        assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Referer": "http://["},
        {"Referer": "x" * 9000},
        {"Origin": "http://["},
        {"Accept-Language": "q=;q=;;q=nan,zh;q=1e999"},
        {"Cookie": "baton_note=" + quote("[" * 3000)},
        {"Cookie": "baton_note=" + quote('{"text": "\\ud83d", "failed": 1}')},
        {"Cookie": "baton_rows=" + "9" * 5000},
        {"Cookie": "baton_session=" + "gAAAA" * 1000},
        {"Cookie": "=;;=;" * 500},
        {"If-Modified-Since": "Fri, 31 Dec 9999 23:59:59 -0100"},
        {"Range": "bytes=99999999999999999999-"},
        {"If-Range": "x", "Range": "bytes=-,-"},
    ],
)
def test_odd_headers_break_nothing(
    site: Site, boss: requests.Session, headers: dict[str, str], logs: Callable[[], str]
) -> None:
    page = {"Accept": "text/html"} | headers
    for path in ("/admin/login", "/admin/login?to=//[", "/admin", "/static/docs.js", "/docs"):
        assert site.stranger.get(path, headers=page).status_code < 500, path
        answer = boss.get(site.url + path, headers=page, allow_redirects=False)
        assert answer.status_code < 500, path
    for path in ("/admin/login", "/admin/language", "/admin/alerts/test"):
        answer = boss.post(site.url + path, {"to": "//["}, headers=page, allow_redirects=False)
        assert answer.status_code < 500, path
    assert "Traceback" not in logs()


def test_large_heads_are_refused(site: Site) -> None:
    for line in (f"Cookie: a={'x' * 100_000}", f"X-A: {'x' * 50_000}"):
        try:
            answer = raw(site, "GET /healthz HTTP/1.1", "Host: x", line)
        except ConnectionError:
            continue
        assert answer.split()[1] in (b"400", b"431")
    long_query = raw(site, f"GET /healthz?{'a=1&' * 7000} HTTP/1.1", "Host: x")
    assert long_query.startswith(b"HTTP/1.1 200 ")


def test_a_missing_file_is_not_kept_by_caches(site: Site) -> None:
    assert "max-age" in site.stranger.get("/static/docs.js").headers["Cache-Control"]
    assert site.stranger.get("/static/none.js").headers["Cache-Control"] == "no-store"
    assert site.stranger.get("/static/../server.py").status_code in (401, 404)
    assert site.stranger.get("/static/%2e%2e/server.py").status_code == 404


@pytest.mark.parametrize("charset", ["utf-7", "unicode_escape", "idna", "rot13", "x" * 300])
def test_odd_charsets_of_forms_break_nothing(site: Site, charset: str) -> None:
    body = '--b\r\nContent-Disposition: form-data; name="token"\r\n\r\n\\ud83d+2D0-\r\n--b--\r\n'
    kind = f"multipart/form-data; charset={charset}; boundary=b"
    headers = {"Content-Type": kind, "Origin": site.url}
    answer = site.stranger.post("/admin/login", data=body, headers=headers)
    assert answer.status_code < 500, answer.text


def test_a_name_that_turns_the_writing_around_stays_in_its_place(
    app: App, site: Site, boss: requests.Session
) -> None:
    name = f"abc{TURN}gpj"
    account = add_account(app, "plain")  # older releases took every name
    change(app, "UPDATE accounts SET username=:name", name=name)
    shown = boss.get(f"{site.url}/admin/accounts").text
    assert f"\u2068{name}\u2069" in shown and f">{name}<" not in shown
    disable = f"{site.url}/admin/accounts/{account}/disable"
    told = boss.post(disable, headers={"Referer": f"{site.url}/admin/accounts"}).text
    assert f"Account \u2068{name}\u2069 is disabled" in told
    form = boss.get(f"{site.url}/admin/accounts/new", params={"name": name}).text
    assert f'value="{name}"' in form  # it is sent back
    assert site.admin.get(f"/api/v1/accounts/{account}").json()["username"] == name


def test_credentials_in_callback_urls_are_struck_out_everywhere(
    site: Site, boss: requests.Session, logs: Callable[[], str]
) -> None:
    url = "https://receiver.invalid/hook?sign=s3cret&key=s3cret&a=1#access_token=s3cret"
    site.admin.post("/api/v1/dramas", json=DRAMA | {"task_id": "t", "callback_url": url})
    site.admin.post("/api/v1/webhooks/test", json={"url": url})
    site.admin.post("/api/v1/webhooks/endpoints/disable", json={"url": url})
    site.admin.post("/api/v1/webhooks/replay", json={"url": url})
    paths = ["dramas", "dramas/t", "webhooks", "webhooks/1", "webhooks/endpoints", "actions"]
    told = [site.admin.get(f"/api/v1/{path}").text for path in paths]
    pages = ["dramas", "dramas/t", "webhooks", "webhooks/1", "actions"]
    told += [boss.get(f"{site.url}/admin/{page}").text for page in pages]
    assert sum("receiver.invalid" in text for text in told) >= 6
    for text in (*told, logs()):
        assert "s3cret" not in text
