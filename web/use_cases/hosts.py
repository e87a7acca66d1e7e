"""Forget a host that is gone for good."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.errors import InvalidInputError
from storage.operations import hosts

if TYPE_CHECKING:
    from storage.engines.transactions import Database
    from web.audit_log import AuditLog, Principal


@dataclass(frozen=True, kw_only=True)
class HostUseCases:
    """Removes hosts from the list of those that work on the database."""

    database: Database
    audit: AuditLog

    def forget(self, who: Principal, host: str) -> None:
        """Remove a host's row, and with it the alert that it is gone; it comes back by itself.

        Raises:
            InvalidInputError: there is no host of that name.
        """
        with self.audit.action(who, "host.forget", host):
            if not self.database.write_idempotent(hosts.forget, host):
                raise InvalidInputError("host_not_known", host=host)
