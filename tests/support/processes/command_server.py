"""Starts Python scripts quickly: each is a fork of a process that has imported all of Baton.

A script so started is a process of its own, with its own session, folder, environment, standard
streams and exit code; only the importing is saved. Reads one request a line:
{"args" (the script and its arguments), "cwd", "env", "files": {"in", "out", "err", "pid", "code"}}.
"""

from __future__ import annotations

import gc
import json
import os
import pkgutil
import runpy
import signal
import sys
import threading
import time
import traceback
import zoneinfo
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any


def main() -> None:
    root = sys.argv[1]
    sys.path.insert(0, root)
    load_all(root)
    signal.signal(signal.SIGCHLD, reap)
    while line := sys.stdin.readline():
        if os.fork() == 0:
            supervise(json.loads(line))


def reap(*_: object) -> None:
    """Collect supervisors that have ended, so that their CPU time is this process's."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def load_all(root: str) -> None:
    from app.container import load_services

    for found in pkgutil.walk_packages([str(Path(root) / "commands")], "commands."):
        import_module(found.name)
    load_services()
    for driver in ("storage.engines.sqlite", "storage.engines.mysql"):
        import_module(driver)
    gc.freeze()  # so that forks share the memory


def supervise(request: Any) -> None:
    """Fork the script, and write its exit code to a file when it has ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    files = request["files"]
    pid = os.fork()
    if pid == 0:
        become_script(request)
    put(files["pid"], str(pid))
    put(files["code"], str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])))
    os._exit(0)


def become_script(request: Any) -> None:
    os.setsid()
    for number, name in enumerate(("in", "out", "err")):
        mode = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(request["files"][name], mode, 0o644), number)
    sys.stdin = os.fdopen(0, encoding="utf-8")  # the server's has read ahead
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    time.tzset()
    zoneinfo.reset_tzpath()
    zoneinfo.ZoneInfo.clear_cache()
    sys.argv = request["args"]
    sys.path.append(str(Path(sys.argv[0]).parent))
    code = run_script()
    threading._shutdown()  # as Python ends: pools first, then every thread that is no daemon
    for stream in (sys.stdout, sys.stderr):
        if not stream.closed:
            stream.flush()
    os._exit(code)


def run_script() -> int:
    """Run the script to its end; return its exit code."""
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as ending:
        if isinstance(ending.code, str):
            print(ending.code, file=sys.stderr)
        return ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)  # as Python ends by Ctrl-C
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def put(path: str, text: str) -> None:
    """Write a file in one step, so that a reader finds all of it or nothing."""
    Path(f"{path}.new").write_text(text)
    Path(f"{path}.new").rename(path)


if __name__ == "__main__":
    main()
