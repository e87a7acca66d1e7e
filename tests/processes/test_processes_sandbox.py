"""The sandbox command, and `python -m sandbox`, as processes."""

from __future__ import annotations

import re
import signal

import pytest
import requests

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
    "egresses": (("--egresses", -1), "egresses must be between"),
    "ports": (("--port", 65_530, "--egresses", 9), "there are no 9 ports after 65530"),
    "egress rate": (("--egress-rate", "3"), "not REQUESTS/SECONDS"),
    "throttle": (("--egress-throttle", "slow"), "egress_throttle must be one of code, http"),
    "space lock": (("--space-lock", "0/3"), "not REQUESTS/SECONDS"),
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


def test_it_says_where_its_proxy_gateways_listen(launcher: Launcher) -> None:
    limits = ("--egress-rate", "1/60", "--egress-throttle", "http", "--space-lock", "150/300")
    sandbox = launcher.start("sandbox", "--creators", 1, "--egresses", 2, *limits)
    wait_until(lambda: sandbox.out.count("\n") == 3, "the addresses")
    first, *others = sandbox.out.splitlines()
    url = first.removeprefix("listening on ")
    gateways = control.look(url, "egress")["gateways"]
    assert others == [f"proxy gateway (HTTP, SOCKS5) on {gateway}" for gateway in gateways]
    proxies = {"http": f"http://me:pw@{gateways[1]}"}
    card = f"{url}/x/web-interface/card"
    answers = [requests.get(card, proxies=proxies, timeout=30).status_code for _ in range(2)]
    assert answers == [200, 429]


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
