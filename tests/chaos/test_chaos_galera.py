"""Three Galera nodes: one dies in the middle, two nodes write the same row, one lags behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from core.clock import SystemClock
from storage.engines import pool
from storage.engines.transactions import Database, Tx, open_engine
from tests.chaos.chaos_counts import Counts
from tests.chaos.eye import Eye
from tests.chaos.galera import Node
from tests.chaos.galera_stage import GaleraStage
from tests.support.processes.launcher import Baton, CommandServer, SandboxProcess, wait_until

DOMAIN = "美妆"
CREATORS = 400


@pytest.fixture
def cluster(galera_stage: GaleraStage, tmp_path: Path) -> Iterator[GaleraStage]:
    """All nodes up, and an empty database."""
    galera_stage.prepare(tmp_path)
    yield galera_stage
    galera_stage.tidy(Counts())


def test_the_death_of_the_node_in_use_is_survived(
    cluster: GaleraStage,
    tmp_path: Path,
    command_server: CommandServer,
    start_sandbox: Callable[..., SandboxProcess],
) -> None:
    """Guarded by the loop over all nodes in `NodeConnector.__call__`."""
    platform = start_sandbox(creators=CREATORS)
    folder = tmp_path / "baton"
    folder.mkdir()
    baton = Baton(
        folder=folder, server=command_server, database_url=cluster.url, BATON_BILIBILI_PACE="1/1"
    )
    baton.use(platform)
    baton.add_accounts("acc1", "acc2", "acc3", "acc4", limit=200)
    eye = Eye(where=cluster.where, exports_dir=baton.exports_dir)
    jobs = [baton.start(f"start_{job}", "--domain", DOMAIN) for job in ("crawl", "export")]
    try:
        wait_until(lambda: eye.exported() >= 40, "work in full swing")
        cluster.cluster.kill(0)
        assert eye.exported() < CREATORS, "the node died too late to prove anything"
        for job in jobs:
            outcome = job.wait(120)
            assert outcome.code == 0, outcome
        assert eye.problems(platform.uids(DOMAIN)) == []
        assert baton.verified()["ok"] is True
    finally:
        baton.close()
        cluster.cluster.rejoin(0)


def test_a_conflict_that_shows_at_commit_runs_the_unit_again(cluster: GaleraStage) -> None:
    """Guarded by `raise translated` in `MySQLEngine.commit` and 1213 in CONTENTION."""
    one, two, _ = cluster.cluster.nodes
    with closing(at(cluster, one)) as here, closing(at(cluster, two)) as there:
        make_box(here)
        runs = []

        def add(tx: Tx, amount: int) -> None:
            tx.execute("UPDATE boxes SET n=n+:amount WHERE id=1", amount=amount)

        def slow(tx: Tx) -> None:
            runs.append(1)
            add(tx, 1)
            if len(runs) == 1:
                there.write(lambda other: add(other, 10))

        here.write(slow)
        assert len(runs) == 2
        assert box(here) == box(there) == 11


def test_a_read_on_another_node_waits_for_what_was_committed(cluster: GaleraStage) -> None:
    """Guarded by `SET SESSION wsrep_sync_wait=1` in `_join_cluster`."""
    one, two, _ = cluster.cluster.nodes
    with closing(at(cluster, one)) as here, closing(at(cluster, two)) as there:
        make_box(here)
        assert box(there) == 0
        seen: list[int] = []
        reader = threading.Thread(target=lambda: seen.append(box(there)))
        name = cluster.url.rpartition("/")[2]
        with closing(two.connect(name)) as holder, holder.cursor() as cursor:
            cursor.execute("FLUSH TABLES boxes WITH READ LOCK")  # nothing is applied here now
            here.write(lambda tx: tx.execute("UPDATE boxes SET n=1 WHERE id=1"))
            reader.start()
            wait_until(lambda: seen or is_waiting(two), "the read")
            assert seen == []
            cursor.execute("UNLOCK TABLES")
        reader.join(60)
        assert seen == [1]


def test_a_silent_node_is_left_within_eight_seconds(
    cluster: GaleraStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guarded by `end_generation` in `Place._answers`."""
    monkeypatch.setattr(pool, "FRESH_SECS", 0.0)  # as if the connections had been idle
    first, second, _ = cluster.cluster.nodes
    with (
        closing(Database(engine=open_engine(cluster.url, 4), clock=SystemClock())) as database,
        closing(at(cluster, second)) as there,
    ):
        make_box(database)
        first.freeze()
        try:
            begun = time.monotonic()
            change = "UPDATE boxes SET n=n+1 WHERE id=1"
            with ThreadPoolExecutor(4) as threads:
                database = Database(engine=database.engine, clock=SystemClock(), patience_secs=60)
                done = [
                    threads.submit(database.write, lambda tx: tx.execute(change)) for _ in range(4)
                ]
                assert [one.result(60) for one in done] == [1] * 4
            assert time.monotonic() - begun < 8
            assert box(there) == 4
        finally:
            first.thaw()
            cluster.cluster.kill(0)
            cluster.cluster.rejoin(0)


def at(stage: GaleraStage, node: Node) -> Database:
    """The database as one node has it."""
    url = stage.cluster.url(stage.url.rpartition("/")[2], [node.port])
    return Database(engine=open_engine(url, 2), clock=SystemClock(), patience_secs=30)


def make_box(database: Database) -> None:
    def work(tx: Tx) -> None:
        tx.execute("CREATE TABLE boxes (id INT PRIMARY KEY, n INT NOT NULL) ENGINE=InnoDB")
        tx.execute("INSERT INTO boxes VALUES (1, 0)")

    database.write(work)


def box(database: Database) -> int:
    row = database.read(lambda tx: tx.one("SELECT n FROM boxes WHERE id=1"))
    assert row is not None
    return int(row["n"])


def is_waiting(node: Node) -> bool:
    """Whether Baton's session on the node is in the middle of a query."""
    with closing(node.connect()) as admin, admin.cursor() as cursor:
        cursor.execute(
            "SELECT COUNT(*) FROM information_schema.processlist"
            " WHERE user='baton' AND command='Query' AND time_ms > 500"
        )
        return bool(cursor.fetchone()[0])
