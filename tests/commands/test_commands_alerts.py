"""`alerts`: what the commands say, that `run` tells, and that no address is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.support.notice_sink import NoticeSink
from tests.support.processes.launcher import (
    Baton,
    Launcher,
    SandboxProcess,
    end_in_order,
    wait_until,
)

SECRET = NoticeSink.SECRET
NOBODY = f"json://127.0.0.1:1/{SECRET}"
KEYS = {
    "id",
    "kind",
    "subject",
    "facts",
    "until_at",
    "raised_at",
    "since_at",
    "well_since",
    "calm_secs",
    "resolved_at",
}


@pytest.fixture
def sink() -> Iterator[NoticeSink]:
    server = NoticeSink()
    yield server
    server.close()


def test_a_test_notice_goes_to_every_channel(baton: Baton, sink: NoticeSink) -> None:
    baton.env["BATON_NOTIFY_URLS"] = f"{sink.url}, {sink.url}/2"
    outcome = baton.run("alerts", "test")
    assert outcome.code == 0, outcome
    assert outcome.out == "1 JSON: accepted\n2 JSON: accepted\n"
    assert len(sink.got) == 2 and all(title.endswith(": a test") for title in sink.titles)
    baton.env["BATON_NOTIFY_URLS"] = f"{NOBODY} {sink.url}"
    outcome = baton.run("alerts", "test")
    assert outcome.code == 1
    assert outcome.out == "1 JSON: FAILED: could not be reached\n2 JSON: accepted\n"
    assert outcome.err == "", "apprise must not write over the console"


def test_without_a_channel_it_says_how_to_get_one(baton: Baton) -> None:
    outcome = baton.run("alerts", "test")
    assert outcome.code == 1 and outcome.out == ""
    assert "BATON_NOTIFY_URLS=dingtalk://TOKEN" in outcome.err


@pytest.mark.parametrize(
    "command", [("run",), ("start_crawl", "--domain", "美妆", "--detach"), ("alerts", "test")]
)
def test_a_wrong_url_stops_what_would_need_it(baton: Baton, command: tuple[str, ...]) -> None:
    baton.add_accounts("acc1")
    outcome = baton.run(*command, env={"BATON_NOTIFY_URLS": f"{NOBODY} nope://{SECRET}"})
    assert outcome.code == 1
    assert "error: BATON_NOTIFY_URLS: number 2 in the list cannot be used" in outcome.err
    assert SECRET not in outcome.out + outcome.err
    assert baton.run("tasks", "list", "--json").json == []


def test_doctor_looks_at_the_channels(launcher: Launcher, sink: NoticeSink) -> None:
    def finding(urls: str) -> tuple[str, str]:
        outcome = launcher.run("doctor", "--json", env={"BATON_NOTIFY_URLS": urls})
        assert SECRET not in outcome.out + outcome.err
        [found] = [one for one in outcome.json if one["subject"] == "notifications"]
        return found["level"], found["detail"]

    assert finding("") == ("ok", "no channel: alerts are in the console and the log only")
    assert finding(f"{sink.url} {NOBODY}") == ("ok", "1 JSON, 2 JSON")
    level, detail = finding(f"geheim://{SECRET}")
    assert level == "error" and "number 1 in the list" in detail
    assert sink.got == []


def test_run_tells_shows_and_lists_what_is_wrong(
    on_both: Baton, start_sandbox: Callable[..., SandboxProcess], sink: NoticeSink
) -> None:
    baton = on_both
    baton.use(start_sandbox(creators=40))
    baton.add_accounts("acc1")
    baton.env["BATON_NOTIFY_URLS"] = sink.url
    assert baton.run("accounts", "add", "dead", stdin="SESSDATA=dead-1").code == 0
    runner = baton.start("run")
    assert baton.run("start_crawl", "--domain", "美妆", "--detach").code == 0
    line = "alert: account dead (bilibili) is disabled: session expired ("
    wait_until(lambda: line in runner.err, "the plain line")
    wait_until(lambda: sink.got, "the notice")
    assert "python cli.py accounts import dead -" in sink.text
    plain, listed, status, text = baton.run_all(
        ("alerts", "list"), ("alerts", "list", "--all", "--json"), ("status", "--json"), ("status",)
    )
    assert "account dead (bilibili)" in plain.out and "accounts import dead -" in plain.out
    assert [set(alert) for alert in listed.json] == [KEYS]
    assert status.json["alerts"] == listed.json
    assert listed.json[0]["facts"]["account"] == "dead"
    assert "! account dead (bilibili) is disabled" in text.out
    [stopped] = end_in_order(runner)
    assert stopped.code == 0
    logged = "".join(file.read_text() for file in baton.log_dir.glob("alerts-*.log"))
    assert "WARNING alerts raised alert=1 kind=account_disabled" in logged
    assert len(sink.got) == 1
    assert SECRET not in logged + stopped.err + stopped.out


def test_nothing_wrong_is_said_and_empty(baton: Baton) -> None:
    plain, as_json = baton.run_all(("alerts", "list"), ("alerts", "list", "--json"))
    assert (plain.code, plain.out, plain.err.splitlines()[-1]) == (0, "", "no alerts")
    assert as_json.json == []
