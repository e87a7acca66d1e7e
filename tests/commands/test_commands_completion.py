"""Shell completion: real shells complete commands, options and stored values; nothing changes."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from commands.framework.completion.answering import _label, _takes_value, _type_of
from commands.framework.completion.values import (
    MAX_SUGGESTIONS,
    PATHS,
    VALUES,
    source_of,
    stored,
)
from commands.framework.main import COMPLETION
from core.settings import Settings
from crawler.tasks.options import CrawlOptions
from storage.operations import suggestions
from tests.support.apps import add_account, opened_app
from tests.support.processes.interactive_shell import (
    ALL_MATCHES,
    InteractiveShell,
    install_program,
)
from tests.support.processes.launcher import CLI, ROOT, CommandServer, Outcome
from tests.test_docs import commands

DOMAINS = ("美妆 护肤", "it's", 'a"b $x', "游戏")
# The queries of stored values run on both in test_storage_read_only.
ONE_ENGINE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
# Numbers, dates, and texts that are new or that only the reader knows.
FREE = re.findall(
    r"\S+",
    """
    --accounts --batch-limit --codes --count --egresses --egress-rate --egress-throttle --space-lock
    --crawl-workers --creators --date --domains
    --export-workers --from --hour --init-wait-secs --last --limit --name --page-limit --pages
    --port --proxy --rate
    --reason --schedule --seed --since --tikhub-rate --to --workers --youtube-units DAY LIMIT
    accounts.set_agent.AGENT circuits.--endpoint egress.--for serve.--host stats.fetch.LINKS
    works.add.LINKS
    --days --per-proxy --scheme --search --stop-dry --where UID start_crawl.--keyword
    --day logs.--task accounts.set_proxy.PROXY proxies.add.PROXY proxies.--accounts-to
    proxies.--parallel proxies.--timeout proxies.--url --agent --event --title
    views.--passes views.--rises views.--author views.RULE_ID
    """,
)
PROGRAM = """#!{python}
from commands.framework.main import main
main()
"""
LOADED = """
import contextlib, json, runpy, sys
sys.argv.pop(0)
with contextlib.suppress(SystemExit):
    runpy.run_path(sys.argv[0], run_name="__main__")
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


def environment(folder: Path, database_url: str) -> dict[str, str]:
    program = install_program(folder / "bin")
    return {
        "PATH": f"{program}:{os.environ['PATH']}",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "DATABASE_URL": database_url,
        "BATON_DATA_DIR": str(folder / "data"),
        "BATON_LOG_DIR": str(folder / "logs"),
    }


@pytest.fixture
def env(database_url: str, tmp_path: Path) -> dict[str, str]:
    """The environment of an installation with an account, and a labelled task per domain."""
    with opened_app(database_url, tmp_path / "data") as app:
        add_account(app, "采集-1")
        add_account(app, "spare")
        for domain in DOMAINS:
            app.crawling.submitter.submit_crawl("bilibili", domain, 20, CrawlOptions(), ("客户-A",))
    return environment(tmp_path, database_url)


class Program:
    """The program as a shell's script asks it, as a fork of one that has imported everything."""

    def __init__(self, server: CommandServer, folder: Path) -> None:
        self._server = server
        self._folder = folder
        self._numbers = itertools.count()

    def asked(self, env: dict[str, str], cwd: Path, *words: str) -> Outcome:
        """What the program answers to a script."""
        log = self._folder / str(next(self._numbers))
        env = {**env, COMPLETION: "fish"}
        return self._server.start([str(CLI), *words], cwd, env, log).wait()

    def answers(self, env: dict[str, str], cwd: Path, *words: str) -> list[str]:
        lines = self.asked(env, cwd, *words).out.splitlines()
        return [line.partition("\t")[0] for line in lines[1:]]


@pytest.fixture
def program(command_server: CommandServer, tmp_path_factory: pytest.TempPathFactory) -> Program:
    return Program(command_server, tmp_path_factory.mktemp("asked"))


def shell_or_skip(name: str) -> None:
    if shutil.which(name) is None:
        reason = f"{name} is not installed; install it with: apt-get install {name}"
        pytest.fail(reason) if os.environ.get("CI") and name == "bash" else pytest.skip(reason)


@ONE_ENGINE
def test_bash_completes_commands_options_and_stored_values(
    env: dict[str, str], tmp_path: Path
) -> None:
    shell_or_skip("bash")
    with InteractiveShell("bash", tmp_path, env) as bash:
        for typed, line in {
            "baton start_e": "baton start_export ",
            "baton start_export --col": "baton start_export --columns ",
            "baton start_export --domain 美": "baton start_export --domain 美妆\\ 护肤 ",
            "baton accounts explain 采": "baton accounts explain 采集-1 ",
            "baton tasks label 1 客": "baton tasks label 1 客户-A ",
        }.items():
            assert bash.completed(typed) == line
        ids = bash.completed("baton tasks show ", ALL_MATCHES)
        assert ids.split()[3:] == ids_of_tasks(env, tmp_path)


