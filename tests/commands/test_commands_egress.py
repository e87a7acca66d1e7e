"""`egress`, `circuits`, and where else operators read of routes and circuits."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from app.container import App
from storage.crawling import unknown_answers
from tests.support.accounts.egress import DEAD_PROXY, LOGIN_REFUSED, open_circuit
from tests.support.apps import add_account
from tests.support.processes.launcher import Baton

PROXY = "http://ann:geheim@gate.example:7000"
EVIDENCE = json.dumps({"request": "GET /x", "http_status": 412, "code": -412, "body": "geheim?"})


@pytest.fixture
def here(baton: Baton) -> Baton:
    """An installation with a dead proxy, a refused one, a direct account and open circuits."""
    with baton.opened_app() as app:
        add_account(app, "plain")
        dead = route(app, "dead", PROXY)
        refused = route(app, "refused", "http://bob:geheim@pay.example:8000")
        app.pool.egress_routes.record_failure(dead, DEAD_PROXY)
        app.pool.egress_routes.record_failure(refused, LOGIN_REFUSED)
        open_circuit(app, "bilibili", egress=dead, evidence=EVIDENCE)
        open_circuit(app, "bilibili", endpoint="search", cause="throttle")
        app.database.write(
            unknown_answers.record,
            "bilibili",
            "view",
            http_status=200,
            code="-7777",
            evidence=EVIDENCE,
            now=app.clock.now(),
        )
    return baton


def route(app: App, name: str, proxy: str) -> str:
    account = app.pool.registry.find(name) if app.pool.registry.lookup("bilibili", name) else None
    if account is None:
        add_account(app, name, proxy=proxy)
        account = app.pool.registry.find(name)
    assert account.egress is not None
    return account.egress


def test_routes_are_listed_opened_and_left_alone(here: Baton) -> None:
    listed = here.run("egress", "list", "--json").json
    by_gateway = {one["gateway"]: one for one in listed}
    dead, refused = by_gateway["gate.example:7000"], by_gateway["pay.example:8000"]
    assert (dead["kind"], dead["accounts"], dead["fault"]) == ("http", 1, "egress")
    assert dead["last_error"] == "the proxy cannot be reached" and dead["cooldown_until"]
    assert [one["code"] for one in dead["open_circuits"]] == ["-412"]
    assert refused["fault"] == "gateway"
    shown = here.run("egress", "list")
    assert "geheim" not in shown.out and dead["egress"] in shown.out
    assert here.run("egress", "open", dead["egress"]).out == f"{dead['egress']} is used again\n"
    assert "was not in cooldown" in here.run("egress", "open", dead["egress"]).out
    left = here.run("egress", "cooldown", "pay.example:8000", "--for", "2h")
    assert left.code == 0 and "pay.example:8000 is left alone until " in left.out
    after = {one["gateway"]: one for one in here.run("egress", "list", "--json").json}
    assert after["gate.example:7000"]["cooldown_until"] is None
    assert after["pay.example:8000"]["fault"] is None


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("egress", "open", "nobody:1"), "no egress route or gateway is named 'nobody:1'"),
        (("egress", "cooldown", "gate.example:7000", "--for", "25h"), "lasts 1 s to 24h"),
        (("egress", "cooldown", "gate.example:7000", "--for", "half"), "not 'half'"),
    ],
)
def test_what_cannot_be_done_is_said(here: Baton, words: tuple[str, ...], says: str) -> None:
    outcome = here.run(*words)
    assert outcome.code == 2 and says in outcome.err


def test_circuits_are_listed_and_closed(here: Baton) -> None:
    listed = here.run("circuits", "list", "--json").json
    assert [(one["endpoint"], one["cause"]) for one in listed] == [
        ("search", "throttle"),
        (None, "risk"),
    ]
    shown = here.run("circuits", "list").out
    assert "GET /x HTTP 412 code -412" in shown and "geheim" not in shown
    assert here.run("circuits", "close", "bilibili", "--endpoint", "view").code == 0
    assert len(here.run("circuits", "list", "--json").json) == 2
    closed = here.run("circuits", "close", "bilibili", "--endpoint", "search")
    assert closed.out == "bilibili (endpoint search) is asked again\n"
    here.run("circuits", "close", "bilibili")
    assert here.run("circuits", "list", "--json").json == []
    assert "all circuits are closed" in here.run("circuits", "list").err


def test_status_and_doctor_tell_of_them(here: Baton) -> None:
    status = here.run("status", "--json").json
    assert len(status["circuits"]) == 2
    assert {one["fault"] for one in status["egress"]} == {"egress", "gateway"}
    lines = here.run("status").out.splitlines()
    told = [n for n, line in enumerate(lines) if line.startswith("until ")]
    assert len(told) == 4 and all("  what to do: " in lines[n + 1] for n in told)
    found = here.run("doctor", "--json").json
    subjects = {one["subject"]: one for one in found}
    assert "circuit of bilibili (endpoint search)" in subjects
    answer = subjects["answer of bilibili, endpoint view"]
    assert "HTTP 200, code -7777, seen 1 times: GET /x" in answer["detail"]
    [refused] = [one for one in found if one["subject"].startswith("egress route pay.example")]
    assert "egress open 'pay.example:8000#" in refused["advice"]


def test_doctor_names_what_lasts_too_long(here: Baton) -> None:
    with here.opened_app() as app:
        far = app.clock.now() + timedelta(days=30)
        app.database.write(
            lambda tx: tx.execute("UPDATE proxies SET cooldown_until=:far", far=str(far)[:19])
        )
        app.database.write(
            lambda tx: tx.execute("UPDATE source_states SET until_at=:far", far=str(far)[:19])
        )
    found = here.run("doctor", "--json").json
    assert sum("which no cooldown lasts" in one["detail"] for one in found) == 5


def test_accounts_are_listed_with_their_route(here: Baton) -> None:
    shown = {one["username"]: one["egress"] for one in here.run("accounts", "list", "--json").json}
    assert shown["plain"].startswith("direct@")
    assert shown["dead"].startswith("gate.example:7000#")
    listed = here.run("accounts", "list", env={"COLUMNS": "160"}).out
    assert f"by {shown['dead']}" in listed


def test_what_was_changed_stands_in_the_log_of_actions(here: Baton) -> None:
    here.run("egress", "open", "gate.example:7000")
    here.run("circuits", "close", "bilibili")
    with here.opened_app() as app:
        rows = app.database.read(
            lambda tx: tx.all("SELECT action, subject FROM web_actions ORDER BY id")
        )
    assert [row["action"] for row in rows] == ["egress.open", "circuit.close"]
