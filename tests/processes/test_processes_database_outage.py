"""The MySQL server goes away in the middle of the work: everybody waits and goes on.

BATON_OUTAGE_SECS makes the outages longer (30 on demand).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

import pytest

from tests.support.mariadb import MariaDBServer, private_server
from tests.support.processes.launcher import Baton, Process, SandboxProcess, freeze_when, wait_until
from tests.support.processes.process_fixtures import look_at

DOMAIN = "美妆"
CREATORS = 400
OUTAGE_SECS = float(os.environ.get("BATON_OUTAGE_SECS", "2.5"))


@pytest.fixture(scope="module")
def own_server(mariadb: MariaDBServer) -> Iterator[MariaDBServer]:
    """A server that this module may kill; asking for `mariadb` skips where none is installed."""
    with private_server() as server:
        yield server


def freeze_and_thaw(server: MariaDBServer, jobs: list[Process]) -> None:
    server.freeze()
    go_on_without(jobs)
    server.thaw()


def kill_and_start(server: MariaDBServer, jobs: list[Process]) -> None:
    server.kill()
    go_on_without(jobs)
    server.start()


def lock_out_and_let_in(server: MariaDBServer, jobs: list[Process]) -> None:
    """The password is another one for a while, as when it is changed on the server first."""
    server.change_password("another")
    go_on_without(jobs)
    server.change_password()


def go_on_without(jobs: list[Process]) -> None:
    for job in jobs:
        job.thaw()
    time.sleep(OUTAGE_SECS)
    told = ("No answer of the database since", "The database cannot be used since")
    for job in jobs:
        wait_until(lambda job=job: any(text in job.err for text in told), "the banner")


@pytest.mark.parametrize("outage", [freeze_and_thaw, kill_and_start, lock_out_and_let_in])
def test_crawl_and_export_survive_a_server_that_goes_away(
    own_server: MariaDBServer,
    make_baton: Callable[..., Baton],
    start_sandbox: Callable[..., SandboxProcess],
    outage: Callable[[MariaDBServer, list[Process]], None],
) -> None:
    platform = start_sandbox(creators=CREATORS)
    baton = make_baton(own_server.new_database(), BATON_BILIBILI_PACE="1/1")
    baton.use(platform)
    baton.add_accounts("acc1", "acc2", "acc3", "acc4", limit=200)
    outside = look_at(baton)
    jobs = [baton.start(f"start_{job}", "--domain", DOMAIN) for job in ("crawl", "export")]
    freeze_when(lambda: outside.exported() >= 60, "work in full swing", *jobs)
    assert outside.exported() < CREATORS, "too late to prove anything"
    outage(own_server, jobs)
    assert [job.code for job in jobs] == [None, None]
    for job in jobs:
        outcome = job.wait(60 + OUTAGE_SECS)
        assert outcome.code == 0, outcome
    assert outside.problems(platform.uids(DOMAIN)) == []
    assert baton.verified()["ok"] is True
