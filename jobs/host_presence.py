"""Show this host to the others, and remove its old files, which only it can reach."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from core.clock import Clock
from core.errors import CommitUnknownError, DatabaseError
from core.logs import fields, service_log
from core.poller import database_poller
from core.supervision.internal_errors import ComponentErrors
from storage.engines.transactions import Database
from storage.operations import hosts
from storage.operations.hosts import HostFacts

log = service_log("jobs")
PRUNED_EVERY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class HostPresence:
    """Announces a host at each third of a lease's life, and removes its old files once a day.

    Args:
        time_zone: of its quota days and hours.
        peer_url: where its console answers other hosts; None nowhere.
        prune_files: removes old files of this host and returns their number.
    """

    database: Database
    clock: Clock
    host: str
    version: str
    time_zone: str
    peer_url: str | None
    data_dir: Path
    announce_secs: float
    prune_files: Callable[[], int]
    errors: ComponentErrors

    def run(self, stop: threading.Event) -> None:
        """Announce until `stop` is set, then note that the host leaves in order."""
        poller = database_poller(
            clock=self.clock, poll_secs=self.announce_secs, log=log, errors=self.errors
        )
        poller.run(self.announce_once, stop)
        try:
            self.database.write_idempotent(hosts.leave, self.host[:255], self.clock.now())
        except (DatabaseError, CommitUnknownError) as error:
            log.warning("could not sign the host off: %s", error)

    def announce_once(self) -> None:
        """Announce the host; remove its old files when no process of it did so for a day.

        Raises:
            DatabaseError: it was not announced.
        """
        now = self.clock.now()
        facts = HostFacts(
            host=self.host[:255],
            peer_url=self.peer_url,
            version=self.version,
            time_zone=self.time_zone[:64],
            free_bytes=self._free_bytes(),
            seen_at=now,
        )
        self.database.write_idempotent(hosts.announce, facts)
        if self.database.write(hosts.take_pruning, facts.host, now, now - PRUNED_EVERY):
            log.info("%s old files removed", fields(files=self.prune_files()))

    def _free_bytes(self) -> int | None:
        try:
            return shutil.disk_usage(self.data_dir).free
        except OSError:
            return None  # the folder has vanished, or its disk does not answer
