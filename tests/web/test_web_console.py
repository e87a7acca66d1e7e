"""The console over HTTP: signing in, sessions, other sites, languages, lists."""

from __future__ import annotations

import re

import pytest
import requests

from app.container import App
from core.errors import DatabaseUnavailableError
from storage.engines import outages
from storage.engines.transactions import Database
from storage.models.tasks import TaskStatus
from tests.support.apps import add_account
from tests.support.crawler.workbench import DOMAIN, file_crawl, rows, store_rows, task_of
from tests.support.moving_clock import MovingClock
from tests.support.web.web_site import ASK_SECS, Site
from web.auth.login_limit import TRIES_OF_ONE
from web.auth.sessions import COOKIE, LIFE
from web.console import SECTIONS

HTML = {"Accept": "text/html"}


class Person:
    """Somebody with a browser: cookies, and the headers that browsers send by themselves."""

    def __init__(self, site: Site) -> None:
        self.url = site.url
        self.session = requests.Session()
        self.session.headers.update(HTML)

    def get(self, path: str, **options: object) -> requests.Response:
        return self.session.get(self.url + path, timeout=ASK_SECS, allow_redirects=False, **options)  # type: ignore[arg-type]

    def post(
        self, path: str, headers: dict[str, str] | None = None, **form: str
    ) -> requests.Response:
        own = {"Origin": self.url, "Sec-Fetch-Site": "same-origin"} if headers is None else headers
        return self.session.post(
            self.url + path, data=form, headers=own, timeout=ASK_SECS, allow_redirects=False
        )

    def sign_in(self, token: str, to: str = "/admin") -> requests.Response:
        return self.post("/admin/login", token=token, to=to)

    def page(self, path: str) -> str:
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return answer.text


@pytest.fixture
def person(site: Site) -> Person:
    return Person(site)


@pytest.fixture
def boss(site: Site, person: Person) -> Person:
    assert person.sign_in(site.admin_token).status_code == 303
    return person


def test_strangers_are_sent_to_the_login_and_back(site: Site, person: Person) -> None:
    away = person.get("/admin/tasks?status=failed")
    assert away.status_code == 303
    assert away.headers["Location"] == "/admin/login?to=%2Fadmin%2Ftasks%3Fstatus%3Dfailed"
    assert 'value="/admin/tasks?status=failed"' in person.page(away.headers["Location"])
    back = person.sign_in(site.admin_token, "/admin/tasks?status=failed")
    assert back.headers["Location"] == "/admin/tasks?status=failed"


@pytest.mark.parametrize(
    "to", ["https://evil.example/admin", "//evil.example/admin", "/\\evil", "javascript:1", "/x"]
)
def test_the_login_sends_nobody_elsewhere(site: Site, person: Person, to: str) -> None:
    assert person.sign_in(site.admin_token, to).headers["Location"] == "/admin"


def test_the_session_cookie_is_sealed_and_out_of_reach(site: Site, person: Person) -> None:
    cookie = person.sign_in(site.admin_token).headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and "Path=/" in cookie
    assert site.admin_token not in cookie


def test_a_session_ends_by_time_revocation_and_sign_out(
    site: Site, boss: Person, clock: MovingClock
) -> None:
    assert boss.get("/admin").status_code == 200
    clock.move(LIFE.total_seconds() - 1)
    assert boss.get("/admin").status_code == 200
    clock.move(2)
    assert boss.get("/admin").status_code == 303
    boss.sign_in(site.admin_token)
    assert boss.get("/admin").status_code == 200
    site.app.web_tokens.revoke("boss")
    assert boss.get("/admin").status_code == 303
    boss.sign_in(site.reader_token)
    assert boss.get("/admin").status_code == 200
    boss.post("/admin/logout")
    assert boss.get("/admin").status_code == 303


def test_no_other_secret_of_the_vault_passes_for_a_session(site: Site, person: Person) -> None:
    for text in ("{}", '{"for": "else", "token": 1, "ends": 9e12}', "SESSDATA=x", "null"):
        sealed = site.app.vault.encrypt(text)
        assert sealed is not None
        for value in (sealed, sealed[:-4], "nonsense"):
            answer = person.get("/admin", cookies={COOKIE: value})
            assert answer.status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1"},
    ],
)
def test_what_another_site_starts_is_refused(
    site: Site, boss: Person, headers: dict[str, str]
) -> None:
    task = file_crawl(site.app)
    for path in (f"/admin/tasks/{task.id}/pause", f"/api/v1/tasks/{task.id}/pause"):
        assert boss.post(path, headers).status_code == 403, path
    for path in ("/admin/login", "/admin/logout", "/admin/language"):
        assert boss.post(path, headers, token=site.admin_token).status_code == 403, path
    assert task_of(site.app, task.id).status is TaskStatus.PENDING
    assert boss.post(f"/admin/tasks/{task.id}/pause", {"Origin": site.url}).status_code == 303
    assert task_of(site.app, task.id).status is TaskStatus.PAUSED


def test_wrong_tokens_are_counted_and_then_have_to_wait(site: Site, person: Person) -> None:
    for _ in range(TRIES_OF_ONE):
        assert person.sign_in("wrong").status_code == 401
    refused = person.sign_in("wrong again")
    assert refused.status_code == 429 and refused.headers["Retry-After"] == "60"
    assert "try again in 60 s" in refused.text
    assert person.sign_in(site.admin_token).status_code == 303  # wrong ones may be of others
    assert "baton_login_failures_total 5.0" in site.admin.get("/metrics").text
    logged = rows(site.app, "SELECT who, outcome FROM web_actions WHERE action='login'")
    assert len(logged) == TRIES_OF_ONE + 1 and "wrong" not in str(logged)


