"""A MariaDB primary with a replica of it: planned switchovers, back and forth."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.support.mariadb import MariaDBServer

CATCH_UP_SECS = 60
OPTIONS = ("--log-bin", "--log-slave-updates", "--slave-net-timeout=5")


class PrimaryAndReplica:
    """Two servers that hold the same data; `primary` is the one that takes writes."""

    def __init__(self, folder: Path) -> None:
        self._servers = [_server(folder / f"server{number}", number) for number in (1, 2)]
        self.primary, self.replica = self._servers
        for server in self._servers:
            server.install()
            server.start()
        _follow(self.replica, self.primary, position="")

    def switch_over(self, lead_to: Callable[[MariaDBServer], None]) -> None:
        """Let the replica catch up and take over; `lead_to` leads the clients' address to it."""
        old, new = self.primary, self.replica
        _run(old, "SET GLOBAL read_only=1")
        position = str(_run(old, "SELECT @@gtid_binlog_pos"))
        caught_up = _run(new, f"SELECT MASTER_GTID_WAIT('{position}', {CATCH_UP_SECS})")
        if caught_up != 0:
            _run(old, "SET GLOBAL read_only=0")
            raise RuntimeError(f"the replica did not reach {position}: {_status(new)}")
        _run(new, "STOP SLAVE", "RESET SLAVE ALL", "SET GLOBAL read_only=0")
        new.count_on_from(old)
        self.primary, self.replica = new, old
        lead_to(new)
        _follow(old, new, position)

    def stop(self) -> None:
        for server in self._servers:
            server.thaw()
            server.stop()


def _server(folder: Path, number: int) -> MariaDBServer:
    folder.mkdir()
    return MariaDBServer(folder=folder, extra_args=(f"--server-id={number}", *OPTIONS))


def _follow(replica: MariaDBServer, primary: MariaDBServer, position: str) -> None:
    _run(
        replica,
        "SET GLOBAL read_only=1",
        f"SET GLOBAL gtid_slave_pos='{position}'",
        f"CHANGE MASTER TO MASTER_HOST='127.0.0.1', MASTER_PORT={primary.port},"
        " MASTER_USER='root', MASTER_PASSWORD='', MASTER_CONNECT_RETRY=1,"
        " MASTER_USE_GTID=slave_pos",
        "START SLAVE",
    )
    until = time.monotonic() + CATCH_UP_SECS
    while _status(replica).get("Slave_IO_Running") != "Yes" and time.monotonic() < until:
        time.sleep(0.05)


def _status(server: MariaDBServer) -> dict[str, Any]:
    with closing(server.connect()) as admin, admin.cursor() as cursor:
        cursor.execute("SHOW SLAVE STATUS")
        row = cursor.fetchone()
        names = [column[0] for column in cursor.description or ()]
        return dict(zip(names, row or (), strict=False))


def _run(server: MariaDBServer, *statements: str) -> Any:
    """Run statements as the administrator; the only value of the last one, or None."""
    with closing(server.connect()) as admin, admin.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        row = cursor.fetchone()
        return row[0] if row else None