@ONE_ENGINE
def test_bash_continues_whatever_quotation_was_begun(env: dict[str, str], tmp_path: Path) -> None:
    shell_or_skip("bash")
    with InteractiveShell("bash", tmp_path, env) as bash:
        for typed, line in {
            "baton start-c": "baton start-crawl ",
            'baton start_export --domain "美': 'baton start_export --domain "美妆 护肤" ',
            "baton start_export --domain=美": "baton start_export --domain=美妆\\ 护肤 ",
            "baton exports list --domain 'it": "baton exports list --domain 'it'\\''s' ",
            "baton exports list --domain a": 'baton exports list --domain a\\"b\\ \\$x ',
            'baton exports list --domain "a': 'baton exports list --domain "a\\"b \\$x" ',
            "baton jobs run q": "baton jobs run quota_reset ",
            "baton start_export --columns uid,nick": "baton start_export --columns uid,nickname ",
        }.items():
            assert bash.completed(typed) == line


def ids_of_tasks(env: dict[str, str], folder: Path) -> list[str]:
    """The newest first."""
    listed = subprocess.run(
        [sys.executable, CLI, "tasks", "list", "--json"], cwd=folder, env=env, capture_output=True
    )
    ids = [str(task["id"]) for task in json.loads(listed.stdout) if task["parent_id"] is None]
    assert len(ids) == len(DOMAINS)
    return ids


def test_bash_completes_names_of_files_where_a_file_is_meant(tmp_path: Path) -> None:
    shell_or_skip("bash")
    (tmp_path / "my list.csv").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    env = environment(tmp_path, f"sqlite:///{tmp_path / 'none.db'}")
    with InteractiveShell("bash", tmp_path, env) as bash:
        for typed, line in {
            "baton dramas import my": "baton dramas import my\\ list.csv ",
            "baton start_export --out f": "baton start_export --out folder/",
            "baton tasks show f": "baton tasks show f",
        }.items():
            assert bash.completed(typed) == line


@ONE_ENGINE
def test_zsh_completes_as_bash_does(env: dict[str, str], tmp_path: Path) -> None:
    shell_or_skip("zsh")
    with InteractiveShell("zsh", tmp_path, env) as zsh:
        for typed, line in {
            "baton start_e": "baton start_export ",
            "baton start_export --col": "baton start_export --columns ",
            "baton start_export --domain 美": "baton start_export --domain 美妆\\ 护肤 ",
            'baton start_export --domain "a': 'baton start_export --domain "a\\"b \\$x" ',
            "baton start_export --domain=it": "baton start_export --domain=it\\'s ",
            "baton accounts explain 采": "baton accounts explain 采集-1 ",
        }.items():
            assert zsh.completed(typed) == line


@ONE_ENGINE
def test_fish_completes_as_bash_does(env: dict[str, str], tmp_path: Path) -> None:
    shell_or_skip("fish")
    for typed, suggested in {
        "baton start_e": "start_export\tExport a domain into files, under the daily quotas.",
        "baton start_export --domain 美": "美妆 护肤",
        "baton start_export --domain 'it": "it's",
        "baton start_export --domain=a": '--domain=a"b $x',
        "baton accounts explain 采": "采集-1\tbilibili",
    }.items():
        done = subprocess.run(
            ["fish", "-c", "baton completion fish | source; complete -C $argv[1]", typed],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        assert done.stdout.splitlines() == [suggested], done.stderr


def test_an_option_that_was_given_is_offered_again_only_where_it_may_be_repeated(
    tmp_path: Path, program: Program
) -> None:
    env = environment(tmp_path, "sqlite:///none.db")
    offered = program.answers(
        env, tmp_path, "start_crawl", "--json", "--label", "a", "--via", "users", "-"
    )
    assert "--label" in offered
    assert not {"--json", "--via"} & set(offered)
    assert program.answers(env, tmp_path, "start_crawl", "--", "-") == []
    assert program.answers(env, tmp_path, "start_crawl", "--via", "") == ["users", "videos"]


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///data/baton.db",
        "mysql://user:secret@127.0.0.1:9/baton",
        "sqlite:",
        "oracle://x",
    ],
)
@pytest.mark.parametrize("option", ["--domain", "--label"])
def test_without_a_database_nothing_is_completed_created_or_said(
    program: Program, tmp_path: Path, url: str, option: str
) -> None:
    env = {"PATH": os.environ["PATH"], "DATABASE_URL": url}
    done = program.asked(env, tmp_path, "start_crawl", option, "")
    assert (done.code, done.err) == (0, "")
    assert done.out in ("", "values\n")
    assert list(tmp_path.iterdir()) == []


