"""The checks of `doctor`: each looks at one thing and gives findings."""

from __future__ import annotations

import difflib
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from app.container import App
from app.foundation import SPARE_CONNECTIONS
from commands.doctor.export_file_checks import ExportFileChecks
from commands.doctor.findings import Finding, Level
from commands.doctor.retention_checks import retention_finding
from commands.doctor.works_checks import WorksChecks
from commands.framework.context import amount, database_place, new_database
from core.errors import BatonError, CredentialsError, SettingsError
from core.logs import redact
from core.settings import setting_names
from presentation.i18n.messages import ENGLISH
from presentation.i18n.reason_messages import shell_word, told
from storage.crawling import account_leases, leases, task_leases
from storage.engines.transactions import Tx
from storage.models.accounts import Account, AccountStatus
from storage.models.workers import Worker
from web.backend import THREADS

FREE_BYTES = 500 * 1024 * 1024
CLOCK_SECS = 5.0
LONG_REST_SECS = 86400.0
RUN_THREADS = 4 + THREADS  # of a `run` with its defaults


class InstallationChecks:
    """Looks at an installation. Nothing is changed but by a finding's `fix`."""

    def __init__(self, app: App) -> None:
        self._app = app

    def findings(self) -> Iterator[Finding]:
        """All findings, in the order in which they matter."""
        yield from self._settings()
        yield from self._folders()
        yield self._key_file()
        yield self._notifications()
        try:
            made = new_database(self._app)
            self._app.open()
        except BatonError as error:
            yield Finding(
                level=Level.ERROR,
                subject="database and key",
                detail=redact(str(error)),
                advice="nothing else can be checked",
            )
            return
        except OSError as error:
            yield Finding(
                level=Level.ERROR,
                subject="secret key",
                detail=f"cannot be written: {error.strerror}",
                advice="set BATON_DATA_DIR to a folder that can be written",
            )
            return
        yield self._database(made)
        yield from self._connections()
        yield self._clock()
        yield from self._accounts()
        yield from self._leases()
        yield from self._workers()
        yield retention_finding(self._app.housekeeping.retention)
        yield from ExportFileChecks(self._app).findings()
        yield from WorksChecks(self._app).findings()

    def _settings(self) -> Iterator[Finding]:
        known = setting_names()
        wrong = sorted(n for n in _given_names() if n.startswith("BATON_") and n not in known)
        if not wrong:
            yield Finding(Level.OK, "settings", "read from the environment and .env")
        for name in wrong:
            near = difflib.get_close_matches(name, known, 1)
            yield Finding(
                level=Level.WARN,
                subject="settings",
                detail=f"{name} is not a setting and has no effect",
                advice=f"did you mean {near[0]}?" if near else "see docs/configuration.md",
            )

    def _folders(self) -> Iterator[Finding]:
        settings = self._app.settings
        for name, setting, given in (
            ("data folder", "BATON_DATA_DIR", settings.data_dir),
            ("log folder", "BATON_LOG_DIR", settings.log_dir),
        ):
            folder = given.absolute()
            there = _nearest(folder)
            free = shutil.disk_usage(there).free
            if not os.access(there, os.W_OK):
                yield Finding(
                    level=Level.ERROR,
                    subject=name,
                    detail=f"{folder} cannot be written",
                    advice=f"give this user the right to write there, or set {setting}",
                )
            elif free < FREE_BYTES:
                yield Finding(
                    level=Level.WARN,
                    subject=name,
                    detail=f"{free / 2**20:.0f} MiB free for {folder}",
                    advice="make room: work waits while the disk is full",
                )
            else:
                yield Finding(Level.OK, name, f"{folder}, {free / 2**30:.1f} GiB free")

    def _key_file(self) -> Finding:
        if self._app.settings.secret_key is not None:
            return Finding(Level.OK, "secret key", "from BATON_SECRET_KEY")
        path = self._app.settings.key_file.absolute()
        if not path.exists():
            return Finding(Level.OK, "secret key", f"{path} is made on first use")
        mode = stat.S_IMODE(path.stat().st_mode)
        if not mode & 0o077:
            return Finding(Level.OK, "secret key", f"{path}, its owner's only; back it up")

        def close() -> str:
            path.chmod(0o600)
            return f"{path} is its owner's only now"

        return Finding(
            level=Level.WARN,
            subject="secret key",
            detail=f"{path} has mode {mode:o}",
            advice=f"chmod 600 {path}",
            fix=close,
        )

    def _notifications(self) -> Finding:
        subject = "notifications"
        try:
            channels = self._app.alerts.channels
        except SettingsError as error:
            return Finding(
                level=Level.ERROR,
                subject=subject,
                detail=str(error),
                advice="mend it, then: python cli.py alerts test",
            )
        if not channels:
            return Finding(
                Level.OK, subject, "no channel: alerts are in the console and the log only"
            )
        return Finding(Level.OK, subject, ", ".join(channel.name for channel in channels))

    def _database(self, made: str | None) -> Finding:
        if made is not None:
            return Finding(
                level=Level.WARN,
                subject="database",
                detail=f"{made}, made just now: nothing was there",
                advice="if you have one, go to its folder or set DATABASE_URL to an absolute path",
            )
        return Finding(Level.OK, "database", database_place(self._app))

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
            level=Level.WARN,
            subject="connections",
            detail=detail,
            advice="raise max_connections of the server, or use fewer processes and --workers",
        )

    def _clock(self) -> Finding:
        offset = self._app.clock.offset_secs
        if abs(offset) < CLOCK_SECS:
            return Finding(Level.OK, "clock", f"{offset:+.1f} s against the database")
        return Finding(
            level=Level.WARN,
            subject="clock",
            detail=f"{offset:+.1f} s against the database",
            advice="harmless for leases and quotas, which use the database's clock; set this host's"
            " clock by NTP",
        )

    def _accounts(self) -> Iterator[Finding]:
        everyone = self._app.pool.registry.all()
        if not everyone:
            yield Finding(
                level=Level.WARN,
                subject="accounts",
                detail="none",
                advice="python cli.py accounts import NAME FILE",
            )
            return
        usable = [one for one in everyone if one.status is not AccountStatus.DISABLED]
        yield Finding(
            level=Level.OK if usable else Level.ERROR,
            subject="accounts",
            detail=f"{len(usable):,} of {len(everyone):,} usable",
            advice=""
            if usable
            else "python cli.py accounts enable NAME, or import a fresh session",
        )
        for account in everyone:
            for detail, advice in self._never_usable(account):
                yield Finding(
                    level=Level.WARN,
                    subject=f"account {account.username}",
                    detail=detail,
                    advice=advice,
                )

    def _never_usable(self, account: Account) -> Iterator[tuple[str, str]]:
        name, now = shell_word(account.username), self._app.clock.now()
        if account.status is AccountStatus.DISABLED:
            yield (
                f"disabled: {told(ENGLISH, account.disabled_reason or '')}",
                f"python cli.py accounts explain {name}",
            )
        if account.session is None:
            yield "has no session, cannot crawl", f"python cli.py accounts import {name} FILE"
        if account.daily_export_limit == 0:
            yield "has limit 0, can never export", f"python cli.py accounts set_limit {name} 4000"
        try:
            for token in (account.session, account.password, account.proxy):
                self._app.vault.decrypt(token)
        except CredentialsError as error:
            yield str(error), f"python cli.py accounts import {name} FILE"
        rest = account.cooldown_until
        if rest is not None and rest > now + timedelta(seconds=LONG_REST_SECS):
            yield f"rests until {rest:%Y-%m-%d %H:%M} UTC", f"python cli.py accounts enable {name}"

    def _leases(self) -> Iterator[Finding]:
        now = self._app.clock.now()
        tasks = self._app.database.read(task_leases.count_expired, now)
        held = self._app.database.read(account_leases.count_expired, now)
        if not tasks and not held:
            yield Finding(Level.OK, "leases", "none left behind")
            return

        def take_back() -> str:
            back = self._app.crawling.scheduler.reap()
            free = self._app.database.write_idempotent(account_leases.reap, now)
            return f"{amount(back, 'task')} and {amount(free, 'account')} taken back"

        yield Finding(
            level=Level.WARN,
            subject="leases",
            detail=f"{amount(tasks, 'task')} and {amount(held, 'account')} of processes that"
            " are gone",
            advice="any running process takes them back",
            fix=take_back,
        )

    def _workers(self) -> Iterator[Finding]:
        for worker in self._app.database.read(leases.workers):
            subject = f"process {worker.pid} on {worker.host}"
            silent_secs = (self._app.clock.now() - worker.seen_at).total_seconds()
            if silent_secs <= self._app.settings.lease_secs:
                yield Finding(Level.OK, subject, worker.roles)
                continue
            yield Finding(
                level=Level.WARN,
                subject=subject,
                detail=f"not heard of for {silent_secs:.0f} s; its work is taken over",
                advice="start it again if it should run",
                fix=self._forgets(worker),
            )

    def _forgets(self, worker: Worker) -> Callable[[], str]:
        def forget() -> str:
            self._app.database.write_idempotent(leases.retire, worker.id)
            return "taken off the list"

        return forget


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
