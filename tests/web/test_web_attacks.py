"""Traffic without a token, of any size and shape, against a real server process: its memory changes
by less than 50 MB, and `/healthz` answers within a second."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from tests.support.processes.launcher import Baton, Process, wait_until
from tests.support.web import attacks

MAX_MORE_MB = 50.0
MAX_DELAY_SECS = 1.0
# The machine of the tests may be busy with others for a while; a server that is held up stays so.
TRIES = 3


class Served:
    """A `serve` process, looked at from outside."""

    def __init__(self, process: Process) -> None:
        text = "web console: "
        said = wait_until(lambda: text in process.err and process.err, "the address")
        self.url = str(said.partition(text)[2].split("/admin")[0])
        self._status = Path(f"/proc/{process.pid}/status")
        self._files = Path(f"/proc/{process.pid}/fd")

    @property
    def memory_mb(self) -> float:
        text = self._status.read_text()
        return int(text.partition("VmRSS:")[2].split()[0]) / 1024

    @property
    def open_files(self) -> int:
        return len(list(self._files.iterdir()))

    def delay_secs(self) -> float:
        """How long `/healthz` takes on a new connection, or on the next one when that is cut off.

        Who has no token may be pushed out by others once; who asks again at once gets in.
        """
        begun = time.monotonic()
        while time.monotonic() - begun < 30:
            with suppress(requests.ConnectionError):
                assert requests.get(f"{self.url}/healthz", timeout=30).status_code == 200
                break
        return time.monotonic() - begun


@pytest.fixture
def served(make_baton: Callable[..., Baton]) -> Iterator[Served]:
    baton = make_baton(BATON_WEB_PORT="0")
    process = baton.start("serve")
    yield Served(process)
    process.end()


def suffered(served: Served, name: str) -> tuple[float, float, int]:
    """The greatest memory (MB), delay (seconds) and number of open files during an attack."""
    host, _, port = served.url.removeprefix("http://").partition(":")
    with subprocess.Popen([sys.executable, attacks.__file__, name, host, port]) as attack:
        memory_mb, delay_secs, files = 0.0, 0.0, 0
        while attack.poll() is None:
            delay_secs = max(delay_secs, served.delay_secs())
            memory_mb = max(memory_mb, served.memory_mb)
            files = max(files, served.open_files)
            time.sleep(0.02)
    return memory_mb, delay_secs, files


def test_no_traffic_without_a_token_fills_the_memory_or_holds_the_server_up(
    served: Served, record_property: Callable[[str, object], None]
) -> None:
    served.delay_secs()
    before_mb, before_files = served.memory_mb, served.open_files
    for name in attacks.ATTACKS:
        for _ in range(TRIES):
            memory_mb, delay_secs, files = suffered(served, name)
            told = f"+{memory_mb - before_mb:.1f} MB, {delay_secs:.2f} s, {files} files"
            record_property(name, told)
            print(f"{name}: {told}")
            assert memory_mb - before_mb < MAX_MORE_MB, name
            assert files - before_files < 2 * 32 + 16, name
            if delay_secs < MAX_DELAY_SECS:
                break
        else:
            pytest.fail(f"{name}: /healthz took {delay_secs:.1f} s")