def test_wrong_settings_and_unknown_commands_complete_nothing(
    tmp_path: Path, program: Program
) -> None:
    env = {"PATH": os.environ["PATH"], "BATON_LEASE_SECS": "soon"}
    for words in (("start_crawl", "--domain", ""), ("no_such", ""), ("tasks", "no_such", "")):
        done = program.asked(env, tmp_path, *words)
        assert (done.code, done.out.strip(), done.err) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_the_files_of_an_installation_stay_as_they_are_and_the_key_is_not_read(
    tmp_path: Path, program: Program
) -> None:
    url = f"sqlite:///{tmp_path / 'baton.db'}"
    with opened_app(url, tmp_path / "data") as app:
        add_account(app, "acc")
    (tmp_path / "data" / "secret.key").write_text("no key at all")
    env = environment(tmp_path, url)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    assert program.answers(env, tmp_path, "accounts", "explain", "") == ["acc"]
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_values_come_from_the_home_that_the_line_names(tmp_path: Path, program: Program) -> None:
    home = tmp_path / "elsewhere"
    with opened_app(f"sqlite:///{home / 'data' / 'baton.db'}", home / "data") as app:
        add_account(app, "acc")
    env = {"PATH": os.environ["PATH"]}
    for option in (("--home", "elsewhere"), (f"--home={home}",)):
        assert program.answers(env, tmp_path, *option, "accounts", "explain", "") == ["acc"]
    assert program.answers(env, tmp_path, "accounts", "explain", "") == []
    assert sorted(tmp_path.iterdir()) == [home]


def test_a_server_that_does_not_answer_is_left_soon(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"mysql://user:secret@127.0.0.1:{silent.getsockname()[1]}/baton"
        settings = Settings(_env_file=None, database_url=SecretStr(url))  # type: ignore[call-arg]
        find = stored(suggestions.domains)
        begun = time.monotonic()
        assert list(find(settings, "")) == []
        assert time.monotonic() - begun < 3


def test_the_list_of_commands_imports_none_of_them(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOADED, CLI, "sta"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), COMPLETION: "zsh"},
        capture_output=True,
        text=True,
    )
    *lines, loaded = done.stdout.splitlines()
    assert [line.partition("\t")[0] for line in lines[1:]] == [
        "start_crawl",
        "start_export",
        "status",
        "stats",
    ]
    assert not {"pydantic", "rich", "storage", "crawler"} & set(json.loads(loaded))


def test_the_script_is_for_the_name_that_was_typed(tmp_path: Path) -> None:
    installed = tmp_path / "crawl+er"
    installed.write_text(PROGRAM.format(python=sys.executable))
    installed.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    for command, name in (([installed], "crawl+er"), ([sys.executable, CLI], "baton")):
        done = subprocess.run(
            [*command, "completion", "bash"],
            cwd=tmp_path,
            env={"PATH": path, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
        )
        function = f"_{name.replace('+', '_')}_complete"
        assert f"complete -o nosort -F {function} {name}\n" in done.stdout, done.stderr


def parameters() -> list[tuple[str, Any, Any]]:
    return [
        (name, command, parameter)
        for name, command in commands()
        for parameter in command.params
        if parameter.param_type_name == "argument" or _takes_value(parameter)
    ]


def test_every_parameter_is_completed_or_known_to_be_free() -> None:
    seen, free = set(), set()
    for name, command, parameter in parameters():
        path, label = name.split(), _label(parameter)
        keys = {" ".join((*path[:words], label)) for words in range(len(path) + 1)}
        seen |= keys
        if source_of(path, label) is not None:
            continue
        if _type_of(command, parameter) not in (str, int, float):
            continue  # an enumeration, or a path
        known = {key for key in keys if key.replace(" ", ".") in FREE}
        assert known, f"{name} {label}"
        free |= known
    assert set(VALUES) | set(PATHS) <= seen | {"--home"}  # which stands in front of the command
    assert {key.replace(" ", ".") for key in free} == set(FREE)


def test_fifty_values_are_enough(tmp_path: Path, program: Program) -> None:
    url = f"sqlite:///{tmp_path / 'baton.db'}"
    with opened_app(url, tmp_path / "data") as app:
        for number in range(MAX_SUGGESTIONS + 1):
            add_account(app, f"acc-{number:02}")
    found = program.answers(environment(tmp_path, url), tmp_path, "accounts", "explain", "acc")
    assert found == [f"acc-{number:02}" for number in range(MAX_SUGGESTIONS)]
