"""What operators watch and start: health, metrics, the server's life, commands."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable

import pytest
import requests
import uvicorn
from fastapi import FastAPI

from app.container import App
from app.web import web_server
from core.clock import iso_utc
from core.errors import DatabaseRefusedError, DatabaseUnavailableError, SettingsError
from core.logs import service_log
from core.supervision.internal_errors import InternalErrors
from presentation.i18n.renderer import ENGLISH_RENDERER
from storage.engines.transactions import Database
from tests.support.apps import add_account
from tests.support.crawler.workbench import export, store_rows
from tests.support.moving_clock import MovingClock
from tests.support.processes.launcher import Baton, Process, wait_until
from tests.support.web.web_site import Site, Visitor
from web.auth.login_limit import TRIES_OF_ALL, TRIES_OF_ONE, LoginLimit
from web.server import Exposure, WebServer


def metric(text: str, line: str) -> float:
    found = re.search(rf"^{re.escape(line)} (\S+)$", text, re.M)
    assert found, line
    return float(found[1])


def test_metrics_tell_what_the_database_says(site: Site, admin: Visitor) -> None:
    before = admin.get("/metrics").text
    assert metric(before, "baton_exported_rows_total") == 0
    assert metric(before, 'baton_last_success_timestamp_seconds{work="export"}') == 0
    assert metric(before, 'baton_tasks{status="failed",type="crawl"}') == 0
    assert metric(before, "baton_login_failures_total") == 0
    add_account(site.app, "alice", 100)
    store_rows(site.app, 23)
    export(site.app)
    after = admin.get("/metrics").text
    now = site.app.clock.now().timestamp()
    assert metric(after, "baton_exported_rows_total") == 23
    assert metric(after, 'baton_tasks{status="completed",type="export"}') == 1
    assert metric(after, 'baton_accounts{platform="bilibili",status="idle"}') == 1
    account = '{account="alice",platform="bilibili"}'
    assert metric(after, f"baton_account_exported_today_rows{account}") == 23
    assert metric(after, f"baton_account_export_limit_rows{account}") == 100
    last = metric(after, 'baton_last_success_timestamp_seconds{work="export"}')
    assert now - 60 < last <= now
    assert metric(after, 'baton_http_requests_total{method="GET",status="2xx"}') == 1


def test_promtool_is_content_with_the_metrics(admin: Visitor) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed; apt-get install prometheus")
    text = admin.get("/metrics").content
    outcome = subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True)
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, b"", b"")


def test_without_the_database_it_says_so_and_goes_on(
    site: Site, admin: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise DatabaseUnavailableError("the server went away; mysql://baton:hunter2@db/baton")

    assert site.stranger.get("/readyz").status_code == 200
    with monkeypatch.context() as broken:
        broken.setattr(Database, "read", away)
        assert site.stranger.get("/healthz").status_code == 200
        assert site.stranger.get("/readyz").status_code == 503
        answer = admin.get("/api/v1/tasks")
        assert answer.status_code == 503 and answer.headers["Retry-After"]
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert "went away" in answer.text and "hunter2" not in answer.text
    assert admin.get("/api/v1/tasks").status_code == 200


def test_health_tells_since_when_the_database_lets_nobody_in(
    site: Site, admin: Visitor, clock: MovingClock
) -> None:
    refused = DatabaseRefusedError("database_login_refused", where="mysql://baton@secret-host")
    watch = site.app.database.outages
    assert site.stranger.get("/healthz").json() == {"status": "ok"}
    began_at = clock.now()
    watch.failed(refused, writing=True)
    clock.move(700)
    watch.failed(refused, writing=True)
    answer = site.stranger.get("/healthz")
    assert answer.json()["database"] == {
        "since": iso_utc(began_at),
        "cause": "database_login_refused",
    }
    assert "secret-host" not in answer.text
    watch.succeeded(writing=True)
    assert site.stranger.get("/healthz").json() == {"status": "ok"}


def test_metrics_without_the_database_say_that_it_is_down(
    site: Site, admin: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise DatabaseUnavailableError("gone")

    monkeypatch.setattr("web.monitoring.metrics.metrics_queries.crawled", away)
    text = admin.get("/metrics").text
    assert metric(text, "baton_database_up") == 0
    assert "baton_accounts" not in text


def test_a_bug_is_told_without_its_inside(
    site: Site, admin: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("of our own: SESSDATA=abc")

    monkeypatch.setattr("web.api.status.leases.workers", broken)
    answer = admin.get("/api/v1/status")
    assert answer.status_code == 500
    assert "SESSDATA" not in answer.json()["detail"] and "log file" in answer.json()["detail"]


def test_bodies_that_are_too_large_or_endless_are_refused(admin: Visitor) -> None:
    large = admin.post("/api/v1/tasks/crawl", headers={"Content-Length": str(10**9)})
    assert large.status_code == 413 and "send it in parts" in large.json()["detail"]
    endless = admin.post("/api/v1/tasks/crawl", data=iter([b"{}"]))
    assert endless.status_code == 411


def test_many_requests_at_once_share_the_pool(site: Site, admin: Visitor) -> None:
    add_account(site.app, "alice")
    statuses: list[int] = []

    def ask() -> None:
        visitor = Visitor(url=site.url, token=site.admin_token)
        statuses.extend(visitor.get("/api/v1/status").status_code for _ in range(5))
        visitor.close()

    threads = [threading.Thread(target=ask) for _ in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 150


def test_an_address_that_is_taken_is_named(app: App) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SettingsError) as refused:
            web_server(app, "127.0.0.1", port).bind()
    said = ENGLISH_RENDERER.sentence(refused.value)
    assert re.search(rf"listen on 127\.0\.0\.1:{port}.*BATON_WEB_PORT", said), said


def test_a_server_that_cannot_start_serves_after_a_pause(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As without file descriptors: uvicorn ends by SystemExit, and `run` goes on."""
    starts = iter([SystemExit(3), SystemExit(3)])
    start = uvicorn.Server.startup

    async def startup(self: uvicorn.Server, sockets: list[socket.socket] | None = None) -> None:
        failure = next(starts, None)
        if failure is not None:
            raise failure
        await start(self, sockets)

    monkeypatch.setattr("uvicorn.Server.startup", startup)
    failures: list[BaseException] = []
    errors = InternalErrors(app.clock).of("web", service_log("web"), max_pause_secs=0.01)
    server = WebServer(
        app=FastAPI(),
        exposure=Exposure("127.0.0.1", 0),
        on_failure=failures.append,
        errors=errors,
    )
    server.start()
    assert requests.get(f"{server.url}/openapi.json", timeout=30).ok
    server.stop()
    assert server.join(30)
    told = errors.recent()
    assert failures == [] and told is not None and told.error.code == "web_server_not_started"


