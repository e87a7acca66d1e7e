"""What is left of deleted accounts: rows without secrets, and what their logins exported."""

from __future__ import annotations

from datetime import datetime

from storage.crawling.accounts import LIVE
from storage.engines.datetimes import to_sql
from storage.engines.transactions import Tx

# All that belongs to the login or lets somebody use it. What was exported stays: counters, limit
# and day are what `exports verify` compares the files with.
ERASED = (
    *("password", "session", "proxy", "device", "user_agent", "egress"),
    *("platform_uid", "uid_seen_at", "session_checked_at", "session_expires_at"),
    *("session_renewed_at", "pace", "ready_at", "cooldown_until", "group_name"),
    *("working_task_id", "lease_owner", "lease_until"),
)


def bury(tx: Tx, account_id: int, username: str, now: datetime, reason: str) -> bool:
    """Make an account a tombstone of that name: its secrets, login and lease end.

    Its token and the version of its session grow, so that whoever still uses it writes nothing
    more. `reason` is a stored message. Return False when there is no such account, or it was
    deleted before.

    Raises:
        DuplicateKeyError: the platform has an account of that name.
    """
    erased = ", ".join(f"{column}=NULL" for column in ERASED)
    return 1 == tx.execute(
        f"UPDATE accounts SET username=:username, {erased}, status='disabled', deleted_at=:now,"
        " disabled_reason=:reason, failure_count=0, good_answers=0, health='healthy',"
        " lease_token=lease_token+1, session_version=session_version+1, updated_at=:now"
        f" WHERE id=:id AND {LIVE}",
        id=account_id,
        username=username,
        reason=reason,
        now=to_sql(now),
    )


def is_name_taken(tx: Tx, platform: str, username: str) -> bool:
    """Return whether an account of the platform, deleted or not, has that name."""
    return tx.exists(
        "SELECT 1 FROM accounts WHERE platform=:platform AND username=:username",
        platform=platform,
        username=username,
    )
