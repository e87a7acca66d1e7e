"""Baton's commands as real processes: own folder, own environment, ended with the test."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from app.container import App
from tests.support.apps import add_account, opened_app
from tests.support.processes.threads import stands_still
from tests.support.sandbox import control

ROOT = Path(__file__).resolve().parents[3]
CLI = ROOT / "cli.py"
SANDBOX = ROOT / "sandbox" / "__main__.py"
WAIT_SECS = 120.0
AT_A_TIME = 3


def wait_until(condition: Callable[[], Any], what: str, secs: float = WAIT_SECS) -> Any:
    """Poll until `condition` gives something true, and return that."""
    deadline = time.monotonic() + secs
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"not within {secs:.0f} s: {what}")


@dataclass(frozen=True)
class Outcome:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Process:
    """A started command. Its output goes to files, so that no pipe can fill up."""

    def __init__(self, command: list[str], cwd: Path, env: Mapping[str, str], log: Path) -> None:
        self._args = command
        self._out, self._err = log.with_suffix(".out"), log.with_suffix(".err")
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self._popen = subprocess.Popen(
                command,
                cwd=cwd,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    @property
    def code(self) -> int | None:
        return self._popen.poll()

    @property
    def out(self) -> str:
        return self._out.read_text(encoding="utf-8")

    @property
    def err(self) -> str:
        return self._err.read_text(encoding="utf-8")

    def signal(self, number: int) -> None:
        self._popen.send_signal(number)

    def wait(self, secs: float = WAIT_SECS) -> Outcome:
        code = self._ended(secs)
        if code is None:
            raise AssertionError(f"{self._args} still runs after {secs:.0f} s:\n{self.err}")
        return Outcome(code, self.out, self.err)

    def _ended(self, secs: float) -> int | None:
        try:
            return self._popen.wait(secs)
        except subprocess.TimeoutExpired:
            return None

    def freeze(self) -> None:
        """Stop all its threads; return when they stand still."""
        self.signal(signal.SIGSTOP)
        wait_until(self._stands_still, "all threads stopped")

    def _stands_still(self) -> bool:
        return self.code is not None or stands_still(self.pid)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)

    def end(self) -> None:
        """Kill it (SIGKILL), stopped or not, unless it has ended."""
        if self.code is None:
            self.signal(signal.SIGKILL)
        assert self._ended(WAIT_SECS) is not None, f"{self._args} cannot be killed"


class Forked(Process):
    """A command that a CommandServer has started."""

    def __init__(self, args: list[str], files: Mapping[str, Path]) -> None:
        self._args = args
        self._files = files
        self._out, self._err = files["out"], files["err"]
        self._ending: int | None = None

    @cached_property
    def pid(self) -> int:
        wait_until(self._files["pid"].exists, f"the start of {self._args}")
        return int(self._files["pid"].read_text())

    @property
    def code(self) -> int | None:
        if self._ending is None and self._files["code"].exists():
            self._ending = int(self._files["code"].read_text())
            self._files["in"].unlink()  # secrets may have been typed
        return self._ending

    def signal(self, number: int) -> None:
        if self.code is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def _ended(self, secs: float) -> int | None:
        deadline = time.monotonic() + secs
        while self.code is None and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.code


class CommandServer:
    """Runs commands as forks of one prepared process; see command_server.py."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("command_server.py")
        self._popen = subprocess.Popen(
            [sys.executable, str(script), str(ROOT)],
            stdin=subprocess.PIPE,
            text=True,
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"},
            start_new_session=True,
        )
        self._lock = threading.Lock()

    def start(
        self, args: list[str], cwd: Path, env: Mapping[str, str], log: Path, stdin: bytes = b""
    ) -> Forked:
        """Start a Python script, as `python ARGS` does."""
        names = ("in", "out", "err", "pid", "code")
        files = {name: log.with_suffix(f".{name}") for name in names}
        for name, given in (("in", stdin), ("out", b""), ("err", b"")):
            files[name].write_bytes(given)
        paths = {name: str(path) for name, path in files.items()}
        request = {"args": args, "cwd": str(cwd), "env": dict(env), "files": paths}
        with self._lock:
            assert self._popen.stdin is not None
            self._popen.stdin.write(json.dumps(request) + "\n")
            self._popen.stdin.flush()
        return Forked(args=args, files=files)

    def close(self) -> None:
        assert self._popen.stdin is not None
        self._popen.stdin.close()
        self._popen.wait(WAIT_SECS)


def freeze_when(condition: Callable[[], Any], what: str, *processes: Process) -> None:
    """Stop processes at a moment at which `condition` holds.

    They stand still while it is looked at, so that they run no further than a slow observer sees.
    """

    def reached() -> bool:
        for process in processes:
            process.freeze()
        if condition():
            return True
        for process in processes:
            process.thaw()
        return False

    wait_until(reached, what)


