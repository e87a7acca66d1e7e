"""`run` outlives what ended it: an odd header, a key file that is away, a rotation."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from typing import Any

from cryptography.fernet import Fernet

from tests.support.processes.launcher import CLI, Baton, SandboxProcess, wait_until
from tests.support.processes.process_fixtures import look_at
from tests.support.webhooks.raw_servers import raw_server
from webhooks.outbox import Report

DOMAIN = "美妆"
BEYOND_THE_CALENDAR = "Fri, 31 Dec 9999 23:59:59 -0100"
SLOW = {"BATON_BILIBILI_PACE": "1/1"}


def busy(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(f"HTTP/1.1 429 Busy\r\nRetry-After: {BEYOND_THE_CALENDAR}\r\n\r\n".encode())


def file_report(baton: Baton, url: str) -> None:
    report = Report(
        kind="completion", event_id="e1", url=url, task_id=None, stats_date=None, body="{}"
    )
    with baton.opened_app() as app:
        assert app.database.write(app.webhooks.outbox.enqueue, report)


def disabled(baton: Baton) -> Any:
    return look_at(baton).value("SELECT COUNT(*) FROM accounts WHERE status='disabled'")


def test_run_outlives_an_odd_header_and_a_key_file_that_is_away(
    on_both: Baton, start_sandbox: Callable[..., SandboxProcess]
) -> None:
    platform = start_sandbox(creators=100)
    on_both.use(platform)
    on_both.add_accounts("acc1", "acc2")
    on_both.env["BATON_WEBHOOK_ALLOWED_HOSTS"] = "127.0.0.1"
    outside, key = look_at(on_both), on_both.data_dir / "secret.key"
    with raw_server(busy) as port:
        file_report(on_both, f"http://127.0.0.1:{port}/hook")
        runner = on_both.python(CLI, "run", "--no-web", env=SLOW)
        settled = "SELECT COUNT(*) FROM webhook_deliveries WHERE state='failed' AND attempts=1"
        wait_until(lambda: outside.value(settled) == 1, "the failed attempt")
        assert on_both.run("start_crawl", "--domain", DOMAIN, "--detach").code == 0
        wait_until(lambda: outside.stored() > 0, "the first page")
        away = key.rename(key.with_suffix(".away"))
        wait_until(lambda: outside.stored() == 100, "the crawl without a key file")
        assert runner.code is None and disabled(on_both) == 0
        assert on_both.run("accounts", "list").code == 4, "only a start needs the file"
        away.rename(key)
        assert on_both.run("accounts", "list").code == 0
    runner.signal(signal.SIGTERM)
    assert runner.wait().code in (0, 130)


def test_a_rotation_before_the_restart_makes_run_wait_and_harms_nobody(
    on_both: Baton, start_sandbox: Callable[..., SandboxProcess]
) -> None:
    platform = start_sandbox(creators=60)
    on_both.use(platform)
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    on_both.env["BATON_SECRET_KEY"] = old
    outside = look_at(on_both)
    session = on_both.work / "cookies.txt"
    session.write_text("SESSDATA=cookie0-of-1")
    assert on_both.run("init").code == 0
    assert on_both.run("accounts", "import", "acc1", str(session)).code == 0
    runner = on_both.python(CLI, "run", "--no-web")
    wait_until(lambda: outside.value("SELECT COUNT(*) FROM workers") == 1, "the start of run")
    rotated = on_both.run("accounts", "rotate_key", env={"BATON_SECRET_KEY": f"{new},{old}"})
    assert rotated.code == 0, rotated
    crawl = ("start_crawl", "--domain", DOMAIN, "--detach")
    assert on_both.run(*crawl, env={"BATON_SECRET_KEY": new}).code == 0
    told = "SELECT COUNT(*) FROM alerts WHERE kind='key_changed' AND resolved_at IS NULL"
    waits = "SELECT COUNT(*) FROM tasks WHERE waiting_for='account' AND status='pending'"
    wait_until(lambda: outside.value(told) == 1, "the alert")
    wait_until(lambda: outside.value(waits) == 1, "the task that waits")
    assert runner.code is None and disabled(on_both) == 0
    runner.signal(signal.SIGTERM)
    assert runner.wait().code in (0, 130)
    again = on_both.python(CLI, "run", "--no-web", env={"BATON_SECRET_KEY": f"{new},{old}"})
    wait_until(lambda: outside.stored() == 60, "the crawl after the restart")
    assert disabled(on_both) == 0
    again.signal(signal.SIGTERM)
    assert again.wait().code in (0, 130)
