"""The cluster as the database of a round: a proxy before each node, one node dead at a time."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path
from typing import Any

import pymysql

from tests.chaos.chaos_counts import Counts
from tests.chaos.galera import GaleraCluster, Node
from tests.chaos.stages import ServerStage

CONFLICTS = ("Innodb_deadlocks", "wsrep_local_bf_aborts", "wsrep_local_cert_failures")
LOOK_EVERY_SECS = 2.0
NOT_BEHIND = "SET STATEMENT wsrep_sync_wait=1 FOR "


class GaleraStage(ServerStage):
    """Three nodes for all rounds. Whoever was killed joins again by itself a little later."""

    def __init__(self) -> None:
        self.cluster = GaleraCluster()
        try:
            self.cluster.start()
        except BaseException:
            self.cluster.stop()
            raise
        self._seen: Node | None = None
        self._look_again_at = 0.0
        self._rejoining: threading.Thread | None = None
        self._trouble: list[BaseException] = []
        super().__init__([node.port for node in self.cluster.nodes], self._connect_to_last)

    def prepare(self, folder: Path) -> None:
        self.cluster.restore()
        self._database = self.cluster.new_database()
        self.url = self.cluster.url(self._database, [proxy.port for proxy in self.proxies])

    def where(self) -> tuple[str, str]:
        if not self._seen or not self._seen.answers or time.monotonic() > self._look_again_at:
            self._seen = self.cluster.running()
            self._look_again_at = time.monotonic() + LOOK_EVERY_SECS
        return self.cluster.url(self._database, [self._seen.port]), NOT_BEHIND

    def kill_database(self, pick: float, size: float) -> None:
        """Mostly the node that is in use: sessions prefer the first one that answers."""
        self._wait_for_rejoin()
        self.cluster.restore()
        number = 0 if pick < 0.6 else int(pick * len(self.cluster.nodes))
        self.cluster.kill(number)
        self._rejoining = threading.Thread(target=self._rejoin, args=(number, 4 * size))
        self._rejoining.start()

    def silence_node(self, secs: float) -> None:
        """Freeze the node in use; the others put it out, and it joins again when it wakes up."""
        self._wait_for_rejoin()
        self.cluster.restore()
        node = self.cluster.nodes[0]
        node.freeze()
        self._rejoining = threading.Thread(target=self._wake, args=(node, secs))
        self._rejoining.start()

    def switch_over(self, size: float) -> None:
        """Make the node in use read-only, and lead its address to the next one for a while."""
        self._wait_for_rejoin()
        self.cluster.restore()
        old, new = self.cluster.nodes[:2]
        with contextlib.closing(old.connect()) as admin, admin.cursor() as cursor:
            cursor.execute("SET GLOBAL read_only=1")
        self.proxies[0].lead_to(new.port)
        self._rejoining = threading.Thread(target=self._switch_back, args=(old, 2 + 6 * size))
        self._rejoining.start()

    def connect_to_used(self, database: str | None = None) -> Any:
        return self.cluster.ready()[0].connect(database)

    def deadlocks(self) -> int:
        """Lost against others, on one node or between nodes."""
        total = 0
        for node in self.cluster.ready():
            with contextlib.suppress(pymysql.Error, ValueError):
                total += sum(int(node.status(name)) for name in CONFLICTS)
        return total

    def heal(self) -> None:
        super().heal()
        self._wait_for_rejoin()

    def tidy(self, counts: Counts) -> None:
        super().tidy(counts)
        self._wait_for_rejoin()
        self.cluster.drop_database(self._database)

    def close(self) -> None:
        for proxy in self.proxies:
            proxy.close()
        if self._rejoining is not None:
            self._rejoining.join()
        self.cluster.stop()

    def _connect_to_last(self, database: str | None = None) -> Any:
        """Breaks things from another node than the one in use."""
        return self.cluster.ready()[-1].connect(database)

    def kill_connections(self, pick: float, most: int) -> int:
        killed = 0
        for node in self.cluster.ready():
            self._connect = node.connect
            killed += super().kill_connections(pick, most - killed) if killed < most else 0
        self._connect = self._connect_to_last
        return killed

    def _rejoin(self, number: int, after_secs: float) -> None:
        time.sleep(after_secs)
        try:
            self.cluster.rejoin(number)
        except BaseException as error:
            self._trouble.append(error)

    def _wake(self, node: Node, after_secs: float) -> None:
        time.sleep(after_secs)
        node.thaw()
        try:
            node.wait_until_ready()
        except BaseException as error:
            self._trouble.append(error)

    def _switch_back(self, old: Node, after_secs: float) -> None:
        time.sleep(after_secs)
        try:
            with contextlib.closing(old.connect()) as admin, admin.cursor() as cursor:
                cursor.execute("SET GLOBAL read_only=0")
            self.proxies[0].lead_to(old.port)
        except BaseException as error:
            self._trouble.append(error)

    def _wait_for_rejoin(self) -> None:
        if self._rejoining is not None:
            self._rejoining.join()
            self._rejoining = None
        if self._trouble:
            raise self._trouble.pop()
