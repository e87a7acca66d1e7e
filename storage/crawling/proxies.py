"""Queries on `proxies`: the egress routes of all hosts, and which of them are in cooldown.

A cooldown that is over is half-open: the next request is the probe. Who may send it is decided by
an UPDATE that moves `cooldown_until` ahead by PROBE, together with `updated_at`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.errors import FaultUnit
from storage.engines.datetimes import from_sql, to_sql
from storage.engines.dialect import MAX_TEXT_CHARS
from storage.engines.transactions import Tx
from storage.models.mapping import row_to

PROBE = timedelta(seconds=30)
# No cooldown is so long: the clock was wrong when it was written.
MAX_AHEAD = timedelta(hours=25)


@dataclass(frozen=True)
class EgressRoute:
    """A row of `proxies`, without the proxy's URL.

    `gateway` is shared by the routes of one `host:port`. `bad_in_row` counts failures since the
    last good answer; `fault` says whose the last one was, `last_error` (a stored message) what it
    was. `cooldowns` counts cooldowns in a row. `added_at` is None where no operator added it.
    """

    id: int
    egress: str
    gateway: str
    kind: str
    host: str | None
    port: int | None
    is_rotating: bool
    first_seen_at: datetime
    last_good_at: datetime | None
    last_bad_at: datetime | None
    bad_in_row: int
    last_error: str | None
    fault: FaultUnit | None
    cooldown_until: datetime | None
    cooldowns: int
    updated_at: datetime
    added_at: datetime | None

    def is_cooling(self, now: datetime) -> bool:
        """Return whether no request may leave by it now, but for one that probes it."""
        until = self.cooldown_until
        return until is not None and now < until <= now + MAX_AHEAD

    def is_held_by_operator(self, now: datetime) -> bool:
        """Return whether it cools down on an operator's word, which no good answer ends."""
        return self.fault is None and self.is_cooling(now) and not self.is_probed

    def is_unproven(self, now: datetime) -> bool:
        """Return whether it may be used, and has not brought an answer since it failed.

        One that waited because its gateway refused others has not failed itself, but is unproven.
        """
        waited = self.cooldown_until is not None and self.fault is not None
        is_left_alone = self.is_cooling(now) and not self.is_probed
        return not is_left_alone and (self.bad_in_row > 0 or waited)

    @property
    def is_probed(self) -> bool:
        """Return whether one request may leave, or has left, to find out if it works again."""
        return self.cooldown_until == self.updated_at + PROBE


@dataclass(frozen=True)
class ClosedRoutes:
    """The egress routes by which no request may leave now.

    `proxies` are the names of routes through proxies; with `direct` accounts without a proxy are
    held back too, whatever route they left by last.
    """

    proxies: frozenset[str] = frozenset()
    direct: bool = False

    def condition(self, *, closed: bool = False) -> tuple[str, dict[str, str]]:
        """Return the SQL, with its parameters, that accounts meet whose route is open, or closed.

        It is text that follows `AND`.
        """
        names = {f"route{n}": name for n, name in enumerate(sorted(self.proxies))}
        places = ",".join(f":{name}" for name in names)
        parts = ["proxy IS NULL"] if self.direct else []
        parts += [f"proxy IS NOT NULL AND egress IN ({places})"] if names else []
        # An account that was never leased has no route yet: that does not close it.
        found = " OR ".join(f"COALESCE({part}, 0)" for part in parts) or "1=0"
        return (f"({found})" if closed else f"NOT ({found})"), names


NONE_CLOSED = ClosedRoutes()


@dataclass(frozen=True)
class RouteCooldown:
    """The cooldown of a route, which may be over (see the module)."""

    egress: str
    cooldown_until: datetime


def note(
    tx: Tx, egress: str, gateway: str, kind: str, host: str | None, port: int | None, now: datetime
) -> None:
    """Insert a route unless it is known."""
    tx.add(
        "proxies",
        tx.dialect.on_conflict_ignore("egress"),
        egress=egress,
        gateway=gateway,
        kind=kind,
        host=host,
        port=port,
        first_seen_at=to_sql(now),
        updated_at=to_sql(now),
    )


def find(tx: Tx, egress: str) -> EgressRoute | None:
    """Return the route of that name; None when there is none."""
    row = tx.one("SELECT * FROM proxies WHERE egress=:egress", egress=egress)
    return row_to(EgressRoute, row) if row else None


def all_of(tx: Tx, gateway: str | None = None) -> list[EgressRoute]:
    """Return the routes by name, of one gateway or (None) of all."""
    where = "" if gateway is None else " WHERE gateway=:gateway"
    rows = tx.all(f"SELECT * FROM proxies{where} ORDER BY egress", gateway=gateway)
    return [row_to(EgressRoute, row) for row in rows]


def cooling(tx: Tx, now: datetime) -> list[EgressRoute]:
    """Return the routes that are in cooldown now, those that wait longest last."""
    rows = tx.all(
        "SELECT * FROM proxies WHERE cooldown_until>:now AND cooldown_until<=:latest"
        " ORDER BY cooldown_until, egress",
        now=to_sql(now),
        latest=to_sql(now + MAX_AHEAD),
    )
    return [row_to(EgressRoute, row) for row in rows]


def troubled(tx: Tx) -> list[EgressRoute]:
    """Return the routes that have not brought an answer since they failed; normally none."""
    rows = tx.all("SELECT * FROM proxies WHERE cooldown_until IS NOT NULL OR bad_in_row>0")
    return [row_to(EgressRoute, row) for row in rows]


