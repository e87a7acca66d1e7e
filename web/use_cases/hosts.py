"""Look at the hosts that work on the database, and forget one that is gone for good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from core.errors import InvalidInputError
from presentation.json_rows import as_object
from storage.crawling import leases
from storage.engines.transactions import Tx
from storage.operations import hosts

if TYPE_CHECKING:
    from storage.crawling.leases import Worker
    from storage.engines.transactions import Database
    from storage.operations.hosts import HostRow
    from web.audit_log import AuditLog, Principal


@dataclass(frozen=True)
class HostView:
    """A host, and its processes that are alive as far as is known."""

    row: HostRow
    processes: tuple[Worker, ...]

    @property
    def runs(self) -> list[str]:
        """Return what its processes run, one text each: `ingestion,export (4711)`."""
        return [f"{one.roles} ({one.pid})" if one.roles else str(one.pid) for one in self.processes]


@dataclass(frozen=True, kw_only=True)
class HostUseCases:
    """Lists the hosts that work on the database, and removes them from that list."""

    database: Database
    audit: AuditLog

    def every(self) -> list[HostView]:
        """Return all hosts by name, each with its processes."""

        def read(tx: Tx) -> list[HostView]:
            workers = leases.workers(tx)
            return [
                HostView(row, tuple(one for one in workers if one.host[:255] == row.host))
                for row in hosts.every(tx)
            ]

        return self.database.read(read)

    def forget(self, who: Principal, host: str) -> None:
        """Remove a host's row, and with it the alert that it is gone; it comes back by itself.

        Raises:
            InvalidInputError: there is no host of that name.
        """
        with self.audit.action(who, "host.forget", host):
            if not self.database.write_idempotent(hosts.forget, host):
                raise InvalidInputError("host_not_known", host=host)


def host_object(view: HostView) -> dict[str, Any]:
    """Return a host with its processes as JSON."""
    return as_object(view.row) | {"processes": [as_object(one) for one in view.processes]}
