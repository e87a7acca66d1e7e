"""Look at the hosts that work on the database, and forget one that is gone for good."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from alerts.rules import HOST_GONE_AFTER
from core.errors import InvalidInputError
from presentation.json_rows import as_object
from storage.crawling import leases
from storage.engines.transactions import Tx
from storage.operations import hosts

if TYPE_CHECKING:
    from core.clock import Clock
    from storage.crawling.leases import Worker
    from storage.engines.transactions import Database
    from storage.operations.hosts import HostRow
    from web.audit_log import AuditLog, Principal


class HostState(StrEnum):
    """What a host does: it works, it stopped in order, or it has been silent for long."""

    AT_WORK = "at_work"
    STOPPED = "stopped"
    GONE = "gone"


@dataclass(frozen=True)
class HostView:
    """A host, what it does, and its processes that are alive as far as is known."""

    row: HostRow
    state: HostState
    processes: tuple[Worker, ...]

    @property
    def runs(self) -> list[str]:
        """Return what its processes run, one text each: `ingestion,export (4711)`."""
        return [f"{one.roles} ({one.pid})" if one.roles else str(one.pid) for one in self.processes]


@dataclass(frozen=True, kw_only=True)
class HostUseCases:
    """Lists the hosts that work on the database, and removes them from that list."""

    database: Database
    clock: Clock
    audit: AuditLog

    def every(self) -> list[HostView]:
        """Return all hosts by name, each with its processes."""

        def read(tx: Tx) -> list[HostView]:
            workers = leases.workers(tx)
            return [
                HostView(
                    row=row,
                    state=self._state(row),
                    processes=tuple(one for one in workers if one.host[:255] == row.host),
                )
                for row in hosts.every(tx)
            ]

        return self.database.read(read)

    def _state(self, row: HostRow) -> HostState:
        """Return what a host does, by the rule of the alert on one that is gone."""
        if row.left_at is not None:
            return HostState.STOPPED
        is_gone = row.seen_at < self.clock.now() - HOST_GONE_AFTER
        return HostState.GONE if is_gone else HostState.AT_WORK

    def forget(self, who: Principal, host: str) -> None:
        """Remove a host's row, and with it the alert that it is gone; it comes back by itself.

        Raises:
            InvalidInputError: there is no host of that name.
        """
        with self.audit.action(who, "host.forget", host):
            if not self.database.write_idempotent(hosts.forget, host):
                raise InvalidInputError("host_not_known", host=host)


def have_different_zones(views: Iterable[HostView]) -> bool:
    """Return whether hosts count days and hours by different time zones."""
    return len({view.row.time_zone for view in views if view.row.time_zone}) > 1


def host_object(view: HostView) -> dict[str, Any]:
    """Return a host with its state and its processes as JSON."""
    processes = [as_object(one) for one in view.processes]
    return as_object(view.row) | {"state": view.state.value, "processes": processes}
