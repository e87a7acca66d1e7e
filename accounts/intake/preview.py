"""What an import of a list would do, told before anything is stored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.messages import Message
from storage.models.accounts import Account, AccountStatus

if TYPE_CHECKING:
    from accounts.csv_import import AccountRow, AccountRows
    from accounts.enrolment import AccountEnrolment


@dataclass(frozen=True)
class PreviewedAccount:
    """One account of a list.

    Args:
        is_taken: False where the row would be refused.
        outcome: what the import would change, or why it would refuse the row.
        notes: what was left out of the row.
    """

    line: int
    username: str
    is_taken: bool
    outcome: Message
    notes: tuple[Message, ...] = ()


def preview_rows(
    enrolment: AccountEnrolment, platform: str, rows: AccountRows
) -> list[PreviewedAccount]:
    """Return for each valid row of a list what its import would do; nothing is stored.

    It tells what is known beforehand: what the platform says of a session is not asked.
    """
    known = {account.username: account for account in enrolment.registry.all(platform)}
    return [_preview(enrolment, platform, row, known.get(row.username)) for row in rows.good]


def _preview(
    enrolment: AccountEnrolment, platform: str, row: AccountRow, account: Account | None
) -> PreviewedAccount:
    session = row.credentials.session or ""
    expires_at = enrolment.platforms.named(platform).session_expiry(session)
    is_over = expires_at is not None and expires_at <= enrolment.clock.now()
    if is_over and expires_at is not None:
        outcome = Message.of("session_ended", name=row.username, day=expires_at.date())
    elif account is None:
        limit = enrolment.limit_or_default(row.limit)
        outcome = Message.of("preview_new", rows=limit)
    else:
        outcome = _changes(enrolment, row, account)
    return PreviewedAccount(row.line, row.username, not is_over, outcome, row.notes)


def _changes(enrolment: AccountEnrolment, row: AccountRow, account: Account) -> Message:
    changed = enrolment.registry.differing(account, row.credentials)
    names = [Message.of(f"account_{name}") for name in changed]
    if row.limit is not None and row.limit != account.daily_export_limit:
        names.append(Message.of("preview_limit", rows=row.limit))
    if row.user_agent is not None and row.user_agent != account.user_agent:
        names.append(Message.of("preview_user_agent"))
    if not names:
        return Message.of("account_unchanged")
    is_enabled = "session" in changed and account.status is AccountStatus.DISABLED
    return Message.of("preview_enabled" if is_enabled else "preview_changed", names=names)
