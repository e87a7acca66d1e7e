"""Generations of connections: a silent node, a switchover, and connections that were lost."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from core.clock import SystemClock
from core.errors import DatabaseUnavailableError
from storage.engines import cluster, pool
from storage.engines.cluster import NodeConnection, NodeConnector
from storage.engines.transactions import Database, Tx, open_engine
from storage.engines.url import MySQLAddress
from tests.storage.conftest import add, contents, with_boxes
from tests.support.mariadb import MariaDBServer, private_server
from tests.support.storage.tcp_proxy import TcpProxy

WRITERS = 6
PATIENT_SECS = 30.0  # far below the limits of a connection here, and enough on a loaded machine
Open = Callable[[str], Database]


@pytest.fixture(scope="module")
def pair(mariadb: MariaDBServer) -> Iterator[tuple[MariaDBServer, MariaDBServer]]:
    """Two servers of these tests' own, to be frozen and set read-only."""
    with private_server() as first, private_server() as second:
        yield first, second


@pytest.fixture
def urls(pair: tuple[MariaDBServer, MariaDBServer]) -> tuple[str, str]:
    """The URLs of a database of the same name and content on both."""
    first, second = (server.new_database() for server in pair)
    assert first.rsplit("/", 1)[1] == second.rsplit("/", 1)[1]
    return first, second


@pytest.fixture
def opened() -> Iterator[Open]:
    """Open databases on the clock of the host."""
    databases: list[Database] = []

    def open_(url: str) -> Database:
        engine = open_engine(url, WRITERS)
        databases.append(Database(engine=engine, clock=SystemClock(), patience_secs=60))
        return databases[-1]

    yield open_
    for database in databases:
        database.close()


def host_of(url: str) -> str:
    return url.rpartition("@")[2].split("/")[0]


def fill_pool(database: Database, count: int = WRITERS) -> None:
    """Have a connection in so many places of the pool."""
    engine = database.engine
    for connection in [engine.connect() for _ in range(count)]:
        engine.release(connection)


def write_from_all(database: Database) -> float:
    """Write once from each of the threads; return the seconds until the last was done."""
    begun = time.monotonic()
    with ThreadPoolExecutor(WRITERS) as threads:
        for done in [threads.submit(database.write, add, 1) for _ in range(WRITERS)]:
            assert done.result(60) == 1
    return time.monotonic() - begun


def test_a_silent_node_is_left_by_all_threads_within_eight_seconds(
    pair, urls, opened: Open, monkeypatch
):
    monkeypatch.setattr(pool, "FRESH_SECS", 0.0)  # as if they had been idle for longer
    with_boxes(opened(urls[0])), with_boxes(opened(urls[1]))
    database = opened(urls[0].replace(host_of(urls[0]), f"{host_of(urls[0])},{host_of(urls[1])}"))
    fill_pool(database)
    assert write_from_all(database) < 2
    pair[0].freeze()
    try:
        assert write_from_all(database) < 8
        assert contents(opened(urls[1]))[0] == WRITERS
    finally:
        pair[0].thaw()


def test_after_a_switchover_all_write_to_the_new_primary_within_two_seconds(
    pair, urls, opened: Open
):
    with_boxes(opened(urls[0])), with_boxes(opened(urls[1]))
    old, new = pair
    with TcpProxy(old.port) as address, closing(old.connect()) as admin:
        database = opened(address.url(urls[0]))
        fill_pool(database)
        assert write_from_all(database) < 2
        admin.cursor().execute("SET GLOBAL read_only=1")
        address.lead_to(new.port)
        try:
            assert write_from_all(database) < 2
        finally:
            admin.cursor().execute("SET GLOBAL read_only=0")
    assert contents(opened(urls[0]))[0] == WRITERS
    assert contents(opened(urls[1]))[0] == WRITERS


def test_a_node_that_became_read_only_is_left_for_the_next(pair, urls, opened: Open):
    with_boxes(opened(urls[0])), with_boxes(opened(urls[1]))
    database = opened(urls[0].replace(host_of(urls[0]), f"{host_of(urls[0])},{host_of(urls[1])}"))
    database.write(add, 1)
    with closing(pair[0].connect()) as admin:
        admin.cursor().execute("SET GLOBAL read_only=1")
        try:
            assert write_from_all(database) < 2
        finally:
            admin.cursor().execute("SET GLOBAL read_only=0")
    assert contents(opened(urls[1]))[0] == WRITERS


