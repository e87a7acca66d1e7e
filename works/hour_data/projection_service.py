"""Have the files of this host follow the main database, whichever host crawls."""

from __future__ import annotations

import threading
from dataclasses import dataclass

from core.clock import Clock
from core.errors import DatabaseError, OutputError
from core.logs import SparseNotice, service_log
from core.poller import Poller
from core.supervision.internal_errors import ComponentErrors
from works.hour_data.projector import Projector

log = service_log("views")
POLL_SECS = 5.0


@dataclass(frozen=True, kw_only=True)
class ProjectionService:
    """The service that writes data files and statistics file in one thread of `run`."""

    projector: Projector
    clock: Clock
    errors: ComponentErrors

    def run(self, stop: threading.Event) -> None:
        """Write what has changed every few seconds until `stop` is set.

        A database that is away and files that cannot be written are logged and tried again.
        """
        notice = SparseNotice()

        def tell(error: Exception) -> None:
            if notice.is_due():
                log.error("files of hourly numbers are behind, trying again: %s", error)

        poller = Poller(
            clock=self.clock,
            poll_secs=POLL_SECS,
            retried=(DatabaseError, OutputError),
            on_error=tell,
            errors=self.errors,
        )
        poller.run(lambda: self.projector.project(stop, log), stop)
