"""Opening and closing of circuits, and how long each stays open."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from core.attribution import ALL, CircuitCause, CircuitUnit
from core.errors import Evidence
from storage.crawling import source_states
from storage.crawling.source_states import Circuit, CircuitState
from storage.engines.transactions import Tx

# A refusal that nobody confirms within this time was the account's.
QUARANTINE_SECS = 60.0
# A closed circuit remembers for so many times its last cooldown how often it was opened.
MEMORY_FACTOR = 2.0
MAX_DOUBLINGS = 20


@dataclass(frozen=True)
class Backoff:
    """The first cooldown and the longest one; each in a row lasts twice as long."""

    first_secs: float
    max_secs: float

    def secs(self, in_row: int) -> float:
        """Return the seconds of a cooldown that `in_row` others came directly before."""
        doubled: float = self.first_secs * 2 ** min(in_row, MAX_DOUBLINGS)
        return min(doubled, max(self.max_secs, self.first_secs))


@dataclass(frozen=True)
class CircuitBackoffs:
    """How long circuits stay open, by cause; `egress_no_answer` is that of a single egress."""

    by_cause: Mapping[CircuitCause, Backoff]
    egress_no_answer: Backoff

    @classmethod
    def of(cls, *, risk_secs: float, throttle_secs: float) -> CircuitBackoffs:
        """Return the cooldowns, with those after risk control and a throttle as set."""
        outage = Backoff(30.0, 300.0)
        return cls(
            by_cause={
                CircuitCause.RISK: Backoff(risk_secs, 16 * risk_secs),
                CircuitCause.THROTTLE: Backoff(throttle_secs, 15 * throttle_secs),
                CircuitCause.NO_ANSWER: outage,
                CircuitCause.SERVER_ERROR: outage,
                CircuitCause.UNUSABLE: Backoff(3600.0, 86_400.0),
                CircuitCause.KEY: Backoff(86_400.0, 86_400.0),
                CircuitCause.OPERATOR: Backoff(3600.0, 86_400.0),
            },
            egress_no_answer=Backoff(60.0, 3600.0),
        )

    def of_unit(self, unit: CircuitUnit, cause: CircuitCause) -> Backoff:
        """Return how long a circuit of the unit stays open for that cause."""
        is_whole_egress = unit.egress != ALL and unit.endpoint == ALL
        if cause is CircuitCause.NO_ANSWER and is_whole_egress:
            return self.egress_no_answer
        return self.by_cause[cause]


@dataclass(frozen=True, kw_only=True)
class Opening:
    """Why a circuit is opened.

    Args:
        retry_after_secs: what the platform asks for, instead of the usual time; None: nothing.
    """

    cause: CircuitCause
    code: str | None = None
    retry_after_secs: float | None = None
    evidence: Evidence | None = None

    @property
    def evidence_text(self) -> str | None:
        """Return the evidence as JSON text."""
        if self.evidence is None:
            return None
        return json.dumps(asdict(self.evidence), ensure_ascii=False)


def stored_evidence(text: str | None) -> Evidence | None:
    """Return the evidence of a circuit's row; None without one, or where it was cut."""
    try:
        return Evidence(**json.loads(text)) if text else None
    except (ValueError, TypeError):
        return None


@dataclass(frozen=True, kw_only=True)
class Openings:
    """Opens and closes circuits, within the transaction of the caller."""

    backoffs: CircuitBackoffs

    def open(self, tx: Tx, unit: CircuitUnit, opening: Opening, now: datetime) -> datetime:
        """Open a circuit, and return the moment (UTC) before which nothing may be sent.

        One that is open already stays as it is: one block may be answered several times.
        """
        circuit = source_states.locked(tx, unit, now)
        if circuit.is_open(now):
            return circuit.until_at
        in_row = 0 if _is_forgotten(circuit, now) else circuit.times
        secs = opening.retry_after_secs or self.backoffs.of_unit(unit, opening.cause).secs(in_row)
        until = now + timedelta(seconds=secs)
        source_states.set_state(
            tx,
            unit,
            CircuitState.OPEN,
            cause=opening.cause,
            now=now,
            until=until,
            times=in_row + 1,
            code=opening.code,
            evidence=opening.evidence_text,
        )
        return until

    def quarantine(
        self,
        tx: Tx,
        unit: CircuitUnit,
        opening: Opening,
        now: datetime,
        since: datetime | None = None,
    ) -> Circuit:
        """Return the unit's circuit, quarantined unless it is open already; it stays locked.

        `since`: when the refusals began; None: now.
        """
        circuit = source_states.locked(tx, unit, now)
        if circuit.state in (CircuitState.OPEN, CircuitState.HALF_OPEN) or (
            circuit.state is CircuitState.QUARANTINED and circuit.until_at > now
        ):
            return circuit
        since = since or now
        until = now + timedelta(seconds=QUARANTINE_SECS)
        times = 0 if _is_forgotten(circuit, now) else circuit.times
        source_states.set_state(
            tx,
            unit,
            CircuitState.QUARANTINED,
            cause=opening.cause,
            now=since,
            until=until,
            times=times,
            code=opening.code,
            evidence=opening.evidence_text,
        )
        return replace(
            circuit,
            state=CircuitState.QUARANTINED,
            cause=opening.cause,
            since_at=since,
            until_at=until,
            times=times,
        )

    def close(self, tx: Tx, circuit: Circuit, now: datetime) -> None:
        """Close a circuit; for a while the next opening still counts as one in a row."""
        if not circuit.times:
            source_states.close(tx, circuit.unit)
            return
        was_open = circuit.state is not CircuitState.QUARANTINED
        cooldown = circuit.until_at - circuit.since_at if was_open else timedelta(0)
        until = now + max(cooldown * MEMORY_FACTOR, timedelta(seconds=QUARANTINE_SECS))
        source_states.set_state(
            tx,
            circuit.unit,
            CircuitState.CLOSED,
            cause=circuit.cause,
            now=now,
            until=until,
            times=circuit.times,
        )


def _is_forgotten(circuit: Circuit, now: datetime) -> bool:
    """Return whether the next opening is the first in a row."""
    if circuit.state in (CircuitState.CLOSED, CircuitState.QUARANTINED):
        return circuit.until_at <= now
    # Nobody records the good answers of an optional endpoint that was left alone.
    cooldown = circuit.until_at - circuit.since_at
    return circuit.until_at + cooldown * MEMORY_FACTOR <= now
