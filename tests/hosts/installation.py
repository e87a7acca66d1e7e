"""Three hosts, the database pair and the platform, each in its own network namespace."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pymysql
import requests

from storage.operations.web_tokens import Role
from tests.chaos.chaos_counts import Counts
from tests.chaos.chaos_proxy import ChaosProxy
from tests.chaos.eye import Platform
from tests.chaos.hosts import Host
from tests.chaos.shifted_clock import OffsetFile
from tests.chaos.stages import USER, MariaDBStage
from tests.hosts.hosts_plan import ACCOUNTS, CREATORS, DOMAINS, HOSTS, WORKS, ZONE
from tests.hosts.network import Network, Place
from tests.support.processes.launcher import CommandServer
from tests.support.sandbox import control
from works.catalogue.entries import WorkEntry

WEB_PORT = 8600
FEW_CONNECTIONS, MANY_CONNECTIONS = 10, 300
ASK_SECS = 8.0
# Tables of view_data.sqlite3, each with the key that names its rows.
STATISTICS = {
    "work_metrics": "platform, work_id, crawl_date, crawl_hour",
    "crawl_sessions": "crawl_date, crawl_hour",
}
SURROGATES = frozenset({"id", "created_at"})


class FarDatabase(MariaDBStage):
    """The pair behind a door in a namespace of its own, with the clock that is played."""

    held_tables = (
        *(("tasks", "id"), ("accounts", "id"), ("job_runs", "id")),
        *(("view_hours", "hour"), ("operations", "id")),
    )

    def __init__(self, network: Network, place: Place) -> None:
        self._network, self.place = network, place
        self._crowd: threading.Thread | None = None
        super().__init__()

    def _make_proxy(self, port: int) -> ChaosProxy:
        self.door = self._network.door(self.place, port)
        return self.door

    def prepare(self, folder: Path) -> None:
        super().prepare(folder)
        self.url = self._direct_url.replace(f"127.0.0.1:{self._port}/", f"{self.door.place}/")

    def set_time_ahead(self, secs: float) -> None:
        """Play another time from now on; nobody may hold a lease."""
        self.usual_ahead_secs = secs
        self.heal()

    def crowd(self, secs: float) -> None:
        """End all of Baton's connections, and let nearly none of them in for so long."""
        self._end_silence()
        admin = self.pair.primary.connect()
        self._crowd = threading.Thread(target=_crowd, args=(admin, secs), daemon=True)
        self._crowd.start()

    def _end_silence(self) -> None:
        super()._end_silence()
        if self._crowd is not None:
            self._crowd.join()
            self._crowd = None


class FarPlatform(Platform):
    """The sandbox that keeps a book of its answers."""

    program = Path(__file__).with_name("recording_sandbox.py")


class FarHost(Host):
    """A host in a namespace; its whole data folder is a small file system of its own."""

    def __init__(self, place: Place, **options: Any) -> None:
        self.place = place
        super().__init__(namespace=place.namespace, **options)
        self.exports_dir.mkdir(exist_ok=True)
        self.has_lost_data = False

    @property
    def disk_dir(self) -> Path:
        return self.data_dir

    @property
    def console(self) -> str:
        return f"http://{self.place.address}:{WEB_PORT}"

    def lose_data(self) -> None:
        """Lose all that lies in the data folder; the operator has a copy of the key."""
        key = (self.data_dir / "secret.key").read_bytes()
        for path in list(self.data_dir.iterdir()):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        (self.data_dir / "secret.key").write_bytes(key)
        (self.data_dir / "secret.key").chmod(0o600)
        self.exports_dir.mkdir(exist_ok=True)
        self.has_lost_data = True

    def has_file(self, path: str) -> bool:
        """Whether an export file lies here."""
        return (self.exports_dir / path).is_file()

    def hour_files(self) -> dict[str, bytes]:
        """The dated files of hourly numbers, by name."""
        found = (self.data_dir / "spider" / "views").rglob("*_views_data.json")
        return {path.name: path.read_bytes() for path in found}

    def statistics(self) -> dict[str, list[dict[str, object]]]:
        """The rows of `view_data.sqlite3`, without what numbers and dates the rows themselves."""
        found: dict[str, list[dict[str, object]]] = {}
        with closing(self._look_at_statistics()) as connection:
            for table, order in STATISTICS.items():
                rows = connection.execute(f"SELECT * FROM {table} ORDER BY {order}")
                names = [column[0] for column in rows.description]
                whole = [dict(zip(names, row, strict=True)) for row in rows]
                found[table] = [without(row, SURROGATES) for row in whole]
        return found

    def has_files_up_to(self, version: int) -> bool:
        """Whether both kinds of files of hourly numbers follow the database up to there."""
        note = self.data_dir / "spider" / "views" / ".version"
        try:
            with closing(self._look_at_statistics()) as connection:
                (reached,) = connection.execute("PRAGMA user_version").fetchone()
            return version <= min(int(note.read_text()), int(reached))
        except (OSError, ValueError, sqlite3.Error):
            return False

    def _look_at_statistics(self) -> sqlite3.Connection:
        """Open `view_data.sqlite3` without making one where none lies."""
        return sqlite3.connect(f"file:{self.data_dir / 'view_data.sqlite3'}?mode=ro", uri=True)


