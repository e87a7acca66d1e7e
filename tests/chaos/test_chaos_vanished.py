"""A host that vanishes in mid-transaction: its locks do not outlive its lease for long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.chaos.chaos_proxy import ChaosProxy, Wire
from tests.support.mariadb import MariaDBServer
from tests.support.processes.launcher import Baton, CommandServer, SandboxProcess, wait_until
from tests.support.processes.outside import Outside

DOMAIN = "美妆"
CREATORS = 400


@pytest.fixture
def database(mariadb: MariaDBServer) -> Iterator[str]:
    url = mariadb.new_database()
    yield url
    mariadb.drop_database(url)


def test_locks_of_a_host_that_vanished_hold_nobody_up(
    mariadb: MariaDBServer,
    database: str,
    tmp_path: Path,
    command_server: CommandServer,
    start_sandbox: Callable[..., SandboxProcess],
) -> None:
    """Guarded by `SET SESSION wait_timeout` in `cluster.py`: the server closes a session that
    says nothing, and so rolls back what it left open."""
    platform = start_sandbox(creators=CREATORS)
    (tmp_path / "baton").mkdir()
    with ChaosProxy(mariadb.port) as proxy:
        baton = Baton(
            folder=tmp_path / "baton", server=command_server, database_url=proxy.url(database)
        )
        baton.use(platform)
        baton.add_accounts("acc1", "acc2", "acc3")
        outside = Outside(database_url=database, exports_dir=baton.exports_dir)
        try:
            slow = {"BATON_BILIBILI_PACE": "1/2"}
            gone = baton.start("start_crawl", "--domain", DOMAIN, env=slow)
            wait_until(lambda: outside.stored() >= 40, "some pages")
            for _ in range(2):  # each worker, in the middle of storing a page
                proxy.order(Wire.VANISH)
            wait_until(lambda: proxy.played[Wire.VANISH] == 2, "two silent connections")
            gone.freeze()
            assert outside.stored() < CREATORS, "gone too late to prove anything"
            heir = baton.start("start_crawl", "--domain", DOMAIN, env={"DATABASE_URL": database})
            assert heir.wait(90).code == 0
            stored = {row["uid"] for row in outside.rows("SELECT uid FROM influencers")}
            assert stored == platform.uids(DOMAIN)
        finally:
            baton.close()