class Launcher:
    """Starts commands in one folder; `close` ends whatever still runs."""

    def __init__(self, folder: Path, server: CommandServer, **env: str) -> None:
        self.folder = folder
        self._server = server
        self.work = folder / "cwd"
        self._logs = folder / "output"
        self.work.mkdir()
        self._logs.mkdir()
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "BATON_LANGUAGE": "en",
            "BATON_WEB_PORT": "0",
            **env,
        }
        self._numbers = itertools.count()
        self._started: list[Process] = []

    def start(self, *args: object, env: Mapping[str, str] | None = None) -> Process:
        """Start `python cli.py ARGS` with this environment, changed by `env` ("": unset)."""
        return self.script(CLI, *args, env=env)

    def script(self, *args: object, env: Mapping[str, str] | None = None) -> Process:
        """Start `python ARGS`, a script of ours: what it imports is there already."""
        return self._kept(
            self._server.start(list(map(str, args)), self.work, self._whole(env), self._next_log())
        )

    def python(self, *args: object, env: Mapping[str, str] | None = None) -> Process:
        """Start `python ARGS` in an interpreter of its own."""
        return self.program(sys.executable, *args, env=env)

    def program(self, *command: object, env: Mapping[str, str] | None = None) -> Process:
        """Start any program."""
        words = list(map(str, command))
        return self._kept(
            Process(command=words, cwd=self.work, env=self._whole(env), log=self._next_log())
        )

    def _kept(self, process: Process) -> Process:
        self._started.append(process)
        return process

    def run(
        self,
        *args: object,
        stdin: str | bytes = "",
        env: Mapping[str, str] | None = None,
        secs: float = WAIT_SECS,
    ) -> Outcome:
        """Run a command to its end; it is killed when that does not come."""
        given = stdin.encode() if isinstance(stdin, str) else stdin
        words = [str(CLI), *map(str, args)]
        process = self._server.start(words, self.work, self._whole(env), self._next_log(), given)
        try:
            return process.wait(secs)
        finally:
            process.end()

    def _whole(self, env: Mapping[str, str] | None) -> dict[str, str]:
        return {name: value for name, value in (self.env | dict(env or {})).items() if value != ""}

    def _next_log(self) -> Path:
        return self._logs / f"{next(self._numbers):04}"

    def run_all(
        self, *commands: tuple[object, ...], env: Mapping[str, str] | None = None
    ) -> list[Outcome]:
        """Run commands, a few at a time; return their outcomes in the same order."""

        def run(command: tuple[object, ...]) -> Outcome:
            return self.run(*command, env=env)

        with ThreadPoolExecutor(AT_A_TIME) as pool:
            return list(pool.map(run, commands))

    def close(self) -> None:
        for process in self._started:
            process.end()


class SandboxProcess:
    """The local platform in a process of its own."""

    program = SANDBOX

    def __init__(self, launcher: Launcher, **options: object) -> None:
        args = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        self.process = launcher.script(self.program, "--rate", "100000/1", *args)
        line = wait_until(lambda: "\n" in self.process.out and self.process.out, "sandbox address")
        self.url = line.removeprefix("listening on ").strip()

    def uids(self, domain: str) -> set[str]:
        """Return the ids of all creators of a domain: the truth that a crawl must find."""
        return set(control.uids(self.url, domain))

    def stats(self) -> Any:
        return control.stats(self.url)

    def order_faults(self, *orders: dict[str, Any]) -> None:
        control.order_faults(self.url, *orders)

    def videos(self, platform: str, count: int, **params: str) -> list[dict[str, Any]]:
        return control.videos(self.url, platform, count, **params)


class Baton(Launcher):
    """Commands on one database, with quick settings for tests."""

    def __init__(self, folder: Path, server: CommandServer, database_url: str, **env: str) -> None:
        self.database_url = database_url
        self.data_dir = folder / "data"
        self.log_dir = folder / "logs"
        quick = {
            "DATABASE_URL": database_url,
            "BATON_DATA_DIR": str(self.data_dir),
            "BATON_LOG_DIR": str(self.log_dir),
            "BATON_BILIBILI_PACE": "10000/1",
            "BATON_SINGLE_PAUSE_MIN_SECS": "0",
            "BATON_SINGLE_PAUSE_MAX_SECS": "0",
            "BATON_LEASE_SECS": "2",
            "BATON_POLL_SECS": "0.1",
            "BATON_PAGES_PER_TASK": "5",
        }
        super().__init__(folder, server, **(quick | env))

    @property
    def exports_dir(self) -> Path:
        return self.data_dir / "exports"

    def use(self, sandbox: SandboxProcess) -> None:
        self.env["BATON_BILIBILI_BASE_URL"] = sandbox.url

    def add_accounts(self, *names: str, limit: int = 4000) -> None:
        """Create the schema and add accounts that the sandbox knows by their names."""
        with self.opened_app() as app:
            for number, name in enumerate(names):
                add_account(app, name, limit, session=f"SESSDATA=cookie{number}-of-{len(names)}")

    def opened_app(self) -> AbstractContextManager[App]:
        """Open an App of this process on the same database and data folder."""
        return opened_app(self.database_url, self.data_dir)

    def crawl(self, domain: str) -> None:
        """Crawl a domain to its end."""
        outcome = self.run("start_crawl", "--domain", domain, "--workers", 3)
        assert outcome.code == 0, outcome

    def verified(self) -> Any:
        """Return what `exports verify --json` prints."""
        return self.run("exports", "verify", "--json").json


def end_in_order(*processes: Process) -> list[Outcome]:
    """Send Ctrl-C to each; return how they ended."""
    for process in processes:
        process.signal(signal.SIGINT)
    return [process.wait() for process in processes]
