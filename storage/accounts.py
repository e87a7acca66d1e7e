"""Queries on `accounts` and `account_events`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from storage.database import Tx
from storage.records import Account, AccountEvent, AccountStatus, Health
from storage.times import from_sql_or_none, to_sql, to_sql_or_none

HAS_QUOTA = (
    "(quota_day<:day AND daily_export_limit>0"
    " OR quota_day=:day AND today_export_count<daily_export_limit)"
)
IS_RESTED = "(cooldown_until IS NULL OR cooldown_until<=:now)"
MAY_ASK = "(ready_at IS NULL OR ready_at<=:now)"  # as its pace says


@dataclass(frozen=True)
class Asked:
    """What was asked of the platform under a lease: the pace as it is now (JSON), and from when on
    the account may ask again."""

    pace: str
    ready_at: datetime | None


@dataclass(frozen=True)
class PoolState:
    """How many accounts of a platform are in which state, and when the next one rests no more.

    The last three leave disabled accounts out; `spent` ones have no quota left on the given day.
    """

    total: int
    disabled: int
    busy: int
    cooling: int
    spent: int
    cooling_until: datetime | None
    cooling_with_quota_until: datetime | None
    waiting: int
    waiting_until: datetime | None
    busy_with_quota: int
    fit: int
    fit_with_quota: int


LEASED = "id=:id AND lease_token=:token AND status IN ('ingesting','exporting')"


def add(
    tx: Tx,
    platform: str,
    username: str,
    secrets: tuple[str | None, str | None, str | None],
    limit: int,
    now: datetime,
) -> int | None:
    """Insert an idle account; None when the platform has one of that name.

    `secrets` are password, session and proxy, encrypted.
    """
    if find(tx, platform, username) is not None:
        return None
    password, session, proxy = secrets
    return tx.insert(
        "INSERT INTO accounts (platform, username, password, session, proxy, daily_export_limit,"
        " created_at, updated_at)"
        " VALUES (:platform, :username, :password, :session, :proxy, :limit, :now, :now)",
        platform=platform, username=username, password=password, session=session, proxy=proxy,
        limit=limit, now=to_sql(now),
    )  # fmt: skip


def find(tx: Tx, platform: str, username: str) -> Account | None:
    """The account of that name."""
    row = tx.one(
        "SELECT * FROM accounts WHERE platform=:platform AND username=:username",
        platform=platform, username=username,
    )  # fmt: skip
    return Account.from_row(row) if row else None


def get(tx: Tx, account_id: int) -> Account | None:
    """The account with that id."""
    row = tx.one("SELECT * FROM accounts WHERE id=:id", id=account_id)
    return Account.from_row(row) if row else None


def every(tx: Tx, platform: str | None = None) -> list[Account]:
    """All accounts (of one platform), by id."""
    where = "" if platform is None else "WHERE platform=:platform"
    rows = tx.all(f"SELECT * FROM accounts {where} ORDER BY id", platform=platform)
    return [Account.from_row(row) for row in rows]


def next_fit(tx: Tx, platform: str, now: datetime, quota_day: date | None) -> Account | None:
    """Lock the least recently used account that may work now: with quota left when a day is given,
    else one whose pace lets it ask.

    Rows that another claimer holds locked are passed over.
    """
    row = tx.one(
        f"SELECT * FROM accounts {tx.dialect.force_index('idx_accounts_claim')}"
        f" WHERE platform=:platform AND status='idle' AND {IS_RESTED} AND {_fit(quota_day)}"
        f" ORDER BY last_used_at, id LIMIT 1{tx.dialect.lock_suffix}",
        platform=platform, now=to_sql(now), day=str(quota_day),
    )  # fmt: skip
    return Account.from_row(row) if row else None


def fit_one(tx: Tx, account_id: int, now: datetime, quota_day: date | None) -> Account | None:
    """Lock that account if it may work now, as `next_fit`; None when it may not."""
    row = tx.one(
        "SELECT * FROM accounts WHERE id=:id AND status='idle'"
        f" AND {IS_RESTED} AND {_fit(quota_day)}{tx.dialect.lock_suffix}",
        id=account_id, now=to_sql(now), day=str(quota_day),
    )  # fmt: skip
    return Account.from_row(row) if row else None


def next_unchecked(tx: Tx, platform: str, now: datetime, before: datetime) -> Account | None:
    """Lock an idle account whose session was not looked at since `before`."""
    row = tx.one(
        f"SELECT * FROM accounts {tx.dialect.force_index('idx_accounts_claim')}"
        f" WHERE platform=:platform AND status='idle' AND {IS_RESTED} AND {MAY_ASK}"
        " AND session IS NOT NULL"
        " AND (session_checked_at IS NULL OR session_checked_at<:before)"
        f" ORDER BY last_used_at, id LIMIT 1{tx.dialect.lock_suffix}",
        platform=platform, now=to_sql(now), before=to_sql(before),
    )  # fmt: skip
    return Account.from_row(row) if row else None


def _fit(quota_day: date | None) -> str:
    return MAY_ASK if quota_day is None else HAS_QUOTA


def take(
    tx: Tx,
    seen: Account,
    purpose: AccountStatus,
    owner: str,
    now: datetime,
    until: datetime,
    quota_day: date | None,
) -> bool:
    """Lease the account as `seen`, its token growing by 1; False when it changed since.

    Who leases it to ask the platform must say at the end what it asked (`Asked`).
    """
    asks = "pace_known=0," if quota_day is None else ""
    return 1 == tx.execute(
        "UPDATE accounts SET status=:purpose, lease_owner=:owner, lease_token=lease_token+1,"
        f" lease_until=:until, last_used_at=:now, {asks} updated_at=:now"
        " WHERE id=:id AND lease_token=:token AND status='idle'"
        f" AND {IS_RESTED} AND {_fit(quota_day)}",
        id=seen.id, token=seen.lease_token, purpose=purpose.value, owner=owner,
        now=to_sql(now), until=to_sql(until), day=str(quota_day),
    )  # fmt: skip


def give_back(
    tx: Tx,
    account_id: int,
    token: int,
    now: datetime,
    *,
    healthy: bool,
    good_answers: int = 0,
    asked: Asked | None = None,
) -> bool:
    """End a lease; the account is idle. `healthy` forgets its failures in a row."""
    recovered = ", failure_count=0, health='healthy'" if healthy else ""
    return 1 == tx.execute(
        "UPDATE accounts SET status='idle', lease_owner=NULL, lease_until=NULL,"
        f" last_used_at=:now, updated_at=:now, good_answers=:good{recovered}{_told(asked)}"
        f" WHERE {LEASED}",
        id=account_id, token=token, now=to_sql(now), good=good_answers, **_asked_params(asked),
    )  # fmt: skip


def cool_down(
    tx: Tx,
    account_id: int,
    token: int,
    now: datetime,
    until: datetime,
    health: Health,
    asked: Asked | None = None,
) -> bool:
    """End a lease with a rest, counted as one more failure in a row."""
    return 1 == tx.execute(
        "UPDATE accounts SET status='idle', lease_owner=NULL, lease_until=NULL,"
        " last_used_at=:now, updated_at=:now, cooldown_until=:until, health=:health,"
        f" good_answers=0, failure_count=failure_count+1{_told(asked)} WHERE {LEASED}",
        id=account_id, token=token, now=to_sql(now), until=to_sql(until), health=health.value,
        **_asked_params(asked),
    )  # fmt: skip


def set_health(tx: Tx, account_id: int, token: int, health: Health, checked_at: datetime) -> bool:
    """Write down, under a lease, that the session was looked at and what that means."""
    return 1 == tx.execute(
        "UPDATE accounts SET health=:health, session_checked_at=:now, updated_at=:now"
        f" WHERE {LEASED}",
        id=account_id, token=token, health=health.value, now=to_sql(checked_at),
    )  # fmt: skip


def _told(asked: Asked | None) -> str:
    return "" if asked is None else ", pace=:pace, pace_known=1, ready_at=:ready_at"


def _asked_params(asked: Asked | None) -> dict[str, str | None]:
    if asked is None:
        return {}
    return {"pace": asked.pace, "ready_at": to_sql_or_none(asked.ready_at)}


def disable_leased(tx: Tx, account_id: int, token: int, now: datetime, reason: str) -> bool:
    """End a lease for good: the account is disabled with its reason."""
    return 1 == tx.execute(
        "UPDATE accounts SET status='disabled', lease_owner=NULL, lease_until=NULL,"
        " last_used_at=:now, updated_at=:now, disabled_reason=:reason,"
        " failure_count=failure_count+1"
        f" WHERE {LEASED}",
        id=account_id, token=token, now=to_sql(now), reason=reason[:512],
    )  # fmt: skip


def set_status(
    tx: Tx, account_id: int, status: AccountStatus, now: datetime, reason: str | None
) -> bool:
    """The operator's word: idle or disabled. The token grows: a holder's writes end there."""
    return 1 == tx.execute(
        "UPDATE accounts SET status=:status, lease_owner=NULL, lease_until=NULL,"
        " lease_token=lease_token+1, cooldown_until=NULL, failure_count=0, health='healthy',"
        " good_answers=0,"
        " disabled_reason=:reason, updated_at=:now WHERE id=:id",
        id=account_id, status=status.value, reason=reason and reason[:512], now=to_sql(now),
    )  # fmt: skip


def set_purpose(tx: Tx, account_id: int, owner: str, purpose: AccountStatus, now: datetime) -> bool:
    """Turn a lease that `owner` holds from one kind of work to the other."""
    return 1 == tx.execute(
        "UPDATE accounts SET status=:purpose, updated_at=:now"
        " WHERE id=:id AND lease_owner=:owner AND status IN ('ingesting','exporting')",
        id=account_id, owner=owner, purpose=purpose.value, now=to_sql(now),
    )  # fmt: skip


def set_limit(tx: Tx, account_id: int, limit: int, now: datetime) -> bool:
    """Change the daily export limit."""
    return 1 == tx.execute(
        "UPDATE accounts SET daily_export_limit=:limit, updated_at=:now WHERE id=:id",
        id=account_id, limit=limit, now=to_sql(now),
    )  # fmt: skip


def set_secrets(
    tx: Tx, account_id: int, secrets: tuple[str | None, str | None, str | None], now: datetime
) -> bool:
    """Replace encrypted password, session and proxy."""
    password, session, proxy = secrets
    return 1 == tx.execute(
        "UPDATE accounts SET password=:password, session=:session, proxy=:proxy, updated_at=:now"
        " WHERE id=:id",
        id=account_id, password=password, session=session, proxy=proxy, now=to_sql(now),
    )  # fmt: skip


def set_session_expiry(tx: Tx, account_id: int, expires_at: datetime | None) -> None:
    """Note when a fresh session ends by itself; it has not been looked at yet."""
    tx.execute(
        "UPDATE accounts SET session_expires_at=:at, session_checked_at=NULL WHERE id=:id",
        id=account_id, at=to_sql_or_none(expires_at),
    )  # fmt: skip


def spend_quota(
    tx: Tx, account_id: int, day: date, rows: int, token: int | None, now: datetime
) -> bool:
    """Add `rows` to the day's count unless that would pass the limit; rolls the day over.

    With a token, only while that lease holds. False: nothing was changed.
    """
    lease = "" if token is None else "AND lease_token=:token AND status='exporting'"
    return 1 == tx.execute(
        "UPDATE accounts SET"
        " today_export_count=(CASE WHEN quota_day=:day THEN today_export_count ELSE 0 END)+:n,"
        " quota_day=:day, updated_at=:now"
        f" WHERE id=:id {lease}"
        " AND (quota_day=:day AND today_export_count+:n<=daily_export_limit"
        " OR quota_day<:day AND :n<=daily_export_limit)",
        id=account_id, token=token, day=str(day), n=rows, now=to_sql(now),
    )  # fmt: skip


def reset_quota(tx: Tx, day: date, now: datetime) -> int:
    """Start `day` for accounts that count an earlier one; how many. One that exports just now
    rolls over by itself: its batch in hand counts for the day at which it began."""
    return tx.execute(
        "UPDATE accounts SET today_export_count=0, quota_day=:day, updated_at=:now"
        " WHERE quota_day<:day AND today_export_count>0 AND status<>'exporting'",
        day=str(day), now=to_sql(now),
    )  # fmt: skip


def reap(tx: Tx, now: datetime) -> int:
    """Give back every account whose lease ran out."""
    return tx.execute(
        "UPDATE accounts SET status='idle', lease_owner=NULL, lease_until=NULL,"
        " lease_token=lease_token+1, updated_at=:now"
        " WHERE status IN ('ingesting','exporting') AND lease_until<:now",
        now=to_sql(now),
    )  # fmt: skip


def count_expired(tx: Tx, now: datetime) -> int:
    """Accounts whose lease ran out and was not taken back."""
    row = tx.one(
        "SELECT COUNT(*) AS n FROM accounts"
        " WHERE status IN ('ingesting','exporting') AND lease_until<:now",
        now=to_sql(now),
    )
    return int(row["n"]) if row else 0


def pool_state(tx: Tx, platform: str, now: datetime, day: date) -> PoolState:
    """Counts over the platform's accounts."""
    busy = "status IN ('ingesting','exporting')"
    cooling = "status='idle' AND cooldown_until>:now"
    rested = f"status='idle' AND {IS_RESTED}"
    waiting = f"{rested} AND ready_at>:now"
    fit = f"{rested} AND {MAY_ASK}"
    row = tx.one(
        "SELECT COUNT(*) AS total,"
        " SUM(CASE WHEN status='disabled' THEN 1 ELSE 0 END) AS disabled,"
        f" SUM(CASE WHEN {busy} THEN 1 ELSE 0 END) AS busy,"
        f" SUM(CASE WHEN {busy} AND {HAS_QUOTA} THEN 1 ELSE 0 END) AS busy_with_quota,"
        f" SUM(CASE WHEN {cooling} THEN 1 ELSE 0 END) AS cooling,"
        " SUM(CASE WHEN status<>'disabled' AND daily_export_limit>0"
        f" AND NOT ({HAS_QUOTA}) THEN 1 ELSE 0 END) AS spent,"
        f" SUM(CASE WHEN {fit} THEN 1 ELSE 0 END) AS fit,"
        f" SUM(CASE WHEN {rested} AND {HAS_QUOTA} THEN 1 ELSE 0 END) AS fit_with_quota,"
        f" SUM(CASE WHEN {waiting} THEN 1 ELSE 0 END) AS waiting,"
        f" MIN(CASE WHEN {waiting} THEN ready_at END) AS waiting_until,"
        f" MIN(CASE WHEN {cooling} THEN cooldown_until END) AS cooling_until,"
        f" MIN(CASE WHEN {cooling} AND {HAS_QUOTA} THEN cooldown_until END) AS cooling_quota_until"
        " FROM accounts WHERE platform=:platform",
        platform=platform, now=to_sql(now), day=str(day),
    )  # fmt: skip
    assert row is not None
    return PoolState(
        total=int(row["total"]),
        disabled=int(row["disabled"] or 0),
        busy=int(row["busy"] or 0),
        cooling=int(row["cooling"] or 0),
        spent=int(row["spent"] or 0),
        cooling_until=from_sql_or_none(row["cooling_until"]),
        cooling_with_quota_until=from_sql_or_none(row["cooling_quota_until"]),
        waiting=int(row["waiting"] or 0),
        waiting_until=from_sql_or_none(row["waiting_until"]),
        busy_with_quota=int(row["busy_with_quota"] or 0),
        fit=int(row["fit"] or 0),
        fit_with_quota=int(row["fit_with_quota"] or 0),
    )


def note_event(
    tx: Tx,
    account_id: int,
    kind: str,
    detail: str,
    now: datetime,
    evidence: str | None = None,
    until: datetime | None = None,
) -> None:
    """Append to the account's timeline."""
    tx.insert(
        "INSERT INTO account_events (account_id, kind, detail, evidence, until_at, created_at)"
        " VALUES (:account_id, :kind, :detail, :evidence, :until, :now)",
        account_id=account_id, kind=kind, detail=detail[:1024], evidence=evidence,
        until=to_sql_or_none(until), now=to_sql(now),
    )  # fmt: skip


def events(tx: Tx, account_id: int | None, limit: int) -> list[AccountEvent]:
    """The newest events (of one account), newest first."""
    where = "" if account_id is None else "WHERE account_id=:account_id"
    rows = tx.all(
        "SELECT e.*, a.username FROM"
        f" (SELECT * FROM account_events {where} ORDER BY id DESC LIMIT :limit) e"
        " JOIN accounts a ON a.id=e.account_id ORDER BY e.id DESC",
        account_id=account_id, limit=limit,
    )  # fmt: skip
    return [AccountEvent.from_row(row) for row in rows]
