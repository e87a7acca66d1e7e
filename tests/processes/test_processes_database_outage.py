"""The MySQL server goes away in the middle of the work: everybody waits and goes on.

BATON_OUTAGE_SECS makes the outages longer (30 on demand).
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from launcher import Baton, SandboxProcess, wait_until
from mariadb import MariaDBServer
from process_fixtures import look_at

DOMAIN = "美妆"
CREATORS = 400
OUTAGE_SECS = float(os.environ.get("BATON_OUTAGE_SECS", "2.5"))


@pytest.fixture(scope="module")
def own_server(mariadb: MariaDBServer) -> Iterator[MariaDBServer]:
    """A server that this module may kill; asking for `mariadb` skips where none is installed."""
    folder = Path(tempfile.mkdtemp(prefix="baton-outage-"))
    server = MariaDBServer(folder)
    try:
        server.install()
        server.start()
        yield server
    finally:
        server.thaw()
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def freeze_and_thaw(server: MariaDBServer) -> None:
    server.freeze()
    time.sleep(OUTAGE_SECS)
    server.thaw()


def kill_and_start(server: MariaDBServer) -> None:
    server.kill()
    time.sleep(OUTAGE_SECS)
    server.start()


@pytest.mark.parametrize("outage", [freeze_and_thaw, kill_and_start])
def test_crawl_and_export_survive_a_server_that_goes_away(
    own_server: MariaDBServer,
    make_baton: Callable[..., Baton],
    start_sandbox: Callable[..., SandboxProcess],
    outage: Callable[[MariaDBServer], None],
) -> None:
    platform = start_sandbox(creators=CREATORS)
    baton = make_baton(own_server.new_database(), BATON_BILIBILI_PACE="1/0.2")
    baton.use(platform)
    baton.add_accounts("acc1", "acc2", "acc3", "acc4", limit=200)
    outside = look_at(baton)
    jobs = [baton.start(f"start_{job}", "--domain", DOMAIN) for job in ("crawl", "export")]
    wait_until(lambda: outside.exported() >= 60, "work in full swing")
    outage(own_server)
    assert outside.exported() < CREATORS, "the outage came too late to prove anything"
    assert [job.code for job in jobs] == [None, None]
    for job in jobs:
        outcome = job.wait(60 + OUTAGE_SECS)
        assert outcome.code == 0, outcome
    assert outside.problems(platform.uids(DOMAIN)) == []
    assert baton.verified()["ok"] is True
