"""What became of each order: whom it refused, and who asked all the same."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from sandbox.fault_kind import Asked
from sandbox.fault_order import FaultOrder
from sandbox.messages import Json


@dataclass(slots=True)
class OrderReport:
    """Counts for one order; its plan holds the lock.

    A departure is a request for the order's unit that arrived after the first refusal of the order
    was answered, while the order was in force: a client that shares what it learns could have kept
    it back. Requests that were under way before are none.
    """

    number: int
    order: FaultOrder
    refused: int = 0
    is_answered: bool = False
    accounts: Counter[str] = field(default_factory=Counter)
    departures: Counter[str] = field(default_factory=Counter)
    quiet_departures: Counter[str] = field(default_factory=Counter)
    egresses: Counter[str] = field(default_factory=Counter)

    def refuse(self, asked: Asked) -> None:
        """Count a request that the order hit."""
        self.refused += 1
        self.accounts[asked.account] += 1

    def arrived(self, asked: Asked) -> None:
        """Count a request if it is a departure."""
        if not self.is_answered or not self.order.covers(asked):
            return
        counter = self.quiet_departures if asked.is_quiet else self.departures
        counter[asked.path] += 1
        self.egresses[asked.egress] += 1

    def snapshot(self) -> Json:
        """The counts as the stats endpoint shows them."""
        return {
            "order": self.number,
            "kind": self.order.kind,
            "refused": self.refused,
            "refused_accounts": sorted(self.accounts),
            "departures": self.departures.total(),
            "quiet_departures": self.quiet_departures.total(),
            "departures_by_endpoint": dict(
                sorted((self.departures + self.quiet_departures).items())
            ),
            "departures_by_egress": dict(sorted(self.egresses.items())),
        }
