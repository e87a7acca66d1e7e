"""A private MariaDB server for the tests: own data folder, socket and port, ended with them."""

from __future__ import annotations

import getpass
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pymysql

from tests.support.memory_folder import memory_folder
from tests.support.processes.threads import stands_still

START_SECS = 60.0
PORTS = range(15_000, 32_000)
WORKERS = 4
USER = "'baton'@'127.0.0.1'"
PASSWORD = "p@ss word"
# Commits survive a killed server, as these tests want; only a power cut could lose them.
QUICK = ("--innodb-flush-log-at-trx-commit=2", "--innodb-doublewrite=0")
INSTALL_HINT = "install it with: apt-get install mariadb-server (only its programs are used)"

_drawn: set[int] = set()


def find_server() -> tuple[str, str] | None:
    """Return the paths of mariadbd and mariadb-install-db; None where they are not installed."""
    places = "/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin:/usr/libexec"
    server = shutil.which("mariadbd") or shutil.which("mariadbd", path=places)
    installer = shutil.which("mariadb-install-db") or shutil.which(
        "mariadb-install-db", path=places
    )
    return (server, installer) if server and installer else None


class MariaDBServer:
    """A server process that starts in about a second; `kill` and `start` again play a crash."""

    def __init__(self, folder: Path, extra_args: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.port = free_port()
        self.socket = str(folder / "s.sock")
        self._extra_args = extra_args
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0
        found = find_server()
        if found is None:
            raise RuntimeError(f"MariaDB is missing; {INSTALL_HINT}")
        self._server, self._installer = found

    def install(self) -> None:
        done = subprocess.run(
            [
                self._installer,
                "--no-defaults",
                f"--datadir={self.folder / 'data'}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                f"--user={getpass.getuser()}",
                f"--tmpdir={self.folder}",
            ],
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise RuntimeError(f"mariadb-install-db failed:\n{done.stdout}\n{done.stderr}")

    def start(self) -> None:
        log = (self.folder / "server.log").open("ab")
        self._process = subprocess.Popen(
            [
                self._server,
                "--no-defaults",
                f"--datadir={self.folder / 'data'}",
                f"--socket={self.socket}",
                f"--port={self.port}",
                "--bind-address=127.0.0.1",
                f"--user={getpass.getuser()}",
                "--innodb-buffer-pool-size=128M",
                f"--pid-file={self.folder / 'pid'}",
                f"--tmpdir={self.folder}",
                "--max-connections=300",
                "--skip-name-resolve",
                *self._extra_args,
            ],
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        deadline = time.monotonic() + START_SECS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                self.connect().close()
            except pymysql.Error:
                time.sleep(0.05)
            else:
                return
        tail = (self.folder / "server.log").read_text(errors="replace")[-2000:]
        raise RuntimeError(f"MariaDB did not start:\n{tail}")

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(30)

    def kill(self) -> None:
        """End it as a power cut does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(30)

    def freeze(self) -> None:
        """Stop it; return when all its threads stand still, so that nothing more is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        deadline = time.monotonic() + START_SECS
        while not stands_still(self._process.pid):
            assert time.monotonic() < deadline, "the server cannot be stopped"
            time.sleep(0.01)

    def thaw(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def connect(self, database: str | None = None) -> pymysql.Connection:  # type: ignore[type-arg]
        """Open an administrator's connection, to look from outside."""
        return pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user="root",
            password="",
            database=database,
            autocommit=True,
            charset="utf8mb4",
            connect_timeout=5,
            ssl_disabled=True,
        )

    def new_database(self) -> str:
        """Create a database, and a user who may see only such; return its DATABASE_URL."""
        self._databases += 1
        name = f"baton_{self._databases}"
        connection = self.connect()
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
            if self._databases == 1:
                cursor.execute(f"CREATE USER {USER} IDENTIFIED BY '{PASSWORD}'")
                cursor.execute(f"GRANT ALL ON `baton\\_%`.* TO {USER}")
        connection.close()
        return f"mysql://baton:p%40ss%20word@127.0.0.1:{self.port}/{name}"

    @contextmanager
    def variables(self, **values: int) -> Iterator[None]:
        """Set global variables of the server inside the block."""
        with closing(self.connect()) as admin, admin.cursor() as cursor:
            before = {}
            for name, value in values.items():
                cursor.execute(f"SELECT @@GLOBAL.{name}")
                before[name] = cursor.fetchall()[0][0]
                cursor.execute(f"SET GLOBAL {name}={value}")
        try:
            yield
        finally:
            with closing(self.connect()) as admin, admin.cursor() as cursor:
                for name, value in before.items():
                    cursor.execute(f"SET GLOBAL {name}={value}")

    def change_password(self, password: str = PASSWORD) -> None:
        """Give Baton's user another password, or its own again, and end its connections."""
        with closing(self.connect()) as admin, admin.cursor() as cursor:
            lock_out(cursor, password)

    def count_on_from(self, other: MariaDBServer) -> None:
        """Name new databases after those of a server whose data and user this one has."""
        self._databases = other._databases

    def drop_database(self, url: str) -> None:
        connection = self.connect()
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {url.rsplit('/', 1)[-1]}")
        connection.close()


@contextmanager
def private_server(*extra_args: str) -> Iterator[MariaDBServer]:
    """Run a server in a folder of its own; both are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="baton-db-", dir=memory_folder()))
    server = MariaDBServer(folder=folder, extra_args=(*QUICK, *extra_args))
    try:
        server.install()
        server.start()
        yield server
    finally:
        server.thaw()
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def lock_out(cursor: Any, password: str) -> None:
    """Give Baton's user this password, and end its connections."""
    cursor.execute(f"ALTER USER {USER} IDENTIFIED BY '{password}'")
    cursor.execute("SELECT id FROM information_schema.processlist WHERE user='baton'")
    for (one,) in cursor.fetchall():
        with suppress(pymysql.Error):  # it ended by itself
            cursor.execute(f"KILL {one}")


def connect_to(url: str, **options: Any) -> pymysql.Connection:  # type: ignore[type-arg]
    """Open a connection by a DATABASE_URL, made with none of Baton's code."""
    parts = urlsplit(url)
    return pymysql.connect(
        host=parts.hostname,
        port=parts.port or 3306,
        user=parts.username,
        password=unquote(parts.password or ""),
        database=parts.path.lstrip("/"),
        charset="utf8mb4",
        ssl_disabled=True,
        **options,
    )


def free_port() -> int:
    """Return a port to listen on, below those that the kernel gives to clients.

    So none of them takes it while its server is down. Test processes that run side by side draw
    from different ports, and no port is drawn twice by one of them.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    own = [port for port in PORTS if port % WORKERS == worker % WORKERS and port not in _drawn]
    for port in random.SystemRandom().sample(own, 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            _drawn.add(port)
            return port
    raise RuntimeError("no free port")
