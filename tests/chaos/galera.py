"""A MariaDB Galera cluster of three nodes on loopback: start, kill, rejoin, stop.

The nodes run as the user `mysql` when the tests run as root: the state transfer refuses root.
"""

from __future__ import annotations

import getpass
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pymysql

from tests.support.mariadb import find_server, free_port

PROVIDERS = ("/usr/lib/galera/libgalera_smm.so", "/usr/lib64/galera-4/libgalera_smm.so")
HINT = "install it with: apt-get install mariadb-server galera-4 rsync"
START_SECS = 90.0
# The others find a dead node out within seconds; until then none of them may be ready.
REGROUP_SECS = 30.0
# A dead node is put out of the cluster after two seconds instead of five.
TIMEOUTS = (
    "evs.keepalive_period=PT0.5S;evs.inactive_check_period=PT0.5S;"
    "evs.suspect_timeout=PT2S;evs.inactive_timeout=PT6S;evs.install_timeout=PT6S"
)
POSITION = re.compile(r"WSREP: Recovered position:\s*(\S+)")
OF_ONE_NODE = ("galera.cache", "gvwstate.dat")
PASSWORD = "p@ss word"
USER_IN_URL = "baton:p%40ss%20word"


def find_provider() -> str | None:
    """Where the Galera library is; None when the cluster cannot be run here."""
    if find_server() is None or shutil.which("rsync") is None:
        return None
    return next((path for path in PROVIDERS if Path(path).exists()), None)


class Node:
    """One node with its own folder and ports."""

    def __init__(self, number: int, folder: Path, user: str) -> None:
        found, provider = find_server(), find_provider()
        if found is None or provider is None:
            raise RuntimeError(f"Galera is missing; {HINT}")
        self._server, self._installer = found
        self._provider = provider
        self.name = f"node{number}"
        self.folder = folder / self.name
        self.data = self.folder / "data"
        self.user = user
        self.port, self.group_port = free_port(), free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._died = False
        self.is_frozen = False

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def answers(self) -> bool:
        """Whether it runs and does not stand still."""
        return self.is_running and not self.is_frozen

    @property
    def ended_by_itself(self) -> bool:
        """Whether the process is gone though nobody here ended it: the server crashed."""
        return self._process is not None and not self.is_running and not self._died

    def make_folder(self) -> None:
        self.folder.mkdir()
        if self.user != getpass.getuser():
            shutil.chown(self.folder, self.user)

    def install(self) -> None:
        done = subprocess.run(
            [
                self._installer,
                "--no-defaults",
                f"--datadir={self.data}",
                "--skip-test-db",
                "--auth-root-authentication-method=normal",
                f"--user={self.user}",
            ],
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise RuntimeError(f"mariadb-install-db failed:\n{done.stdout}\n{done.stderr}")

    def launch(self, members: str, *, found: bool = False) -> None:
        """Start the process; `found` makes it the first one of a new cluster.

        The ports on which it receives what it missed are new each time: connections of a killed
        node linger on the old ones.
        """
        self._ist_port, self._sst_port = free_port(), free_port()
        position = self._recovered_position() if self._died or self.ended_by_itself else None
        self._died = False
        more = ["--wsrep-new-cluster"] if found else []
        more += [f"--wsrep-start-position={position}"] if position else []
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command(members), *more],
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self.folder,
            )

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECS
        while time.monotonic() < deadline and self.is_running:
            try:
                if self.status("wsrep_local_state_comment") == "Synced":
                    return
            except (pymysql.Error, OSError):
                pass  # it does not listen yet
            time.sleep(0.1)
        raise RuntimeError(f"{self.name} did not become ready:\n{self.last_words()}")

    def last_words(self) -> str:
        """What its log says last."""
        return (self.folder / "server.log").read_text(errors="replace")[-3000:]

    def status(self, name: str) -> str:
        with closing(self.connect()) as admin, admin.cursor() as cursor:
            cursor.execute("SHOW GLOBAL STATUS LIKE %s", (name,))
            row = cursor.fetchone()
            return str(row[1]) if row else ""

    def kill(self) -> None:
        """End it as a power cut does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(30)
        self._died = True

    def freeze(self) -> None:
        """Let it keep silent: it accepts connections and answers nothing."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        self.is_frozen = True

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)
        self.is_frozen = False

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self.kill()

    def connect(self, database: str | None = None) -> Any:
        """An administrator's connection to this node."""
        return pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user="root",
            password="",
            database=database,
            autocommit=True,
            charset="utf8mb4",
            connect_timeout=5,
            read_timeout=30,
            ssl_disabled=True,
        )

    def _recovered_position(self) -> str | None:
        """Where a node that was killed stands: then it gets what it missed, not everything."""
        command = [*self._command("gcomm://"), "--wsrep-recover"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder)
        found = POSITION.search(done.stderr + done.stdout)
        return found[1] if found else None

    def _command(self, members: str) -> list[str]:
        options = (
            f"base_port={self.group_port};ist.recv_addr=127.0.0.1:{self._ist_port};"
            f"gmcast.listen_addr=tcp://127.0.0.1:{self.group_port};gcache.size=32M;{TIMEOUTS}"
        )
        return [
            self._server,
            "--no-defaults",
            f"--user={self.user}",
            f"--datadir={self.data}",
            f"--socket={self.folder / 's.sock'}",
            f"--port={self.port}",
            "--skip-name-resolve",
            "--bind-address=127.0.0.1",
            f"--pid-file={self.folder / 'pid'}",
            "--innodb-buffer-pool-size=64M",
            "--max-connections=300",
            "--binlog-format=ROW",
            "--innodb-autoinc-lock-mode=2",
            "--default-storage-engine=InnoDB",
            "--wsrep-on=ON",
            f"--wsrep-provider={self._provider}",
            f"--wsrep-cluster-address={members}",
            "--wsrep-cluster-name=baton-tests",
            f"--wsrep-node-name={self.name}",
            f"--wsrep-node-address=127.0.0.1:{self.group_port}",
            "--wsrep-sst-method=rsync",
            f"--wsrep-sst-receive-address=127.0.0.1:{self._sst_port}",
            f"--wsrep-provider-options={options}",
        ]


