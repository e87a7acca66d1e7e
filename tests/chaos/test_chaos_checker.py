"""What the driver relies on: its own checker sees damage, and a plan can be played again."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chaos.chaos_plan import ENGINES, draw_plan
from tests.chaos.eye import Eye
from tests.chaos.hosts import Host
from tests.chaos.invariants import Proof
from tests.chaos.stages import SqliteStage
from tests.support.processes.launcher import CommandServer, SandboxProcess

DOMAIN = "美妆"
CREATORS, LIMIT = 100, 60
PLAN = replace(
    draw_plan("sqlite", 1, 1), creators=CREATORS, accounts=3, limit=LIMIT, hosts=1, steps=()
)
LATER = "strftime('%Y-%m-%d %H:%M:%f', end_time, '+9 seconds')"
DAMAGE = {
    "is exported in None": "UPDATE influencers SET export_log_id=NULL WHERE id=3",
    "is pending_export in": "UPDATE influencers SET status='pending_export' WHERE id=3",
    "points to segment 77": "UPDATE influencers SET export_log_id=77 WHERE id=3",
    "1 creators are missing": "DELETE FROM influencers WHERE id=3",
    "1 creators that nobody served": "UPDATE influencers SET uid='1' WHERE id=3",
    "has the pages": "DELETE FROM ingestion_logs WHERE page_number=2",
    "page 2 of crawl": "UPDATE ingestion_logs SET ingested_count=19 WHERE page_number=2",
    "account_id 1: pages": f"UPDATE ingestion_logs SET account_id=1, end_time={LATER}",
    "over-limit": "UPDATE export_logs SET exported_count=61 WHERE id=1",
    "counts 61, exported": "UPDATE accounts SET today_export_count=61 WHERE today_export_count=60",
    "is exporting for ever": "UPDATE accounts SET status='exporting' WHERE id=1",
    "stands in table tasks": "UPDATE tasks SET last_error='cookie1-of-3' WHERE id=1",
    "is missing": "UPDATE export_logs SET file_path='nowhere.csv' WHERE id=1",
    "size or digest is another": "UPDATE export_logs SET sha256='0' WHERE id=1",
}
SAYS = {"over-limit": "exported 61 on"}


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory, command_server: CommandServer
) -> Iterator[tuple[Host, Eye, set[str]]]:
    """A host whose work is done: crawled, and exported by three accounts."""
    folder = tmp_path_factory.mktemp("finished")
    stage = SqliteStage()
    stage.prepare(folder)
    host = Host(folder=folder / "host", server=command_server, url=stage.url, name="chaos-0")
    platform = SandboxProcess(host, creators=CREATORS, domains=DOMAIN)
    host.use(platform)
    host.add_accounts("acc0", "acc1", "acc2", limit=LIMIT)
    for command in ("start_crawl", "start_export"):
        outcome = host.start(command, "--domain", DOMAIN).wait()
        assert outcome.code == 0, outcome
    yield host, Eye(where=stage.where, exports_dir=host.exports_dir), platform.uids(DOMAIN)
    host.close()
    host.unmount()


def test_a_whole_installation_has_no_problems(finished: tuple[Host, Eye, set[str]]) -> None:
    host, eye, served = finished
    assert Proof(outside=eye, hosts=[host], served=served, plan=PLAN).problems() == []


@pytest.mark.parametrize("problem", DAMAGE)
def test_damage_in_the_database_is_seen(
    finished: tuple[Host, Eye, set[str]], problem: str, damaged: Callable[[str], None]
) -> None:
    host, eye, served = finished
    damaged(DAMAGE[problem])
    found = Proof(outside=eye, hosts=[host], served=served, plan=PLAN).seen_from_outside()
    assert SAYS.get(problem, problem) in "\n".join(found)


def test_a_secret_in_a_log_and_a_stray_file_are_seen(
    finished: tuple[Host, Eye, set[str]], damaged: Callable[[str], None]
) -> None:
    host, eye, served = finished
    log, stray = host.log_dir / "chatty.log", host.exports_dir / ".left.part"
    log.write_text("it was cookie2-of-3")
    stray.touch()
    found = "\n".join(
        Proof(outside=eye, hosts=[host], served=served, plan=PLAN).seen_from_outside()
    )
    log.unlink()
    stray.unlink()
    assert "cookie2-of-3 stands in" in found
    assert "stray file .left.part" in found


def test_what_baton_itself_finds_is_a_problem(
    finished: tuple[Host, Eye, set[str]], damaged: Callable[[str], None]
) -> None:
    host, eye, served = finished
    damaged("UPDATE export_logs SET sha256='0' WHERE id=1")
    found = "\n".join(Proof(outside=eye, hosts=[host], served=served, plan=PLAN).problems())
    assert "exports verify on chaos-0: segment 1" in found


@pytest.fixture
def damaged(finished: tuple[Host, Eye, set[str]]) -> Iterator[Callable[[str], None]]:
    """Runs a statement, and brings the database back afterwards."""
    path = Path(finished[0].database_url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(":memory:")) as kept, closing(sqlite3.connect(path)) as database:
        database.backup(kept)

        def run(statement: str) -> None:
            with database:
                assert database.execute(statement).rowcount > 0

        yield run
        kept.backup(database)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_plan_depends_on_seed_engine_and_number_only(engine: str) -> None:
    plan = draw_plan(engine, 7, 3)
    assert plan == draw_plan(engine, 7, 3)
    assert plan != draw_plan(engine, 7, 4)
    assert plan != draw_plan(engine, 8, 3)
    assert len(plan.steps) > 10
