"""Starts Baton's commands quickly: each is a fork of a process that has imported everything.

A command so started is a process of its own, with its own session, folder, environment, standard
streams and exit code; only the importing is saved. Reads one request a line:
{"args", "cwd", "env", "files": {"stdin", "stdout", "stderr", "pid", "code"}}.
"""

from __future__ import annotations

import json
import os
import pkgutil
import signal
import sys
import traceback
from importlib import import_module
from pathlib import Path
from typing import Any


def main() -> None:
    root = sys.argv[1]
    sys.path.insert(0, root)
    import commands.main
    from commands.root import load_services

    for found in pkgutil.iter_modules([str(Path(root) / "commands")]):
        import_module(f"commands.{found.name}")
    load_services()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # supervisors are reaped by the kernel
    print("ready", flush=True)
    while line := sys.stdin.readline():
        if os.fork() == 0:
            supervise(json.loads(line), commands.main.main, root)


def supervise(request: Any, command: Any, root: str) -> None:
    """Fork the command, and write its exit code to a file when it has ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    files = request["files"]
    pid = os.fork()
    if pid == 0:
        become_command(request, command, root)
    put(files["pid"], str(pid))
    put(files["code"], str(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])))
    os._exit(0)


def become_command(request: Any, command: Any, root: str) -> None:
    os.setsid()
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        mode = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        os.dup2(os.open(request["files"][name], mode, 0o644), number)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv = [str(Path(root) / "cli.py"), *request["args"]]
    code = 1
    try:
        command()
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    except BaseException:
        traceback.print_exc()
    for stream in (sys.stdout, sys.stderr):
        if not stream.closed:
            stream.flush()
    os._exit(code)


def put(path: str, text: str) -> None:
    """Write a file in one step, so that a reader finds all of it or nothing."""
    Path(f"{path}.new").write_text(text)
    Path(f"{path}.new").rename(path)


if __name__ == "__main__":
    main()