def _crowd(admin: Any, secs: float) -> None:
    with closing(admin), admin.cursor() as cursor:
        cursor.execute(f"SET GLOBAL max_connections={FEW_CONNECTIONS}")
        cursor.execute(f"SELECT id FROM information_schema.processlist WHERE user='{USER}'")
        for (one,) in cursor.fetchall():
            with suppress(pymysql.Error):  # it ended by itself
                cursor.execute(f"KILL {one}")
        time.sleep(secs)
        cursor.execute(f"SET GLOBAL max_connections={MANY_CONNECTIONS}")


def without(row: dict[str, object], names: frozenset[str]) -> dict[str, object]:
    """Return a row without some of its columns."""
    return {name: value for name, value in row.items() if name not in names}


class Installation:
    """Everything that runs, made anew."""

    def __init__(self, folder: Path, server: CommandServer, lease_secs: int) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.network = Network()
        places = [self.network.join() for _ in range(HOSTS + 1)]
        self.stage = FarDatabase(self.network, places[-1])
        self.stage.prepare(folder)
        self.answers = folder / "answers.jsonl"
        self.answers.touch()
        self._offsets = OffsetFile(folder / "offsets")
        self.hosts: list[FarHost] = []
        for number, place in enumerate(places[:HOSTS]):
            host = FarHost(
                place=place,
                folder=folder / f"host-{number}",
                server=server,
                url=self.stage.url,
                name=f"host-{number}",
                **_settings(place, lease_secs),
            )
            self.hosts.append(host)
        self.platform = FarPlatform(
            self.hosts[0],
            creators=CREATORS,
            domains=",".join(DOMAINS),
            offsets=folder / "offsets",
            answers=self.answers,
        )
        port = int(self.platform.url.rpartition(":")[2])
        self.platform_door = self.network.door(places[-1], port)
        for host in self.hosts:
            host.env["BATON_BILIBILI_BASE_URL"] = f"http://{self.platform_door.place}"

    def set_up(self) -> None:
        """Make tables, accounts and the catalogue; give every host the key; make a token."""
        first = self.hosts[0]
        limit = len(DOMAINS) * CREATORS // ACCOUNTS
        first.add_accounts(*(f"acc{n}" for n in range(ACCOUNTS)), limit=limit)
        videos = control.videos(self.platform.url, "bilibili", WORKS, state="visible")
        with first.opened_app() as app:
            app.works.catalogue.put([WorkEntry(v["platform"], v["id"]) for v in videos])
            self.token = app.web_tokens.make(Role.ADMIN, "driver").text
        self.works = [str(video["id"]) for video in videos]
        for host in self.hosts[1:]:
            shutil.copy(first.data_dir / "secret.key", host.data_dir)

    def set_time_ahead(self, secs: float) -> None:
        """Let database and platform live at another time; nothing may run."""
        self._offsets.set_ahead(secs)
        self.stage.set_time_ahead(secs)

    def ask(
        self, host: FarHost, method: str, path: str, secs: float = ASK_SECS, **how: Any
    ) -> requests.Response:
        """Send a request of the operator to the console of a host."""
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{host.console}/api/v1{path}"
        return requests.request(method, url, headers=headers, timeout=secs, **how)

    def close(self, counts: Counts) -> None:
        for host in self.hosts:
            host.close()
            host.unmount()
        self.stage.tidy(counts)
        self.stage.close()
        self.network.close()


def _settings(place: Place, lease_secs: int) -> dict[str, str]:
    return {
        "BATON_LEASE_SECS": str(lease_secs),
        "BATON_QUOTA_TIMEZONE": str(ZONE),
        "BATON_BILIBILI_PACE": "1/0.8",
        "BATON_EXPORT_BATCH_ROWS": "25",
        "BATON_EXPORT_FILE_ROWS": "60",
        "BATON_PAGES_PER_TASK": "3",
        "BATON_EXPORT_IDLE_SECS": "5",
        "BATON_THROTTLE_COOLDOWN_SECS": "0.3",
        "BATON_RISK_COOLDOWN_SECS": "0.5",
        "BATON_REQUEST_TIMEOUT_SECS": "2",
        "BATON_ANSWER_TIMEOUT_SECS": "3",
        "BATON_WEB_HOST": place.address,
        "BATON_WEB_PORT": str(WEB_PORT),
        "BATON_PEER_URL": f"http://{place.address}:{WEB_PORT}",
    }
