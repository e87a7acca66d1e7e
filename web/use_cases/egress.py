"""Change egress routes and circuits on request."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from accounts.requests import cooldown_length
from core.messages import Message

if TYPE_CHECKING:
    from accounts.egress.operator import EgressOperator
    from storage.crawling.source_states import Circuit
    from web.audit_log import AuditLog, Principal


class EgressUseCases:
    """Opens routes, leaves them alone, and closes circuits."""

    def __init__(self, *, operator: EgressOperator, audit: AuditLog) -> None:
        self._operator = operator
        self._audit = audit

    def open(self, who: Principal, name: str) -> bool:
        """End a route's cooldown; return False when it had none.

        Raises:
            InvalidInputError: there is no such route.
        """
        with self._audit.action(who, "egress.open", name):
            return self._operator.open(name)

    def cool_down(self, who: Principal, name: str, length: str) -> datetime:
        """Leave a route alone for a while, such as `30m`; return until when (UTC).

        Raises:
            InvalidInputError: there is no such route, or the length cannot be used.
        """
        with self._audit.action(who, "egress.cooldown", name):
            return self._operator.cool_down(name, cooldown_length(length))

    def close_circuits(
        self, who: Principal, platform: str, egress: str | None, endpoint: str | None
    ) -> list[Circuit]:
        """Close the circuits of a platform, of one route or endpoint or (None) of all.

        Return those that were closed now; none is no error.
        """
        subject = Message.text(" ".join((platform, egress or "*", endpoint or "*")))
        with self._audit.action(who, "circuit.close", subject):
            return self._operator.close_circuits(platform, egress, endpoint)
