"""`webhooks …` as an operator types it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rich.cells import cell_len

from tests.support.processes.launcher import CLI, Baton, SandboxProcess
from tests.support.processes.webhook_stage import Stage
from tests.support.processes.window import shown_in_window
from webhooks.outbox import Report

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def sandbox(start_sandbox: Callable[..., SandboxProcess]) -> SandboxProcess:
    return start_sandbox(creators=0)


def test_listing_showing_and_replaying(baton: Baton, sandbox: SandboxProcess) -> None:
    stage = Stage(baton=baton, sandbox=sandbox, behaviour="ok")
    stage.file(3, 2, SECRET)
    listed = baton.run("webhooks", "list")
    assert listed.code == 0
    assert "all in all 3 pending" in listed.err
    assert len(listed.out.splitlines()) == 4
    asjson = baton.run("webhooks", "list", "--task", "task-1", "--json")
    assert asjson.err == ""
    assert [one["event_id"] for one in asjson.json] == ["0001"]
    shown = baton.run("webhooks", "show", 1, "--json").json
    assert (shown["body"], shown["attempt_log"], shown["endpoint_enabled"]) == (
        '{"number": 0}',
        [],
        True,
    )
    assert baton.run("webhooks", "show", 1).code == 0
    replays = baton.run_all(
        ("webhooks", "replay", 1, 2, "--json"),
        ("webhooks", "replay", "--task", "task-0", "--json"),
        ("webhooks", "replay", "--state", "pending", "--from", "2020-01-01", "--json"),
        ("webhooks", "replay", "--state", "pending", "--to", "2020-01-01", "--json"),
    )
    assert [one.json["replayed"] for one in replays] == [2, 0, 3, 0]


def test_a_test_event(baton: Baton, sandbox: SandboxProcess) -> None:
    baton.add_accounts()
    url = f"{sandbox.url}/webhooks/signed"
    refused = baton.run("webhooks", "test", url)
    assert refused.code == 1 and "BATON_WEBHOOK_ALLOWED_HOSTS" in refused.err
    baton.env["BATON_WEBHOOK_ALLOWED_HOSTS"] = "127.0.0.1"
    unsigned = baton.run("webhooks", "test", url, "--json")
    assert (unsigned.code, unsigned.json["status"]) == (1, 401)
    signed = baton.run("webhooks", "test", url, "--secret-stdin", stdin=f"{SECRET}\n")
    assert signed.code == 0 and "delivered: HTTP 200" in signed.out
    bad = baton.run("webhooks", "test", url, "--secret-stdin", stdin="whsec_hunter2!\n")
    assert bad.code == 4 and "hunter2" not in bad.err
    empty = baton.run("webhooks", "test", url, "--secret-stdin")
    assert empty.code == 4


def test_a_listing_fits_80_columns(baton: Baton) -> None:
    with baton.opened_app() as app:
        for number, task in enumerate(("短剧" * 20, "[bold]x" * 8, "plain")):
            host = f"http://{'long.' * 20}example/" if number else "rubbish"
            report = Report(
                kind="completion",
                event_id=f"event-{number}",
                url=host,
                task_id=task,
                stats_date=None,
                body="{}",
            )
            app.database.write(app.webhooks.outbox.enqueue, report)
        assert app.webhooks.sender.send_once()
    env = baton.env | {"TERM": "xterm"}
    lines = shown_in_window(baton.work, env, CLI, ("webhooks", "list"), 80)
    assert len(lines) > 4 and 70 < max(map(cell_len, lines)) <= 80
    assert any("[bold]x" in line for line in lines)
    assert "短剧" * 20 in baton.run("webhooks", "list").out


def test_disabling_and_enabling_by_url_or_id(baton: Baton, sandbox: SandboxProcess) -> None:
    stage = Stage(baton=baton, sandbox=sandbox, behaviour="ok")
    stage.file(2, 1)
    assert baton.run("webhooks", "disable", 1, "--reason", "they moved").code == 0
    listed = baton.run("webhooks", "list")
    assert "they moved" in listed.err and "its URL is disabled" in listed.out
    assert baton.run("webhooks", "enable", stage.url).code == 0
    assert "disabled" not in baton.run("webhooks", "list").err
    unknown = baton.run("webhooks", "disable", "http://other.example/")
    assert unknown.code == 2 and "webhooks show ID" in unknown.err


def test_a_secret_is_printed_once_and_never_shown(baton: Baton, sandbox: SandboxProcess) -> None:
    Stage(baton=baton, sandbox=sandbox, behaviour="ok").file(1, 1, SECRET)
    fresh = baton.run("webhooks", "rotate-secret", "task-0").out.strip()
    assert fresh.startswith("whsec_")
    given = baton.run("webhooks", "rotate_secret", "task-0", "--secret-stdin", stdin=SECRET)
    assert given.code == 0 and given.out == ""
    assert baton.run("webhooks", "rotate_secret", "task-0", "--finish").code == 0
    outcomes = baton.run_all(("webhooks", "show", 1), ("webhooks", "list", "--json"))
    for outcome in (given, *outcomes):
        assert SECRET not in outcome.out + outcome.err and fresh not in outcome.out + outcome.err
    for file in (*baton.log_dir.glob("*"), *baton.folder.glob("baton.db*")):
        assert SECRET.encode() not in file.read_bytes() and fresh.encode() not in file.read_bytes()


def test_urls_with_credentials_are_shown_without(baton: Baton, sandbox: SandboxProcess) -> None:
    stage = Stage(baton=baton, sandbox=sandbox, behaviour="ok")
    stage.url = "http://user:hush@hooks.example/x?token=hush"
    stage.file(1, 1)
    commands = (("list",), ("list", "--json"), ("show", 1), ("show", 1, "--json"))
    assert baton.run("webhooks", "disable", 1).code == 0
    for outcome in baton.run_all(*(("webhooks", *command) for command in commands)):
        assert outcome.code == 0 and "hush" not in outcome.out + outcome.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("replay",), "say which"),
        (("replay", "--from", "yesterday"), "2026-11-22T10:00"),
        (("replay", "--to", "2026-13-01"), "--to"),
        (("list", "--state", "lost"), "'lost' is not one of"),
        (("show", "99"), "no delivery has the id 99"),
        (("rotate_secret", "nobody"), "no task has the id"),
        (("rotate_secret", "x", "--finish", "--secret-stdin"), "takes no new secret"),
        (("test", ""), "1 to 1024 characters"),
    ],
)
def test_wrong_words_are_usage_errors(baton: Baton, words: tuple[str, ...], said: str) -> None:
    with baton.opened_app():
        pass
    outcome = baton.run("webhooks", *words)
    assert outcome.code == 2, outcome
    assert said in outcome.err
