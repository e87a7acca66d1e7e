"""Nothing secret in clear: not in the database, the logs, the evidence, or an error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from accounts.vault import Credentials
from app.container import App
from core.errors import Evidence
from crawler.ingestion.page_store import PageStore
from crawler.ingestion.response_archive import ResponseArchive
from sandbox.messages import Reply, html_reply, json_reply
from tests.support.crawler.workbench import (
    ONE_ENGINE,
    account_of,
    add_account,
    export,
    file_crawl,
    once,
    rows,
    work_off,
)
from tests.support.messages import english

SESSION = "s3cr3tSESSION%2C1790000000%2Cdeadbeef*b1"
CSRF = "s3cr3tCSRF0123456789"
PROXY_PASSWORD = "s3cr3tPROXYpw"
PASSWORD = "s3cr3tPASSWORD"
COOKIES = f"SESSDATA={SESSION}; bili_jct={CSRF}; DedeUserID=42"
MARK = b"s3cr3t"


def everything_kept(app: App, folder: Path) -> dict[str, bytes]:
    """Every file below the test's folder, the SQLite file among them, and every row."""
    kept = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "secret.key"
    }
    for name in (
        "tasks",
        "accounts",
        "account_events",
        "export_logs",
        "ingestion_logs",
        "influencers",
        "meta",
        "workers",
    ):
        found = rows(app, f"SELECT * FROM {name}")
        kept[f"table {name}"] = json.dumps(found, default=str, ensure_ascii=False).encode()
    return kept


def leaks(app: App, folder: Path) -> list[str]:
    return [name for name, content in everything_kept(app, folder).items() if MARK in content]


ECHOES = {
    "web page": lambda: html_reply(f"<html>Cookie: {COOKIES}</html>"),
    "blocked page": lambda: html_reply(f"<html>SESSDATA={SESSION}</html>", 412),
    "gateway error": lambda: html_reply(f"<html>bili_jct={CSRF}</html>", 502),
    "message": lambda: json_reply({"code": -509, "message": f"SESSDATA={SESSION} too fast"}),
    "ban": lambda: json_reply({"code": -102, "message": f"cookie SESSDATA={SESSION}"}),
    "signed out": lambda: json_reply({"code": -101, "message": f"SESSDATA: {SESSION}"}),
    "not found": lambda: json_reply({"code": -404, "message": f"bili_jct={CSRF}"}),
    "unknown code": lambda: json_reply({"code": 7, "message": "x", "SESSDATA": SESSION}),
    "json with cookies": lambda: json_reply(
        {"code": 0, "data": {"numPages": "x", "cookies": {"SESSDATA": SESSION, "bili_jct": CSRF}}}
    ),
    "json in json": lambda: json_reply(
        {"code": 0, "data": {"numPages": "x", "debug": json.dumps({"SESSDATA": SESSION})}}
    ),
    "entries": lambda: json_reply(
        {
            "code": 0,
            "data": {
                "numPages": 1,
                "result": [{"mid": 5, "uname": "a"}, {"mid": "SESSDATA=" + SESSION, "uname": "b"}],
            },
        }
    ),
    "no json": lambda: Reply(f'{{"SESSDATA":"{SESSION}"'.encode()),
}


@ONE_ENGINE
@pytest.mark.parametrize("kind", ECHOES)
def test_a_platform_that_echoes_cookies_puts_them_nowhere(
    make_app, platform, logs, tmp_path, kind
) -> None:
    server = platform(creators=20)
    app = make_app(bilibili_base_url=server.url)
    add_account(app, "acc1", session=COOKIES, password=PASSWORD)
    server.spoil = lambda request, reply: ECHOES[kind]()
    file_crawl(app, pages=1)
    once(app.crawling.ingestion_worker())
    assert len(server.asked) >= 1
    assert "baton" in logs() or "ingestion" in logs()
    assert leaks(app, tmp_path) == []


def test_a_whole_crawl_and_export_leave_no_secret_behind(
    make_app, platform, logs, tmp_path
) -> None:
    server = platform(creators=60)
    app = make_app(bilibili_base_url=server.url)
    add_account(app, "acc1", session=COOKIES, password=PASSWORD)
    assert work_off(app, file_crawl(app)).status == "completed"
    assert export(app).status == "completed"
    assert logs().count("completed") >= 2
    assert leaks(app, tmp_path) == []


def test_a_proxy_that_cannot_be_reached_keeps_its_password(
    make_app, platform, logs, tmp_path
) -> None:
    app = make_app(bilibili_base_url=platform().url)
    proxy = f"http://user:{PROXY_PASSWORD}@127.0.0.1:9"
    add_account(app, "acc1", session=COOKIES, proxy=proxy)
    task = file_crawl(app, pages=1)
    once(app.crawling.ingestion_worker())
    assert "no answer" in logs() and task.id
    assert leaks(app, tmp_path) == []


def test_a_bug_with_secrets_in_its_words_is_logged_without_them(
    make_app, platform, logs, tmp_path, monkeypatch
) -> None:
    app = make_app(bilibili_base_url=platform(creators=20).url)
    add_account(app, "acc1", session=COOKIES)

    def broken(*args):
        raise RuntimeError(f"http://user:{PROXY_PASSWORD}@proxy:8080 with SESSDATA={SESSION}")

    monkeypatch.setattr(PageStore, "store_first_and_split", broken)
    task = work_off(app, file_crawl(app))
    assert "RuntimeError" in logs() and "RuntimeError" in english(task.last_error)
    assert leaks(app, tmp_path) == []


def test_secrets_show_in_no_repr(app: App) -> None:
    add_account(app, "acc1", session=COOKIES, password=PASSWORD)
    shown = repr(account_of(app, "acc1")) + repr(Credentials(PASSWORD, COOKIES, PROXY_PASSWORD))
    shown += repr(app.settings) + repr(app.vault.__dict__)
    assert "s3cr3t" not in shown and "gAAAA" not in shown


def test_evidence_is_kept_short_and_readable(app: App, tmp_path) -> None:
    store = ResponseArchive(tmp_path / "kept", render=str)
    evidence = Evidence(request="GET /x", http_status=200, code=0, body="很长\n" * 20_000)
    path = store.save_response(1, 2, evidence, app.clock.now())
    assert path.stat().st_size < 100_000
    assert json.loads(path.read_text("utf-8"))["page"] == 2


def test_evidence_that_cannot_be_written_stops_no_work(make_app, platform, tmp_path) -> None:
    server = platform(creators=20)
    app = make_app(bilibili_base_url=server.url)
    add_account(app, "acc1")
    app.settings.evidence_dir.parent.mkdir(exist_ok=True, parents=True)
    app.settings.evidence_dir.write_text("a file in the way")
    server.order({"kind": "null_entry"})
    assert work_off(app, file_crawl(app)).status == "completed"
