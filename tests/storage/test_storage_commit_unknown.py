"""A COMMIT whose answer is lost: reported and never replayed, unless the unit may run twice."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from core.errors import CommitUnknownError, DatabaseUnavailableError
from storage.engines.transactions import Database, Tx
from tests.storage.conftest import add, contents
from tests.support.mariadb import MariaDBServer
from tests.support.messages import raises_saying
from tests.support.storage.tcp_proxy import CommitFault, TcpProxy


@pytest.fixture
def proxy(mariadb: MariaDBServer) -> Iterator[TcpProxy]:
    with TcpProxy(mariadb.port) as proxy:
        yield proxy


@pytest.fixture
def boxes(mysql: Database, mysql_url: str, proxy: TcpProxy, open_database) -> Database:
    """The database behind the proxy; `mysql` looks at the same one directly."""
    return open_database(proxy.url(mysql_url), patience_secs=60)


@pytest.mark.parametrize(
    ("fault", "committed"),
    [(CommitFault.CUT_BEFORE, [0, 0]), (CommitFault.DROP_ANSWER, [1, 0])],
)
def test_a_lost_commit_is_reported_and_not_replayed(
    boxes: Database, mysql: Database, proxy: TcpProxy, clock, fault, committed
):
    proxy.commit_faults.append(fault)
    runs = []

    def work(tx: Tx) -> None:
        runs.append(1)
        add(tx, 1)

    with raises_saying(CommitUnknownError, "no answer to COMMIT"):
        boxes.write(work)
    assert len(runs) == 1 and clock.waits == []
    assert contents(mysql) == committed
    assert proxy.commit_faults == []


@pytest.mark.parametrize("fault", CommitFault)
def test_a_repeatable_unit_runs_again_until_it_is_known(
    boxes: Database, mysql: Database, proxy: TcpProxy, fault
):
    proxy.commit_faults += [fault, fault]
    runs = []

    def work(tx: Tx) -> None:
        runs.append(1)
        tx.execute("UPDATE boxes SET n=7 WHERE id=1")

    boxes.write_idempotent(work)
    assert len(runs) == 3
    assert contents(mysql) == [7, 0]


def test_a_repeatable_unit_gives_up_when_patience_ends(
    boxes: Database, mysql: Database, proxy: TcpProxy, clock
):
    proxy.commit_faults += [CommitFault.CUT_BEFORE] * 100
    with pytest.raises(CommitUnknownError):
        boxes.write_idempotent(add, 1)
    assert 60 <= clock.monotonic() < 70
    assert contents(mysql) == [0, 0]


def test_the_next_unit_after_a_lost_commit_works(boxes: Database, mysql, proxy: TcpProxy):
    proxy.commit_faults.append(CommitFault.DROP_ANSWER)
    with pytest.raises(CommitUnknownError):
        boxes.write(add, 1)
    boxes.write(add, 2)
    assert contents(mysql) == [1, 1]


def test_a_connection_cut_before_commit_was_sent_is_no_riddle(
    boxes: Database, mysql: Database, proxy: TcpProxy
):
    runs = []

    def work(tx: Tx) -> None:
        runs.append(1)
        add(tx, 1)
        if len(runs) == 1:
            proxy.cut()
        add(tx, 2)

    boxes.write(work)
    assert len(runs) == 2
    assert contents(mysql) == [1, 1]


def test_reads_are_repeated_over_a_cut_connection(boxes: Database, proxy: TcpProxy):
    runs = []

    def work(tx: Tx) -> int:
        runs.append(1)
        if len(runs) == 1:
            proxy.cut()
        return len(tx.all("SELECT * FROM boxes"))

    assert boxes.read(work) == 2
    assert len(runs) == 2


def test_no_route_to_the_server_is_waited_for_and_then_reported(
    boxes: Database, proxy: TcpProxy, clock
):
    proxy.refuse = True
    proxy.cut()
    with pytest.raises(DatabaseUnavailableError):
        boxes.write(add, 1)
    assert 60 <= clock.monotonic() < 70
