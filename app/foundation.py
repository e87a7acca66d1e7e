"""Build the objects that all others need: settings, database, time, leases and secrets."""

from __future__ import annotations

import os
import socket
import uuid
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import SecretStr

from core.clock import Clock, QuotaCalendar, SystemClock
from core.installation.file_access import FileAccess, configured_access
from core.leases import LeaseRegistry
from core.logs import service_log
from core.settings import Settings
from core.supervision.internal_errors import (
    MAX_PAUSE_SECS,
    ComponentErrors,
    InternalErrors,
)
from core.supervision.progress import ProgressClock, ThreadProgress
from core.supervision.watchdog import Watchdog
from storage.engines.clock import DatabaseClock
from storage.engines.transactions import Database, open_engine

if TYPE_CHECKING:
    from accounts.egress.identities import EgressIdentities
    from accounts.vault import Vault

# Lease renewer, jobs, alerts, notifiers, broadcaster, catalogue (2), console, main thread.
SPARE_CONNECTIONS = 9


class Foundation:
    """The collaborators that nearly every object needs, each built when it is first needed.

    `owner` is the id of this process in leases: host, process id and a random part. The other
    arguments are explained at `App`.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        threads: int,
        patience_secs: float,
        clock: Clock | None,
        host: str | None,
    ) -> None:
        self.settings = settings
        self.host = host or socket.gethostname()
        self.owner = f"{self.host[:20]}-{os.getpid()}-{uuid.uuid4().hex[:12]}"
        self.pool_size = threads + settings.webhook_workers + SPARE_CONNECTIONS
        self.host_clock = clock or SystemClock()
        self.progress = ThreadProgress()
        self.progress_clock = ProgressClock(clock=self.host_clock, progress=self.progress)
        self._patience_secs = patience_secs

    @cached_property
    def database(self) -> Database:
        """Return the database, opened at the first access. Raise SettingsError for a wrong URL."""
        engine = open_engine(self.settings.database_url.get_secret_value(), self.pool_size)
        return Database(engine=engine, clock=self.progress_clock, patience_secs=self._patience_secs)

    @cached_property
    def file_access(self) -> FileAccess:
        """Return the mode and group of exports, views and logs.

        Raises:
            SettingsError: this user may not give files to the group of the settings.
        """
        return configured_access(self.settings.files_mode, self.settings.files_group)

    @cached_property
    def clock(self) -> DatabaseClock:
        """Return the clock of the database, on which all processes agree."""
        return DatabaseClock(host_clock=self.progress_clock, database=self.database)

    @cached_property
    def calendar(self) -> QuotaCalendar:
        return QuotaCalendar(self.settings.quota_zone)

    @cached_property
    def leases(self) -> LeaseRegistry:
        return LeaseRegistry()

    @cached_property
    def watchdog(self) -> Watchdog:
        """Return what finds the work of this process that makes no progress."""
        return Watchdog(
            progress=self.progress,
            leases=self.leases,
            clock=self.host_clock,
            limit_secs=self.settings.stalled_after_secs,
        )

    @cached_property
    def internal_errors(self) -> InternalErrors:
        """Return the unexpected errors of this process, by component."""
        return InternalErrors(self.clock)

    def errors_of(
        self,
        component: str,
        max_pause_secs: float = MAX_PAUSE_SECS,
        *,
        service: str | None = None,
    ) -> ComponentErrors:
        """Return what contains the unexpected errors of a component.

        Args:
            max_pause_secs: it pauses so long at most after an error.
            service: the name of the log that they go into; None for the component's own.
        """
        log = service_log(service or component)
        return self.internal_errors.of(component, log, max_pause_secs)

    @cached_property
    def vault(self) -> Vault:
        """Return the vault; its key is read when it is first needed, and kept."""
        from accounts.vault import KEY_CHECK, KeySource, Vault
        from storage.schema.schema import get_fact

        source = KeySource(secret_text(self.settings.secret_key), self.settings.key_file)
        return Vault(source, key_check=lambda: self.database.read(get_fact, KEY_CHECK))

    @cached_property
    def egress(self) -> EgressIdentities:
        """Return the names of egress routes; their salt is read when it is first needed."""
        from accounts.egress.identities import EgressIdentities
        from core.installation.machine import machine_name

        host_name = self.settings.egress_name or machine_name()
        return EgressIdentities(database=self.database, vault=self.vault, host_name=host_name)

    def close(self) -> None:
        """Close the database if it was opened."""
        if "database" in self.__dict__:
            self.database.close()


def secret_text(value: SecretStr | None) -> str | None:
    """Return the text of a secret setting; None when it is not set."""
    return value.get_secret_value() if value else None