def test_it_stops_twice_and_before_it_started(app: App) -> None:
    never = web_server(app, "127.0.0.1", 0)
    never.stop()
    assert never.join(30)
    server = web_server(app, "127.0.0.1", 0)
    server.start()
    assert requests.get(f"{server.url}/healthz", timeout=30).ok
    server.stop()
    server.stop()
    assert server.join(30)
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{server.url}/healthz", timeout=5)


def test_sign_in_attempts_are_limited(clock: MovingClock) -> None:
    limit = LoginLimit(clock)
    for _ in range(TRIES_OF_ONE):
        assert limit.wait_secs("10.0.0.1") == 0
        limit.failed("10.0.0.1")
    assert limit.wait_secs("10.0.0.1") == 60
    assert limit.wait_secs("10.0.0.2") == 0
    clock.move(59.5)
    assert limit.wait_secs("10.0.0.1") == 1
    clock.move(0.5)
    assert limit.wait_secs("10.0.0.1") == 0
    for number in range(TRIES_OF_ALL):
        limit.failed(f"10.1.0.{number}")
    assert limit.wait_secs("10.0.0.2") == 60


def served(process: Process) -> str:
    """The address that a process says it listens on."""
    text = "web console: "
    said = wait_until(lambda: text in process.err and process.err, "the address")
    return str(said.partition(text)[2].split("/admin")[0])


@pytest.mark.parametrize("command", ["serve", "run"])
def test_it_is_served_alone_and_beside_the_workers(
    make_baton: Callable[..., Baton], command: str
) -> None:
    baton = make_baton(BATON_WEB_PORT="0")
    process = baton.start(command)
    url = served(process)
    wait_until(lambda: "make a token with: python cli.py web token" in process.err, "the advice")
    token = baton.run("web", "token", "--name", "me").out.strip()
    looking = baton.run("web", "token", "--read-only").out.strip()
    wait_until(
        lambda: Visitor(url=url, token=token).get("/api/v1/status").status_code == 200, "an answer"
    )
    assert Visitor(url=url, token=looking).post("/api/v1/tasks/1/pause").status_code == 403
    listed = baton.run("web", "tokens", "--json").json
    assert [(one["name"], one["role"]) for one in listed] == [("me", "admin"), ("reader", "reader")]
    assert token not in str(listed)
    assert baton.run("web", "revoke", "me").code == 0
    assert Visitor(url=url, token=token).get("/api/v1/status").status_code == 401
    process.signal(signal.SIGTERM)
    outcome = process.wait()
    assert outcome.code == 0, outcome
    assert "Traceback" not in outcome.err


def test_a_second_run_on_the_same_address_works_without_it(
    make_baton: Callable[..., Baton],
) -> None:
    baton = make_baton(BATON_WEB_PORT="0")
    first = baton.start("serve")
    port = served(first).rpartition(":")[2]
    second = baton.start("run", env={"BATON_WEB_PORT": port})
    wait_until(lambda: second.err.count("\n") > 1, "the note and a line of the console")
    assert second.err.startswith("without the web console")
    second.signal(signal.SIGTERM)
    assert second.wait().code == 0
    third = baton.run("serve", "--port", port)
    assert third.code == 1 and "BATON_WEB_PORT" in third.err
