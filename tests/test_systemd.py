"""The systemd units: systemd finds nothing wrong with them, and they fit the program."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from commands.framework.main import build
from core.settings import setting_names
from crawler.runtime.engine import JOIN_SECS

ROOT = Path(__file__).resolve().parent.parent
UNITS = ROOT / "deploy/systemd"
SERVICES = ("baton.service", "baton-views.service")
SETTINGS = UNITS / "baton.env"
DROP_IN = UNITS / "site.conf"
ENVIRONMENT = "/etc/baton/baton.env"
HOME = "/opt/baton"


@pytest.fixture(scope="session")
def analyze() -> str:
    """systemd-analyze. Where it is missing: skipped on a person's machine, failed in CI."""
    found = shutil.which("systemd-analyze")
    if found is None:
        reason = "systemd is not installed; install it with: apt-get install systemd"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    return found


@pytest.fixture
def installed(tmp_path: Path) -> list[Path]:
    """The units as they are once the program lies where they say."""
    program = tmp_path / "baton"
    (program / ".venv/bin").mkdir(parents=True)
    (program / ".venv/bin/python").symlink_to(sys.executable)
    (program / "docs").symlink_to(ROOT / "docs")
    folder = tmp_path / "units"
    folder.mkdir()
    for unit in set(UNITS.iterdir()) - {SETTINGS, DROP_IN}:
        text = unit.read_text(encoding="utf-8").replace(HOME, str(program))
        (folder / unit.name).write_text(text, encoding="utf-8")
    return sorted(folder.iterdir())


def verify(analyze: str, units: list[Path]) -> subprocess.CompletedProcess[str]:
    command = [analyze, "verify", "--recursive-errors=yes", "--man=no", *map(str, units)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_systemd_finds_nothing_wrong(analyze: str, installed: list[Path]) -> None:
    assert [unit.name for unit in installed] == [
        "baton-views.service",
        "baton-views.timer",
        "baton.service",
    ]
    done = verify(analyze, installed)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")


def test_systemd_finds_nothing_wrong_with_the_drop_in(analyze: str, installed: list[Path]) -> None:
    services = [unit for unit in installed if unit.suffix == ".service"]
    for unit in services:
        folder = unit.with_name(f"{unit.name}.d")
        folder.mkdir()
        shutil.copy(DROP_IN, folder)
    done = verify(analyze, services)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
    for unit in services:
        drop_in = unit.with_name(f"{unit.name}.d") / DROP_IN.name
        drop_in.write_text(drop_in.read_text().replace("Group=", "Groups=", 1))
    assert verify(analyze, services).stderr, "a wrong one would pass too"


@pytest.mark.parametrize("name", SERVICES)
def test_the_group_of_the_units_may_read_what_they_write(name: str) -> None:
    for key in ("StateDirectoryMode", "LogsDirectoryMode"):
        assert values(name, key) == ["0750"]
    assert values(name, "UMask") == ["0027"], "new folders have their mode without a change"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("NoNewPrivileges=yes", "NoNewPrivilege=yes"),
        ("RestartSec=10", "RestartSec=soon"),
        ("/.venv/bin/python", "/.venv/bin/nothing"),
    ],
)
def test_systemd_would_find_it(
    analyze: str, installed: list[Path], before: str, after: str
) -> None:
    for unit in installed:
        unit.write_text(unit.read_text().replace(before, after))
    done = verify(analyze, installed)
    assert done.returncode or done.stderr, "a wrong unit would pass too"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_shut_in(analyze: str, installed: list[Path], name: str) -> None:
    [unit] = [unit for unit in installed if unit.name == name]
    command = [analyze, "security", "--offline=yes", "--threshold=20", "--no-pager", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout[-500:]  # exposure 2.0 of 10, or less
    unit.write_text(re.sub(r"^(Protect|Restrict|System|Cap).*\n", "", unit.read_text(), flags=re.M))
    assert subprocess.run(command, capture_output=True, timeout=120, check=False).returncode


def values(name: str, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", (UNITS / name).read_text(encoding="utf-8"), re.M)


def test_both_services_are_shut_in_alike() -> None:
    one, other = ((UNITS / name).read_text(encoding="utf-8") for name in SERVICES)
    begin = "StateDirectory="
    assert (
        other.partition(begin)[2].strip() == one.partition(begin)[2].partition("\n[Inst")[0].strip()
    )


@pytest.mark.parametrize("name", SERVICES)
def test_what_they_start_and_set_is_known(name: str) -> None:
    [command] = values(name, "ExecStart")
    python, program, *words = shlex.split(command)
    assert (python, program) == (f"{HOME}/.venv/bin/python", f"{HOME}/cli.py")
    found = typer.main.get_command(build())
    while words and hasattr(found, "commands"):
        found = found.commands[words.pop(0)]
    options = {option for parameter in found.params for option in parameter.opts}
    assert {word for word in words if word.startswith("-")} <= options
    assert values(name, "EnvironmentFile") == [ENVIRONMENT]


def test_the_settings_file_names_settings_in_writable_folders() -> None:
    settings = dict(re.findall(r"^(\w+)=(.*)$", SETTINGS.read_text(encoding="utf-8"), re.M))
    assert set(settings) == {"DATABASE_URL", "BATON_DATA_DIR", "BATON_LOG_DIR"} <= setting_names()
    for name in SERVICES:
        state, logs = values(name, "StateDirectory"), values(name, "LogsDirectory")
        assert settings["BATON_DATA_DIR"] == f"/var/lib/{state[0]}"
        assert settings["BATON_LOG_DIR"] == f"/var/log/{logs[0]}"
    assert settings["DATABASE_URL"].startswith("sqlite:////var/lib/baton/")


def test_there_is_time_to_end_in_order() -> None:
    for name in SERVICES:
        [secs] = values(name, "TimeoutStopSec")
        assert int(secs) >= 2 * JOIN_SECS, "workers, and then the keeper"
        assert values(name, "KillMode") == ["mixed"], "the program ends its own threads"
