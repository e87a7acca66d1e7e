"""The engine: starts and stops the services of one process in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from core.errors import NoThreadError
from core.threaded_service import Service
from storage.engines.transactions import Database

JOIN_SECS = 60.0


@dataclass(kw_only=True)
class Engine:
    """Starts and stops the threads of a process in the right order.

    These are the producers (ingestion), the consumers (export) and the lease renewer, which starts
    first and ends last, so that leases are renewed while anything works.

    Args:
        helpers: further services, stopped together with the producers.
    """

    producers: Sequence[Service]
    consumers: Sequence[Service]
    lease_renewer: Service
    database: Database
    helpers: Sequence[Service] = ()
    _stopped: bool = field(default=False, init=False)

    def start(self) -> None:
        """Start every service, the lease renewer first.

        Raises:
            NoThreadError: the system has no thread left; started services are stopped again.
        """
        try:
            self.lease_renewer.start()
            for service in (*self.consumers, *self.helpers, *self.producers):
                service.start()
        except NoThreadError:
            self.stop()
            raise

    def request_stop(self) -> None:
        """Ask every worker to finish what it is doing; return at once. Safe to call twice."""
        # Workers that wait for a lost database would not notice that they should stop.
        self.database.give_up.set()
        for service in (*self.helpers, *self.producers, *self.consumers):
            service.stop()

    def stop(self) -> bool:
        """Ask all services to stop, wait up to 60 s for each to end, and stop the lease renewer
        last.

        Return False when a service did not end in time; its leases run out by themselves. A second
        call does nothing and returns True.
        """
        if self._stopped:
            return True
        self._stopped = True
        self.request_stop()
        ended = [
            service.join(JOIN_SECS) for service in (*self.helpers, *self.producers, *self.consumers)
        ]
        self.lease_renewer.stop()
        ended.append(self.lease_renewer.join(JOIN_SECS))
        return all(ended)
