"""Writes of several threads that share a COMMIT: each is whole, alone in its failure, and told."""

from __future__ import annotations

import random
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.errors import (
    CommitUnknownError,
    DatabaseContentionError,
    DatabaseError,
    DatabaseUnavailableError,
)
from storage.engines import group_commit
from storage.engines.dialect import Connection
from storage.engines.group_commit import GroupCommit
from storage.engines.sqlite import SQLiteEngine
from storage.engines.transactions import Database, Tx
from tests.support.processes.launcher import wait_until

Work = Callable[[Connection], object]


class Refused(Exception):
    """What a unit raises after it wrote."""


class CountingEngine(SQLiteEngine):
    """SQLite that counts its COMMITs, and fails the next one with `failure`."""

    commits = 0
    failure: BaseException | None = None

    def commit(self, connection: Connection) -> None:
        failure, self.failure = self.failure, None
        if failure is not None:
            self.rollback(connection)
            raise failure
        super().commit(connection)
        self.commits += 1


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[CountingEngine]:
    made = CountingEngine(path=tmp_path / "g.db", pool_size=2)
    Database(engine=made, clock=SystemClock()).write(
        lambda tx: tx.execute("CREATE TABLE notes (n INTEGER PRIMARY KEY)")
    )
    made.commits = 0
    yield made
    made.close()


@pytest.fixture
def group(engine: CountingEngine) -> GroupCommit:
    return GroupCommit(engine)


def noting(n: int, error: BaseException | None = None) -> Work:
    """A unit that stores `n`, and then raises the error."""

    def work(connection: Connection) -> object:
        connection.cursor().execute("INSERT INTO notes VALUES (?)", (n,))
        if error is not None:
            raise error
        return n

    return work


def noted(tmp_path: Path) -> list[int]:
    """What another connection sees."""
    with closing(sqlite3.connect(tmp_path / "g.db")) as other:
        return [row[0] for row in other.execute("SELECT n FROM notes ORDER BY n")]


def together(group: GroupCommit, *works: Work) -> list[Future[object]]:
    """Run the works as one group: they queue, in this order, while another unit is running."""
    begun, go_on = threading.Event(), threading.Event()

    def hold(_connection: Connection) -> None:
        begun.set()
        go_on.wait(30)

    with ThreadPoolExecutor(len(works) + 1) as threads:
        first = threads.submit(group.run, hold)
        begun.wait(30)
        found: list[Future[object]] = []
        for count, work in enumerate(works, 1):
            found.append(threads.submit(group.run, work))
            wait_until(lambda count=count: len(group._queue) == count, "the unit's place")
        go_on.set()
        first.result(30)
    return found


def test_what_queues_during_a_transaction_shares_the_next_commit(
    group: GroupCommit, engine: CountingEngine, tmp_path: Path
) -> None:
    found = together(group, *(noting(n) for n in range(8)))
    assert [one.result() for one in found] == list(range(8))
    assert engine.commits == 2
    assert noted(tmp_path) == list(range(8))


def test_a_unit_that_raises_undoes_itself_only(group: GroupCommit, tmp_path: Path) -> None:
    """Guarded by UNDO in `GroupCommit._undo`."""
    found = together(group, noting(1), noting(2, Refused()), noting(3))
    assert [type(one.exception()) for one in found] == [type(None), Refused, type(None)]
    assert noted(tmp_path) == [1, 3]


@pytest.mark.parametrize("place", range(3))
def test_a_commit_that_fails_fails_every_unit_of_its_group(
    group: GroupCommit, engine: CountingEngine, tmp_path: Path, place: int
) -> None:
    full = DatabaseUnavailableError("database_disk_full", where="g", detail="full", number=13)

    def arm(connection: Connection) -> object:
        engine.failure = full
        return noting(place)(connection)

    works = [arm if n == place else noting(n) for n in range(3)]
    assert [one.exception() for one in together(group, *works)] == [full] * 3
    assert noted(tmp_path) == []
    assert group.run(noting(9)) == 9


def test_a_transaction_that_the_engine_ended_is_run_again_without_the_unit_at_fault(
    group: GroupCommit, tmp_path: Path
) -> None:
    """As on a full disk, where SQLite rolls everything back at once."""

    def lose_all(connection: Connection) -> object:
        connection.cursor().execute("ROLLBACK")
        raise Refused

    found = together(group, noting(1), lose_all, noting(3))
    assert [type(one.exception()) for one in found] == [
        DatabaseContentionError,
        Refused,
        DatabaseContentionError,
    ]
    assert noted(tmp_path) == []


def test_an_interrupted_leader_lets_the_others_run_again(
    group: GroupCommit, tmp_path: Path
) -> None:
    """Guarded by the second `except` of `GroupCommit._lead`: the interrupt is the leader's own."""
    found = together(group, noting(1), noting(2, KeyboardInterrupt()), noting(3))
    assert isinstance(found[0].exception(), KeyboardInterrupt)
    assert all(isinstance(one.exception(), DatabaseContentionError) for one in found[1:])
    assert noted(tmp_path) == []
    assert group.run(noting(4)) == 4


