"""A command loads what it needs, and the help knows what it does not load."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import typer

import commands
from commands.framework.context import Exit
from commands.framework.lazy_group import CommandEntry
from commands.framework.main import Baton, build
from tests.support.processes.launcher import CLI, ROOT

RUN = """
import json, runpy, sys
try:
    runpy.run_path(sys.argv.pop(1), run_name="__main__")
except SystemExit as ending:
    code = ending.code
print(json.dumps([code, sorted(sys.modules)]))
"""
SERVING = {"fastapi", "starlette", "uvicorn", "jinja2", "prometheus_client"}
SENDING = {"requests", "urllib3", "requests_hardened", "apprise"}
WORKING = {
    "sandbox",
    "works",
    "distribution",
    "webhooks",
    "plotext",
    "segno",
    "pymysql",
    "dbutils",
}
EVERYTHING = {"pydantic", "rich", "cryptography", "tenacity", "storage", "crawler", "accounts"}
# What a crawl never needs, or only on a terminal.
NOT_CRAWLING = {"xlsxwriter", "rich.live", "presentation.digest", "alerts.notifier"}
NOT_CRAWLING |= {"jobs.pruner", "jobs.runner", "sources.tikhub", "sources.youtube"}


@pytest.mark.parametrize(
    ("words", "unneeded"),
    [
        (("--help",), SERVING | SENDING | WORKING | EVERYTHING),
        (("--version",), SERVING | SENDING | WORKING | EVERYTHING),
        (("accounts", "list", "--json"), SERVING | SENDING | WORKING),
        (("tasks", "list", "--json"), SERVING | SENDING | WORKING),
        (("start_crawl", "--help"), SERVING | WORKING),
        (("start_crawl", "--domain", "美妆"), SERVING | {"sandbox", "pymysql"} | NOT_CRAWLING),
        (
            ("works", "list", "--json"),
            SERVING | {"sandbox", "distribution", "webhooks", "pymysql"},
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_command_loads_only_what_it_needs(
    tmp_path: Path, words: tuple[str, ...], unneeded: set[str]
) -> None:
    env = {"PYTHONPATH": str(ROOT), "DATABASE_URL": f"sqlite:///{tmp_path / 'baton.db'}"}
    ended = subprocess.run(
        [sys.executable, "-c", RUN, CLI, *words],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
    )
    code, loaded = json.loads(ended.stdout.splitlines()[-1])
    # A crawl without accounts ends as soon as its workers have looked.
    assert code == (Exit.CREDENTIALS if "--domain" in words else Exit.OK), ended.stderr
    assert "typer" in loaded
    assert unneeded & set(loaded) == set()


@pytest.mark.parametrize("listed", Baton.LISTED, ids=lambda listed: listed.name)
def test_the_list_says_what_the_command_says_of_itself(listed: CommandEntry) -> None:
    command = _group().commands[listed.name]
    assert command.get_short_help_str(1000) == listed.help


def test_every_command_is_listed_once() -> None:
    folder = Path(commands.__path__[0])
    modules = {
        ".".join(path.relative_to(folder).with_suffix("").parts) for path in folder.glob("*/*.py")
    }
    offering = {name for name in modules if _offers(_imported(name))}
    assert offering == {listed.module for listed in Baton.LISTED}
    names = [listed.name for listed in Baton.LISTED]
    assert len(names) == len(set(names))
    for module in {listed.module for listed in Baton.LISTED}:
        offered = set(getattr(_imported(module), "COMMANDS", ())) or {module.partition(".")[2]}
        assert offered == {one.name for one in Baton.LISTED if one.module == module}


def test_the_help_lists_them_in_order_and_no_twins() -> None:
    assert list(_group().commands) == [listed.name for listed in Baton.LISTED]
    assert _group().commands["start-crawl"].hidden
    assert "no-such" not in _group().commands
    assert "accounts-" not in _group().commands


@pytest.mark.parametrize(("missing", "code"), [("duckdb", 0), ("requests", 1)])
def test_a_service_starts_without_an_extra_and_not_without_a_requirement(
    missing: str, code: int
) -> None:
    """Guarded by `_import_unless_extra` of the container."""
    load = (
        "import sys; sys.modules[sys.argv[1]] = None;"
        " from app.container import load_services; load_services()"
    )
    done = subprocess.run([sys.executable, "-c", load, missing], cwd=ROOT, capture_output=True)
    assert done.returncode == code, done.stderr.decode()


BUILD = """
import sys
from pathlib import Path
from app.container import App, load_services
load_services()
before = set(sys.modules)
from core.settings import Settings
home = Path(sys.argv[1])
(home / "sources.d").mkdir()
app = App(
    Settings(
        _env_file=None,
        database_url=f"sqlite:///{home / 'baton.db'}",
        data_dir=home,
        sources_dir=home / "sources.d",
    )
)
app.open()
for name in vars(type(app.use_cases)):
    getattr(app.use_cases, name)
app.engine(crawl_threads=1, export_threads=1, on_failure=print, jobs=True)
print(*{name for name in set(sys.modules) - before if name.partition(".")[0] in sys.argv[2:]})
"""


def test_a_service_imports_nothing_of_ours_later(tmp_path: Path) -> None:
    """The files may be those of another release by then."""
    ours = ["accounts", "alerts", "app", "core", "crawler", "distribution", "jobs"]
    ours += ["presentation", "sources", "storage", "web", "webhooks", "works"]
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(tmp_path), *ours],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    # One driver of a database is loaded, where it is opened.
    late = {name for name in done.stdout.split() if not name.startswith("storage.engines.")}
    assert late == set()


def _group() -> typer.core.TyperGroup:
    return typer.main.get_group(build())


def _imported(name: str) -> ModuleType:
    return __import__(f"commands.{name}", fromlist=["*"])


def _offers(module: ModuleType) -> bool:
    """Whether it has commands of its own."""
    return hasattr(module, "GROUP") or hasattr(module, "COMMANDS")
