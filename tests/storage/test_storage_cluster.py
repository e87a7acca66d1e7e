"""Several hosts in DATABASE_URL: which node is used, and when another one is taken."""

from __future__ import annotations

import socket

import pymysql
import pytest

from core.errors import DatabaseError, DatabaseUnavailableError, SettingsError
from storage.engines import mysql
from storage.engines.cluster import NOT_IN_CLUSTER, NodeConnection, NodeConnector
from storage.engines.url import MySQLAddress, Node
from tests.support.messages import raises_saying
from tests.support.storage.tcp_proxy import TcpProxy


@pytest.fixture
def dead_port():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield unused.getsockname()[1]


def with_hosts(url: str, *hosts: str) -> str:
    login, _, rest = url.rpartition("@")
    return f"{login}@{','.join(hosts)}/{rest.split('/')[1]}"


def host_of(url: str) -> str:
    return url.rpartition("@")[2].split("/")[0]


def asked_port(database) -> int:
    return database.read(lambda tx: tx.one("SELECT @@port AS port"))["port"]


def test_hosts_are_read_in_order():
    address = MySQLAddress.parse("mysql://u:p%2C@h1:3307, h2 ,[::1]:3308/baton")
    assert address.nodes == (Node("h1", 3307), Node("h2", 3306), Node("::1", 3308))
    assert address.password == "p,"
    assert repr(address) == "mysql://u@h1:3307,h2:3306,[::1]:3308/baton"


@pytest.mark.parametrize("hosts", ["h1,", ",h1", "h1:x,h2", "h1:0", "h1:65536", "h1 h2", "[::1"])
def test_hosts_that_cannot_be_read_are_refused_without_the_password(hosts):
    with raises_saying(SettingsError, "DATABASE_URL") as caught:
        MySQLAddress.parse(f"mysql://u:hunter2@{hosts}/baton")
    assert "hunter2" not in str(caught.value)


def test_a_dead_host_is_passed_over(mysql_url, open_database, dead_port):
    url = with_hosts(mysql_url, f"127.0.0.1:{dead_port}", host_of(mysql_url))
    database = open_database(url)
    assert asked_port(database) == int(host_of(mysql_url).split(":")[1])


def test_hosts_that_are_all_dead_are_told(mysql_url, open_database, dead_port):
    url = with_hosts(mysql_url, f"127.0.0.1:{dead_port}", f"localhost:{dead_port}")
    with raises_saying(DatabaseUnavailableError, f"127.0.0.1:{dead_port},localhost:{dead_port}"):
        asked_port(open_database(url))


def test_a_wrong_password_is_told_by_the_first_host(mysql_url, open_database, dead_port):
    url = with_hosts(mysql_url, host_of(mysql_url), f"127.0.0.1:{dead_port}")
    with raises_saying(DatabaseError, "wrong user or password"):
        asked_port(open_database(url.replace("p%40ss%20word", "x")))


def test_a_host_that_dies_is_replaced_and_not_gone_back_to(mysql_url, dead_port):
    proxy = TcpProxy(int(host_of(mysql_url).split(":")[1]))
    try:
        address = MySQLAddress.parse(
            with_hosts(mysql_url, f"127.0.0.1:{proxy.port}", host_of(mysql_url))
        )
        connect = NodeConnector(address)
        first = connect()
        assert first.port == proxy.port
        first.close()
    finally:
        proxy.close()
    assert connect().port == address.nodes[1].port
    assert connect().port == address.nodes[1].port


def test_a_connection_whose_node_left_the_cluster_is_closed(mysql_url):
    connection = NodeConnector(MySQLAddress.parse(mysql_url))()
    with pytest.raises(pymysql.Error), connection.cursor() as cursor:
        cursor.execute(f"SIGNAL SQLSTATE '08S01' SET MYSQL_ERRNO={NOT_IN_CLUSTER}")
    assert isinstance(connection, NodeConnection) and not connection.open


def test_other_errors_leave_the_connection_open(mysql_url):
    connection = NodeConnector(MySQLAddress.parse(mysql_url))()
    with pytest.raises(pymysql.Error), connection.cursor() as cursor:
        cursor.execute("SELECT nothing")
    assert connection.open
    connection.close()


def test_a_connection_reads_no_certificates_of_the_host(mysql_url, monkeypatch):
    def read_all(*_args, **_options):
        raise AssertionError("25 ms of processor for every connection")

    monkeypatch.setattr("ssl.create_default_context", read_all)
    connect = NodeConnector(MySQLAddress.parse(mysql_url))
    for _ in range(2):
        connect().close()


@pytest.mark.parametrize("refusal", [1235, 1105])
def test_a_cluster_without_named_locks_makes_its_tables_without(
    mysql_url, open_database, monkeypatch, refusal
):
    refuse = f"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO={refusal}, MESSAGE_TEXT='%s: no such lock'"
    monkeypatch.setattr(mysql, "SCHEMA_LOCK", refuse)
    with open_database(mysql_url).engine.schema_lock(0) as held:
        assert held is True


def test_another_refusal_of_the_lock_is_an_error(mysql_url, open_database, monkeypatch):
    refuse = "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO=1044, MESSAGE_TEXT='%s'"
    monkeypatch.setattr(mysql, "SCHEMA_LOCK", refuse)
    with (
        raises_saying(DatabaseError, "the user may not use this database"),
        open_database(mysql_url).engine.schema_lock(0),
    ):
        pass
