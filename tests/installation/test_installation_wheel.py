"""The wheel and the sdist: what they hold, and that what is installed from them works."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = "baton/code/"
# What the wheel holds below baton/code; a new top-level folder must be added in pyproject.toml too.
SHIPPED = (
    *("accounts", "alerts", "app", "commands", "core", "crawler", "distribution", "jobs"),
    *("presentation", "sandbox", "sources", "storage", "web", "webhooks", "works"),
    *("schema.sql", "schema.sqlite.sql"),
)


def _run(
    *command: str | Path, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done


def _tracked() -> set[str]:
    return set(_run("git", "ls-files", *SHIPPED, cwd=ROOT).stdout.split())


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the tracked files, as a fresh clone has them."""
    folder = tmp_path_factory.mktemp("source")
    names = _run("git", "ls-files", "-z", cwd=ROOT).stdout.rstrip("\0").split("\0")
    for name in names:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    return folder


def _wheel(source: Path, folder: Path) -> Path:
    options = ("--no-build-isolation", "--no-deps", "-q", "-w", folder)
    _run(sys.executable, "-m", "pip", "wheel", *options, source, cwd=folder)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _wheel(source, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the wheel is installed into, without its dependencies."""
    folder = tmp_path_factory.mktemp("installed")
    options = ("--no-deps", "-q", "--target", folder)
    _run(sys.executable, "-m", "pip", "install", *options, wheel, cwd=folder)
    return folder


def _names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_wheel_holds_all_tracked_files_of_the_packages_and_no_others(wheel: Path) -> None:
    code = {name.removeprefix(CODE) for name in _names(wheel) if name.startswith(CODE)}
    assert code == _tracked()


def test_only_baton_is_importable(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in _names(wheel)}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"baton"}


def test_the_sdist_makes_the_same_wheel(source: Path, wheel: Path, tmp_path: Path) -> None:
    script = "import sys; from hatchling.build import build_sdist; print(build_sdist(sys.argv[1]))"
    name = _run(sys.executable, "-c", script, tmp_path, cwd=source).stdout.split()[-1]
    with tarfile.open(tmp_path / name) as archive:
        archive.extractall(tmp_path, filter="data")
    again = tmp_path / "again"
    again.mkdir()
    assert _names(_wheel(tmp_path / name.removesuffix(".tar.gz"), again)) == _names(wheel)


def test_an_empty_folder_is_enough_for_the_demo(installed: Path, tmp_path: Path) -> None:
    """With PYTHONSAFEPATH, which keeps the current folder out of the path."""
    env = {
        "PYTHONPATH": str(installed),
        "PYTHONSAFEPATH": "1",
        "BATON_HOME": str(tmp_path / "home"),
        "LC_ALL": "C",
    }
    done = _run(
        sys.executable, "-m", "baton", "demo", "--creators", "500", "--json", cwd=tmp_path, env=env
    )
    assert json.loads(done.stdout)["verify"] == {"ok": True, "problems": []}
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_the_command_starts_the_program(installed: Path, tmp_path: Path) -> None:
    env = {"PYTHONPATH": str(installed)}
    shown = _run(installed / "bin" / "baton", "--version", cwd=tmp_path, env=env).stdout
    assert shown.startswith("baton ")
    shown = _run(installed / "bin" / "baton-crawler", "--help", cwd=tmp_path, env=env).stdout
    assert "start_crawl" in shown
