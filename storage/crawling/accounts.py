"""Queries on `accounts` and `account_events`."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime

from storage.crawling.proxies import MAX_AHEAD, NONE_CLOSED, ClosedRoutes
from storage.engines.datetimes import to_sql, to_sql_or_none
from storage.engines.dialect import MAX_TEXT_CHARS
from storage.engines.transactions import Tx, in_list
from storage.models.accounts import Account, AccountEvent, AccountStatus
from storage.models.mapping import row_to
from storage.models.tasks import NO_PIN, Pin

IDS_AT_ONCE = 500  # in one query
HAS_QUOTA = (
    "(quota_day<:day AND daily_export_limit>0"
    " OR quota_day=:day AND today_export_count<daily_export_limit)"
)
IS_RESTED = "(cooldown_until IS NULL OR cooldown_until<=:now)"
MAY_ASK = "(ready_at IS NULL OR ready_at<=:now)"  # as its pace says
# A deleted account keeps its row, disabled for good. Queries that leave out disabled accounts need
# no more than that.
LIVE = "deleted_at IS NULL"


@dataclass(frozen=True)
class PoolState:
    """How many of a platform's accounts are in which state.

    `busy` are leased. `cooling` are in a cooldown, the first of which ends at `cooling_until` (of
    those with quota: `cooling_with_quota_until`). `cut_off` are idle, but their egress route is
    closed. `waiting` are held back by their pace, the first of them until `waiting_until`. `fit`
    may send requests now, `fit_with_quota` may export now.
    `spent` are not disabled and have no quota left on the day. Moments are None when there is no
    such account.
    """

    total: int
    disabled: int
    busy: int
    cooling: int
    spent: int
    cooling_until: datetime | None
    cooling_with_quota_until: datetime | None
    cut_off: int
    waiting: int
    waiting_until: datetime | None
    busy_with_quota: int
    fit: int
    fit_with_quota: int


def add(
    tx: Tx,
    platform: str,
    username: str,
    secrets: tuple[str | None, str | None, str | None],
    limit: int,
    now: datetime,
    group: str | None = None,
) -> int | None:
    """Insert an idle account and return its id; None when the platform has one of that name.

    `secrets` are password, session and proxy, already encrypted, and stored as they are.
    """
    if find(tx, platform, username) is not None:
        return None
    password, session, proxy = secrets
    return tx.add(
        "accounts",
        platform=platform,
        username=username,
        password=password,
        session=session,
        proxy=proxy,
        daily_export_limit=limit,
        group_name=group,
        created_at=to_sql(now),
        updated_at=to_sql(now),
    )


def find(tx: Tx, platform: str, username: str) -> Account | None:
    """Return the account of that name; None when there is none, or it was deleted."""
    row = tx.one(
        f"SELECT * FROM accounts WHERE platform=:platform AND username=:username AND {LIVE}",
        platform=platform,
        username=username,
    )
    return row_to(Account, row) if row else None


def get(tx: Tx, account_id: int) -> Account | None:
    """Return the account with that id, even a deleted one; None when there is none."""
    row = tx.one("SELECT * FROM accounts WHERE id=:id", id=account_id)
    return row_to(Account, row) if row else None


def every(tx: Tx, platform: str | None = None) -> list[Account]:
    """Return all accounts by id but deleted ones; with `platform` only those of that platform."""
    return _listed(tx, LIVE, platform)


def deleted(tx: Tx, platform: str | None = None) -> list[Account]:
    """Return the deleted accounts by id; with `platform` only those of that platform."""
    return _listed(tx, "deleted_at IS NOT NULL", platform)


def _listed(tx: Tx, condition: str, platform: str | None) -> list[Account]:
    where = "" if platform is None else " AND platform=:platform"
    rows = tx.all(f"SELECT * FROM accounts WHERE {condition}{where} ORDER BY id", platform=platform)
    return [row_to(Account, row) for row in rows]


def names(tx: Tx, account_ids: Collection[int]) -> dict[int, str]:
    """Return the names of those accounts that there are, by id, those of deleted ones too."""
    found: dict[int, str] = {}
    ids = sorted(account_ids)
    for start in range(0, len(ids), IDS_AT_ONCE):
        places, params = in_list(ids[start : start + IDS_AT_ONCE])
        rows = tx.all(f"SELECT id, username FROM accounts WHERE id IN ({places})", **params)
        found |= {int(row["id"]): row["username"] for row in rows}
    return found


def set_status(
    tx: Tx, account_id: int, status: AccountStatus, now: datetime, reason: str | None
) -> bool:
    """Make an account idle or disabled on the operator's request.

    Return False when there is none, or it was deleted.

    Its token grows, so that a lease that is held ends here. `reason` (a stored message) is what
    listings show of a disabled account; None for an idle one.
    """
    return 1 == tx.execute(
        "UPDATE accounts SET status=:status, lease_owner=NULL, lease_until=NULL,"
        " working_task_id=NULL, lease_token=lease_token+1, cooldown_until=NULL, ready_at=NULL,"
        " failure_count=0,"
        " health='healthy', good_answers=0,"
        f" disabled_reason=:reason, updated_at=:now WHERE id=:id AND {LIVE}",
        id=account_id,
        status=status.value,
        reason=reason and reason[:MAX_TEXT_CHARS],
        now=to_sql(now),
    )


def restore_as_suspect(tx: Tx, account_id: int, until: datetime, now: datetime) -> bool:
    """Enable an account that the product disabled; it rests until `until`, and is then checked.

    Return False when it is not disabled, or was disabled by the operator.
    """
    return 1 == tx.execute(
        "UPDATE accounts SET status='idle', health='suspect', good_answers=0,"
        " disabled_reason=NULL, cooldown_until=:until, updated_at=:now"
        f" WHERE id=:id AND status='disabled' AND failure_count>0 AND {LIVE}",
        id=account_id,
        until=to_sql(until),
        now=to_sql(now),
    )


def rename(tx: Tx, account_id: int, username: str, now: datetime) -> bool:
    """Change the name of an account; return False when there is none, or it was deleted.

    Raises:
        DuplicateKeyError: the platform has an account of that name.
    """
    return 1 == tx.execute(
        f"UPDATE accounts SET username=:username, updated_at=:now WHERE id=:id AND {LIVE}",
        id=account_id,
        username=username,
        now=to_sql(now),
    )


def set_limit(tx: Tx, account_id: int, limit: int, now: datetime) -> bool:
    """Change the daily export limit; return False when there is no such account."""
    return 1 == tx.execute(
        f"UPDATE accounts SET daily_export_limit=:limit, updated_at=:now WHERE id=:id AND {LIVE}",
        id=account_id,
        limit=limit,
        now=to_sql(now),
    )


def set_user_agent(tx: Tx, account_id: int, user_agent: str | None, now: datetime) -> bool:
    """Change the User-Agent of an account's requests (None: the platform's usual one).

    Return False when there is no such account.
    """
    return 1 == tx.execute(
        f"UPDATE accounts SET user_agent=:user_agent, updated_at=:now WHERE id=:id AND {LIVE}",
        id=account_id,
        user_agent=user_agent,
        now=to_sql(now),
    )


def set_secrets(
    tx: Tx, account_id: int, secrets: tuple[str | None, str | None, str | None], now: datetime
) -> bool:
    """Replace password, session and proxy; return False when there is no such account.

    `secrets` are already encrypted and stored as they are; None removes one.
    """
    password, session, proxy = secrets
    return 1 == tx.execute(
        "UPDATE accounts SET password=:password, session=:session, proxy=:proxy, updated_at=:now"
        f" WHERE id=:id AND {LIVE}",
        id=account_id,
        password=password,
        session=session,
        proxy=proxy,
        now=to_sql(now),
    )


def set_egress(tx: Tx, account_id: int, egress: str) -> None:
    """Record by which route an account will leave, with a proxy that it just got."""
    tx.execute(
        f"UPDATE accounts SET egress=:egress WHERE id=:id AND {LIVE}", id=account_id, egress=egress
    )


def platforms(tx: Tx) -> list[str]:
    """Return the platforms that have accounts, sorted."""
    return tx.column(f"SELECT DISTINCT platform FROM accounts WHERE {LIVE} ORDER BY platform")


def used_routes(
    tx: Tx, platform: str | None = None, pin: Pin = NO_PIN
) -> list[tuple[str | None, bool, int]]:
    """Return (route, whether without a proxy, number of enabled accounts) for each route.

    The route is None for accounts that were not leased yet; with `platform` only its accounts
    count, with a `pin` only those that it admits.
    """
    admitted, pinned = admitted_by(pin)
    where = admitted if platform is None else f" AND platform=:platform{admitted}"
    rows = tx.all(
        "SELECT egress, proxy IS NULL AS direct, COUNT(*) AS n FROM accounts"
        f" WHERE status<>'disabled'{where} GROUP BY egress, proxy IS NULL",
        platform=platform,
        **pinned,
    )
    return [(row["egress"], bool(row["direct"]), int(row["n"])) for row in rows]


def note_new_session(tx: Tx, account_id: int, expires_at: datetime | None) -> None:
    """Record when a new session ends by itself (None: unknown), and that nobody has checked yet
    whether it is signed in, and as whom."""
    tx.execute(
        "UPDATE accounts SET session_expires_at=:at, session_checked_at=NULL, uid_seen_at=NULL,"
        f" session_version=session_version+1 WHERE id=:id AND {LIVE}",
        id=account_id,
        at=to_sql_or_none(expires_at),
    )


def reset_quota(tx: Tx, day: date, now: datetime) -> int:
    """Set the export counts of earlier days to 0 for `day`; return the number of accounts changed.

    An account that is exporting is left out: its batch in hand counts for the day on which it
    began, and its next one starts the new day.
    """
    return tx.execute(
        "UPDATE accounts SET today_export_count=0, quota_day=:day, updated_at=:now"
        " WHERE quota_day<:day AND today_export_count>0 AND status<>'exporting'",
        day=str(day),
        now=to_sql(now),
    )


def has_other(
    tx: Tx, platform: str, asked: Collection[int], by: datetime, pin: Pin = NO_PIN
) -> bool:
    """Return whether an account besides `asked` is enabled, and cools down until `by` at most.

    So must its egress route. With a `pin` only accounts that it admits count.
    """
    places, names = in_list(asked)
    admitted, pinned = admitted_by(pin)
    return tx.exists(
        "SELECT 1 FROM accounts WHERE platform=:platform AND status<>'disabled'"
        f" AND (cooldown_until IS NULL OR cooldown_until<=:by) AND id NOT IN ({places}){admitted}"
        " AND NOT EXISTS (SELECT 1 FROM proxies WHERE proxies.egress=accounts.egress"
        " AND proxies.cooldown_until>:by AND proxies.cooldown_until<=:latest) LIMIT 1",
        platform=platform,
        by=to_sql(by),
        latest=to_sql(by + MAX_AHEAD),
        **names,
        **pinned,
    )


def admitted_by(pin: Pin) -> tuple[str, dict[str, int | str]]:
    """Return the SQL, to put behind other conditions, that the accounts meet which a pin admits.

    It comes with its parameters; it is empty without a pin.
    """
    if pin.account_id is not None:
        return " AND accounts.id=:pin_account", {"pin_account": pin.account_id}
    if pin.group is not None:
        return " AND group_name=:pin_group", {"pin_group": pin.group}
    return "", {}


def refused_to(pins: Collection[Pin]) -> tuple[str, dict[str, int | str]]:
    """Return the SQL, to put behind other conditions, that accounts meet which no pin admits.

    It comes with its parameters; it is empty without pins.
    """
    sql = ""
    params: dict[str, int | str] = {}
    ids = sorted({pin.account_id for pin in pins if pin.account_id is not None})
    groups = sorted({pin.group for pin in pins if pin.account_id is None and pin.group})
    if ids:
        params |= {f"spared{number}": account_id for number, account_id in enumerate(ids)}
        sql += f" AND accounts.id NOT IN ({','.join(f':{name}' for name in params)})"
    if groups:
        spared: dict[str, int | str] = {f"group{number}": g for number, g in enumerate(groups)}
        listed = ",".join(f":{name}" for name in spared)
        sql += f" AND (group_name IS NULL OR group_name NOT IN ({listed}))"
        params |= spared
    return sql, params


def pool_state(
    tx: Tx,
    platform: str,
    now: datetime,
    day: date,
    closed: ClosedRoutes = NONE_CLOSED,
    pin: Pin = NO_PIN,
) -> PoolState:
    """Return how many of a platform's accounts are in which state; quota is that of `day`.

    With a `pin` only accounts that it admits count.
    """
    admitted, pinned = admitted_by(pin)
    is_open, routes = closed.condition()
    is_closed, _ = closed.condition(closed=True)
    busy = "status IN ('ingesting','exporting')"
    cooling = "status='idle' AND cooldown_until>:now"
    rested = f"status='idle' AND {IS_RESTED}"
    waiting = f"{rested} AND {is_open} AND ready_at>:now"
    numbers = {
        "disabled": "status='disabled'",
        "busy": busy,
        "busy_with_quota": f"{busy} AND {HAS_QUOTA}",
        "cooling": cooling,
        "spent": f"status<>'disabled' AND daily_export_limit>0 AND NOT ({HAS_QUOTA})",
        "cut_off": f"{rested} AND {is_closed}",
        "fit": f"{rested} AND {is_open} AND {MAY_ASK}",
        "fit_with_quota": f"{rested} AND {HAS_QUOTA}",
        "waiting": waiting,
    }
    counts = (f"COUNT(CASE WHEN {which} THEN 1 END) AS {name}" for name, which in numbers.items())
    row = tx.one(
        f"SELECT COUNT(*) AS total, {', '.join(counts)},"
        f" MIN(CASE WHEN {waiting} THEN ready_at END) AS waiting_until,"
        f" MIN(CASE WHEN {cooling} THEN cooldown_until END) AS cooling_until,"
        f" MIN(CASE WHEN {cooling} AND {HAS_QUOTA} THEN cooldown_until END)"
        f" AS cooling_with_quota_until FROM accounts WHERE platform=:platform AND {LIVE}{admitted}",
        platform=platform,
        now=to_sql(now),
        day=str(day),
        **routes,
        **pinned,
    )
    assert row is not None
    return row_to(PoolState, row)


def enabled_by_egress(tx: Tx, platform: str) -> dict[str | None, int]:
    """Return how many accounts of a platform are not disabled, by egress; None: not known yet."""
    rows = tx.all(
        "SELECT egress, COUNT(*) AS n FROM accounts WHERE platform=:platform"
        " AND status<>'disabled' GROUP BY egress",
        platform=platform,
    )
    return {row["egress"]: int(row["n"]) for row in rows}


def note_event(
    tx: Tx,
    account_id: int,
    kind: str,
    detail: str,
    now: datetime,
    evidence: str | None = None,
    until: datetime | None = None,
) -> None:
    """Append an event to the account's timeline.

    Args:
        kind: one word, such as `cooldown`.
        detail: a message as `Message.dump` writes it, or plain text.
        evidence: JSON text about the answer that caused it.
        until: when its effect ends, as of a cooldown.
    """
    tx.add(
        "account_events",
        account_id=account_id,
        kind=kind,
        detail=detail[:MAX_TEXT_CHARS],
        evidence=evidence,
        until_at=to_sql_or_none(until),
        created_at=to_sql(now),
    )


def cooldown_reason(tx: Tx, account_id: int) -> str | None:
    """Return why an account's newest cooldown began, as a stored message; None without one."""
    found: list[str] = tx.column(
        "SELECT detail FROM account_events WHERE account_id=:account_id"
        " AND kind IN ('suspect','cooldown') ORDER BY id DESC LIMIT 1",
        account_id=account_id,
    )
    return found[0] if found else None


def events(tx: Tx, account_id: int | None, limit: int) -> list[AccountEvent]:
    """Return the newest `limit` events, newest first, of one account or (None) of all."""
    where = "" if account_id is None else "WHERE account_id=:account_id"
    rows = tx.all(
        "SELECT e.*, a.username FROM"
        f" (SELECT * FROM account_events {where} ORDER BY id DESC LIMIT :limit) e"
        " JOIN accounts a ON a.id=e.account_id ORDER BY e.id DESC",
        account_id=account_id,
        limit=limit,
    )
    return [row_to(AccountEvent, row) for row in rows]
