"""`python -m tools.resolution`: prove that requirements.txt allows only what works.

Every supported Python gets wheels for the lowest and the newest set that the bounds allow. The
lowest set is installed for the oldest Python, the newest set for the newest Python of this machine,
and the program is run on each: the demo, `doctor`, the help of every command, completion, and the
console. What is missing on the machine (uv, an interpreter) is skipped with a line.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLI = ROOT / "cli.py"
REQUIREMENTS = ROOT / "requirements.txt"
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
LOWEST, NEWEST = "lowest-direct", "highest"
CREATORS = 500
COMMAND_SECS = 300.0
SERVE_SECS = 60.0
COMPLETE = "_BATON_COMPLETE"
LISTENING = "listening on "
HELP_OF_ALL = """
import sys, typer
from commands.framework.main import build

def show(group, path):
    for words in [path, *([*path, name] for name in group.commands)]:
        try:
            root.main([*words, "--help"], prog_name="baton")
        except SystemExit as ending:
            assert not ending.code, words
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            show(command, [*path, name])

root = typer.main.get_command(build())
show(root, [])
"""


class ResolutionError(Exception):
    """A set cannot be resolved or installed, or the program does not run on it."""


@dataclass(frozen=True)
class Interpreter:
    """A Python of this machine. `version` is like `(3, 13, 0)`."""

    version: tuple[int, ...]
    path: str

    @property
    def minor(self) -> str:
        """The version as `3.13`."""
        return ".".join(map(str, self.version[:2]))


def main() -> int:
    """Prove the bounds and print a line for each proof; return 1 when one fails."""
    if not _uv():
        print("skipped: uv is not installed; it is in requirements-dev.txt")
        return int("CI" in os.environ)
    try:
        with tempfile.TemporaryDirectory(prefix="baton-resolution-") as folder:
            _prove(Path(folder))
    except ResolutionError as error:
        print(f"failed: {error}", file=sys.stderr)
        return 1
    return 0


def _prove(folder: Path) -> None:
    for python in PYTHONS:
        for resolution in (LOWEST, NEWEST):
            count = len(resolve(resolution, python, folder / f"{resolution}-{python}.txt"))
            print(f"resolved: {resolution} for Python {python}: {count} wheels", flush=True)
    found = interpreters()
    oldest = [one for one in found if one.minor == PYTHONS[0]]
    for resolution, candidates in ((LOWEST, oldest), (NEWEST, found)):
        if not candidates:
            print(f"skipped: {resolution}: no Python {PYTHONS[0]} or newer found")
            continue
        chosen = max(candidates, key=lambda one: one.version)
        began = time.monotonic()
        run_program(chosen, resolution, folder / f"run-{resolution}")
        version = ".".join(map(str, chosen.version))
        secs = time.monotonic() - began
        print(f"ran: {resolution} on Python {version}, {secs:.0f} s", flush=True)


def resolve(resolution: str, python: str, target: Path) -> list[str]:
    """Write the set of packages for a Python, wheels only, to a file, and return its lines.

    Raises:
        ResolutionError: the bounds contradict each other, or a package has no wheel.
    """
    command = [_uv(), "pip", "compile", "--quiet", "--no-annotate", "--no-header"]
    command += ["--resolution", resolution, "--python-version", python]
    command += ["--only-binary", ":all:", "--output-file", str(target), str(REQUIREMENTS)]
    if sys.platform == "linux":  # without it, wheels of other systems would do
        command += ["--python-platform", f"{platform.machine()}-manylinux_2_28"]
    _run(command, cwd=ROOT, env=_with_all_pythons())
    return target.read_text(encoding="utf-8").splitlines()


def interpreters() -> list[Interpreter]:
    """Return the Pythons of this machine that the program supports, by uv's search."""
    listed = _run(
        [_uv(), "python", "list", "--only-installed", "--output-format", "json"],
        cwd=ROOT,
        env=_with_all_pythons(),
    )
    found = []
    for entry in json.loads(listed):
        parts = entry["version_parts"]
        version = (parts["major"], parts["minor"], parts["patch"])
        if entry["implementation"] == "cpython" and entry.get("variant", "default") == "default":
            found.append(Interpreter(version=version, path=entry["path"]))
    first = tuple(map(int, PYTHONS[0].split(".")))
    return [python for python in found if python.version >= first]


