"""The database of a round, as Baton reaches it and as the driver breaks it."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pymysql

from tests.chaos.chaos_counts import Counts
from tests.chaos.chaos_proxy import ChaosProxy, Wire
from tests.chaos.replication import PrimaryAndReplica
from tests.support.mariadb import PASSWORD, lock_out

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
LET_IN_SECS = 60.0


class Stage(Protocol):
    """One engine; `prepare` for each round, `tidy` after it, `close` at the end."""

    url: str  # what Baton gets

    def where(self) -> tuple[str, str]:
        """The database's URL past all proxies, and what to put in front of a query there."""

    def prepare(self, folder: Path) -> None: ...

    def do(self, fault: str, pick: float, size: float, counts: Counts) -> None:
        """Play a fault of the database."""

    def set_clock_ahead(self, secs: float) -> bool:
        """Set the database's clock ahead of the true time; False where it is that of the host."""

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

    def set_clock_ahead(self, secs: float) -> bool:
        return False

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


@dataclass(frozen=True)
class HeldRow:
    """A row that another client had locked, from a moment (unix time) on for so long."""

    table: str
    row_id: int
    since: float
    secs: float


class ServerStage:
    """What a single server and a cluster have in common: proxies, KILL, deadlocks, held rows."""

    # Tables with leases whose rows are held, each with its key.
    held_tables: tuple[tuple[str, str], ...] = (("tasks", "id"), ("accounts", "id"))

    def __init__(self, ports: list[int], connect: Callable[..., Any]) -> None:
        self.proxies = [self._make_proxy(port) for port in ports]
        self.held_rows: list[HeldRow] = []
        self.usual_ahead_secs = 0.0  # of the server's clock, as clients see it without a fault
        self.url = ""
        self._connect = connect
        self._holders: list[threading.Thread] = []

    def do(self, fault: str, pick: float, size: float, counts: Counts) -> None:
        name = fault.upper()
        if name in Wire.__members__:
            for proxy in self.proxies:
                proxy.order(Wire[name], secs=0.2 + 4 * size**2, heavy=pick < 0.7)
            return
        acts: dict[str, Callable[[], None]] = {
            "kill_connections": lambda: counts.note(
                "connections", self.kill_connections(pick, most=1 + int(4 * size))
            ),
            "deadlock": lambda: self.provoke_deadlock(counts),
            "kill_database": lambda: self._counted(
                counts, "database_deaths", self.kill_database, pick, size
            ),
            "kill_query": lambda: self._hold(
                lambda: counts.note("killed_queries", self._kill_queries(pick))
            ),
            "hold_row": lambda: self._hold(
                lambda: counts.note("held_rows", self._hold_row(pick, 1 + 9 * size))
            ),
            "lock_out": lambda: self._hold(
                lambda: self._counted(counts, "lock_outs", self._lock_out, 0.5 + 3 * size)
            ),
            "hush": lambda: counts.note("hushed", sum(proxy.hush() for proxy in self.proxies)),
            "silence_node": lambda: self._counted(
                counts, "silent_nodes", self.silence_node, 1 + 7 * size
            ),
            "switch_over": lambda: self._counted(counts, "switchovers", self.switch_over, size),
        }
        acts[fault]()

    @staticmethod
    def _counted(counts: Counts, name: str, act: Callable[..., None], *args: float) -> None:
        act(*args)
        counts.note(name)

    def kill_database(self, pick: float, size: float) -> None:
        raise NotImplementedError

    def deadlocks(self) -> int:
        """How many the server has counted since it started."""
        raise NotImplementedError

    def silence_node(self, secs: float) -> None:
        """Let the server in use, or its node, keep silent for so long; returns at once."""
        raise NotImplementedError

    def switch_over(self, size: float) -> None:
        """Make another server the primary; the address leads there, the old one is read-only."""
        raise NotImplementedError

    def set_clock_ahead(self, secs: float) -> bool:
        for proxy in self.proxies:
            proxy.ahead_secs = secs
        return True

    def connect_to_used(self, database: str | None = None) -> Any:
        """An administrator's connection to the server that Baton uses: there its locks are."""
        return self._connect(database)

    def heal(self) -> None:
        for proxy in self.proxies:
            proxy.forget_orders()
            proxy.ahead_secs = self.usual_ahead_secs
        for thread in self._holders:
            thread.join()
        self._holders.clear()

    def _make_proxy(self, port: int) -> ChaosProxy:
        return ChaosProxy(port)

    def _hold(self, act: Callable[[], None]) -> None:
        """Act in a thread, as it takes a while; the server may go away meanwhile."""

        def run() -> None:
            with contextlib.suppress(pymysql.Error, OSError, RuntimeError):
                act()

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        self._holders.append(thread)

    def _lock_out(self, secs: float) -> None:
        """Change the password on the server, and change it back."""
        with contextlib.closing(self.connect_to_used()) as admin, admin.cursor() as cursor:
            lock_out(cursor, "another")
        time.sleep(secs)
        until = time.monotonic() + LET_IN_SECS
        while time.monotonic() < until:
            with contextlib.suppress(pymysql.Error, OSError, IndexError):
                with contextlib.closing(self.connect_to_used()) as admin:
                    lock_out(admin.cursor(), PASSWORD)
                return
            time.sleep(0.2)

    def _hold_row(self, pick: float, secs: float) -> int:
        """Hold the row of a lease for so long; the number of rows that were held."""
        number, pick = divmod(pick * len(self.held_tables), 1)
        table, key = self.held_tables[int(number)]
        database = self.url.rsplit("/", 1)[-1]
        with contextlib.closing(self.connect_to_used(database)) as admin, admin.cursor() as cursor:
            cursor.execute("SET SESSION innodb_lock_wait_timeout=2")
            cursor.execute("BEGIN")
            cursor.execute(f"SELECT {key} FROM {table} WHERE lease_owner IS NOT NULL ORDER BY 1")
            ids = [row[0] for row in cursor.fetchall()]
            if not ids:
                return 0
            chosen = ids[int(pick * len(ids))]
            cursor.execute(f"SELECT {key} FROM {table} WHERE {key}={chosen} FOR UPDATE")
            self.held_rows.append(HeldRow(table, chosen, time.time(), secs))
            time.sleep(secs)
            cursor.execute("ROLLBACK")
        return 1

    def _kill_queries(self, pick: float) -> int:
        """KILL QUERY what runs for a second, with rows held so that something does; how many."""
        database, killed = self.url.rsplit("/", 1)[-1], 0
        table = ("tasks", "accounts", "export_logs", "influencers")[int(4 * pick)]
        running = (
            "SELECT id FROM information_schema.processlist"
            f" WHERE user='{USER}' AND command='Query' AND db='{database}'"
        )
        with (
            contextlib.closing(self.connect_to_used(database)) as holder,
            contextlib.closing(self.connect_to_used()) as killer,
            holder.cursor() as rows,
            killer.cursor() as cursor,
        ):
            rows.execute("SET SESSION innodb_lock_wait_timeout=1")
            rows.execute("BEGIN")
            rows.execute(f"SELECT id FROM {table} ORDER BY id FOR UPDATE")
            until = time.monotonic() + 1
            while time.monotonic() < until:
                cursor.execute(running)
                for (one,) in cursor.fetchall():
                    with contextlib.suppress(pymysql.Error):  # it ended by itself
                        cursor.execute(f"KILL QUERY {one}")
                        killed += 1
                time.sleep(0.05)
            rows.execute("ROLLBACK")
        return killed

    def tidy(self, counts: Counts) -> None:
        self.heal()
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
    """A private primary and its replica for all rounds, behind one proxy that leads to either."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="baton-chaos-db-"))
        self.pair = PrimaryAndReplica(self._folder)
        self._silence: threading.Timer | None = None
        super().__init__([self.pair.primary.port], self._connect_to_primary)

    def prepare(self, folder: Path) -> None:
        self._direct_url = self.pair.primary.new_database()
        self._port = self.pair.primary.port
        self.url = self._direct_url.replace(f":{self._port}/", f":{self.proxies[0].port}/")

    def where(self) -> tuple[str, str]:
        current = f":{self.pair.primary.port}/"
        return self._direct_url.replace(f":{self._port}/", current), ""

    def kill_database(self, pick: float, size: float) -> None:
        self._end_silence()
        server = self.pair.primary
        server.kill()
        time.sleep(2 * size)
        server.start()

    def silence_node(self, secs: float) -> None:
        self._end_silence()
        server = self.pair.primary
        server.freeze()
        self._silence = threading.Timer(secs, server.thaw)
        self._silence.start()

    def switch_over(self, size: float) -> None:
        self._end_silence()
        self.pair.switch_over(lambda server: self.proxies[0].lead_to(server.port))

    def deadlocks(self) -> int:
        with contextlib.closing(self._connect()) as admin, admin.cursor() as cursor:
            cursor.execute("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'")
            row = cursor.fetchone()
            return int(row[1]) if row else 0

    def heal(self) -> None:
        self._end_silence()
        super().heal()

    def tidy(self, counts: Counts) -> None:
        self._end_silence()
        super().tidy(counts)
        self.pair.primary.drop_database(self._direct_url)

    def close(self) -> None:
        self._end_silence()
        for proxy in self.proxies:
            proxy.close()
        self.pair.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _connect_to_primary(self, database: str | None = None) -> Any:
        self._end_silence()
        return self.pair.primary.connect(database)

    def _end_silence(self) -> None:
        """Wait until a silent server speaks again."""
        if self._silence is not None:
            self._silence.join()
            self._silence = None


def make_stage(engine: str) -> Stage:
    if engine == "sqlite":
        return SqliteStage()
    if engine == "mariadb":
        return MariaDBStage()
    from tests.chaos.galera_stage import GaleraStage

    return GaleraStage()
