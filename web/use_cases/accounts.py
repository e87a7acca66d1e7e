"""Add accounts, change them, and check their sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.intake.preview import PreviewedAccount, preview_rows
from core.messages import Message
from storage.models.accounts import Account, AccountStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.csv_import import AccountRows
    from accounts.enrolment import AccountEnrolment, EnrolmentResult
    from accounts.lifecycle.deletion import AccountDeletion, DeletedAccount
    from accounts.lifecycle.groups import AccountGroups
    from accounts.manager import AccountManager
    from accounts.registry import AccountRegistry
    from accounts.requests import AccountRequest, NewAccount
    from sources.base import SessionStatus
    from sources.platforms import PlatformRegistry
    from web.audit_log import AuditLog, Principal


class AccountUseCases:
    """Adds accounts and changes them; each call is recorded in the log of actions under `who`.

    Args:
        rotate_key: encrypts every secret with a new key; returns the number of accounts.
    """

    def __init__(
        self,
        *,
        enrolment: AccountEnrolment,
        registry: AccountRegistry,
        manager: AccountManager,
        groups: AccountGroups,
        deletion: AccountDeletion,
        platforms: PlatformRegistry,
        rotate_key: Callable[[], int],
        audit: AuditLog,
    ) -> None:
        self._enrolment = enrolment
        self._registry = registry
        self._manager = manager
        self._groups = groups
        self._deletion = deletion
        self._platforms = platforms
        self._rotate_key = rotate_key
        self._audit = audit

    def add(self, who: Principal, new: NewAccount) -> int:
        """Add an account, its secrets encrypted, and return its id.

        Raises:
            InvalidInputError: the platform has an account of that name already.
            CredentialsError: there is no usable key to encrypt with.
        """
        with self._audit.action(who, "account.add", f"{new.platform}/{new.username}"):
            return self._enrolment.add(new)

    def add_or_refresh(
        self, who: Principal, platform: str, request: AccountRequest
    ) -> EnrolmentResult:
        """Add an account, or give an existing one a fresh session, which enables a disabled one.

        Raises:
            WrongFieldsError: a field is wrong or the session has ended; it has a message for each
                such field.
            InvalidInputError: there is no such platform, the session is another login than the
                account's, or it is that of another account.
        """
        with self._audit.action(who, "account.add", f"{platform}/{request.username}"):
            new = request.checked(self._platforms.named(platform))
            return self._enrolment.add_or_refresh(new)

    def refresh(self, who: Principal, new: NewAccount) -> EnrolmentResult:
        """Add an account whose fields were checked before, or refresh the one of that name.

        Raises:
            WrongFieldsError: the session has ended already.
        """
        with self._audit.action(who, "account.add", f"{new.platform}/{new.username}"):
            return self._enrolment.add_or_refresh(new)

    def sign_in(self, who: Principal, new: NewAccount) -> EnrolmentResult:
        """Add an account, or refresh the one of that name, with the session of a sign-in just now.

        It differs from `refresh` in what the log of actions calls it.
        """
        with self._audit.action(who, "account.login", f"{new.platform}/{new.username}"):
            return self._enrolment.add_or_refresh(new)

    def import_rows(
        self,
        who: Principal,
        platform: str,
        rows: AccountRows,
        file: str,
        limit: int | None,
        *,
        new_login: bool = False,
        group: str | None = None,
    ) -> tuple[list[EnrolmentResult], list[Message]]:
        """Add or refresh the accounts of a file one after the other.

        An invalid account does not stop the others. Return the outcomes of the stored accounts, and
        a message for each line that failed, here or when the file was read.

        Args:
            file: what messages call the file.
            limit: rows a day for lines without a limit. None: the default for new accounts, no
                change for known ones.
            new_login: other logins may take over the names of accounts.
            group: the group for lines without one; None leaves known accounts where they are.
        """
        subject = f"{platform} {file}: {len(rows.good)}"
        with self._audit.action(who, "account.import", subject):
            return self._enrolment.import_rows(
                platform, rows, file, limit, new_login=new_login, group=group
            )

    def preview_rows(
        self, platform: str, rows: AccountRows, *, new_login: bool, group: str | None
    ) -> list[PreviewedAccount]:
        """Return for each valid row of a list what its import would do; nothing is stored."""
        return preview_rows(self._enrolment, platform, rows, new_login=new_login, group=group)

    def enable(self, who: Principal, account: Account) -> None:
        """Make an account idle: it is no longer disabled or cooling down."""
        with self._audit.action(who, "account.enable", named(account)):
            self._manager.set_account_status(account.id, AccountStatus.IDLE)

    def check_and_enable(self, who: Principal, account: Account) -> SessionStatus:
        """Ask the platform whether the account is signed in, make it idle if so, and return the
        answer.

        Raises:
            InvalidInputError: it is not signed in, or as another login than the account's; the
                account stays as it is.
            SourceError: the stored session is unusable, or the platform does not answer; the
                account stays as it is.
            CredentialsError: no key decrypts the account's secrets.
        """
        with self._audit.action(who, "account.enable", named(account)):
            status = self._enrolment.require_signed_in(account)
            self._manager.set_account_status(account.id, AccountStatus.IDLE)
            return status

    def delete(self, who: Principal, account: Account) -> DeletedAccount:
        """Delete an account: its secrets are erased, and what it exported stays proven.

        Whoever uses it stops at its next write; the tasks pinned to it wait and are returned.

        Raises:
            InvalidInputError: it was deleted before.
        """
        with self._audit.action(who, "account.delete", named(account)):
            return self._deletion.delete(account)

    def rename(self, who: Principal, account: Account, name: str) -> str:
        """Give an account another name; return it as it is stored.

        Raises:
            InvalidInputError: the name is malformed or taken.
        """
        with self._audit.action(who, "account.rename", f"{named(account)} {name}"):
            return self._registry.rename(account, name)

    def set_group(self, who: Principal, chosen: list[Account], group: str | None) -> list[Account]:
        """Put accounts into a group, or (None) take them out of theirs; return those that changed.

        Raises:
            InvalidInputError: one of them was deleted meanwhile; nothing was changed.
        """
        subject = ", ".join(named(account) for account in chosen)
        with self._audit.action(who, "account.group", f"{subject} {group or 'none'}"):
            return self._groups.assign(chosen, group)

    def disable(self, who: Principal, account: Account, reason: str | None) -> None:
        """Take an account out of the pool, with a reason as the operator wrote it.

        None or an empty reason: the timeline says that an operator did it. A worker that uses the
        account stops at its next write.
        """
        with self._audit.action(who, "account.disable", named(account)):
            self._manager.set_account_status(account.id, AccountStatus.DISABLED, reason)

    def set_limit(self, who: Principal, account: Account, limit: int) -> None:
        """Change the rows that an account may export a day.

        Raises:
            InvalidInputError: the limit is negative or above MAX_ROWS_A_DAY.
        """
        with self._audit.action(who, "account.limit", f"{named(account)} {limit}"):
            self._registry.set_limit(account, limit)

    def set_user_agent(self, who: Principal, account: Account, user_agent: str | None) -> bool:
        """Change the User-Agent of an account's requests; None: the platform's usual one.

        Return False when it had that one already.

        Raises:
            InvalidInputError: no request can carry it.
        """
        with self._audit.action(who, "account.agent", named(account)):
            return self._registry.set_user_agent(account, user_agent)

    def check(self, who: Principal, account: Account) -> SessionStatus:
        """Ask the platform whether the account is signed in; the answer is not stored.

        Raises:
            SourceError: the stored session is unusable, or the platform does not answer.
            CredentialsError: no key decrypts the account's secrets.
        """
        with self._audit.action(who, "account.check", named(account)):
            return self._enrolment.check(account)

    def rotate_key(self, who: Principal) -> int:
        """Encrypt every secret with a new key; return the number of accounts."""
        with self._audit.action(who, "account.rotate_key", "all"):
            return self._rotate_key()


def named(account: Account) -> str:
    """Return the account as `platform/username`, for the log of actions."""
    return f"{account.platform}/{account.username}"
