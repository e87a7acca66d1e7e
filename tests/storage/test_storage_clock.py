"""The database's clock is everybody's clock, however wrong the host's is."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from core.clock import SystemClock
from core.errors import DatabaseUnavailableError
from storage.engines.clock import DatabaseClock
from storage.engines.dialect import ClockReading
from storage.engines.transactions import Database, Tx, open_engine
from tests.support.messages import raises_saying
from tests.support.moving_clock import MovingClock

SLACK = timedelta(seconds=5)  # for a machine that stalls between two looks


class JumpingClock(MovingClock):
    """A host clock that somebody sets: `now` jumps, `monotonic` does not.

    `jumped` is how far it is ahead by that: the database's clock is told as so much behind.
    """

    jumped = 0.0

    def jump(self, secs: float) -> None:
        with self._lock:
            self._now += timedelta(seconds=secs)
            self.jumped += secs


@pytest.fixture
def mysql(mysql_url: str) -> Iterator[Database]:
    database = Database(engine=open_engine(mysql_url, 2), clock=MovingClock())
    yield database
    database.close()


def database_now(mariadb) -> datetime:
    connection = mariadb.connect()
    cursor = connection.cursor()
    cursor.execute("SELECT UTC_TIMESTAMP(6)")
    [moment] = cursor.fetchone()
    connection.close()
    return moment.replace(tzinfo=UTC)


@pytest.mark.parametrize("minutes", [10, -10])
def test_a_host_whose_clock_is_off_goes_by_the_database(mysql, mariadb, minutes: int):
    wrong = datetime.now(UTC) + timedelta(minutes=minutes)
    with time_machine.travel(wrong, tick=True):
        clock = DatabaseClock(host_clock=SystemClock(), database=mysql)
        offset = clock.sync()
        assert offset == clock.offset_secs == pytest.approx(-60 * minutes, abs=5)
        assert abs(clock.now() - database_now(mariadb)) < SLACK
        assert abs(SystemClock().now() - database_now(mariadb)) > timedelta(minutes=9)


def test_two_hosts_with_different_clocks_agree(mysql):
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=3), tick=True):
        fast = DatabaseClock(host_clock=SystemClock(), database=mysql)
        fast.sync()
    slow = DatabaseClock(host_clock=SystemClock(), database=mysql)
    slow.sync()
    assert abs(fast.now() - slow.now()) < SLACK


@pytest.fixture
def host(mysql, monkeypatch) -> JumpingClock:
    host, real = JumpingClock(), mysql.engine.read_clock

    def read(connection):
        reading = real(connection)
        return ClockReading(reading.offset_secs - host.jumped, reading.round_trip_secs)

    monkeypatch.setattr(mysql.engine, "read_clock", read)
    return host


def near(span: timedelta, secs: float) -> bool:
    return abs(span.total_seconds() - secs) < 1


def test_setting_the_hosts_clock_changes_nothing(mysql, host: JumpingClock):
    clock = DatabaseClock(host_clock=host, database=mysql)
    clock.sync()
    before = clock.now()
    host.jump(600)
    host.move(5)
    assert near(clock.now() - before, 5)
    host.jump(-7200)
    assert near(clock.now() - before, 5)


def test_a_host_that_stood_still_asks_the_database_at_once(mysql, host: JumpingClock):
    # A frozen virtual machine: when it goes on, its clock is set and its other clock missed all.
    clock = DatabaseClock(host_clock=host, database=mysql)
    clock.sync()
    before = clock.now()
    host.jump(300)
    host.jumped -= 300  # the database went on as well
    host.move(2)
    assert near(clock.now() - before, 302)


def test_after_a_lost_server_its_clock_is_read_again(mysql, host: JumpingClock, mariadb):
    # The server was 20 minutes ahead, was killed, and comes back with the true time.
    clock = DatabaseClock(host_clock=host, database=mysql)
    host.jumped -= 1200
    clock.sync()
    ahead = clock.now()
    host.jumped += 1200
    assert near(clock.now() - ahead, 0)
    kill_connections(mariadb)
    host.move(2)  # the connections are no longer taken to be alive without a look
    with contextlib.suppress(DatabaseUnavailableError):
        mysql.read(Tx.tables)
    mysql.read(Tx.tables)
    assert near(clock.now() - ahead, 2 - 1200)


def kill_connections(mariadb) -> None:
    """End all connections but the one that asks for it."""
    with contextlib.closing(mariadb.connect()) as admin, admin.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM information_schema.processlist WHERE id<>CONNECTION_ID()"
            " AND command<>'Daemon' AND user<>'system user'"
        )
        for (connection,) in cursor.fetchall():
            cursor.execute("KILL %s", (connection,))


def test_a_database_that_is_away_is_asked_once_a_second_at_most(mysql, host, monkeypatch):
    clock = DatabaseClock(host_clock=host, database=mysql)
    clock.sync()
    before, asked = clock.now(), []

    def away(connection):
        asked.append(1)
        raise DatabaseUnavailableError("away")

    monkeypatch.setattr(mysql.engine, "read_clock", away)
    host.jump(600)
    host.move(5)
    for _ in range(10):
        assert near(clock.now() - before, 5)
    assert len(asked) == 1
    host.move(2)
    clock.now()
    assert len(asked) == 2


def test_the_monotonic_clock_of_a_host_counts_its_suspension():
    boot = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert SystemClock().monotonic() == pytest.approx(boot, abs=1)
    # It would be another clock on a host that was suspended since its start.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "clock_gettime", {time.CLOCK_BOOTTIME: 123.0}.__getitem__)
        assert SystemClock().monotonic() == 123.0


def test_on_sqlite_the_host_is_the_database(tmp_path):
    host = JumpingClock()
    database = Database(engine=open_engine(f"sqlite:///{tmp_path / 'b.db'}", 1), clock=host)
    clock = DatabaseClock(host_clock=host, database=database)
    assert clock.sync() == 0.0
    host.jump(600)
    assert clock.now() == host.now()
    database.close()


def test_a_server_of_another_zone_tells_the_same_moment(mysql, mariadb):
    admin = mariadb.connect()
    admin.cursor().execute("SET GLOBAL time_zone='+05:45'")
    try:
        assert DatabaseClock(host_clock=SystemClock(), database=mysql).sync() == pytest.approx(
            0, abs=5
        )
    finally:
        admin.cursor().execute("SET GLOBAL time_zone='SYSTEM'")
        admin.close()


def test_nobody_sees_time_jump_while_it_is_being_set(mysql):
    host = MovingClock()
    seen: list[datetime] = []
    lookers: list[threading.Thread] = []

    class Watched(DatabaseClock):
        """Lets another thread look after each step of a sync."""

        def __setattr__(self, name: str, value: object) -> None:
            super().__setattr__(name, value)
            if getattr(self, "watched", False):
                lookers.append(threading.Thread(target=lambda: seen.append(self.now())))
                lookers[-1].start()
                lookers[-1].join(0.2)  # it may have to wait for a lock of the clock

    clock = Watched(host_clock=host, database=mysql)
    clock.sync()
    object.__setattr__(clock, "watched", True)
    host.move(10)
    before = clock.now()
    clock.sync()
    for looker in lookers:
        looker.join(30)
    assert seen and max(abs(moment - before) for moment in seen) < SLACK


def test_the_rest_is_the_hosts(mysql):
    host = MovingClock()
    clock = DatabaseClock(host_clock=host, database=mysql)
    host.move(3)
    assert clock.monotonic() == host.monotonic() == 3


@pytest.fixture
def slow_answers(mysql, monkeypatch) -> list[float]:
    """Round trips of the next questions, in seconds; the clock is then told as much too early."""
    trips: list[float] = []
    real = mysql.engine.read_clock

    def read(connection):
        reading = real(connection)
        if not trips:
            return reading
        trip = trips.pop(0)
        return ClockReading(reading.offset_secs + trip / 2, trip)

    monkeypatch.setattr(mysql.engine, "read_clock", read)
    return trips


def test_a_stalled_answer_does_not_move_the_clock(mysql, slow_answers: list[float]):
    clock = DatabaseClock(host_clock=MovingClock(), database=mysql)
    clock.sync()
    before = clock.now()
    slow_answers.append(8.0)
    clock.sync()
    assert clock.now() == before


def test_a_first_answer_that_stalled_is_asked_for_again(mysql, slow_answers: list[float]):
    slow_answers += [8.0, 8.0]
    stalled = DatabaseClock(host_clock=MovingClock(), database=mysql)
    stalled.sync()
    prompt = DatabaseClock(host_clock=MovingClock(), database=mysql)
    prompt.sync()
    assert slow_answers == []
    assert abs(stalled.offset_secs - prompt.offset_secs) < 1


def test_a_database_that_always_stalls_tells_no_time(mysql, slow_answers: list[float]):
    slow_answers += [8.0] * 50
    with raises_saying(DatabaseUnavailableError, "clock cannot be read"):
        DatabaseClock(host_clock=MovingClock(), database=mysql).sync()