def test_every_page_is_shown_in_both_languages(site: Site, boss: Person) -> None:
    add_account(site.app, "alice<b>", 100)
    store_rows(site.app, 3)
    task = file_crawl(site.app, domain="<script>alert(1)</script>")
    paths = [
        *(section.path for section in SECTIONS),
        "/admin/accounts/1",
        f"/admin/tasks/{task.id}",
    ]
    for language, word in (("en", "Overview"), ("zh", "总览")):
        boss.post("/admin/language", code=language)
        for path in paths:
            text = boss.page(path)
            assert word in text, path
            assert "<script>alert" not in text and "alice<b>" not in text, path


def test_the_browser_chooses_the_language_until_somebody_does(person: Person) -> None:
    def title(header: str) -> str:
        text = person.session.get(
            f"{person.url}/admin/login", headers={"Accept-Language": header}, timeout=ASK_SECS
        ).text
        return re.findall("<h1>(.*?)</h1>", text)[0]

    assert title("zh-CN,zh;q=0.9,en;q=0.8") == "登录"
    assert title("fr,en;q=0.5,zh;q=0.4") == "Sign in"
    assert title("en;q=0.2,zh-TW;q=0.9") == "登录"
    assert title("*;q=x,,zh;q=0") == "Sign in"
    person.post("/admin/language", code="zh")
    assert title("en") == "登录"


def test_an_action_tells_once_what_it_did(site: Site, boss: Person) -> None:
    add_account(site.app, "alice")
    answer = boss.post("/admin/tasks/crawl", domain=DOMAIN, pages="3")
    assert answer.headers["Location"] == "/admin/tasks"
    assert "Task 1 is filed." in boss.page("/admin/tasks")
    assert "Task 1 is filed." not in boss.page("/admin/tasks")
    boss.post("/admin/tasks/crawl", domain=DOMAIN)
    assert "Task 1 is open already" in boss.page("/admin/tasks")
    boss.post("/admin/tasks/crawl", domain=" ", pages="-3")
    told = boss.page("/admin/tasks")
    assert "Domain: 1 to 128 characters" in told and "Pages at most:" in told


def test_a_reader_sees_no_buttons_and_may_not_act(site: Site, person: Person) -> None:
    account = add_account(site.app, "alice")
    person.sign_in(site.reader_token)
    for section in SECTIONS:
        assert not re.findall(r'action="/admin/(?!language|logout)', person.page(section.path))
    assert "read-only" in person.page("/admin")
    answer = person.post(f"/admin/accounts/{account}/disable")
    assert answer.status_code == 403 and "may only read" in answer.text


def test_lists_keep_filters_and_rows_from_page_to_page(site: Site, boss: Person) -> None:
    for number in range(60):
        file_crawl(site.app, domain=f"d{number}")
    first = boss.page("/admin/tasks?type=ingestion&rows=25")
    assert len(re.findall("/pause", first)) == 25
    (older,) = re.findall(r'rel="next" href="([^"]+)"', first)
    assert "type=ingestion" in older and "rows=25" in older
    second = boss.page(older.replace("&amp;", "&"))
    assert ">#35 crawl d34<" in second and ">#36 " not in second
    boss.page("/admin/tasks?rows=50")
    assert len(re.findall("/pause", boss.page("/admin/tasks"))) == 50
    assert "No task fits." in boss.page(
        "/admin/tasks?since=2001-01-01T00:00&until=2001-01-02T00:00"
    )
    assert boss.page("/admin/tasks?rows=7&since=never&range=always&status=odd&before=99")


@pytest.mark.parametrize("path", ["/admin/tasks/99", "/admin/accounts/99", "/admin/nothing"])
def test_what_is_not_there_is_told_on_a_page(boss: Person, path: str) -> None:
    answer = boss.get(path)
    assert answer.status_code == 404
    assert "To the overview" in answer.text and "<h1>Not Found</h1>" in answer.text


def test_a_database_that_is_away_is_told_on_a_page(
    boss: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise DatabaseUnavailableError("the server went away")

    with monkeypatch.context() as broken:
        broken.setattr(Database, "read", away)
        answer = boss.get("/admin")
    assert answer.status_code == 503 and "the server went away" in answer.text
    assert boss.get("/admin").status_code == 200


def test_trouble_of_the_database_stands_on_every_page(
    boss: Person, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = DatabaseUnavailableError("database_disk_full", where="here")
    watch = app.database.outages
    monkeypatch.setattr(outages, "SHOWN_SECS", 0.0)
    watch.failed(full, writing=True)
    for path in ("/admin", "/admin/tasks"):
        assert "here: the disk is full" in boss.page(path)
    watch.succeeded(writing=True)
    assert "The database cannot be used" not in boss.page("/admin")


def test_a_visitor_does_not_wait_for_a_lost_database_as_workers_do(
    boss: Person, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []
    patience = Database._patience

    def noted(database: Database) -> float:
        seen.append(patience(database))
        return seen[-1]

    def away(_engine: object) -> None:
        raise DatabaseUnavailableError("away")

    monkeypatch.setattr(Database, "_patience", noted)
    with monkeypatch.context() as broken:
        broken.setattr(type(app.database.engine), "connect", away)
        assert boss.get("/admin").status_code == 503
    assert seen and max(seen) <= 3.0


def test_the_document_root_leads_to_the_console(person: Person) -> None:
    assert person.get("/").headers["Location"] == "/admin"
