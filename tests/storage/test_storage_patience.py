"""A server that goes away and comes back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.errors import DatabaseUnavailableError
from storage.engines.transactions import Database
from tests.storage.conftest import add, contents, with_boxes
from tests.support.mariadb import MariaDBServer, private_server
from tests.support.moving_clock import MovingClock


@pytest.fixture(scope="module")
def second_server(mariadb: MariaDBServer) -> Iterator[MariaDBServer]:
    """A server of these tests' own, to be killed; `mariadb` skips where none is installed."""
    with private_server() as server:
        yield server


@pytest.fixture
def killable(second_server: MariaDBServer, open_database) -> Database:
    return with_boxes(open_database(second_server.new_database(), patience_secs=120))


def test_a_server_that_comes_back_is_waited_for(
    killable: Database, second_server: MariaDBServer, clock: MovingClock
):
    killable.write(add, 1)
    second_server.kill()
    clock.on_wait = lambda: second_server.start() if len(clock.waits) == 8 else None
    killable.write(add, 1)
    assert len(clock.waits) == 8
    assert max(clock.waits) <= 5.0, "nobody waits long after the server is back"
    assert contents(killable) == [2, 0]


def test_patience_ends_and_so_does_waiting_on_request(
    killable: Database, second_server: MariaDBServer, clock: MovingClock, monkeypatch
):
    tries: list[int] = []
    connect = killable.engine.connect

    def counted():
        tries.append(1)
        return connect()

    second_server.kill()
    try:
        with pytest.raises(DatabaseUnavailableError):
            killable.read(lambda tx: tx.one("SELECT 1 AS yes"))
        assert 120 <= clock.monotonic() < 130

        clock.waits.clear()
        monkeypatch.setattr(killable.engine, "connect", counted)
        clock.on_wait = lambda: killable.give_up.set() if len(clock.waits) == 2 else None
        with pytest.raises(DatabaseUnavailableError):
            killable.write(add, 1)
        assert (len(clock.waits), len(tries)) == (2, 3), "one last try, then the end"
    finally:
        second_server.start()
    assert killable.write(add, 1) == 1, "a server that is there is still used"
