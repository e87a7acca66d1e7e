"""What an operator reads about faults: what is wrong, with what, until when, and what to do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rich.cells import cell_len

from accounts.account_lease import Purpose
from app.container import App
from core.messages import Message
from storage.engines.datetimes import to_sql
from tests.support.accounts.cooldowns import cooldown
from tests.support.accounts.egress import LOGIN_REFUSED, open_circuit
from tests.support.apps import add_account
from tests.support.processes.launcher import CLI, Baton
from tests.support.processes.window import shown_in_window

SILENT, REFUSED = "http://ann:geheim@gate.example:7000", "http://bob:geheim@pay.example:8000"
LISTS = (("accounts", "list"), ("egress", "list"), ("circuits", "list"), ("status",))


def egress_of(app: App, name: str) -> str:
    egress = app.pool.registry.find(name).egress
    assert egress is not None
    return egress


def rest(app: App, *, suspect: bool) -> str:
    """Let an account cool down; return its name."""
    leased = app.pool.manager.lease(Purpose.INGESTING, "bilibili")
    assert leased is not None
    app.pool.manager.cool_down(leased, cooldown(900, "blocked (HTTP 412)", suspect=suspect))
    return leased.username


@pytest.fixture
def here(baton: Baton) -> Baton:
    """A suspect account, two disabled ones, and routes that are silent or refused."""
    with baton.opened_app() as app:
        add_account(app, "plain")
        assert rest(app, suspect=True) == "plain"
        add_account(app, "kept")
        add_account(app, "ended")
        add_account(app, "behind", proxy=SILENT)
        add_account(app, "unpaid", proxy=REFUSED)
        app.pool.egress_routes.record_failure(egress_of(app, "unpaid"), LOGIN_REFUSED)
        open_circuit(app, "bilibili", egress=egress_of(app, "behind"), cause="no_answer", secs=60)
        expired = Message.of("session_expired", cause=Message.text("code -101"))
        for name, reason in (("kept", "for later"), ("ended", expired)):
            account = app.pool.registry.find(name)
            app.pool.manager.set_account_status(account.id, "disabled", reason)
    return baton


def test_a_suspect_account_is_told_at_the_top_of_status_with_its_end(here: Baton) -> None:
    lines = here.run("status").out.splitlines()
    at = next(n for n, line in enumerate(lines) if "by account plain (bilibili)" in line)
    assert lines[at].startswith("until ") and lines[at].endswith(": blocked (HTTP 412)")
    assert "what to do: nothing: then its session is checked" in lines[at + 1]
    assert at < next(n for n, line in enumerate(lines) if line.startswith(" account "))


def test_a_silent_proxy_is_named_as_the_route_and_not_as_the_platform(here: Baton) -> None:
    with here.opened_app() as app:
        silent = egress_of(app, "behind")
    for words in (*LISTS[1:], ("accounts", "explain", "behind")):
        told = here.run(*words).out
        assert silent in told and "no answer from bilibili" in told, words
        assert f"proxies check '{silent}'" in told, words
        assert f"circuits close bilibili --egress '{silent}'" in told, words


def test_a_refused_route_says_until_when_and_what_to_do_wherever_it_is_read(here: Baton) -> None:
    for words in (("egress", "list"), ("status",), ("accounts", "explain", "unpaid")):
        told = here.run(*words).out
        assert "the proxy wants other credentials (HTTP 407)" in told, words
        assert "mend login, credit or plan at the provider" in told, words
        assert "egress open 'pay.example:8000#" in told, words


@pytest.mark.parametrize(
    ("name", "why", "advice"),
    [
        ("kept", "for later", "accounts enable kept; if not: python cli.py accounts delete kept"),
        ("ended", "session expired (code -101)", "python cli.py accounts import ended -"),
    ],
)
def test_a_disabled_account_is_disabled_and_not_healthy(
    here: Baton, name: str, why: str, advice: str
) -> None:
    told = here.run("accounts", "explain", name).out
    head = told.splitlines()[:4]
    assert head[0] == f"{name} (bilibili): disabled" and "healthy" not in told
    assert "any time" not in told and head[2] == f"why: {why}" and advice in head[3]
    [row] = [line for line in here.run("accounts", "list").out.splitlines() if f" {name} " in line]
    assert " disabled " in row and why in row and advice in row


def test_one_word_for_a_state_in_every_output(here: Baton) -> None:
    for words in (("accounts", "list"), ("status",), ("accounts", "explain", "plain")):
        told = here.run(*words).out
        assert "suspect" in told, words
    status = here.run("status").out
    [row] = [line for line in status.splitlines() if line.startswith(" plain ")]
    assert "suspect" in row and "idle" not in row


def test_the_next_use_of_an_account_waits_for_its_route(here: Baton) -> None:
    [row] = [line for line in here.run("accounts", "list").out.splitlines() if " unpaid " in line]
    assert " now " not in row
    assert "next use now" not in here.run("accounts", "explain", "unpaid").out


def test_an_open_circuit_whose_time_is_over_is_half_open_everywhere(here: Baton) -> None:
    with here.opened_app() as app:
        past = to_sql(app.clock.now() - timedelta(seconds=5))
        app.database.write(
            lambda tx: tx.execute("UPDATE source_states SET until_at=:past", past=past)
        )
    assert [one["state"] for one in here.run("circuits", "list", "--json").json] == ["half_open"]
    shown = here.run("circuits", "list").out
    assert "half-open" in shown and " open " not in shown
    assert here.run("status", "--json").json["circuits"] == []
    [route] = [
        one
        for one in here.run("egress", "list", "--json").json
        if one["accounts"] and one["gateway"] == "gate.example:7000"
    ]
    assert route["open_circuits"] == [] and route["state"] == "unproven"
    for command in (["status"], ["egress", "list"], ["accounts", "explain", "behind"]):
        told = here.run(*command, env={"COLUMNS": "400"}).out
        assert "is tried again, one request at a time" in told, command


def test_a_route_that_one_endpoint_is_left_alone_by_does_not_simply_work(here: Baton) -> None:
    def states() -> set[str]:
        return {one["state"] for one in here.run("egress", "list", "--json").json}

    assert "closed" in states()
    with here.opened_app() as app:
        app.database.write(lambda tx: tx.execute("UPDATE source_states SET endpoint='search'"))
    assert "partly_closed" in states() and "closed" not in states()
    assert "left alone in part" in here.run("egress", "list", env={"COLUMNS": "400"}).out


def test_a_mistyped_route_is_refused_with_those_that_are_like_it(here: Baton) -> None:
    with here.opened_app() as app:
        silent = egress_of(app, "behind")
    wrong = here.run("circuits", "close", "bilibili", "--egress", silent[:-1])
    assert wrong.code == 2
    assert f"like it are: {silent}" in wrong.err and "circuits list" in wrong.err
    other = here.run("circuits", "close", "bilibli")
    assert other.code == 0 and f"bilibili by {silent}" in other.err
    assert here.run("circuits", "close", "bilibili", "--egress", silent).code == 0


@pytest.mark.parametrize("language", ["en", "zh"])
def test_lists_fit_a_window_of_80_columns(here: Baton, language: str) -> None:
    env = here.env | {"TERM": "xterm", "BATON_LANGUAGE": language}
    for words in LISTS:
        lines = shown_in_window(here.work, env, CLI, words, 80)
        assert len(lines) > 2, words
        assert [line for line in lines[:-2] if cell_len(line) > 80] == [], words
    told = " ".join(" ".join(shown_in_window(here.work, env, CLI, ("egress", "list"), 80)).split())
    assert "egress open 'pay.example:8000#" in told


def test_a_pipe_loses_no_word_however_narrow_columns_are_said_to_be(here: Baton) -> None:
    for words in LISTS:
        wide, narrow = (here.run(*words, env={"COLUMNS": size}).out for size in ("200", "30"))
        assert "…" not in narrow and narrow.count("\n") == wide.count("\n"), words


def test_a_dumb_terminal_gets_text_without_escapes(here: Baton) -> None:
    env = here.env | {"TERM": "dumb"}
    raw = "\n".join(shown_in_window(here.work, env, CLI, ("status",), 80))
    assert "\x1b" not in raw and "by account plain" in raw
