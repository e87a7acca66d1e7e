"""Whatever a command changes is in the log of actions, under the name of the system's user."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
import typer.main

from commands.framework import system_user
from commands.framework.lazy_group import LazyGroup
from commands.framework.main import Baton as CommandLine
from commands.framework.main import build
from tests.support.processes.launcher import Baton, SandboxProcess, wait_until
from tests.support.processes.process_fixtures import look_at
from webhooks.outbox import Report

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
COOKIES = "SESSDATA=c00kie-secret"
HUSH = ("c00kie-secret", "pr0xy-secret", "MfKQ9r8G", "hush")
LOOKS = {
    *(
        "plan",
        "status",
        "doctor",
        "sandbox",
        "alerts list",
        "broadcast status",
        "broadcast failures",
        "egress list",
    ),
    *("accounts list", "accounts explain", "tasks list", "tasks show", "exports list"),
    *("accounts groups", "tasks keywords", "proxies list", "works rejected"),
    *("report today", "logs ingestion"),
    *("creators list", "creators show", "creators new", "creators count", "creators history"),
    *("jobs list", "jobs preview", "works list", "views trend", "views top", "views daily"),
    *("views growth", "views gaps", "webhooks list", "webhooks show", "dramas list"),
    *(
        "dramas show",
        "hosts list",
        "dramas shared_videos",
        "web tokens",
        "stats fetch",
        "healthcheck",
        "completion",
        "circuits list",
    ),
    *("views compare", "views authors", "views alerts", "settlement list", "settlement show"),
}
# What goes on by itself once it was started, trials on a database of their own, and lists that are
# written out again.
BY_ITSELF = {"run", "serve", "demo", "update_play_counts", "views", "works export"} | {
    "views project",
}
STEPS: tuple[tuple[str, tuple[object, ...], str, str], ...] = (
    ("init", (), "init", ""),
    ("accounts add", ("a1", "--proxy", "http://u:pr0xy-secret@h:1"), "account.add", COOKIES),
    ("accounts import", ("accounts.csv",), "account.import", ""),
    ("accounts set_limit", ("a1", 50), "account.limit", ""),
    ("accounts set_agent", ("a1", "Mozilla/5.0"), "account.agent", ""),
    ("accounts disable", ("a1", "--reason", "tired"), "account.disable", ""),
    ("accounts enable", ("a1",), "account.enable", ""),
    ("accounts check", ("a1",), "account.check", ""),
    ("proxies add", ("http://u:hush@127.0.0.1:1",), "proxy.add", ""),
    ("proxies import", ("proxies.txt",), "proxy.import", ""),
    ("accounts set_proxy", ("a1", "none"), "account.proxy", ""),
    ("proxies assign", ("--account", "a1"), "proxy.assign", ""),
    ("proxies check", ("--timeout", 1), "proxy.check", ""),
    ("proxies remove", ("127.0.0.1:2", "--accounts-to", "none"), "proxy.remove", ""),
    ("accounts set_group", ("a1", "a2", "north"), "account.group", ""),
    ("accounts rename", ("a2", "a3"), "account.rename", ""),
    ("accounts delete", ("a3", "--yes"), "account.delete", ""),
    ("accounts rotate_key", (), "account.rotate_key", ""),
    ("start_crawl", ("--domain", "美妆", "--detach"), "task.crawl", ""),
    ("start_export", ("--domain", "美妆", "--detach"), "task.export", ""),
    ("tasks label", (1, "mine"), "task.label", ""),
    ("tasks unlabel", (1, "mine"), "task.label", ""),
    ("exports move", (2, "--out", "elsewhere"), "task.move_output", ""),
    ("tasks pin", (1, "--group", "north"), "task.pin", ""),
    ("exports copy", (99,), "export.copy", ""),
    ("tasks pause", (1,), "task.pause", ""),
    ("tasks resume", (1,), "task.resume", ""),
    ("tasks cancel", (1,), "task.cancel", ""),
    ("exports verify", (), "exports.verify", ""),
    ("exports rebuild", (99,), "export.rebuild", ""),
    ("egress cooldown", ("gate:7000", "--for", "30m"), "egress.cooldown", ""),
    ("egress open", ("gate:7000",), "egress.open", ""),
    ("circuits close", ("bilibili",), "circuit.close", ""),
    ("alerts test", (), "alerts.test", ""),
    ("jobs run", ("quota_reset",), "job.run", ""),
    ("works add", ("BV1xx411c7mD", "--no-fetch"), "works.add", ""),
    ("works import", ("works.csv",), "works.import", ""),
    ("works discover", ("--uid", "1"), "works.discover", ""),
    ("works disable", ("BV1xx411c7mD",), "work.disable", ""),
    ("works enable", ("BV1xx411c7mD",), "work.enable", ""),
    ("views import", ("2026-11-22-05_views_data.json", "--replace"), "views.import", ""),
    ("views add_alert", ("--passes", 1000, "--work", "BV1xx411c7mD"), "view_rule.add", ""),
    ("views remove_alert", (1,), "view_rule.remove", ""),
    ("dramas import", ("dramas.jsonl",), "dramas.add", ""),
    ("dramas import_users", ("users.jsonl",), "users.add", ""),
    ("dramas import_completions", ("posted.jsonl",), "completions.add", ""),
    ("dramas pause", ("t1",), "drama.pause", ""),
    ("dramas resume", ("t1",), "drama.resume", ""),
    ("dramas finish", ("t1",), "drama.finish", ""),
    ("dramas set_secret", ("t1",), "drama.set_secret", SECRET),
    ("daily_stats", ("2026-01-01",), "daily_stats.scan", ""),
    ("webhooks replay", ("--task", "t1"), "webhook.replay", ""),
    ("webhooks test", ("http://u:hush@h.example/?token=hush",), "webhook.test", ""),
    ("webhooks disable", (1,), "webhook.disable", ""),
    ("webhooks enable", (1,), "webhook.enable", ""),
    ("webhooks rotate_secret", ("t1", "--secret-stdin"), "webhook.rotate_secret", SECRET),
    ("webhooks rotate_secret", ("t1", "--finish"), "webhook.finish_rotation", ""),
    ("broadcast start", (), "broadcaster.start", ""),
    ("broadcast stop", (), "broadcaster.stop", ""),
    ("broadcast", ("--once",), "broadcaster.trigger", ""),
    ("web token", (), "token.make", ""),
    ("web revoke", ("admin",), "token.revoke", ""),
    ("hosts forget", ("gone",), "host.forget", ""),
)
SIGN_IN = "accounts login"
FILES = {
    "accounts.csv": f"username,cookie\na2,{COOKIES}\n",
    "proxies.txt": "127.0.0.1:2\n",
    "works.csv": "bvid\nBV1xx411c7mE\n",
    "2026-11-22-05_views_data.json": '{"data": [{"work_id": "BV1xx411c7mD", "view_count": 5}]}',
    "dramas.jsonl": '{"task_id": "t1", "project_id": "p1", "callback_url": "https://r.example/x"}',
    "users.jsonl": '{"user_id": "u1"}',
    "posted.jsonl": '{"task_id": "t1", "user_id": "u1", "submission_link":'
    ' "https://www.youtube.com/watch?v=dQw4w9WgXcQ"}',
}


def all_commands() -> Iterator[str]:
    """The name of every command that is listed, groups and all."""
    line = typer.main.get_command(build())
    assert isinstance(line, LazyGroup)
    for entry in CommandLine.LISTED:
        command = line.commands[entry.name]
        subcommands = getattr(command, "commands", {})
        if not subcommands or getattr(command, "invoke_without_command", False):
            yield entry.name
        yield from (f"{entry.name} {name}" for name, each in subcommands.items() if not each.hidden)


@pytest.fixture
def here(baton: Baton, start_sandbox: Callable[..., SandboxProcess]) -> Baton:
    platform = start_sandbox(creators=20)
    baton.use(platform)
    baton.env |= {
        "BATON_BILIBILI_PASSPORT_URL": platform.url,
        "BATON_NOTIFY_URLS": f"json://{platform.url.removeprefix('http://')}/n",
    }
    for name, text in FILES.items():
        (baton.work / name).write_text(text)
    return baton


def file_report(baton: Baton) -> None:
    with baton.opened_app() as app:
        report = Report(
            kind="daily",
            event_id="e1",
            url="https://u:hush@r.example/x?token=hush",
            task_id="t1",
            stats_date=None,
            body="{}",
        )
        app.database.write(app.webhooks.outbox.enqueue, report)
        replace(app.jobs.host_presence, host="gone").announce_once()


def sign_in(baton: Baton) -> None:
    process = baton.start("accounts", "login", "a3")
    wait_until(lambda: "qrcode_key=" in process.err or process.code is not None, "a code")
    key = re.search(r"qrcode_key=([0-9a-f]{32})", process.err)
    assert key, process.err
    url = baton.env["BATON_BILIBILI_PASSPORT_URL"]
    for step in ("scan", "confirm"):
        body = {"step": step, "qrcode_key": key[1], "account": "a3"}
        assert requests.post(f"{url}/__sandbox__/scan", json=body, timeout=10).ok
    assert process.wait(30).code == 0


def test_every_command_that_changes_something_is_known() -> None:
    changing = {command for command, *_ in STEPS} | {SIGN_IN}
    assert set(all_commands()) == changing | LOOKS | BY_ITSELF
    assert not changing & (LOOKS | BY_ITSELF)


def test_what_a_command_changes_is_in_the_log_of_actions(here: Baton) -> None:
    file_at = [command for command, *_ in STEPS].index("webhooks replay")
    wanted = []
    for number, (command, words, action, stdin) in enumerate(STEPS):
        if number == file_at:
            file_report(here)
        before = look_at(here).value("SELECT COUNT(*) FROM web_actions") or 0
        outcome = here.run(*command.split(), *words, stdin=stdin, env={"LOGNAME": "阿明"})
        assert "Traceback" not in outcome.err, (command, outcome)
        rows = look_at(here).rows("SELECT * FROM web_actions ORDER BY id")[before:]
        assert [row["action"] for row in rows] == [action], (command, outcome, rows)
        wanted.append(action)
    sign_in(here)
    rows = look_at(here).rows("SELECT * FROM web_actions ORDER BY id")
    assert [row["action"] for row in rows] == [*wanted, "account.login"]
    assert {row["who"] for row in rows[:-1]} == {"cli:阿明"} and all(row["address"] for row in rows)
    refused = {row["action"]: row["outcome"] for row in rows if row["outcome"] != "done"}
    assert "segment_not_found" in refused.pop("export.rebuild")
    assert "segment_not_found" in refused.pop("export.copy")
    assert {refused.pop(name) for name in ("egress.open", "egress.cooldown")}
    assert set(refused) <= {"account.check", "works.discover", "webhook.test", "alerts.test"}
    shown = "\n".join(" ".join(map(str, row.values())) for row in rows)
    assert not [secret for secret in HUSH if secret in shown], shown


def test_a_user_without_a_name_is_called_by_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(system_user.getpass, "getuser", nobody)
    assert system_user._user_name().isdigit()


def test_what_commands_did_is_listed_by_the_api(tmp_path: Path, here: Baton) -> None:
    assert here.run("accounts", "add", "a1", stdin=COOKIES).code == 0
    token = here.run("web", "token").out.strip()
    server = here.start("serve", "--port", 0)
    wait_until(lambda: "listening on " in server.out, "an address")
    url = server.out.split("listening on ")[1].split()[0]
    headers = {"Authorization": f"Bearer {token}"}
    answer = requests.get(f"{url}/api/v1/actions", headers=headers, timeout=30).json()
    assert [one["action"] for one in answer["items"]] == ["token.make", "account.add"]
    assert all(one["who"].startswith("cli:") for one in answer["items"])
    server.end()
