"""The checks of `doctor`, in their order; here those of database, accounts and processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

from app.container import App
from app.foundation import SPARE_CONNECTIONS
from commands.doctor.environment_checks import (
    folder_findings,
    key_file_finding,
    settings_findings,
)
from commands.doctor.export_file_checks import ExportFileChecks
from commands.doctor.findings import Finding, Level
from commands.doctor.retention_checks import retention_finding
from commands.doctor.works_checks import WorksChecks
from commands.framework.context import amount, database_place, new_database
from core.errors import BatonError, CredentialsError, SettingsError
from core.logs import redact
from presentation.i18n.command_lines import shell_word
from presentation.i18n.renderer import ENGLISH_RENDERER
from storage.crawling import account_leases, leases, task_leases
from storage.engines.transactions import Tx
from storage.models.accounts import Account, AccountStatus
from storage.models.workers import Worker
from web.backend import THREADS

MAX_CLOCK_OFFSET_SECS = 5.0
LONG_COOLDOWN_SECS = 86400.0
DEFAULT_RUN_THREADS = 4 + THREADS  # of a `run` without options


class InstallationChecks:
    """Checks an installation; only a finding's `fix` changes anything."""

    def __init__(self, app: App) -> None:
        self._app = app

    def findings(self) -> Iterator[Finding]:
        """Yield all findings, the most basic first; without a database the rest is left out."""
        yield from settings_findings()
        yield from folder_findings(self._app.settings)
        yield key_file_finding(self._app.settings)
        yield self._notifications()
        try:
            created = new_database(self._app)
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
        yield self._database(created)
        yield from self._connections()
        yield self._clock()
        yield from self._accounts()
        yield from self._leases()
        yield from self._workers()
        yield retention_finding(self._app.housekeeping.retention)
        yield from ExportFileChecks(self._app).findings()
        yield from WorksChecks(self._app).findings()

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

    def _database(self, created: str | None) -> Finding:
        if created is not None:
            return Finding(
                level=Level.WARN,
                subject="database",
                detail=f"{created}, made just now: nothing was there",
                advice="if you have one, go to its folder or set DATABASE_URL to an absolute path",
            )
        return Finding(Level.OK, "database", database_place(self._app))

    def _connections(self) -> Iterator[Finding]:
        usage = self._app.database.read(Tx.connections)
        if usage is None:  # SQLite has no limit
            return
        used, maximum = usage
        needed = DEFAULT_RUN_THREADS + SPARE_CONNECTIONS
        detail = (
            f"{used} of {maximum} in use; a `run` needs {needed}, each further --workers one more"
        )
        if maximum - used >= needed:
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
        if abs(offset) < MAX_CLOCK_OFFSET_SECS:
            return Finding(Level.OK, "clock", f"{offset:+.1f} s against the database")
        return Finding(
            level=Level.WARN,
            subject="clock",
            detail=f"{offset:+.1f} s against the database",
            advice="harmless for leases and quotas, which use the database's clock; set this host's"
            " clock by NTP",
        )

    def _accounts(self) -> Iterator[Finding]:
        accounts = self._app.pool.registry.all()
        if not accounts:
            yield Finding(
                level=Level.WARN,
                subject="accounts",
                detail="none",
                advice="python cli.py accounts import NAME FILE",
            )
            return
        usable = [account for account in accounts if account.status is not AccountStatus.DISABLED]
        yield Finding(
            level=Level.OK if usable else Level.ERROR,
            subject="accounts",
            detail=f"{len(usable):,} of {len(accounts):,} usable",
            advice=""
            if usable
            else "python cli.py accounts enable NAME, or import a fresh session",
        )
        for account in accounts:
            for detail, advice in self._account_problems(account):
                yield Finding(
                    level=Level.WARN,
                    subject=f"account {account.username}",
                    detail=detail,
                    advice=advice,
                )

    def _account_problems(self, account: Account) -> Iterator[tuple[str, str]]:
        name, now = shell_word(account.username), self._app.clock.now()
        if account.status is AccountStatus.DISABLED:
            yield (
                f"disabled: {ENGLISH_RENDERER.stored(account.disabled_reason)}",
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
        cooldown = account.cooldown_until
        if cooldown is not None and cooldown > now + timedelta(seconds=LONG_COOLDOWN_SECS):
            yield (
                f"rests until {cooldown:%Y-%m-%d %H:%M} UTC",
                f"python cli.py accounts enable {name}",
            )

    def _leases(self) -> Iterator[Finding]:
        now = self._app.clock.now()
        tasks = self._app.database.read(task_leases.count_expired, now)
        accounts = self._app.database.read(account_leases.count_expired, now)
        if not tasks and not accounts:
            yield Finding(Level.OK, "leases", "none left behind")
            return

        def reap() -> str:
            reaped_tasks = self._app.crawling.scheduler.reap()
            reaped_accounts = self._app.database.write_idempotent(account_leases.reap, now)
            reaped = f"{amount(reaped_tasks, 'task')} and {amount(reaped_accounts, 'account')}"
            return f"{reaped} taken back"

        yield Finding(
            level=Level.WARN,
            subject="leases",
            detail=f"{amount(tasks, 'task')} and {amount(accounts, 'account')} of processes that"
            " are gone",
            advice="any running process takes them back",
            fix=reap,
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
                fix=self._removal_of(worker),
            )

    def _removal_of(self, worker: Worker) -> Callable[[], str]:
        def remove() -> str:
            self._app.database.write_idempotent(leases.retire, worker.id)
            return "taken off the list"

        return remove
