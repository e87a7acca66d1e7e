"""Add accounts, change them, and check their sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.messages import Message
from storage.models.accounts import Account, AccountStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.csv_import import AccountRows
    from accounts.enrolment import AccountEnrolment, EnrolmentResult
    from accounts.manager import AccountManager
    from accounts.registry import AccountRegistry
    from accounts.requests import AccountRequest, NewAccount
    from sources.base import SessionStatus
    from sources.platforms import PlatformRegistry
    from web.audit_log import AuditLog, Principal


class AccountUseCases:
    """Adds accounts and changes them.

    Args:
        rotate_key: encrypts every secret with a new key; returns the number of accounts.
    """

    def __init__(
        self,
        *,
        enrolment: AccountEnrolment,
        registry: AccountRegistry,
        manager: AccountManager,
        platforms: PlatformRegistry,
        rotate_key: Callable[[], int],
        audit: AuditLog,
    ) -> None:
        self._enrolment = enrolment
        self._registry = registry
        self._manager = manager
        self._platforms = platforms
        self._rotate_key = rotate_key
        self._audit = audit

    def add(self, who: Principal, new: NewAccount) -> int:
        """Add an account and return its id. Raise InvalidInputError when it exists already."""
        with self._audit.action(who, "account.add", f"{new.platform}/{new.username}"):
            return self._enrolment.add(new)

    def add_or_refresh(
        self, who: Principal, platform: str, request: AccountRequest
    ) -> EnrolmentResult:
        """Add an account, or give an existing one a fresh session.

        Raises:
            WrongFieldsError: a field is wrong; it has a message for each such field.
        """
        with self._audit.action(who, "account.add", f"{platform}/{request.username}"):
            new = request.checked(self._platforms.named(platform))
            return self._refresh(new)

    def refresh(self, who: Principal, new: NewAccount) -> EnrolmentResult:
        """Add or refresh an account whose fields were checked before."""
        with self._audit.action(who, "account.add", f"{new.platform}/{new.username}"):
            return self._refresh(new)

    def sign_in(self, who: Principal, new: NewAccount) -> EnrolmentResult:
        """Store the session of an account that a person has just signed in with."""
        with self._audit.action(who, "account.login", f"{new.platform}/{new.username}"):
            return self._refresh(new)

    def import_rows(
        self, who: Principal, platform: str, rows: AccountRows, file: str, limit: int | None
    ) -> tuple[list[EnrolmentResult], list[Message]]:
        """Add or refresh the accounts of a file; see AccountEnrolment.import_rows."""
        subject = f"{platform} {file}: {len(rows.good)}"
        with self._audit.action(who, "account.import", subject):
            return self._enrolment.import_rows(platform, rows, file, limit)

    def enable(self, who: Principal, account: Account) -> None:
        """Make an account idle: it is no longer disabled or cooling down."""
        with self._audit.action(who, "account.enable", named(account)):
            self._manager.set_account_status(account.id, AccountStatus.IDLE)

    def disable(self, who: Principal, account: Account, reason: str | None) -> None:
        """Take an account out of the pool, with a reason as the operator wrote it."""
        with self._audit.action(who, "account.disable", named(account)):
            self._manager.set_account_status(account.id, AccountStatus.DISABLED, reason)

    def set_limit(self, who: Principal, account: Account, limit: int) -> None:
        """Change the rows that an account may export a day. Raise
        InvalidInputError for an invalid number."""
        with self._audit.action(who, "account.limit", f"{named(account)} {limit}"):
            self._registry.set_limit(account, limit)

    def check(self, who: Principal, account: Account) -> SessionStatus:
        """Ask the platform whether the account is signed in.

        Raises:
            SourceError, CredentialsError: the platform could not be asked.
        """
        with self._audit.action(who, "account.check", named(account)):
            return self._enrolment.check(account)

    def rotate_key(self, who: Principal) -> int:
        """Encrypt every secret with a new key; return the number of accounts."""
        with self._audit.action(who, "account.rotate_key", "all"):
            return self._rotate_key()

    def _refresh(self, new: NewAccount) -> EnrolmentResult:
        return self._enrolment.add_or_refresh(
            new.platform, new.username, new.credentials, new.limit
        )


def named(account: Account) -> str:
    """Return the account as `platform/username`, for the log of actions."""
    return f"{account.platform}/{account.username}"