def test_a_primary_that_stays_read_only_is_waited_for(pair, urls, opened: Open):
    database = with_boxes(opened(urls[0]))
    with closing(pair[0].connect()) as admin:
        admin.cursor().execute("SET GLOBAL read_only=1")
        again = threading.Timer(1.0, admin.cursor().execute, args=("SET GLOBAL read_only=0",))
        again.start()
        assert database.write(add, 1) == 1
        again.join()


def test_nobody_waits_for_the_lock_of_the_pool_while_a_silent_server_is_asked(
    pair, urls, opened: Open, monkeypatch
):
    monkeypatch.setattr(pool, "FRESH_SECS", 0.0)
    database = with_boxes(opened(urls[0]))
    fill_pool(database)
    held = database.engine.connect()
    pair[0].freeze()
    try:
        stuck = threading.Thread(target=database.engine.connect)
        stuck.start()
        begun = time.monotonic()
        held.close()  # type: ignore[attr-defined]
        assert time.monotonic() - begun < 0.5
    finally:
        pair[0].thaw()
    stuck.join(30)


def test_who_waits_for_a_silent_node_hears_of_it_when_another_one_answers(
    pair, urls, opened: Open, monkeypatch
):
    for limit in ("WRITE_SECS", "ANSWER_SECS"):  # who does not hear of it waits for this long
        monkeypatch.setattr(cluster, limit, 2 * PATIENT_SECS)
    with_boxes(opened(urls[0])), with_boxes(opened(urls[1]))
    database = opened(urls[0].replace(host_of(urls[0]), f"{host_of(urls[0])},{host_of(urls[1])}"))
    begun, frozen = threading.Event(), threading.Event()

    def work(tx: Tx) -> int:
        begun.set()
        assert frozen.wait(30)
        return add(tx, 1)

    with ThreadPoolExecutor(1) as threads:
        under_way = threads.submit(database.write, work)
        assert begun.wait(30)
        monkeypatch.setattr(pool, "FRESH_SECS", 0.0)
        fill_pool(database, WRITERS - 1)
        pair[0].freeze()
        try:
            frozen.set()
            started = time.monotonic()
            assert database.write(add, 1) == 1
            assert under_way.result(2 * PATIENT_SECS) == 1
            assert time.monotonic() - started < PATIENT_SECS
        finally:
            pair[0].thaw()


def test_a_frozen_server_is_given_up_when_its_answer_takes_too_long(
    pair, urls, opened: Open, monkeypatch
):
    # It acknowledges what it is sent: no option of the socket ends that.
    monkeypatch.setattr(cluster, "WRITE_SECS", 0.5)
    database = with_boxes(opened(urls[0]))

    def work(tx: Tx) -> None:
        pair[0].freeze()
        add(tx, 1)

    begun = time.monotonic()
    try:
        with database.patience(0), pytest.raises(DatabaseUnavailableError):
            database.write(work)
        assert time.monotonic() - begun < cluster.ANSWER_SECS / 2
    finally:
        pair[0].thaw()


def test_an_error_of_an_old_generation_does_not_end_the_new_one(mysql_url):
    connector = NodeConnector(MySQLAddress.parse(mysql_url))
    first, second = connector(), connector()
    connector.end_generation(first, OSError("lost"))
    assert connector.generation == 1
    connector.end_generation(second, OSError("lost, too"))
    assert connector.generation == 1
    assert not first.open and not second.open


def test_a_connection_of_an_ended_generation_is_not_used_again(mysql):
    def connection_id() -> int:
        return int(mysql.read(lambda tx: tx.number("SELECT CONNECTION_ID() AS id")))

    first = connection_id()
    assert connection_id() == first
    mysql.engine._connector.generation += 1
    assert connection_id() != first


def test_a_vanished_host_is_noticed_by_the_system(mysql_url):
    connection = NodeConnector(MySQLAddress.parse(mysql_url))()
    assert isinstance(connection, NodeConnection) and connection._sock is not None
    limit = connection._sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert limit == 6000
    connection.close()


def test_a_server_that_accepts_and_says_nothing_is_given_up_soon():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        url = f"mysql://u:p@127.0.0.1:{port}/b?connect_timeout=0.2"
        engine = open_engine(url, 1)
        begun = time.monotonic()
        with pytest.raises(DatabaseUnavailableError):
            engine.connect()
        assert time.monotonic() - begun < 2
        engine.close()
