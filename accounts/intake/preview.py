"""What an import of a list would do, told before anything is stored."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    enrolment: AccountEnrolment,
    platform: str,
    rows: AccountRows,
    *,
    new_login: bool,
    group: str | None = None,
) -> list[PreviewedAccount]:
    """Return for each valid row of a list what its import would do; nothing is stored.

    It tells what is known beforehand: what the platform says of a session is not asked.
    `new_login` lets other logins take over the names of accounts, and `group` is that of the rows
    that name none.
    """
    stored = enrolment.registry.all(platform)
    preview = _Preview(
        enrolment=enrolment,
        platform=platform,
        new_login=new_login,
        group=group,
        known={account.username: account for account in stored},
        owners={account.platform_uid: account.username for account in stored},
    )
    return [preview.of(row) for row in rows.good]


@dataclass(frozen=True, kw_only=True)
class _Preview:
    """Looks at one row after the other, as the import takes them.

    `owners` are the accounts' names by the uid of their login; rows that would be taken join them.
    """

    enrolment: AccountEnrolment
    platform: str
    new_login: bool
    group: str | None
    known: dict[str, Account] = field(repr=False)
    owners: dict[str | None, str]

    def of(self, row: AccountRow) -> PreviewedAccount:
        session = row.credentials.session or ""
        uid = self.enrolment.registry.claimed_uid(self.platform, session)
        account = self.known.get(row.username)
        refusal = self._ended(row, session) or self._refusal(row, account, uid)
        if refusal is not None:
            return PreviewedAccount(row.line, row.username, False, refusal, row.notes)
        if uid is not None:
            self.owners[uid] = row.username
        if account is None:
            limit = self.enrolment.limit_or_default(row.limit)
            outcome = Message.of("preview_new", rows=limit)
        else:
            outcome = self._changes(row, account, uid)
        return PreviewedAccount(row.line, row.username, True, outcome, row.notes)

    def _ended(self, row: AccountRow, session: str) -> Message | None:
        expires_at = self.enrolment.platforms.named(self.platform).session_expiry(session)
        if expires_at is None or expires_at > self.enrolment.clock.now():
            return None
        return Message.of("session_ended", name=row.username, day=expires_at.date())

    def _refusal(self, row: AccountRow, account: Account | None, uid: str | None) -> Message | None:
        """Return why the login of a row cannot be stored under its name; None when it can."""
        registry, name = self.enrolment.registry, row.username
        changed = registry.differing(account, row.credentials) if account else ["session"]
        if uid is None or "session" not in changed:
            return None
        owner = self.owners.get(uid)
        if owner not in (None, name):
            return Message.of("login_taken", name=name, other=owner, uid=uid)
        was = registry.login_of(account) if account and not self.new_login else None
        if was not in (None, uid):
            return Message.of("login_differs", name=name, uid=uid, was=was)
        return None

    def _changes(self, row: AccountRow, account: Account, uid: str | None) -> Message:
        registry, session = self.enrolment.registry, row.credentials.session
        if self.new_login and not registry.is_same_login(account, session, uid):
            return Message.of("preview_new_login")
        changed = registry.differing(account, row.credentials)
        names = [Message.of(f"account_{name}") for name in changed]
        if row.limit is not None and row.limit != account.daily_export_limit:
            names.append(Message.of("preview_limit", rows=row.limit))
        if row.user_agent is not None and row.user_agent != account.user_agent:
            names.append(Message.of("preview_user_agent"))
        group = row.group if row.group is not None else self.group
        if group not in (None, account.group_name):
            names.append(Message.of("preview_group", group=group))
        if not names:
            return Message.of("account_unchanged")
        is_enabled = "session" in changed and account.status is AccountStatus.DISABLED
        return Message.of("preview_enabled" if is_enabled else "preview_changed", names=names)
