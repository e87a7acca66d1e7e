"""The checks of `doctor`, in their order; here those of database, accounts and processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from app.container import App
from app.foundation import SPARE_CONNECTIONS
from commands.doctor.database_checks import database_findings
from commands.doctor.egress_checks import EgressChecks
from commands.doctor.environment_checks import (
    folder_findings,
    home_finding,
    key_file_finding,
    log_file_findings,
    settings_findings,
)
from commands.doctor.export_file_checks import ExportFileChecks
from commands.doctor.file_access_checks import file_access_findings, private_file_findings
from commands.doctor.findings import Finding, Level, failure, ok, warning
from commands.doctor.hourly_checks import hourly_findings
from commands.doctor.login_checks import LoginChecks
from commands.doctor.retention_checks import retention_finding
from commands.doctor.works_checks import WorksChecks
from commands.framework.context import database_place, new_database
from commands.framework.reader import shown
from core.errors import BatonError, CredentialsError, SettingsError
from core.installation.program import program_name
from core.messages import Message
from presentation.i18n.command_lines import shell_word
from presentation.i18n.renderer import counted
from storage.crawling import account_leases, leases, task_leases
from storage.crawling.leases import Worker
from storage.engines.transactions import Tx
from storage.models.accounts import Account, AccountStatus
from web.backend import THREADS

MAX_CLOCK_OFFSET_SECS = 5.0
LONG_COOLDOWN_SECS = 86400.0
DEFAULT_RUN_THREADS = 4 + THREADS  # of a `run` without options


class InstallationChecks:
    """Checks an installation.

    A check changes nothing: only a finding's `fix` does, when it is called. But a database that
    does not exist yet is created.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    def findings(self) -> Iterator[Finding]:
        """Yield all findings, the most basic first; without a database the others are left out."""
        yield home_finding()
        yield from settings_findings()
        yield from folder_findings(self._app.settings)
        yield from log_file_findings(self._app.settings, self._app.host_clock.now())
        yield key_file_finding(self._app.settings)
        yield from file_access_findings(self._app.settings)
        yield self._notifications()
        try:
            created = new_database(self._app)
            self._app.open()
        except BatonError as error:
            yield failure(
                Message.of("subject_database_and_key"), error, Message.of("nothing_else_checked")
            )
            return
        except OSError as error:
            yield failure(
                Message.of("subject_secret_key"),
                Message.of("key_unwritable", detail=error.strerror),
                Message.of("set_data_dir"),
            )
            return
        yield self._database(created)
        on_server = self._app.database.dialect.name != "sqlite"
        yield from private_file_findings(None if on_server else Path(database_place(self._app)))
        yield from self._connections()
        yield self._clock()
        yield from database_findings(self._app)
        yield from self._accounts()
        yield from EgressChecks(self._app).findings()
        yield from self._leases()
        yield from self._workers()
        yield retention_finding(self._app.jobs.scheduled.retention)
        yield from ExportFileChecks(self._app).findings()
        yield from WorksChecks(self._app).findings()
        yield from hourly_findings(self._app)

    def _notifications(self) -> Finding:
        subject = Message.of("subject_notifications")
        try:
            channels = self._app.alerts.channels
        except SettingsError as error:
            return failure(subject, error, Message.of("mend_and_test"))
        if not channels:
            return ok(subject, Message.of("no_channel_set"))
        names = [channel.name for channel in channels]
        return ok(subject, Message.of("names_listed", names=names))

    def _database(self, created: str | None) -> Finding:
        if created is not None:
            return warning(
                Message.of("subject_database"),
                Message.of("database_made_now", database=created),
                Message.of("database_elsewhere"),
            )
        return ok(
            Message.of("subject_database"),
            Message.of("database_at", database=database_place(self._app)),
        )

    def _connections(self) -> Iterator[Finding]:
        usage = self._app.database.read(Tx.connections)
        if usage is None:  # SQLite has no limit
            return
        used, maximum = usage
        needed = DEFAULT_RUN_THREADS + SPARE_CONNECTIONS
        subject = Message.of("subject_connections")
        detail = Message.of("connections_used", used=used, maximum=maximum, needed=needed)
        if maximum - used >= needed:
            yield ok(subject, detail)
            return
        yield warning(subject, detail, Message.of("raise_connections"))

    def _clock(self) -> Finding:
        offset = self._app.clock.offset_secs
        subject, detail = Message.of("subject_clock"), Message.of("clock_offset", secs=offset)
        if abs(offset) < MAX_CLOCK_OFFSET_SECS:
            return ok(subject, detail)
        return warning(subject, detail, Message.of("set_clock_by_ntp"))

    def _accounts(self) -> Iterator[Finding]:
        accounts = self._app.pool.registry.all()
        if not accounts:
            yield warning(
                Message.of("subject_accounts"),
                Message.of("no_account_yet"),
                Message.of("import_account"),
            )
            return
        usable = [account for account in accounts if account.status is not AccountStatus.DISABLED]
        yield Finding(
            level=Level.OK if usable else Level.ERROR,
            subject=Message.of("subject_accounts"),
            detail=Message.of("accounts_usable", usable=len(usable), count=len(accounts)),
            advice=None if usable else Message.of("enable_or_import"),
        )
        for account in accounts:
            for detail, advice in self._account_problems(account):
                yield warning(
                    Message.of("subject_account", account=account.username), detail, advice
                )
        yield from LoginChecks(self._app).findings(accounts)

    def _account_problems(self, account: Account) -> Iterator[tuple[Message, Message]]:
        name, now = shell_word(account.username), self._app.clock.now()
        if account.status is AccountStatus.DISABLED:
            yield (
                Message.of("account_is_disabled", reason=shown(account.disabled_reason)),
                _command(f"{program_name()} accounts explain {name}"),
            )
        if account.session is None:
            yield Message.of("account_lacks_session"), Message.of("import_session_of", name=name)
        if account.daily_export_limit == 0:
            command = f"{program_name()} accounts set_limit {name} 4000"
            yield Message.of("account_limit_zero"), _command(command)
        try:
            for token in (account.session, account.password, account.proxy, account.device):
                self._app.vault.decrypt(token)
        except CredentialsError as error:
            advice = Message.of("import_session_of", name=name)
            yield Message.of("error_found", cause=error), advice
        cooldown = account.cooldown_until
        if cooldown is not None and cooldown > now + timedelta(seconds=LONG_COOLDOWN_SECS):
            yield (
                Message.of("account_rests_until", moment=f"{cooldown:%Y-%m-%d %H:%M}"),
                _command(f"{program_name()} accounts enable {name}"),
            )

    def _leases(self) -> Iterator[Finding]:
        now = self._app.clock.now()
        tasks = self._app.database.read(task_leases.count_expired, now)
        accounts = self._app.database.read(account_leases.count_expired, now)
        if not tasks and not accounts:
            yield ok(Message.of("subject_leases"), Message.of("no_leases_left"))
            return

        def reap() -> Message:
            reaped_tasks = self._app.crawling.scheduler.reap()
            reaped_accounts = self._app.database.write_idempotent(account_leases.reap, now)
            return Message.of(
                "leases_taken_back",
                tasks=counted(reaped_tasks, "task"),
                accounts=counted(reaped_accounts, "account"),
            )

        yield warning(
            Message.of("subject_leases"),
            Message.of(
                "leases_of_gone",
                tasks=counted(tasks, "task"),
                accounts=counted(accounts, "account"),
            ),
            Message.of("leases_taken_by_any"),
            fix=reap,
        )

    def _workers(self) -> Iterator[Finding]:
        for worker in self._app.database.read(leases.workers):
            subject = Message.of("subject_process", pid=worker.pid, host=worker.host)
            silent_secs = (self._app.clock.now() - worker.seen_at).total_seconds()
            if silent_secs <= self._app.settings.lease_secs:
                yield ok(subject, Message.of("process_roles", roles=worker.roles))
                continue
            yield warning(
                subject,
                Message.of("process_silent", secs=silent_secs),
                Message.of("process_start_again"),
                fix=self._removal_of(worker),
            )

    def _removal_of(self, worker: Worker) -> Callable[[], Message]:
        def remove() -> Message:
            self._app.database.write_idempotent(leases.retire, worker.id)
            return Message.of("process_removed")

        return remove


def _command(command: str) -> Message:
    return Message.of("run_this", command=command)
