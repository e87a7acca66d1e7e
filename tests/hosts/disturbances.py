"""When a host was kept from renewing its leases, as the driver knows it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from tests.chaos.stages import HeldRow

EVERYBODY = "*"
DAY_SECS = 86_400.0
TICK_SECS, LATE_SECS = 0.1, 0.5


@dataclass
class Disturbances:
    """Spans of unix time for each host; those of the database are everybody's."""

    lease_secs: float
    _spans: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def explain_lock(self, row: HeldRow, moment: float) -> bool:
        """Whether a lease that was found lost then was lost as its row was locked."""
        late_secs = row.secs + 2 * self.lease_secs + 10
        return any(
            row.since - 1 <= moment + days * DAY_SECS <= row.since + late_secs
            for days in (-1, 0, 1)
        )

    def note(self, host: str, since: float, until: float) -> None:
        """Remember a span in which a host could not renew leases as usual."""
        self._spans.setdefault(host, []).append((since, until))

    def watch_machine(self, stop: threading.Event) -> threading.Thread:
        """Note when this machine itself was late, until `stop` is set: leases do not bear that."""

        def watch() -> None:
            while not stop.is_set():
                begun = time.time()
                time.sleep(TICK_SECS)
                if time.time() - begun > TICK_SECS + LATE_SECS:
                    self.note(EVERYBODY, begun, time.time())

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        return thread

    def explain(self, host: str, moment: float) -> bool:
        """Whether a lease that a host found lost then was lost for a known cause.

        The host's own clock told the moment, perhaps a day off.
        """
        spans = self._spans.get(host, []) + self._spans.get(EVERYBODY, [])
        # Found out after the lease's life, and by a process that first has to connect again.
        late_secs = 2 * self.lease_secs + 10
        return any(
            since - 1 <= moment + days * DAY_SECS <= until + late_secs
            for since, until in spans
            for days in (-1, 0, 1)
        )
