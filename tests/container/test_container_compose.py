"""The compose files: ready within half a minute, and up again after either part was killed."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.containers import ROOT, Podman, until
from tests.support.mariadb import free_port

pytestmark = [pytest.mark.container, pytest.mark.timeout(1800)]
PROJECT = "baton-test"
READY_SECS = 30
UP_AGAIN_SECS = 60


class Compose:
    """One compose file, as a project of its own."""

    def __init__(self, podman: Podman, program: Path, file: str) -> None:
        self._podman = podman
        self._command = [str(program), "-p", PROJECT, "-f", str(ROOT / file)]
        self.port = free_port()
        self._env = podman.env | {"BATON_PORT": str(self.port), "DB_PASSWORD": "hunter2x"}
        self._env["PATH"] = f"{program.parent}:{podman.env['PATH']}"

    def __call__(self, *args: str) -> None:
        ended = subprocess.run(
            [*self._command, *args], env=self._env, capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr

    def container(self, service: str) -> str:
        return f"{PROJECT}_{service}_1"

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/readyz", timeout=3
            ) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def logs(self) -> str:
        names = self._podman("ps", "--all", "--format", "{{.Names}}").splitlines()
        return "\n".join(self._podman.logs(name) for name in names if name.startswith(PROJECT))


@pytest.fixture(scope="session")
def program(podman: Podman) -> Path:
    """podman-compose, in an environment of its own that is kept between runs."""
    folder = podman.cache / "compose"
    found = folder / "bin" / "podman-compose"
    if not found.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        install = [str(folder / "bin" / "pip"), "install", "--quiet", "podman-compose>=1.2"]
        if subprocess.run(install, check=False, capture_output=True).returncode != 0:
            pytest.skip("podman-compose cannot be installed: no package index answers")
    return found


@pytest.fixture
def compose(podman: Podman, program: Path) -> Iterator[Callable[[str], Compose]]:
    """`compose(file)`: started without building; stopped at the end, its volumes removed."""
    made: list[Compose] = []

    def up(file: str) -> Compose:
        made.append(Compose(podman, program, file))
        made[-1]("down", "--volumes")
        made[-1]("up", "--detach", "--no-build")
        return made[-1]

    yield up
    for project in made:
        project("down", "--volumes", "--timeout", "20")


def test_mariadb_and_baton_are_ready_soon_and_survive_a_kill_of_either(
    podman: Podman, compose: Callable[[str], Compose]
) -> None:
    project = compose("compose.yaml")
    until(project.is_ready, "both ready", READY_SECS)
    baton, database = project.container("baton"), project.container("db")
    doctor = podman.try_("exec", baton, "baton", "doctor")
    assert "Traceback" not in doctor.stderr
    podman("exec", "--interactive", baton, "baton", "accounts", "add", "a", stdin=b"SESSDATA=1")
    podman.crash(baton)
    until(project.is_ready, "Baton up again", UP_AGAIN_SECS)
    podman.crash(database)
    until(project.is_ready, "the database up again", UP_AGAIN_SECS)
    assert podman.is_running(baton)
    assert '"username": "a"' in podman("exec", baton, "baton", "accounts", "list", "--json")
    podman("stop", "--time", "150", baton)
    assert podman.exit_code(baton) == 0, podman.logs(baton)


def test_sqlite_alone_is_ready_soon_and_survives_a_kill(
    podman: Podman, compose: Callable[[str], Compose]
) -> None:
    project = compose("compose.sqlite.yaml")
    until(project.is_ready, "ready", READY_SECS)
    baton = project.container("baton")
    podman.crash(baton)
    until(project.is_ready, "up again", UP_AGAIN_SECS)


@pytest.mark.parametrize("file", ["compose.yaml", "compose.sqlite.yaml"])
def test_baton_runs_without_rights(
    podman: Podman, compose: Callable[[str], Compose], file: str
) -> None:
    project = compose(file)
    settings = podman.inspect(project.container("baton"))
    assert settings["HostConfig"]["ReadonlyRootfs"] is True
    assert settings["HostConfig"]["CapAdd"] == []
    assert settings["EffectiveCaps"] in ([], None)
    assert "no-new-privileges" in " ".join(settings["HostConfig"]["SecurityOpt"])
    assert settings["Config"]["Hostname"] == "baton"
    assert settings["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"


def test_compose_wants_a_password(program: Path, podman: Podman) -> None:
    env = {name: value for name, value in podman.env.items() if name != "DB_PASSWORD"}
    env["PATH"] = f"{program.parent}:{os.environ['PATH']}"
    command = [str(program), "-p", PROJECT, "-f", str(ROOT / "compose.yaml"), "config"]
    ended = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert ended.returncode != 0
    assert "letters and digits" in ended.stdout + ended.stderr
