"""Runs `cli.py ARGS` as another host: with its name, and with a clock that is off.

`python as_host.py NAME SECONDS ARGS...`. Sets what the process itself sees; its monotonic clock
and its waits are those of the machine, as on a host whose wall clock was set wrongly.
"""

from __future__ import annotations

import runpy
import socket
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine

CLI = Path(__file__).resolve().parents[2] / "cli.py"


def main() -> None:
    name, off_secs = sys.argv[1], float(sys.argv[2])
    sys.argv[:] = [str(CLI), *sys.argv[3:]]
    sys.path.insert(0, str(CLI.parent))
    socket.gethostname = lambda: name
    if off_secs:
        time_machine.travel(datetime.now(UTC) + timedelta(seconds=off_secs), tick=True).start()
    runpy.run_path(str(CLI), run_name="__main__")


if __name__ == "__main__":
    main()
