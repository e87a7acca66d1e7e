"""Every command and option is in the help, and dashed spellings work too."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import typer.testing

from commands.framework.help_translation import PARAGRAPH
from commands.framework.main import Baton, build
from presentation.i18n.catalogue.zh.by_english.help import HELP
from tests.support.processes.launcher import CLI, ROOT, Launcher

START = ("--domain", "--platform", "--workers", "--detach", "--json")
OPTIONS: dict[str, tuple[str, ...]] = {
    "": (
        "start_crawl",
        "start_export",
        "run",
        "demo",
        "accounts",
        "tasks",
        "exports",
        "status",
        "doctor",
        "init",
        "sandbox",
        "plan",
        "serve",
        "web",
    ),
    "start_crawl": (*START, "--pages", "--via"),
    "start_export": (
        *START,
        "--format",
        "--limit",
        "--out",
        "--columns",
        "--raw-cells",
        "--follow",
        "--wait",
    ),
    "run": ("--crawl-workers", "--export-workers", "--no-web"),
    "serve": ("--host", "--port"),
    "web": ("token", "tokens", "revoke"),
    "web token": ("--name", "--read-only"),
    "web tokens": ("--json",),
    "plan": (
        "--domain",
        "--creators",
        "--pages",
        "--platform",
        "--accounts",
        "--workers",
        "--json",
    ),
    "demo": ("--creators", "--accounts", "--json"),
    "status": ("--json",),
    "doctor": ("--fix", "--json"),
    "init": (),
    "sandbox": (
        "--port",
        "--creators",
        "--domains",
        "--seed",
        "--rate",
        "--faults",
        "--page-limit",
    ),
    "accounts": (
        "add",
        "import",
        "list",
        "explain",
        "enable",
        "disable",
        "set_limit",
        "check",
        "rotate_key",
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
    "works": ("add", "import", "list", "discover", "disable", "enable", "export"),
    "works add": ("--platform", "--no-fetch", "--json"),
    "works import": ("--inbox", "--platform", "--json"),
    "works list": ("--platform", "--uid", "--invalid", "--limit", "--json"),
    "works discover": ("--uid", "--json"),
    "update_play_counts": ("--force", "--uids", "--backup", "--json"),
    "exports": ("list", "verify", "rebuild"),
    "exports list": ("--domain", "--limit", "--json"),
    "exports verify": ("--domain", "--json"),
    "exports rebuild": ("--host",),
    "views": (
        "--full",
        "--export-only",
        "--crawl-only",
        "--import-only",
        "--missing",
        "--date",
        "--hour",
        "--json",
        "trend",
        "top",
        "daily",
        "growth",
        "gaps",
    ),
    "views trend": ("--last", "--counter", "--out", "--json"),
    "views top": ("--date", "--hour", "--counter", "--limit", "--json"),
    "views daily": ("--since", "--counter", "--json"),
    "views growth": ("--since", "--counter", "--limit", "--json"),
    "views gaps": ("--since", "--all", "--json"),
    "views compare": ("--since", "--since-publication", "--counter", "--out", "--json"),
    "views authors": ("--since", "--counter", "--limit", "--out", "--json"),
    "views alerts": ("--json",),
    "views add_alert": (
        *("--passes", "--rises", "--gone", "--work", "--author", "--label", "--platform"),
        "--json",
    ),
    "views remove_alert": ("rule_id",),
    "alerts": ("list", "test"),
    "alerts list": ("--all", "--json"),
    "jobs": ("list", "run", "preview"),
    "jobs list": ("--json",),
    "jobs run": ("--scheduled", "--json"),
    "jobs preview": ("--count", "--schedule", "--json"),
    "dramas": (
        "import",
        "import_users",
        "import_completions",
        "list",
        "show",
        "pause",
        "resume",
        "finish",
        "set_secret",
    ),
    "daily_stats": ("--from", "--to", "--by", "--dry-run", "--json"),
    "broadcast": ("--once", "start", "stop", "status"),
    "webhooks": ("list", "show", "replay", "test", "disable", "enable", "rotate_secret"),
    "webhooks list": (
        "--state",
        "--kind",
        "--task",
        "--url",
        "--from",
        "--to",
        "--limit",
        "--json",
    ),
    "webhooks replay": ("--state", "--kind", "--task", "--url", "--from", "--to", "--json"),
    "webhooks test": ("--secret-stdin", "--json"),
    "webhooks rotate_secret": ("--secret-stdin", "--finish"),
}
TWINS = {
    "daily_stats": "daily-stats",
    "dramas import_completions": "dramas import-completions",
    "start_crawl": "start-crawl",
    "start_export": "start-export",
    "update_play_counts": "update-play-counts",
    "accounts set_limit": "accounts set-limit",
    "accounts rotate_key": "accounts rotate-key",
    "webhooks rotate_secret": "webhooks rotate-secret",
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


def test_the_short_form_and_the_version_work(launcher: Launcher) -> None:
    short, long, version, inner = launcher.run_all(
        ("-h",), ("--help",), ("--version",), ("accounts", "import", "-h")
    )
    assert short.code == inner.code == version.code == 0
    assert short.out == long.out
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert version.out.strip() == f"baton {project['project']['version']}"


def test_first_lines_are_whole_on_a_narrow_terminal(launcher: Launcher) -> None:
    """`init` is left out until its own words are shorter."""
    outcome = launcher.run("--help", env={"COLUMNS": "80"})
    listed = re.findall(r"^  (\w+) +\S.*$", outcome.out.partition("Commands:")[2], re.M)
    cut = re.findall(r"^  (\w+) .*\.\.\.$", outcome.out, re.M)
    assert len(listed) > 8
    assert set(cut) <= {"init"}


@pytest.mark.parametrize("command", ["start_crawl", "start-export"])
def test_a_domain_without_its_option_is_understood(launcher: Launcher, command: str) -> None:
    outcome = launcher.run(command, "美妆")
    assert outcome.code == 2, outcome
    assert "did you mean --domain 美妆?" in outcome.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("start_crawl", "--domain", "x", "--pages", "many"), "'many' should be a valid integer"),
        (("start_crawl", "--domain", "x", "--via", "magic"), "'magic' is not one of"),
        (("tasks", "list", "--limit", "0"), "'0' should be greater than or equal to 1"),
        (("demo", "--accounts", "0"), "--accounts must be 1 or more, got 0"),
    ],
)
def test_a_wrong_value_is_repeated_in_plain_words(
    launcher: Launcher, words: tuple[str, ...], message: str
) -> None:
    outcome = launcher.run(*words)
    assert outcome.code == 2, outcome
    assert message in outcome.err
    assert "Value error" not in outcome.err and "Input should" not in outcome.err


def test_without_the_packages_it_says_what_to_do(tmp_path: Path) -> None:
    command = [sys.executable, "-S", "-E", str(CLI), "status"]  # no site-packages
    outcome = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert outcome.returncode == 1
    assert "Traceback" not in outcome.stderr
    assert "make demo" in outcome.stderr and ".venv/bin/python cli.py" in outcome.stderr


def help_texts() -> Iterator[tuple[str, str]]:
    """Where a text of the help stands, and each paragraph of it."""
    yield from (("", entry.help) for entry in Baton.LISTED)
    for path, command in every_command():
        texts = [command.help, *(getattr(parameter, "help", None) for parameter in command.params)]
        for text in filter(None, texts):
            for paragraph in text.split(PARAGRAPH):
                yield path, paragraph


def every_command(command: Any = None, path: str = "") -> Iterator[tuple[str, Any]]:
    command = command or typer.main.get_command(build())
    yield path, command
    for name in command.list_commands(None) if hasattr(command, "commands") else ():
        yield from every_command(command.commands[name], f"{path} {name}".strip())


def test_every_text_of_the_help_has_its_chinese() -> None:
    texts = {text: path for path, text in help_texts()}
    assert {text: path for text, path in texts.items() if text not in HELP} == {}
    assert set(HELP) - set(texts) == set()


def test_the_help_is_in_the_readers_language(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BATON_LANGUAGE", "zh")
    shown = typer.testing.CliRunner().invoke(build(), ["start_crawl", "--help"]).output
    assert "用法：" in shown and "抓取一个领域的达人并存入数据库。" in shown
    assert not re.search(r"\b(Usage|Options|Show this|pages at most)\b", shown)
