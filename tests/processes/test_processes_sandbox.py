"""The sandbox command, and `python -m sandbox`, as processes."""

from __future__ import annotations

import re
import signal

import pytest

from tests.support.processes.launcher import Launcher, wait_until
from tests.support.sandbox import control

BAD = {
    "rate": (("--rate", "fast"), "not REQUESTS/SECONDS"),
    "faults": (("--faults", "wild"), "faults must be one of none, mild, harsh"),
    "creators": (("--creators", -1), "creators must be between"),
    "number": (("--creators", "many"), "valid integer"),
    "port": (("--port", 70_000), "port must be between"),
    "domains": (("--domains", " , "), "domain"),
    "unknown": (("--nonsense",), "No such option"),
}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_first_where_it_listens_and_ends_with_zero(
    launcher: Launcher, number: signal.Signals
) -> None:
    sandbox = launcher.start("sandbox", "--creators", 40, "--domains", "美妆,游戏")
    wait_until(lambda: "\n" in sandbox.out, "the address")
    first = sandbox.out.splitlines()[0]
    assert re.fullmatch(r"listening on http://127\.0\.0\.1:\d+", first)
    url = first.removeprefix("listening on ")
    for domain in ("美妆", "游戏"):
        assert control.look(url, "creators", domain=domain)["total"] == 40
    sandbox.signal(number)
    outcome = sandbox.wait()
    assert outcome.code == 0, outcome
    assert outcome.out == first + "\n"


def test_bad_arguments_are_told_with_exit_2(launcher: Launcher) -> None:
    outcomes = launcher.run_all(*(("sandbox", *args) for args, _ in BAD.values()))
    for (args, message), outcome in zip(BAD.values(), outcomes, strict=True):
        assert outcome.code == 2, (args, outcome)
        assert message in outcome.err, (args, outcome)
        assert outcome.out == ""


def test_a_port_in_use_is_told(launcher: Launcher) -> None:
    first = launcher.start("sandbox", "--creators", 1)
    wait_until(lambda: "\n" in first.out, "the address")
    port = first.out.strip().rpartition(":")[2]
    outcome = launcher.run("sandbox", "--port", port)
    assert outcome.code == 1, outcome
    assert f"cannot listen on port {port}" in outcome.err
