"""The checks of `doctor`: each looks at one thing and gives findings."""

from __future__ import annotations

import difflib
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path

from commands.root import SPARE_CONNECTIONS, App
from core.errors import BatonError, CredentialsError
from core.settings import setting_names
from storage import accounts, leases, segments, task_leases
from storage.database import Tx
from storage.records import Account, AccountStatus, Segment, Worker

FREE_BYTES = 500 * 1024 * 1024
CLOCK_SECS = 5.0
LONG_REST_SECS = 86400.0
RUN_THREADS = 4  # of a `run` with its defaults


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """What was seen, and what to do about it. `fix` does it where that is safe, and says what."""

    level: Level
    subject: str
    detail: str
    advice: str = ""
    fix: Callable[[], str] | None = None


class Checkup:
    """Looks at an installation. Nothing is changed but by a finding's `fix`."""

    def __init__(self, app: App) -> None:
        self._app = app

    def findings(self) -> Iterator[Finding]:
        """All findings, in the order in which they matter."""
        yield from self._settings()
        yield from self._folders()
        yield self._key_file()
        try:
            self._app.open()
        except BatonError as error:
            yield Finding(
                Level.ERROR, "database and key", str(error), "nothing else can be checked"
            )
            return
        yield self._database()
        yield from self._connections()
        yield self._clock()
        yield from self._accounts()
        yield from self._leases()
        yield from self._workers()
        yield from self._open_segments()
        yield from self._hosts()
        yield from self._parts()

    def _settings(self) -> Iterator[Finding]:
        known = setting_names()
        wrong = sorted(n for n in _given_names() if n.startswith("BATON_") and n not in known)
        if not wrong:
            yield Finding(Level.OK, "settings", "read from the environment and .env")
        for name in wrong:
            near = difflib.get_close_matches(name, known, 1)
            yield Finding(
                Level.WARN, "settings", f"{name} is not a setting and has no effect",
                f"did you mean {near[0]}?" if near else "see docs/configuration.md",
            )  # fmt: skip

    def _folders(self) -> Iterator[Finding]:
        settings = self._app.settings
        for name, folder in (("data folder", settings.data_dir), ("log folder", settings.log_dir)):
            there = _nearest(folder)
            free = shutil.disk_usage(there).free
            if not os.access(there, os.W_OK):
                yield Finding(
                    Level.ERROR, name, f"{folder} cannot be written",
                    "give this user the right to write there, or set another folder",
                )  # fmt: skip
            elif free < FREE_BYTES:
                yield Finding(
                    Level.WARN, name, f"{free / 2**20:.0f} MiB free for {folder}",
                    "make room: work waits while the disk is full",
                )  # fmt: skip
            else:
                yield Finding(Level.OK, name, f"{folder}, {free / 2**30:.1f} GiB free")

    def _key_file(self) -> Finding:
        if self._app.settings.secret_key is not None:
            return Finding(Level.OK, "secret key", "from BATON_SECRET_KEY")
        path = self._app.settings.key_file
        if not path.exists():
            return Finding(Level.OK, "secret key", f"{path} is made on first use")
        mode = stat.S_IMODE(path.stat().st_mode)
        if not mode & 0o077:
            return Finding(Level.OK, "secret key", f"{path}, its owner's only; back it up")

        def close() -> str:
            path.chmod(0o600)
            return f"{path} is its owner's only now"

        return Finding(
            Level.WARN, "secret key", f"{path} has mode {mode:o}", f"chmod 600 {path}", close
        )

    def _database(self) -> Finding:
        return Finding(Level.OK, "database", self._app.database.engine.describe())

    def _connections(self) -> Iterator[Finding]:
        room = self._app.database.read(Tx.connections)
        if room is None:
            return
        used, most = room
        need = RUN_THREADS + SPARE_CONNECTIONS
        detail = f"{used} of {most} in use; a `run` needs {need}, each further --workers one more"
        if most - used >= need:
            yield Finding(Level.OK, "connections", detail)
            return
        yield Finding(
            Level.WARN, "connections", detail,
            "raise max_connections of the server, or use fewer processes and --workers",
        )  # fmt: skip

    def _clock(self) -> Finding:
        offset = self._app.clock.offset_secs
        if abs(offset) < CLOCK_SECS:
            return Finding(Level.OK, "clock", f"{offset:+.1f} s against the database")
        return Finding(
            Level.WARN, "clock", f"{offset:+.1f} s against the database",
            "harmless for leases and quotas, which use the database's clock; set this host's"
            " clock by NTP",
        )  # fmt: skip

    def _accounts(self) -> Iterator[Finding]:
        everyone = self._app.registry.all()
        if not everyone:
            yield Finding(Level.WARN, "accounts", "none", "accounts import NAME cookies.txt")
            return
        usable = [one for one in everyone if one.status is not AccountStatus.DISABLED]
        yield Finding(
            Level.OK if usable else Level.ERROR, "accounts",
            f"{len(usable)} of {len(everyone)} usable",
            "" if usable else "enable one (accounts enable NAME) or import a fresh session",
        )  # fmt: skip
        for account in everyone:
            for detail, advice in self._never_usable(account):
                yield Finding(Level.WARN, f"account {account.username}", detail, advice)

    def _never_usable(self, account: Account) -> Iterator[tuple[str, str]]:
        name, now = account.username, self._app.clock.now()
        if account.status is AccountStatus.DISABLED:
            yield f"disabled: {account.disabled_reason}", f"accounts explain {name}"
        if account.session is None:
            yield "has no session, cannot crawl", f"accounts import {name} cookies.txt"
        if account.daily_export_limit == 0:
            yield "has limit 0, can never export", f"accounts set_limit {name} 4000"
        try:
            for token in (account.session, account.password, account.proxy):
                self._app.vault.decrypt(token)
        except CredentialsError as error:
            yield str(error), f"accounts import {name} cookies.txt"
        rest = account.cooldown_until
        if rest is not None and rest > now + timedelta(seconds=LONG_REST_SECS):
            yield f"rests until {rest:%Y-%m-%d %H:%M} UTC", f"accounts enable {name} ends the rest"

    def _leases(self) -> Iterator[Finding]:
        now = self._app.clock.now()
        tasks = self._app.database.read(lambda tx: task_leases.count_expired(tx, now))
        held = self._app.database.read(lambda tx: accounts.count_expired(tx, now))
        if not tasks and not held:
            yield Finding(Level.OK, "leases", "none left behind")
            return

        def take_back() -> str:
            write = self._app.database.write
            back = write(lambda tx: task_leases.reap(tx, now), repeatable=True)
            free = write(lambda tx: accounts.reap(tx, now), repeatable=True)
            return f"{back} tasks and {free} accounts taken back"

        yield Finding(
            Level.WARN, "leases", f"{tasks} tasks and {held} accounts of processes that are gone",
            "any running process takes them back", take_back,
        )  # fmt: skip

    def _workers(self) -> Iterator[Finding]:
        for worker in self._app.database.read(leases.workers):
            subject = f"process {worker.pid} on {worker.host}"
            silent_secs = (self._app.clock.now() - worker.seen_at).total_seconds()
            if silent_secs <= self._app.settings.lease_secs:
                yield Finding(Level.OK, subject, worker.roles)
                continue
            yield Finding(
                Level.WARN, subject,
                f"not heard of for {silent_secs:.0f} s; its work is taken over",
                "start it again if it should run", self._forgets(worker),
            )  # fmt: skip

    def _forgets(self, worker: Worker) -> Callable[[], str]:
        def forget() -> str:
            self._app.database.write(lambda tx: leases.retire(tx, worker.id), repeatable=True)
            return "taken off the list"

        return forget

    def _open_segments(self) -> Iterator[Finding]:
        left = self._app.sealer.unattended()
        if not left:
            yield Finding(Level.OK, "export files", "none left unfinished")
        for segment in left:
            yield Finding(
                Level.WARN, f"segment {segment.id}",
                f"open on host {segment.host}, and nobody works on task {segment.task_id}",
                f"it is finished when the task goes on, or by: exports rebuild {segment.id}",
                self._rebuilds(segment),
            )  # fmt: skip

    def _rebuilds(self, segment: Segment) -> Callable[[], str]:
        return lambda: f"written to {self._app.sealer.rebuild(segment.id).path}"

    def _hosts(self) -> Iterator[Finding]:
        """Files are only as reachable as the hosts they are on."""
        alive = {worker.host for worker in self._app.database.read(leases.workers)}
        for files in self._app.database.read(segments.by_host):
            if files.host == self._app.host or files.host in alive or self._is_here(files):
                continue
            yield Finding(
                Level.WARN, f"host {files.host}",
                f"holds {files.count} export files, and no process runs there",
                "fetch them from there; if the host is gone, write them again here:"
                f" exports rebuild --host {files.host}",
            )  # fmt: skip

    def _is_here(self, files: segments.HostFiles) -> bool:
        """A host may just have been renamed, or its folder be shared."""
        path = files.newest_path
        return path is not None and self._app.files.locate(path).exists()

    def _parts(self) -> Iterator[Finding]:
        stale = self._app.sealer.stale_parts()
        if not stale:
            return

        def remove() -> str:
            for path in stale:
                path.unlink(missing_ok=True)
            return f"{len(stale)} removed"

        names = ", ".join(path.name for path in stale[:3]) + (" …" if len(stale) > 3 else "")
        yield Finding(
            Level.WARN, "part files", f"{len(stale)} that nobody will finish: {names}",
            "remove them", remove,
        )  # fmt: skip


def _nearest(folder: Path) -> Path:
    """The folder, or the one above it that is there."""
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return folder


def _given_names() -> set[str]:
    """Names in the environment and in `.env`."""
    names = {name.upper() for name in os.environ}
    env_file = Path(".env")
    if env_file.is_file():
        for line in env_file.read_text(encoding="utf-8").splitlines():
            name, equals, _ = line.strip().removeprefix("export ").partition("=")
            if equals and not name.startswith("#"):
                names.add(name.strip().upper())
    return names