def test_whether_an_interrupted_commit_happened_is_not_guessed(
    group: GroupCommit, engine: CountingEngine
) -> None:
    """Guarded by the second `except` of `GroupCommit._end_committed`."""

    def arm(connection: Connection) -> object:
        engine.failure = KeyboardInterrupt()
        return noting(1)(connection)

    found = together(group, arm, noting(2))
    assert isinstance(found[0].exception(), KeyboardInterrupt)
    assert isinstance(found[1].exception(), CommitUnknownError)


@pytest.mark.parametrize("leads_next", [False, True])
def test_who_stops_waiting_keeps_nobody_waiting(
    group: GroupCommit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, leads_next: bool
) -> None:
    """Guarded by `_withdraw`, also where the thread was to lead next."""
    interrupted: list[threading.Event] = []
    wait = threading.Event.wait

    def wait_once(event: threading.Event, timeout: float | None = None) -> bool:
        if threading.current_thread().name == "impatient" and not interrupted:
            interrupted.append(event)
            if leads_next:
                wait(event, 30)
            raise KeyboardInterrupt
        return wait(event, timeout)

    outcomes: list[BaseException] = []

    def impatient() -> None:
        try:
            group.run(noting(1))
        except KeyboardInterrupt as error:
            outcomes.append(error)

    begun, go_on = threading.Event(), threading.Event()

    def hold(_connection: Connection) -> None:
        begun.set()
        wait(go_on, 30)

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(group.run, hold)
        begun.wait(30)
        monkeypatch.setattr(threading.Event, "wait", wait_once)
        thread = threading.Thread(target=impatient, name="impatient")
        thread.start()
        wait_until(lambda: interrupted, "the interrupted wait")
        if not leads_next:
            thread.join(30)
        second = threads.submit(group.run, noting(2))
        wait_until(lambda: len(group._queue) == 1 + leads_next, "the place of the second")
        go_on.set()
        first.result(30)
        assert second.result(30) == 2
        thread.join(30)
    assert len(outcomes) == 1
    assert noted(tmp_path) == [2]


def test_a_group_begins_no_unit_after_its_time(
    group: GroupCommit,
    engine: CountingEngine,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Guarded by `until` in `GroupCommit._run_all`: others wait for the file meanwhile."""
    monkeypatch.setattr(group_commit, "FILL_SECS", 0.0)
    found = together(group, *(noting(n) for n in range(4)))
    assert [one.result() for one in found] == list(range(4))
    assert engine.commits == 5
    assert noted(tmp_path) == list(range(4))


def test_a_group_has_a_largest_size(
    group: GroupCommit, engine: CountingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "MAX_UNITS", 3)
    together(group, *(noting(n) for n in range(7)))
    assert engine.commits == 1 + 3


def test_a_write_inside_a_write_is_a_mistake_that_is_told(engine: CountingEngine) -> None:
    database = Database(engine=engine, clock=SystemClock())
    with pytest.raises(AssertionError, match="inside another"):
        database.write(lambda _tx: database.write(lambda tx: tx.execute("DELETE FROM notes")))
    assert database.write(lambda tx: tx.execute("INSERT INTO notes VALUES (1)")) == 1


@pytest.mark.parametrize("processes", [1, 2])
def test_exactly_what_was_told_is_stored(tmp_path: Path, processes: int) -> None:
    """Many threads, a fifth of whose units raise; each looks for its own row at once."""
    engines = [SQLiteEngine(path=tmp_path / "g.db", pool_size=2) for _ in range(processes)]
    databases = [Database(engine=one, clock=SystemClock(), patience_secs=30) for one in engines]
    databases[0].write(lambda tx: tx.execute("CREATE TABLE notes (n INTEGER PRIMARY KEY)"))
    chance = random.Random(7)
    raising = {n for n in range(1200) if chance.random() < 0.2}
    wrong: list[int] = []

    def note(n: int) -> bool:
        database = databases[n % processes]

        def work(tx: Tx) -> None:
            tx.execute("INSERT INTO notes VALUES (:n)", n=n)
            if n in raising:
                raise Refused

        try:
            database.write(work)
        except Refused:
            return False
        if not database.read(lambda tx: tx.exists("SELECT 1 FROM notes WHERE n=:n", n=n)):
            wrong.append(n)
        return True

    with ThreadPoolExecutor(8) as threads:
        stored = [n for n, kept in enumerate(threads.map(note, range(1200))) if kept]
    assert wrong == []
    assert noted(tmp_path) == stored == sorted(set(range(1200)) - raising)
    for one in engines:
        one.close()


def test_an_error_of_the_file_reaches_every_thread(engine: CountingEngine) -> None:
    database = Database(engine=engine, clock=SystemClock())
    with ThreadPoolExecutor(4) as threads:
        found = [
            threads.submit(database.write, lambda tx: tx.execute("INSERT INTO nowhere VALUES (1)"))
            for _ in range(12)
        ]
    assert all(isinstance(one.exception(), DatabaseError) for one in found)
