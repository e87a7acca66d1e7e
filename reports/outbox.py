"""The outbox: reports are filed in the transaction that makes them true, and sent afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from core.clock import Clock
from storage import webhooks
from storage.database import Tx


@dataclass(frozen=True)
class Report:
    """One message to one URL.

    Args:
        kind: `daily`, `broadcast`, `completion` or `test`.
        event_id: names it for ever: a report is never sent under a second one.
        task_id: the distribution task whose secret signs it.
        body: the JSON text that is sent.
    """

    kind: str
    event_id: str
    url: str
    task_id: str | None
    stats_date: date | None
    body: str


class Outbox:
    """Where reports wait for their delivery."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def enqueue(self, tx: Tx, report: Report) -> bool:
        """File a report with what `tx` writes; False when its event id is filed already."""
        return webhooks.enqueue(
            tx, report.event_id, report.kind, report.url, report.task_id, report.stats_date,
            report.body, self._clock.now(),
        )  # fmt: skip