def cooldowns(tx: Tx) -> list[RouteCooldown]:
    """Return the cooldowns that no good answer has ended yet; normally there are none."""
    rows = tx.all("SELECT egress, cooldown_until FROM proxies WHERE cooldown_until IS NOT NULL")
    return [row_to(RouteCooldown, row) for row in rows]


def refused_at(tx: Tx, gateway: str) -> datetime | None:
    """Return when the gateway itself refused one of its routes last; None when none it refuses."""
    found = tx.column(
        "SELECT MAX(last_bad_at) AS at FROM proxies"
        " WHERE gateway=:gateway AND fault='gateway' AND bad_in_row>0",
        gateway=gateway,
    )
    return from_sql(found[0]) if found and found[0] else None


def note_good(tx: Tx, egress: str, now: datetime, *, ends_cooldown: bool) -> None:
    """Record a good answer by a route: its failures, and with `ends_cooldown` its cooldown, are
    over.
    """
    ended = " cooldown_until=NULL, cooldowns=0," if ends_cooldown else ""
    tx.execute(
        f"UPDATE proxies SET last_good_at=:now, bad_in_row=0,{ended} updated_at=:now"
        " WHERE egress=:egress",
        egress=egress,
        now=to_sql(now),
    )


def end_gateway_cooldown(tx: Tx, gateway: str, now: datetime) -> None:
    """End the cooldown of the routes that wait because their gateway refused others.

    Those that it refused themselves stay: their login may be another one.
    """
    tx.execute(
        "UPDATE proxies SET cooldown_until=NULL, cooldowns=0, updated_at=:now"
        " WHERE gateway=:gateway AND fault='gateway' AND bad_in_row=0",
        gateway=gateway,
        now=to_sql(now),
    )


def note_bad(
    tx: Tx,
    seen: EgressRoute,
    fault: FaultUnit,
    error: str,
    cooldown: tuple[datetime, int] | None,
    now: datetime,
) -> bool:
    """Record a failure of a route as `seen`; return False when the route changed since.

    Args:
        error: a stored message.
        cooldown: until when, and the number in a row; None when it begins none.
    """
    until, number = cooldown or (seen.cooldown_until, seen.cooldowns)
    return 1 == tx.execute(
        "UPDATE proxies SET last_bad_at=:now, bad_in_row=bad_in_row+1, fault=:fault,"
        " last_error=:error, cooldown_until=:until, cooldowns=:number, updated_at=:now"
        " WHERE egress=:egress AND bad_in_row=:bad AND updated_at=:seen",
        egress=seen.egress,
        bad=seen.bad_in_row,
        seen=to_sql(seen.updated_at),
        fault=fault.value,
        error=error[:MAX_TEXT_CHARS],
        until=None if until is None else to_sql(until),
        number=number,
        now=to_sql(now),
    )


def note_silence(tx: Tx, egress: str, error: str, now: datetime) -> None:
    """Count a failure that begins no cooldown, as the platform may be its cause as well.

    `error` is a stored message. `updated_at` stays, by which a probe is recognised.
    """
    tx.execute(
        "UPDATE proxies SET last_bad_at=:now, bad_in_row=bad_in_row+1, last_error=:error"
        " WHERE egress=:egress",
        egress=egress,
        error=error[:MAX_TEXT_CHARS],
        now=to_sql(now),
    )


def cool_gateway(
    tx: Tx, gateway: str, error: str, cooldown: tuple[datetime, int], now: datetime
) -> None:
    """Begin a cooldown of every route of a gateway that has no longer one.

    `error` and `cooldown` are those of `note_bad`.
    """
    until, number = cooldown
    tx.execute(
        "UPDATE proxies SET cooldown_until=:until, cooldowns=:number, fault='gateway',"
        " last_error=:error, updated_at=:now WHERE gateway=:gateway"
        " AND (cooldown_until IS NULL OR cooldown_until<:until OR cooldown_until>:latest)",
        gateway=gateway,
        until=to_sql(until),
        number=number,
        error=error[:MAX_TEXT_CHARS],
        latest=to_sql(now + MAX_AHEAD),
        now=to_sql(now),
    )


def take_probe(tx: Tx, egress: str, now: datetime) -> bool:
    """Take the right to send the one request by a route whose cooldown is over.

    Return False when another process has it. Where the gateway as a whole cools down, the request
    probes all of its routes.
    """
    row = tx.one("SELECT gateway, fault FROM proxies WHERE egress=:egress", egress=egress)
    of_gateway = row is not None and row["fault"] == FaultUnit.GATEWAY
    whose = "gateway=:name AND fault='gateway'" if of_gateway else "egress=:name"
    return 0 < tx.execute(
        "UPDATE proxies SET cooldown_until=:until, updated_at=:now"
        f" WHERE {whose} AND (cooldown_until<=:now OR cooldown_until>:latest)",
        name=row["gateway"] if of_gateway and row else egress,
        until=to_sql(now + PROBE),
        now=to_sql(now),
        latest=to_sql(now + MAX_AHEAD),
    )


def set_cooldown(tx: Tx, egress: str, until: datetime | None, now: datetime) -> bool:
    """Begin or (None) end a route's cooldown on an operator's word; return False for no route.

    It belongs to no failure (`fault` is None), and the next one is the first in a row again.
    """
    return 1 == tx.execute(
        "UPDATE proxies SET cooldown_until=:until, cooldowns=0, bad_in_row=0, fault=NULL,"
        " updated_at=:now WHERE egress=:egress",
        egress=egress,
        until=None if until is None else to_sql(until),
        now=to_sql(now),
    )
