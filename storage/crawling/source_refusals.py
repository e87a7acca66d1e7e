"""Queries on `source_refusals`: refusals that may turn out not to be the account's fault."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.attribution import ALL, CircuitCause, CircuitUnit, Scope
from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx, in_list
from storage.models.accounts import Health
from storage.models.mapping import row_of, row_to


@dataclass(frozen=True, kw_only=True)
class NewRefusal:
    """A refusal as it is stored.

    `scope` is what the platform's rules say that it concerns. `before_*` is the account's row when
    it was refused; None without an account. `question` is a hash of what was asked;
    `is_confirmation`: it was let through as the next asker after another refusal.
    """

    platform: str
    endpoint: str
    egress: str
    account_id: int
    account_token: int
    cause: CircuitCause
    code: str | None
    scope: Scope
    question: str
    before_health: Health | None
    before_failures: int | None
    before_pace: str | None = field(repr=False)
    is_confirmation: bool
    created_at: datetime


@dataclass(frozen=True)
class Refusal:
    """A row of `source_refusals`; `reverted_at` is set once it was not the account's fault."""

    id: int
    platform: str
    endpoint: str
    egress: str
    account_id: int
    account_token: int
    cause: CircuitCause
    code: str | None
    scope: Scope
    question: str | None
    before_health: Health | None
    before_failures: int | None
    before_pace: str | None = field(repr=False)
    is_confirmation: bool
    created_at: datetime
    reverted_at: datetime | None


def add(tx: Tx, refusal: NewRefusal) -> int:
    """Store a refusal and return its id."""
    return tx.add("source_refusals", **row_of(refusal))


def since(
    tx: Tx, platform: str, endpoint: str, cause: CircuitCause, since_at: datetime
) -> list[Refusal]:
    """Return the refusals at an endpoint for a cause from `since_at` on, oldest first."""
    rows = tx.all(
        "SELECT * FROM source_refusals WHERE platform=:platform AND created_at>=:since"
        " AND endpoint=:endpoint AND cause=:cause ORDER BY id",
        platform=platform,
        endpoint=endpoint,
        cause=cause.value,
        since=to_sql(since_at),
    )
    return [row_to(Refusal, row) for row in rows]


def unsettled(tx: Tx, unit: CircuitUnit, cause: CircuitCause, since_at: datetime) -> list[Refusal]:
    """Return the refusals of a unit for a cause from `since_at` on that nobody has taken back, nor
    shown to be the accounts' own, oldest first."""
    rows = tx.all(
        "SELECT * FROM source_refusals WHERE platform=:platform AND created_at>=:since"
        f" AND (endpoint=:endpoint OR :endpoint='{ALL}') AND (egress=:egress OR :egress='{ALL}')"
        " AND cause=:cause AND reverted_at IS NULL ORDER BY id",
        platform=unit.platform,
        endpoint=unit.endpoint,
        egress=unit.egress,
        cause=cause.value,
        since=to_sql(since_at),
    )
    return [row_to(Refusal, row) for row in rows]


def forget(tx: Tx, refusal_ids: Collection[int]) -> None:
    """Delete refusals that turned out to be the accounts' own: nothing takes them back later."""
    if not refusal_ids:
        return
    places, names = in_list(refusal_ids)
    tx.execute(
        f"DELETE FROM source_refusals WHERE id IN ({places}) AND reverted_at IS NULL", **names
    )


def has_question(tx: Tx, refusal: NewRefusal, since_at: datetime) -> bool:
    """Return whether the same question failed for the same cause since `since_at`, before it."""
    return tx.exists(
        "SELECT 1 FROM source_refusals WHERE platform=:platform AND created_at>=:since"
        " AND created_at<:now AND endpoint=:endpoint AND cause=:cause AND question=:question"
        " LIMIT 1",
        platform=refusal.platform,
        endpoint=refusal.endpoint,
        cause=refusal.cause.value,
        question=refusal.question,
        since=to_sql(since_at),
        now=to_sql(refusal.created_at),
    )


def is_reverted(tx: Tx, refusal_id: int) -> bool:
    """Return whether the refusal was not the account's fault; the row stays locked."""
    # An UPDATE that changes nothing locks the row on both engines; SQLite has no FOR UPDATE.
    tx.execute("UPDATE source_refusals SET id=id WHERE id=:id", id=refusal_id)
    return tx.exists(
        "SELECT 1 FROM source_refusals WHERE id=:id AND reverted_at IS NOT NULL", id=refusal_id
    )


def revert(tx: Tx, refusal_id: int, now: datetime) -> bool:
    """Note that a refusal was not the account's fault; return False when that was noted before."""
    return 1 == tx.execute(
        "UPDATE source_refusals SET reverted_at=:now WHERE id=:id AND reverted_at IS NULL",
        id=refusal_id,
        now=to_sql(now),
    )


def revert_cooldown(tx: Tx, refusal: Refusal, pace: str | None, now: datetime) -> bool:
    """Give an account back what it was before a refusal; return False when it was used since.

    Args:
        pace: its pace from now on; None leaves it as it is.
    """
    changes: dict[str, Any] = {} if pace is None else {"pace": pace}
    sets = "".join(f", {name}=:{name}" for name in changes)
    return 1 == tx.execute(
        "UPDATE accounts SET cooldown_until=NULL, health=:health, failure_count=:failures,"
        f" updated_at=:now{sets} WHERE id=:id AND lease_token=:token AND status='idle'"
        " AND cooldown_until IS NOT NULL",
        id=refusal.account_id,
        token=refusal.account_token,
        health=(refusal.before_health or Health.HEALTHY).value,
        failures=refusal.before_failures or 0,
        now=to_sql(now),
        **changes,
    )
