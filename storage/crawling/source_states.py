"""Queries on `source_states`: circuits that are not closed, shared by all processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx
from storage.models.mapping import row_to

ALL = "*"


class CircuitState(StrEnum):
    """What becomes of the next request through a circuit that is not closed."""

    QUARANTINED = "quarantined"  # one request at a time, which confirms or refutes a refusal
    OPEN = "open"  # none before `until_at`; then one, the probe
    HALF_OPEN = "half_open"  # one at a time, until enough answers were good


class CircuitCause(StrEnum):
    """Why a circuit is not closed."""

    RISK = "risk"  # refusals that mean risk control
    THROTTLE = "throttle"
    NO_ANSWER = "no_answer"
    SERVER_ERROR = "server_error"
    UNUSABLE = "unusable"  # an endpoint that is gone or odd; another one answers the same
    KEY = "key"  # an API key that is invalid, blocked or without balance
    OPERATOR = "operator"


@dataclass(frozen=True)
class CircuitUnit:
    """What a circuit is about; ALL stands for every egress, or every endpoint."""

    platform: str
    egress: str = ALL
    endpoint: str = ALL


@dataclass(frozen=True)
class Circuit:
    """A row of `source_states`.

    `until_at` (UTC): for an open one no request leaves before; a quarantine ends then by itself.
    `probe_owner` may send the next request until `probe_until`. `evidence` is JSON text.
    """

    platform: str
    egress: str
    endpoint: str
    state: CircuitState
    cause: CircuitCause
    code: str | None
    since_at: datetime
    until_at: datetime
    times: int
    good_in_row: int
    good_account_id: int | None
    probe_owner: str | None
    probe_token: int
    probe_until: datetime | None
    evidence: str | None = field(repr=False)
    updated_at: datetime

    @property
    def unit(self) -> CircuitUnit:
        """Return what the circuit is about."""
        return CircuitUnit(self.platform, self.egress, self.endpoint)


def all_of(tx: Tx, platform: str | None = None) -> list[Circuit]:
    """Return the circuits that are not closed, of one platform or (None) of all."""
    where = "" if platform is None else " WHERE platform=:platform"
    rows = tx.all(
        f"SELECT * FROM source_states{where} ORDER BY platform, egress, endpoint", platform=platform
    )
    return [row_to(Circuit, row) for row in rows]


def close(tx: Tx, unit: CircuitUnit) -> bool:
    """Close a circuit; return False when it was closed."""
    return 1 == tx.execute(
        "DELETE FROM source_states WHERE platform=:platform AND egress=:egress"
        " AND endpoint=:endpoint",
        platform=unit.platform,
        egress=unit.egress,
        endpoint=unit.endpoint,
    )


def open_egresses(tx: Tx, platform: str, endpoints: tuple[str, ...], now: datetime) -> list[str]:
    """Return the egresses by which the platform gets no request to these endpoints now."""
    names = {f"endpoint{number}": name for number, name in enumerate((*endpoints, ALL))}
    found: list[str] = tx.column(
        "SELECT DISTINCT egress FROM source_states WHERE platform=:platform AND state='open'"
        f" AND egress<>'{ALL}' AND until_at>:now"
        f" AND endpoint IN ({','.join(f':{name}' for name in names)})",
        platform=platform,
        now=to_sql(now),
        **names,
    )
    return found
