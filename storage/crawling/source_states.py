"""Queries on `source_states`: circuits that are not closed, shared by all processes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from core.attribution import ALL, CircuitCause, CircuitUnit
from storage.engines.datetimes import to_sql
from storage.engines.dialect import MAX_TEXT_CHARS
from storage.engines.transactions import Row, Tx
from storage.models.mapping import row_to

# A moment further ahead was written by a host whose clock was wrong.
MAX_AHEAD = timedelta(hours=25)
KEY = "platform=:platform AND egress=:egress AND endpoint=:endpoint"


class CircuitState(StrEnum):
    """What becomes of the next request through a circuit."""

    QUARANTINED = "quarantined"  # one request at a time, which confirms or refutes a refusal
    OPEN = "open"  # none before `until_at`; then one, the probe
    HALF_OPEN = "half_open"  # one at a time, until enough answers were good
    CLOSED = "closed"  # any; until `until_at` the next opening counts as one in a row


@dataclass(frozen=True)
class Circuit:
    """A row of `source_states`.

    `until_at` (UTC): for an open one no request leaves before; a quarantine ends then by itself.
    `times`: opened so often in a row. `good_in_row`: good answers while half open;
    `good_account_id`: the account that got all of them, None when several did. `probe_owner` may
    send the next request until `probe_until`. `evidence` is JSON text without secrets.
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

    def is_open(self, now: datetime) -> bool:
        """Return whether no request passes now: it was opened, and its time is not over."""
        return self.state is CircuitState.OPEN and now < self.until_at <= now + MAX_AHEAD

    @property
    def is_unproven(self) -> bool:
        """Return whether it may be asked again, and has not answered since it was opened."""
        return self.state is CircuitState.HALF_OPEN and self.good_in_row == 0

    def at(self, now: datetime) -> Circuit:
        """Return the circuit as it acts now: an open one whose time is over is half-open."""
        if self.state is not CircuitState.OPEN or self.is_open(now):
            return self
        return replace(self, state=CircuitState.HALF_OPEN)


@dataclass(frozen=True, kw_only=True)
class BeforeRequest:
    """What decides about a request of an account.

    Args:
        lease_token: the account's; None for no such account.
        is_route_good: the request leaves without a proxy, and a good answer would say nothing new
            of that.
        circuits: those that it goes through, widest first.
    """

    lease_token: int | None
    is_route_good: bool
    circuits: list[Circuit]


def all_of(tx: Tx, now: datetime, platform: str | None = None) -> list[Circuit]:
    """Return the circuits that are not closed, as they act now, of one platform or all."""
    where = "" if platform is None else " AND platform=:platform"
    rows = tx.all(
        "SELECT * FROM source_states WHERE state<>'closed'"
        f" AND (state<>'quarantined' OR until_at>:now){where}"
        " ORDER BY platform, egress, endpoint",
        platform=platform,
        now=to_sql(now),
    )
    return [row_to(Circuit, row).at(now) for row in rows]


def concerning(tx: Tx, platform: str, egress: str, endpoint: str) -> list[Circuit]:
    """Return the circuits that a request to `endpoint` by `egress` goes through, widest first."""
    rows = tx.all(
        "SELECT * FROM source_states WHERE platform=:platform"
        f" AND egress IN (:egress,'{ALL}') AND endpoint IN (:endpoint,'{ALL}')",
        platform=platform,
        egress=egress,
        endpoint=endpoint,
    )
    return _widest_first(rows)


def before_request(
    tx: Tx, platform: str, egress: str, endpoint: str, account_id: int, good_since: datetime
) -> BeforeRequest:
    """Return what decides about a request of an account, by one statement: it is run before each.

    Args:
        good_since: a good answer that was noted since then need not be noted again.
    """
    rows = tx.all(
        "SELECT accounts.lease_token AS account_token,"
        " (SELECT COUNT(*) FROM proxies WHERE egress=:egress AND kind='direct' AND bad_in_row=0"
        " AND cooldown_until IS NULL AND last_good_at>:good_since) AS is_route_good,"
        " source_states.* FROM accounts"
        " LEFT JOIN source_states ON source_states.platform=:platform"
        f" AND source_states.egress IN (:egress,'{ALL}')"
        f" AND source_states.endpoint IN (:endpoint,'{ALL}') WHERE accounts.id=:account",
        platform=platform,
        egress=egress,
        endpoint=endpoint,
        account=account_id,
        good_since=to_sql(good_since),
    )
    return BeforeRequest(
        lease_token=rows[0]["account_token"] if rows else None,
        is_route_good=bool(rows and rows[0]["is_route_good"]),
        circuits=_widest_first(row for row in rows if row["egress"] is not None),
    )


