"""Runs `cli.py ARGS` as another host: with its name, and with clocks that are off.

`python as_host.py NAME SECONDS CLOCKS ARGS...`. Sets what the process itself sees: its wall clock
is SECONDS ahead from the start, as on a host whose clock was set wrongly, and files in the folder
CLOCKS (`-`: none) set it further, or let its clocks stand, while it runs. NAME@NAMESPACE also puts
it into a network namespace, where its host has that name.
"""

from __future__ import annotations

import runpy
import socket
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLI = ROOT / "cli.py"


def main() -> None:
    host, off_secs, clocks = sys.argv[1], float(sys.argv[2]), sys.argv[3]
    sys.argv[:] = [str(CLI), *sys.argv[4:]]
    sys.path.insert(0, str(ROOT))
    name, _, namespace = host.partition("@")
    if namespace:
        from tests.chaos.entering import become_host

        become_host(name, namespace)
    else:
        socket.gethostname = lambda: name
    if off_secs:
        import time_machine  # here, as it is slow to load

        time_machine.travel(datetime.now(UTC) + timedelta(seconds=off_secs), tick=True).start()
    if clocks != "-":
        from tests.chaos.shifted_clock import install

        install(Path(clocks))
    runpy.run_path(str(CLI), run_name="__main__")


if __name__ == "__main__":
    main()
