"""Every command and option is in the help, and dashed spellings work too."""

from __future__ import annotations

import pytest
from launcher import Launcher

START = ("--domain", "--platform", "--workers", "--detach", "--json")
OPTIONS: dict[str, tuple[str, ...]] = {
    "": (
        "start_crawl", "start_export", "run", "demo", "accounts", "tasks", "exports", "status",
        "doctor", "init", "sandbox",
    ),
    "start_crawl": (*START, "--pages", "--via"),
    "start_export": (
        *START, "--format", "--limit", "--out", "--columns", "--raw-cells", "--follow", "--wait",
    ),
    "run": ("--crawl-workers", "--export-workers"),
    "demo": ("--creators", "--accounts", "--json"),
    "status": ("--json",),
    "doctor": ("--json",),
    "init": (),
    "sandbox": (
        "--port", "--creators", "--domains", "--seed", "--rate", "--faults", "--page-limit",
    ),
    "accounts": (
        "add", "import", "list", "explain", "enable", "disable", "set_limit", "check", "rotate_key",
    ),
    "accounts add": ("--platform", "--proxy", "--limit", "--password"),
    "accounts import": ("--platform", "--proxy", "--limit"),
    "accounts list": ("--platform", "--json"),
    "accounts explain": ("--platform", "--json"),
    "accounts disable": ("--platform", "--reason"),
    "accounts set_limit": ("--platform",),
    "tasks": ("list", "show", "pause", "resume", "cancel"),
    "tasks list": ("--open", "--limit", "--json"),
    "tasks show": ("--json",),
    "exports": ("list", "verify", "rebuild"),
    "exports list": ("--domain", "--limit", "--json"),
    "exports verify": ("--domain", "--json"),
}  # fmt: skip
TWINS = {
    "start_crawl": "start-crawl",
    "start_export": "start-export",
    "accounts set_limit": "accounts set-limit",
    "accounts rotate_key": "accounts rotate-key",
}


def test_help_names_every_command_and_option(launcher: Launcher) -> None:
    outcomes = launcher.run_all(*((*command.split(), "--help") for command in OPTIONS))
    for (command, wanted), outcome in zip(OPTIONS.items(), outcomes, strict=True):
        assert outcome.code == 0, command
        assert outcome.err == "", command
        missing = [word for word in wanted if word not in outcome.out.split()]
        assert missing == [], command


def test_dashed_spellings_are_twins(launcher: Launcher) -> None:
    asked = [(*name.split(), "--help") for pair in TWINS.items() for name in pair]
    outcomes = launcher.run_all(*asked)
    for plain, dashed in zip(outcomes[::2], outcomes[1::2], strict=True):
        assert plain.code == dashed.code == 0
        assert plain.out.partition("\n")[2] == dashed.out.partition("\n")[2]


@pytest.mark.parametrize("command", ["start_craw", "accounts drop"])
def test_an_unknown_command_is_a_usage_error(launcher: Launcher, command: str) -> None:
    outcome = launcher.run(*command.split())
    assert outcome.code == 2
    assert "No such command" in outcome.err
    assert outcome.out == ""
