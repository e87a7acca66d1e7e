"""The engine: starts and stops the services of one process in the right order."""

from __future__ import annotations

from collections.abc import Sequence

from core.service import Service
from storage.engines.transactions import Database

JOIN_SECS = 60.0


class Engine:
    """Producers (ingestion) and consumers (export) between the start and the end of the keeper.

    The keeper starts first and ends last: as long as anybody works, leases are renewed.
    """

    def __init__(
        self,
        *,
        producers: Sequence[Service],
        consumers: Sequence[Service],
        keeper: Service,
        database: Database,
        helpers: Sequence[Service] = (),
    ) -> None:
        self._producers = [*helpers, *producers]
        self._consumers = list(consumers)
        self._keeper = keeper
        self._database = database
        self._stopped = False

    def start(self) -> None:
        self._keeper.start()
        for service in (*self._consumers, *self._producers):
            service.start()

    def request_stop(self) -> None:
        """Ask every worker to finish what it has in hand; returns at once. Safe to call twice."""
        self._database.give_up.set()
        for service in (*self._producers, *self._consumers):
            service.stop()

    def stop(self) -> bool:
        """Stop in order and wait; False when a worker did not end in time. Safe to call twice."""
        if self._stopped:
            return True
        self._stopped = True
        self.request_stop()
        ended = [service.join(JOIN_SECS) for service in (*self._producers, *self._consumers)]
        self._keeper.stop()
        ended.append(self._keeper.join(JOIN_SECS))
        return all(ended)
