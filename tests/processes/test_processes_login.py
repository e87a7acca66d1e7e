"""`accounts login`: the code in the terminal, the phone that scans it, and what is kept."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import segno

from tests.processes.test_processes_console import Terminal
from tests.support.processes.launcher import Baton, Process, SandboxProcess, wait_until
from tests.support.sandbox import control
from tests.support.sources.faulty_proxies import closed_port

POLL = "/x/passport-login/web/qrcode/poll"
ADDRESS = re.compile(r"https://account\.bilibili\.com/\S+")
BLOCKS = {"█": (1, 1), "▀": (1, 0), "▄": (0, 1), " ": (0, 0)}
QUIET = 2  # light modules round the code
BLACK_ON_WHITE = re.compile(r"\x1b\[(?:30|38;[\d;]+?);(?:47|107|48;[\d;]+)m[█▀▄ ]{30,}")
Start = Callable[..., SandboxProcess]


class Phone:
    """Whoever holds the phone, at a platform."""

    def __init__(self, platform: SandboxProcess) -> None:
        self._url = platform.url

    def does(self, step: str, url: str, account: str = "") -> None:
        key = re.search(r"qrcode_key=([0-9a-f]{32})", url)
        assert key, url
        body = {"step": step, "qrcode_key": key[1], "account": account}
        control.tell(self._url, "scan", body)


@pytest.fixture
def platform(start_sandbox: Start) -> SandboxProcess:
    return start_sandbox(creators=20)


@pytest.fixture
def phone(platform: SandboxProcess) -> Phone:
    return Phone(platform)


@pytest.fixture
def at_home(baton: Baton, platform: SandboxProcess) -> Baton:
    """Commands that sign in at the sandbox."""
    baton.use(platform)
    baton.env["BATON_BILIBILI_PASSPORT_URL"] = platform.url
    return baton


def shown(process: Process, number: int = 1) -> str:
    """The address of the code of that number, once it is on the screen."""
    wait_until(
        lambda: len(ADDRESS.findall(process.err)) >= number or process.code is not None, "a code"
    )
    return ADDRESS.findall(process.err)[number - 1]


def accounts(baton: Baton) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = baton.run("accounts", "list", "--json").json
    return found


def session_of(baton: Baton) -> str:
    """The only account's session in clear, by the key file."""
    with baton.opened_app() as app:
        [account] = app.pool.registry.all()
        return str(app.vault.decrypt(account.session))


def all_bytes(baton: Baton) -> bytes:
    """Everything that lies on the disk: database, logs, output."""
    return b"".join(path.read_bytes() for path in baton.folder.rglob("*") if path.is_file())


def drawn_code(lines: list[str]) -> list[list[int]]:
    """The modules of the first code in a text, without the quiet zone."""
    first = next(place for place, line in enumerate(lines) if set(line) & set("█▀▄"))
    body = []
    for line in lines[first:]:
        if not set(line) <= set(BLOCKS):
            break
        body.append(line)
    width = max(map(len, body))
    modules = []
    for line in body:
        pairs = [BLOCKS[letter] for letter in line.ljust(width)]
        modules += [[pair[0] for pair in pairs], [pair[1] for pair in pairs]]
    dark = [row for row in modules if any(row)]
    left = min(row.index(1) for row in dark)
    assert left >= QUIET, "without a quiet zone no app finds it"
    size = len(dark)
    return [row[left : left + size] for row in dark]


def test_a_scanned_and_confirmed_code_adds_an_account(
    at_home: Baton, phone: Phone, platform: SandboxProcess
) -> None:
    login = at_home.start("accounts", "login", "me", "--limit", 123)
    url = shown(login)
    assert drawn_code(login.err.splitlines()) == [
        [int(module) for module in row] for row in segno.make(url, error="l").matrix
    ]
    platform.order_faults({"kind": "http_502", "endpoint": POLL})
    wait_until(lambda: "asking again" in login.err, "a poll that failed")
    phone.does("scan", url)
    wait_until(lambda: "scanned; now confirm on the phone" in login.err, "the next step")
    assert login.code is None
    phone.does("confirm", url, "somebody")
    outcome = login.wait()
    assert (outcome.code, outcome.out) == (0, "account me: added (id 1, 123 rows a day)\n")
    [account] = accounts(at_home)
    assert (account["username"], account["status"]) == ("me", "idle")
    ends = datetime.fromisoformat(account["session_expires_at"])
    assert timedelta(days=170) < ends - datetime.now(UTC) < timedelta(days=190)
    check = at_home.run("accounts", "check", "me")
    assert check.code == 0 and "signed in as somebody (" in check.out
    session = session_of(at_home)
    assert session.startswith("SESSDATA=") and "bili_jct=" in session
    everything = all_bytes(at_home)
    secrets = [pair.partition("=")[2] for pair in session.split("; ")]
    for secret in (text for text in secrets if len(text) > 12):
        assert secret.encode() not in everything
        assert requests.utils.unquote(secret).encode() not in everything


