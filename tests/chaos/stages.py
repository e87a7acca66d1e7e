"""The database of a round, as Baton reaches it and as the driver breaks it."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pymysql

from tests.chaos.chaos_counts import Counts
from tests.chaos.chaos_proxy import ChaosProxy, Wire
from tests.support.mariadb import MariaDBServer

PLAYED = {
    Wire.LOSE_COMMIT: "lost_commits",
    Wire.LOSE_COMMIT_ANSWER: "lost_commit_answers",
    Wire.VANISH: "vanished",
    Wire.LOSE_REQUEST: "lost_requests",
    Wire.LOSE_ANSWER: "lost_answers",
    Wire.STALL: "stalls",
    Wire.STALL_CLOCK: "stalls",
}
USER = "baton"


class Stage(Protocol):
    """One engine; `prepare` for each round, `tidy` after it, `close` at the end."""

    url: str  # what Baton gets

    def where(self) -> tuple[str, str]:
        """The database's URL past all proxies, and what to put in front of a query there."""

    def prepare(self, folder: Path) -> None: ...

    def do(self, fault: str, pick: float, size: float, counts: Counts) -> None:
        """Play a fault of the database."""

    def heal(self) -> None:
        """Everything is up and passes."""

    def tidy(self, counts: Counts) -> None: ...

    def close(self) -> None: ...


class SqliteStage:
    """A file of its own in each round."""

    def __init__(self) -> None:
        self.url = ""
        self._holders: list[threading.Thread] = []

    def prepare(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'baton.db'}"

    def where(self) -> tuple[str, str]:
        return self.url, ""

    def do(self, fault: str, pick: float, size: float, counts: Counts) -> None:
        assert fault == "hold_lock", fault
        # Longer than SQLite itself waits for a lock, now and then.
        thread = threading.Thread(target=self._hold, args=(0.3 + 6 * size**3, counts), daemon=True)
        thread.start()
        self._holders.append(thread)

    def heal(self) -> None:
        for thread in self._holders:
            thread.join()
        self._holders.clear()

    def tidy(self, counts: Counts) -> None:
        self.heal()

    def close(self) -> None:
        return

    def _hold(self, secs: float, counts: Counts) -> None:
        path = self.url.removeprefix("sqlite:///")
        with contextlib.closing(sqlite3.connect(path, timeout=5, isolation_level=None)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return  # no luck: Baton was faster all the time
            time.sleep(secs)
            other.execute("ROLLBACK")
        counts.note("held_locks")


class ServerStage:
    """What a single server and a cluster have in common: proxies, KILL, deadlocks."""

    def __init__(self, ports: list[int], connect: Callable[..., Any]) -> None:
        self.proxies = [ChaosProxy(port) for port in ports]
        self.url = ""
        self._connect = connect

    def do(self, fault: str, pick: float, size: float, counts: Counts) -> None:
        name = fault.upper()
        if name in Wire.__members__:
            for proxy in self.proxies:
                proxy.order(Wire[name], secs=0.2 + 4 * size**2, heavy=pick < 0.7)
        elif fault == "kill_connections":
            counts.note("connections", self.kill_connections(pick, most=1 + int(4 * size)))
        elif fault == "deadlock":
            self.provoke_deadlock(counts)
        elif fault == "kill_database":
            self.kill_database(pick, size)
            counts.note("database_deaths")
        else:
            raise AssertionError(f"no such fault: {fault}")

    def kill_database(self, pick: float, size: float) -> None:
        raise NotImplementedError

    def deadlocks(self) -> int:
        """How many the server has counted since it started."""
        raise NotImplementedError

    def heal(self) -> None:
        for proxy in self.proxies:
            proxy.forget_orders()

    def tidy(self, counts: Counts) -> None:
        for proxy in self.proxies:
            for wire, times in proxy.played.items():
                counts.note(PLAYED[wire], times)
            proxy.played.clear()
            proxy.cut()

    def kill_connections(self, pick: float, most: int) -> int:
        """KILL up to `most` of Baton's connections; how many it were."""
        listing = f"SELECT id FROM information_schema.processlist WHERE user='{USER}' ORDER BY id"
        with contextlib.closing(self._connect()) as admin, admin.cursor() as cursor:
            cursor.execute(listing)
            ids = [row[0] for row in cursor.fetchall()]
            start = int(pick * len(ids))
            killed = 0
            for one in (ids[start:] + ids[:start])[:most]:
                with contextlib.suppress(pymysql.Error):  # it ended by itself
                    cursor.execute(f"KILL {one}")
                    killed += 1
        return killed

    def provoke_deadlock(self, counts: Counts) -> None:
        """Write all rows in the opposite of Baton's lock order, until somebody was in the way."""
        before = self.deadlocks()
        for _ in range(6):
            with contextlib.suppress(pymysql.Error):
                self._write_backwards()
            if self.deadlocks() > before:
                break
        counts.note("deadlocks", max(0, self.deadlocks() - before))

    def _write_backwards(self) -> None:
        database = self.url.rsplit("/", 1)[-1]
        with contextlib.closing(self._connect(database)) as admin, admin.cursor() as cursor:
            cursor.execute("SET SESSION innodb_lock_wait_timeout=2")
            cursor.execute("BEGIN")
            # Much written, so that the server rather ends the other one.
            cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS heavy (n INT) ENGINE=InnoDB")
            cursor.execute("INSERT INTO heavy SELECT seq FROM seq_1_to_200")
            for name in ("accounts", "influencers", "tasks"):
                later = "updated_at=updated_at + INTERVAL 1000 MICROSECOND"
                cursor.execute(f"UPDATE {name} SET {later} ORDER BY id DESC")
                time.sleep(0.1)
            cursor.execute("COMMIT")


class MariaDBStage(ServerStage):
    """One private server for all rounds, behind one proxy."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="baton-chaos-db-"))
        self.server = MariaDBServer(folder=self._folder)
        self.server.install()
        self.server.start()
        super().__init__([self.server.port], self.server.connect)

    def prepare(self, folder: Path) -> None:
        self._direct_url = self.server.new_database()
        self.url = self.proxies[0].url(self._direct_url)

    def where(self) -> tuple[str, str]:
        return self._direct_url, ""

    def kill_database(self, pick: float, size: float) -> None:
        self.server.kill()
        time.sleep(2 * size)
        self.server.start()

    def deadlocks(self) -> int:
        with contextlib.closing(self.server.connect()) as admin, admin.cursor() as cursor:
            cursor.execute("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'")
            row = cursor.fetchone()
            return int(row[1]) if row else 0

    def tidy(self, counts: Counts) -> None:
        super().tidy(counts)
        self.server.drop_database(self._direct_url)

    def close(self) -> None:
        for proxy in self.proxies:
            proxy.close()
        self.server.stop()
        shutil.rmtree(self._folder, ignore_errors=True)


def make_stage(engine: str) -> Stage:
    if engine == "sqlite":
        return SqliteStage()
    if engine == "mariadb":
        return MariaDBStage()
    from tests.chaos.galera_stage import GaleraStage

    return GaleraStage()