def locked(tx: Tx, unit: CircuitUnit, now: datetime) -> Circuit:
    """Return the unit's circuit, a closed one if there was no row; it stays locked."""
    moment = to_sql(now)
    tx.add(
        "source_states",
        tx.dialect.on_conflict_ignore("platform, egress, endpoint"),
        **_key(unit),
        state=CircuitState.CLOSED.value,
        cause=CircuitCause.RISK.value,
        since_at=moment,
        until_at=moment,
        updated_at=moment,
    )
    row = tx.one(f"SELECT * FROM source_states WHERE {KEY}", **_key(unit))
    assert row is not None, "the row was inserted in this transaction"
    return row_to(Circuit, row)


def others(tx: Tx, unit: CircuitUnit, cause: CircuitCause, now: datetime) -> list[Circuit]:
    """Return the platform's circuits besides the unit's that are open for the same cause."""
    rows = tx.all(
        "SELECT * FROM source_states WHERE platform=:platform AND state='open' AND cause=:cause"
        " AND until_at>:now AND NOT (egress=:egress AND endpoint=:endpoint)",
        **_key(unit),
        cause=cause.value,
        now=to_sql(now),
    )
    return [row_to(Circuit, row) for row in rows]


def set_state(
    tx: Tx,
    unit: CircuitUnit,
    state: CircuitState,
    *,
    cause: CircuitCause,
    now: datetime,
    until: datetime,
    times: int,
    code: str | None = None,
    evidence: str | None = None,
) -> None:
    """Give a circuit that `locked` returned a new state, which begins now; nobody probes it."""
    tx.execute(
        "UPDATE source_states SET state=:state, cause=:cause, code=:code, since_at=:now,"
        " until_at=:until, times=:times, good_in_row=0, good_account_id=NULL, probe_owner=NULL,"
        " probe_until=NULL, probe_token=probe_token+1, evidence=:evidence, updated_at=:now"
        f" WHERE {KEY}",
        **_key(unit),
        state=state.value,
        cause=cause.value,
        code=code,
        now=to_sql(now),
        until=to_sql(until),
        times=times,
        evidence=None if evidence is None else evidence[:MAX_TEXT_CHARS],
    )


def take_probe(tx: Tx, seen: Circuit, owner: str, now: datetime, until: datetime) -> bool:
    """Let `owner` send the circuit's next request until `until`; return False when another may."""
    return 1 == tx.execute(
        "UPDATE source_states SET probe_owner=:owner, probe_token=probe_token+1,"
        f" probe_until=:until WHERE {KEY} AND state=:state AND probe_token=:token"
        " AND (probe_until IS NULL OR probe_until<=:now)",
        **_key(seen.unit),
        state=seen.state.value,
        token=seen.probe_token,
        owner=owner,
        now=to_sql(now),
        until=to_sql(until),
    )


def give_back_probe(tx: Tx, unit: CircuitUnit, token: int) -> bool:
    """Let the next one probe, as the request of `token` said nothing; False when it is stale."""
    return 1 == tx.execute(
        f"UPDATE source_states SET probe_owner=NULL, probe_until=NULL WHERE {KEY}"
        " AND probe_token=:token",
        **_key(unit),
        token=token,
    )


def record_good_probe(
    tx: Tx,
    unit: CircuitUnit,
    token: int,
    now: datetime,
    *,
    good_in_row: int,
    account_id: int | None,
) -> bool:
    """Make the circuit half open, with so many good answers; return False for a stale `token`."""
    return 1 == tx.execute(
        "UPDATE source_states SET state='half_open', good_in_row=:good, good_account_id=:account,"
        f" probe_owner=NULL, probe_until=NULL, updated_at=:now WHERE {KEY}"
        " AND probe_token=:token",
        **_key(unit),
        token=token,
        good=good_in_row,
        account=account_id,
        now=to_sql(now),
    )


def close(tx: Tx, unit: CircuitUnit) -> bool:
    """Close a circuit and forget how often it was opened; return False when it had no row."""
    return 1 == tx.execute(f"DELETE FROM source_states WHERE {KEY}", **_key(unit))


def _widest_first(rows: Iterable[Row]) -> list[Circuit]:
    circuits = [row_to(Circuit, row) for row in rows]
    return sorted(circuits, key=lambda circuit: (circuit.egress != ALL, circuit.endpoint != ALL))


def _key(unit: CircuitUnit) -> dict[str, Any]:
    return {"platform": unit.platform, "egress": unit.egress, "endpoint": unit.endpoint}
