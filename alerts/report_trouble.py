"""Find trouble of reports: receivers that are gone, what does not arrive, a broadcast that stands
still."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from alerts.causes import AlertCause
from core.clock import Clock
from core.messages import Message
from storage.distribution import broadcasts
from storage.distribution.broadcasts import is_stale
from storage.engines.transactions import Tx
from storage.operations import report_trouble
from storage.operations.alerts import AlertKind
from storage.operations.report_trouble import UndeliveredReports

RECEIVER_GONE = "receiver_gone"  # what a receiver says by HTTP 410
MAX_GONE = 50


@dataclass(frozen=True, kw_only=True)
class ReportTrouble:
    """Finds what keeps reports from their receivers.

    Args:
        late_secs: seconds after which a report that waits is a cause; 0: never.
        broadcast_secs: seconds between two rounds of the broadcaster.
    """

    clock: Clock
    late_secs: float
    broadcast_secs: float

    def causes(self, tx: Tx) -> list[AlertCause]:
        """Return every cause that exists now."""
        return [*_gone_receivers(tx), *_given_up(tx), *self._late(tx), *self._stale_broadcast(tx)]

    def _late(self, tx: Tx) -> Iterator[AlertCause]:
        """Yield the hosts for which a report waits for too long."""
        if not self.late_secs:
            return
        before = self.clock.now() - timedelta(seconds=self.late_secs)
        found: dict[str, UndeliveredReports] = {}
        for late in report_trouble.late(tx, before):
            known = found.setdefault(late.host, late)
            found[late.host] = min(known, late, key=lambda one: one.since_at)
        untried = Message.of("reports_untried").dump()
        for host, oldest in found.items():
            yield AlertCause(
                kind=AlertKind.REPORTS_LATE,
                subject=f"receiver:{host}",
                facts={"host": host, "error": oldest.error or untried},
                since_at=oldest.since_at,
            )

    def _stale_broadcast(self, tx: Tx) -> Iterator[AlertCause]:
        """Yield the broadcaster when it is on, and no round has reported numbers for long."""
        state = broadcasts.state(tx)
        if not is_stale(state, self.clock.now(), self.broadcast_secs):
            return
        reason = state.last_error or Message.of("broadcast_without_round").dump()
        yield AlertCause(
            kind=AlertKind.BROADCAST_STALE,
            subject="broadcaster",
            facts={"reason": reason},
            since_at=state.fresh_at,
        )


def _gone_receivers(tx: Tx) -> Iterator[AlertCause]:
    """Yield the callback URLs whose receiver said that it is gone, not those that an operator
    disabled."""
    closed = report_trouble.closed_endpoints(tx)
    gone = [one for one in closed if Message.load(one.reason).code == RECEIVER_GONE]
    for endpoint in gone[:MAX_GONE]:
        yield AlertCause(
            kind=AlertKind.RECEIVER_GONE,
            subject=f"endpoint:{endpoint.url_hash}",
            facts={
                "host": endpoint.host,
                "endpoint_hash": endpoint.url_hash,
                "delivery": endpoint.delivery_id,
                "reason": endpoint.reason,
            },
            since_at=endpoint.changed_at,
        )


def _given_up(tx: Tx) -> Iterator[AlertCause]:
    """Yield the hosts for which reports were given up."""
    for lost in report_trouble.given_up(tx):
        yield AlertCause(
            kind=AlertKind.REPORTS_GIVEN_UP,
            subject=f"receiver:{lost.host}",
            facts={"host": lost.host, "n": lost.count, "error": lost.error or ""},
            since_at=lost.since_at,
        )