@pytest.mark.parametrize("is_disabled", [True, False])
def test_an_account_that_exists_gets_a_fresh_session(
    at_home: Baton, phone: Phone, is_disabled: bool
) -> None:
    at_home.add_accounts("old", limit=55)
    before = session_of(at_home)
    if is_disabled:
        assert at_home.run("accounts", "disable", "old", "--reason", "expired").code == 0
    login = at_home.start("accounts", "login", "old")
    phone.does("confirm", shown(login), "somebody")
    outcome = login.wait()
    assert (outcome.code, outcome.out) == (0, "account old: refreshed\n")
    [account] = accounts(at_home)
    assert (account["id"], account["status"], account["disabled_reason"]) == (1, "idle", None)
    assert account["daily_export_limit"] == 55
    assert session_of(at_home) != before
    assert at_home.run("accounts", "check", "old").code == 0
    story = at_home.run("accounts", "explain", "old").out
    assert "session_replaced" in story and ("a new session" in story or not is_disabled)


def test_an_expired_code_is_replaced_until_it_gives_up(at_home: Baton, phone: Phone) -> None:
    login = at_home.start("accounts", "login", "me", "--codes", 2)
    first = shown(login)
    phone.does("expire", first)
    second = shown(login, 2)
    assert second != first
    assert "the code has expired; here is a new one" in login.err
    phone.does("scan", second)
    phone.does("expire", second)
    outcome = login.wait()
    assert outcome.code == 4, outcome
    assert "nobody confirmed 2 codes" in outcome.err and "Traceback" not in outcome.err
    assert accounts(at_home) == []


def test_the_second_code_is_as_good_as_the_first(at_home: Baton, phone: Phone) -> None:
    login = at_home.start("accounts", "login", "me")
    phone.does("expire", shown(login))
    phone.does("confirm", shown(login, 2), "somebody")
    assert login.wait().code == 0
    assert at_home.run("accounts", "check", "me").code == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_changes_nothing(at_home: Baton, phone: Phone, number: signal.Signals) -> None:
    at_home.add_accounts("old")
    before, known = session_of(at_home), accounts(at_home)
    login = at_home.start("accounts", "login", "old")
    phone.does("scan", shown(login))
    wait_until(lambda: "scanned" in login.err, "the next step")
    login.signal(number)
    outcome = login.wait()
    assert "nothing was changed" in outcome.err and "Traceback" not in outcome.err
    assert outcome.out == ""
    assert (session_of(at_home), accounts(at_home)) == (before, known)
    assert outcome.code == 130, outcome


def test_a_sign_in_that_cannot_be_reached_is_told(at_home: Baton) -> None:
    outcome = at_home.run(
        "accounts", "login", "me", env={"BATON_BILIBILI_PASSPORT_URL": "http://127.0.0.1:9"}
    )
    assert outcome.code == 1, outcome
    assert "no answer from the sign-in" in outcome.err and "Traceback" not in outcome.err
    assert accounts(at_home) == []


def test_a_dead_proxy_is_told_with_its_route_and_asked_no_second_time(at_home: Baton) -> None:
    proxy = f"http://us3r:geheim@127.0.0.1:{closed_port()}"
    first = at_home.run("accounts", "login", "me", "--proxy", proxy)
    assert first.code == 1, first
    assert "no answer from the sign-in" in first.err
    assert "by egress route 127.0.0.1:" in first.err and "is left alone until" in first.err
    second = at_home.run("accounts", "login", "me", "--proxy", proxy)
    assert second.code == 1 and "no answer" not in second.err
    assert "is not asked by the egress route 127.0.0.1:" in second.err
    assert not {"us3r", "geheim"} & set(re.split(r"[^0-9a-z]+", first.err + second.err))
    [route] = at_home.run("egress", "list", "--json").json
    assert route["cooldown_until"] and route["bad_in_row"] == 1


def test_a_wrong_proxy_is_refused_before_anything_is_asked(
    at_home: Baton, platform: SandboxProcess
) -> None:
    outcome = at_home.run("accounts", "login", "me", "--proxy", "user:geheim@host")
    assert outcome.code == 2 and "proxy" in outcome.err and "geheim" not in outcome.err
    assert "bilibili" not in platform.stats()["requests"]


@pytest.mark.parametrize("columns", [80, 200])
def test_on_a_terminal_the_code_is_black_on_white_whatever_its_colours(
    at_home: Baton, columns: int
) -> None:
    terminal = Terminal(at_home, columns, "accounts", "login", "me")
    try:
        terminal.read_until(lambda text: "qrcode_key=" in text, "the code")
    finally:
        terminal.interrupt()
        terminal.read_until(lambda text: "nothing was changed" in text, "its end")
    rows = [line for line in terminal.drawn.splitlines() if set(line) & set("█▀▄")]
    assert len(rows) > 15
    assert all(BLACK_ON_WHITE.search(row) for row in rows)
    plain = [re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", row).rstrip("\r") for row in rows]
    assert len({len(row) for row in plain}) == 1


def test_the_drawing_is_read_by_this_test_as_it_should_be() -> None:
    rows = [list(row) for row in segno.make("x" * 60, error="l").matrix_iter(border=4)]
    rows += [[0] * len(rows[0])] * (len(rows) % 2)
    names = {pair: letter for letter, pair in BLOCKS.items()}
    lines = [
        "".join(names[int(a), int(b)] for a, b in zip(upper, lower, strict=True))
        for upper, lower in zip(rows[::2], rows[1::2], strict=True)
    ]
    expected = [[int(one) for one in row] for row in segno.make("x" * 60, error="l").matrix]
    assert drawn_code(["text before", *lines, "text after"]) == expected
