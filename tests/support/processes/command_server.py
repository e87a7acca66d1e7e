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
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

running: dict[int, str] = {}  # where the exit code of each script goes, by its process id
ended: dict[int, int] = {}  # exit codes of scripts that ended before that was known


def main() -> None:
    root = sys.argv[1]
    sys.path.insert(0, root)
    load_all(root)
    signal.signal(signal.SIGCHLD, reap)
    while line := sys.stdin.readline():
        start(json.loads(line))


def start(request: Any) -> None:
    """Fork the script; its exit code is written to a file when it has ended."""
    files = request["files"]
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        become_script(request)
    running[pid] = files["code"]
    put(files["pid"], str(pid))
    # A handler runs between any two steps here, for an earlier script too: it may have found this
    # one ended before it was noted above.
    if pid in ended:
        put(running.pop(pid), str(ended.pop(pid)))


def reap(*_: object) -> None:
    """Write down how scripts have ended."""
    with suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            pid, code = found[0], os.waitstatus_to_exitcode(found[1])
            if pid in running:
                put(running.pop(pid), str(code))
            else:
                ended[pid] = code


def load_all(root: str) -> None:
    from app.container import load_services

    for rooms in ("commands", "presentation"):
        for found in pkgutil.walk_packages([str(Path(root) / rooms)], f"{rooms}."):
            import_module(found.name)
    load_services()
    for driver in ("storage.engines.sqlite", "storage.engines.mysql"):
        import_module(driver)
    prepare_commands()
    gc.collect()
    gc.freeze()  # so that forks share the memory


def prepare_commands() -> None:
    """Read the commands' signatures and the catalogue once, as every command does for itself."""
    from commands.framework import lazy_group
    from commands.framework.main import Baton
    from presentation.i18n.catalogue import advice_of, messages_of
    from presentation.i18n.language import Language
    from presentation.i18n.renderer import FrontEnd

    lazy_group._load = cache(lazy_group._load)
    for entry in Baton.LISTED:
        lazy_group._load(entry)
    for language in Language:
        messages_of(language)
        for front_end in FrontEnd:
            advice_of(language, front_end)


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
