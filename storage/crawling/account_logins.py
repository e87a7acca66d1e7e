"""Who is signed in with an account: the platform's own id, renewed sessions and the device."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from storage.crawling.accounts import LIVE
from storage.engines.datetimes import to_sql, to_sql_or_none
from storage.engines.dialect import MAX_TEXT_CHARS
from storage.engines.transactions import Tx
from storage.leasing import ACCOUNTS
from storage.models.accounts import Account
from storage.models.mapping import row_to


@dataclass(frozen=True)
class SecretSwap:
    """A new value of an encrypted column, stored only where the column still holds `before`.

    That the old token is compared keeps what an import or a rotation of the keys wrote meanwhile.
    """

    column: Literal["session", "device"]
    before: str
    after: str


def find(tx: Tx, platform: str, uid: str) -> Account | None:
    """Return the platform's account with that login; None when there is none."""
    row = tx.one(
        "SELECT * FROM accounts WHERE platform=:platform AND platform_uid=:uid",
        platform=platform,
        uid=uid,
    )
    return row_to(Account, row) if row else None


def set_uid(tx: Tx, account_id: int, uid: str, seen_at: datetime | None = None) -> None:
    """Store the login's own id; `seen_at` is None for what the cookies claim.

    Raises:
        DuplicateKeyError: another account of the platform has it.
    """
    tx.execute(
        f"UPDATE accounts SET platform_uid=:uid, uid_seen_at=:seen WHERE id=:id AND {LIVE}",
        id=account_id,
        uid=uid,
        seen=to_sql_or_none(seen_at),
    )


def prove_uid(
    tx: Tx, account_id: int, token: int, uid: str, seen_at: datetime | None, now: datetime
) -> bool:
    """Store the login's own id under the account's lease; return False when the lease was lost.

    `seen_at` is when the platform showed it; None for what the cookies claim.

    Raises:
        DuplicateKeyError: another account of the platform has it.
    """
    return ACCOUNTS.write(
        tx,
        account_id,
        token,
        "platform_uid=:uid, uid_seen_at=:seen, updated_at=:now",
        uid=uid,
        seen=to_sql_or_none(seen_at),
        now=to_sql(now),
    )


def disable_duplicate(tx: Tx, account_id: int, now: datetime, reason: str) -> None:
    """Disable an account that is the login of another row, end its lease and free its uid.

    It counts a failure, by which it differs from an account that the operator disabled.
    """
    tx.execute(
        "UPDATE accounts SET status='disabled', platform_uid=NULL, uid_seen_at=NULL,"
        " session_checked_at=NULL, disabled_reason=:reason, failure_count=failure_count+1,"
        " lease_owner=NULL, lease_until=NULL, lease_token=lease_token+1, working_task_id=NULL,"
        " updated_at=:now WHERE id=:id",
        id=account_id,
        reason=reason[:MAX_TEXT_CHARS],
        now=to_sql(now),
    )


def add_exports_of_duplicate(tx: Tx, account_id: int, day: date, rows: int) -> None:
    """Count what another row of the same login exported on `day`, even beyond the limit."""
    tx.execute(
        # MySQL evaluates assignments from left to right: the count looks at the old quota_day.
        "UPDATE accounts SET"
        " today_export_count=(CASE WHEN quota_day=:day THEN today_export_count ELSE 0 END)+:n,"
        " quota_day=:day WHERE id=:id AND quota_day<=:day",
        id=account_id,
        day=str(day),
        n=rows,
    )


def retire(tx: Tx, account_id: int, username: str, now: datetime, reason: str) -> None:
    """Rename and disable an account whose name goes to another login; its lease ends.

    Raises:
        DuplicateKeyError: the platform has an account of that name.
    """
    tx.execute(
        "UPDATE accounts SET username=:username, status='disabled', disabled_reason=:reason,"
        " failure_count=0, lease_owner=NULL, lease_until=NULL, lease_token=lease_token+1,"
        " working_task_id=NULL, updated_at=:now WHERE id=:id",
        id=account_id,
        username=username,
        reason=reason[:MAX_TEXT_CHARS],
        now=to_sql(now),
    )


def add_successor(tx: Tx, retired_id: int, username: str, now: datetime) -> None:
    """Add an idle account with the proxy, limit and group of a retired one, and nothing else of it.

    Raises:
        DuplicateKeyError: another account has the name.
    """
    kept = "platform, proxy, egress, daily_export_limit, group_name"
    tx.execute(
        f"INSERT INTO accounts ({kept}, username, created_at, updated_at)"
        f" SELECT {kept}, :username, :now, :now FROM accounts WHERE id=:id",
        id=retired_id,
        username=username,
        now=to_sql(now),
    )


def renew_session(
    tx: Tx, account_id: int, version: int, session: str, expires_at: datetime | None, now: datetime
) -> bool:
    """Store cookies that the platform renewed; return False when another session was stored since.

    `version` is the `session_version` of the session that was renewed. No lease is asked for: the
    old cookies may be dead already, and the version alone keeps a newer session from being
    overwritten, under a lease as without one.
    """
    return 1 == tx.execute(
        "UPDATE accounts SET session=:session, session_expires_at=:expires,"
        " session_renewed_at=:now, session_version=session_version+1, updated_at=:now"
        f" WHERE id=:id AND session_version=:version AND {LIVE}",
        id=account_id,
        version=version,
        session=session,
        expires=to_sql_or_none(expires_at),
        now=to_sql(now),
    )


def assign_device(tx: Tx, account_id: int, token: int, device: str, now: datetime) -> bool:
    """Store the account's device (encrypted); return False when the lease was lost."""
    return ACCOUNTS.write(
        tx, account_id, token, "device=:device, updated_at=:now", device=device, now=to_sql(now)
    )


def set_device(tx: Tx, account_id: int, device: str) -> None:
    """Store a device that is encrypted anew."""
    tx.execute(
        f"UPDATE accounts SET device=:device WHERE id=:id AND {LIVE}", id=account_id, device=device
    )


def swap_changes(swaps: tuple[SecretSwap, ...]) -> str:
    """Return assignments that make the swaps, each with a comma behind it; empty without any."""
    return "".join(
        f"{swap.column}=CASE WHEN {swap.column}=:{swap.column}_before THEN :{swap.column}_after"
        f" ELSE {swap.column} END, "
        for swap in swaps
    )


def swap_params(swaps: tuple[SecretSwap, ...]) -> dict[str, Any]:
    """Return the parameters of `swap_changes`."""
    return {
        f"{swap.column}_{when}": token
        for swap in swaps
        for when, token in (("before", swap.before), ("after", swap.after))
    }