def run_program(python: Interpreter, resolution: str, folder: Path) -> None:
    """Install a set into an environment of its own, and run the program on it.

    Raises:
        ResolutionError: with the output of the command that failed.
    """
    folder.mkdir()
    locked, venv = folder / "set.txt", folder / "venv"
    resolve(resolution, python.minor, locked)
    env = _with_all_pythons()
    _run([_uv(), "venv", "--quiet", "--python", python.path, str(venv)], cwd=folder, env=env)
    install = [_uv(), "pip", "install", "--quiet", "--python", str(venv), "-r", str(locked)]
    _run([*install, "--only-binary", ":all:", "--link-mode", "copy"], cwd=folder, env=env)
    own = _own_environment(folder)
    baton = [str(venv / "bin" / "python"), str(CLI)]
    _expect("verify: passed", _run([*baton, "demo", "--creators", str(CREATORS)], folder, own))
    _run([*baton, "doctor"], folder, own)
    help_of_all = _run([baton[0], "-c", HELP_OF_ALL], folder, own)
    _expect("start_export", help_of_all)
    suggested = _run([*baton, "start_export", "--format", ""], folder, own | {COMPLETE: "fish"})
    _expect("jsonl", suggested)
    _ask_console(baton, folder, own)


def _ask_console(baton: Sequence[str], folder: Path, env: Mapping[str, str]) -> None:
    token = _run([*baton, "web", "token", "--read-only"], folder, env).strip()
    with _served(baton, folder, env) as url:
        request = urllib.request.Request(  # noqa: S310  # our own server's address
            f"{url}/docs", headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(request, timeout=SERVE_SECS) as answer:  # noqa: S310
            _expect("swagger", answer.read().decode().lower())


@contextmanager
def _served(baton: Sequence[str], folder: Path, env: Mapping[str, str]) -> Iterator[str]:
    """Run `serve` on a free port and yield its URL; its end must be in good order."""
    with (folder / "serve.log").open("w+") as log:
        server = subprocess.Popen(
            [*baton, "serve", "--port", "0"],
            cwd=folder,
            env=dict(env),
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            if not line.startswith(LISTENING):
                raise ResolutionError(f"serve: {(folder / 'serve.log').read_text()}")
            yield line.removeprefix(LISTENING).strip()
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(SERVE_SECS)


def _own_environment(folder: Path) -> dict[str, str]:
    """Return an environment without settings, in which no compiled file gets into the checkout."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(ROOT),
        "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
    }


def _uv() -> str:
    """Return the path of uv, also where its environment is not activated; empty without one."""
    folders = (str(Path(sys.executable).parent), os.environ["PATH"])
    return shutil.which("uv", path=os.pathsep.join(folders)) or ""


def _with_all_pythons() -> dict[str, str]:
    """Return the environment in which uv finds the Pythons of pyenv too, where there is one."""
    if shutil.which("pyenv") is None:
        return dict(os.environ)
    versions = _run(["pyenv", "versions", "--bare"], cwd=ROOT, env=os.environ).split()
    return os.environ | {"PYENV_VERSION": ":".join(versions)}


def _expect(text: str, output: str) -> None:
    if text not in output:
        raise ResolutionError(f"{text!r} is missing in:\n{output}")


def _run(command: Sequence[str], cwd: Path, env: Mapping[str, str]) -> str:
    done = subprocess.run(
        command, cwd=cwd, env=dict(env), capture_output=True, text=True, timeout=COMMAND_SECS
    )
    if done.returncode != 0:
        raise ResolutionError(f"{' '.join(command[:6])} …:\n{done.stdout}{done.stderr}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