class GaleraCluster:
    """Three nodes that hold the same data."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="baton-galera-"))
        self._folder.chmod(0o755)
        user = "mysql" if os.geteuid() == 0 else getpass.getuser()
        self.nodes = [Node(number=number, folder=self._folder, user=user) for number in range(3)]
        self._databases = 0

    @property
    def members(self) -> str:
        return "gcomm://" + ",".join(f"127.0.0.1:{node.group_port}" for node in self.nodes)

    def start(self) -> None:
        """One node founds the cluster; the others begin with copies of what it left behind, which
        takes much less time than a transfer of everything."""
        first, *others = self.nodes
        for node in self.nodes:
            node.make_folder()
        first.install()
        first.launch("gcomm://", found=True)
        first.wait_until_ready()
        with closing(first.connect()) as admin, admin.cursor() as cursor:
            cursor.execute(f"CREATE USER 'baton'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}'")
        first.stop()
        for node in others:
            subprocess.run(["cp", "-a", str(first.data), str(node.data)], check=True)
            for name in OF_ONE_NODE:
                (node.data / name).unlink(missing_ok=True)
        first.launch("gcomm://", found=True)
        first.wait_until_ready()
        for node in others:
            node.launch(self.members)
        for node in others:
            node.wait_until_ready()

    def kill(self, number: int) -> None:
        self.nodes[number].kill()

    def rejoin(self, number: int) -> None:
        """Start a node that was killed; back when it has caught up."""
        self.nodes[number].launch(self.members)
        self.nodes[number].wait_until_ready()

    def restore(self) -> None:
        """Start again whatever crashed by itself, so that only the work under way then pays."""
        for node in self.nodes:
            if node.ended_by_itself:
                print(f"{node.name} ended by itself:\n{node.last_words()}", file=sys.stderr)
                node.launch(self.members)
                node.wait_until_ready()

    def ready(self) -> list[Node]:
        """The nodes that are up and part of the cluster at this moment."""
        found = []
        for node in self.nodes:
            with suppress(pymysql.Error, OSError):
                if node.answers and node.status("wsrep_ready") == "ON":
                    found.append(node)
        return found

    def running(self) -> Node:
        """A node that is up and part of the cluster; waits while the nodes regroup."""
        deadline = time.monotonic() + REGROUP_SECS
        while time.monotonic() < deadline:
            if ready := self.ready():
                return ready[0]
            time.sleep(0.1)
        raise RuntimeError("no node is ready")

    def connect(self, database: str | None = None) -> Any:
        return self.running().connect(database)

    def new_database(self) -> str:
        """An empty database; its name."""
        self._databases += 1
        name = f"baton_{self._databases}"
        with closing(self.connect()) as admin, admin.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
            cursor.execute(f"GRANT ALL ON {name}.* TO 'baton'@'127.0.0.1'")
        return name

    def drop_database(self, name: str) -> None:
        with closing(self.connect()) as admin, admin.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name}")

    def url(self, database: str, ports: list[int] | None = None) -> str:
        """DATABASE_URL with all nodes, or with these ports in their place (proxies)."""
        hosts = ",".join(
            f"127.0.0.1:{port}" for port in ports or [node.port for node in self.nodes]
        )
        return f"mysql://{USER_IN_URL}@{hosts}/{database}"

    def stop(self) -> None:
        with ThreadPoolExecutor(len(self.nodes)) as pool:
            list(pool.map(Node.stop, self.nodes))
        shutil.rmtree(self._folder, ignore_errors=True)
