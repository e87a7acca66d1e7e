"""Taking accounts into the pool and trying them: what commands, console and API share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from accounts.csv_import import AccountRows
from accounts.manager import AccountManager
from accounts.registry import AccountRegistry
from accounts.requests import NewAccount
from accounts.vault import Credentials, Vault
from core.clock import Clock
from core.errors import InvalidInputError, WrongFieldsError
from sources.base import SessionStatus
from sources.platform_access import PlatformAccess
from sources.platforms import PlatformRegistry
from storage.models.accounts import Account, AccountStatus


@dataclass(frozen=True)
class EnrolmentResult:
    """How adding or refreshing an account ended; `change` says it in words."""

    username: str
    is_new: bool
    change: str


class AccountEnrolment:
    """Adds accounts, brings them up to date, and asks platforms about their sessions.

    Args:
        daily_limit: rows a day of accounts that come without a limit of their own.
    """

    def __init__(
        self,
        *,
        registry: AccountRegistry,
        manager: AccountManager,
        vault: Vault,
        catalog: PlatformRegistry,
        platforms: Mapping[str, PlatformAccess],
        clock: Clock,
        daily_limit: int,
    ) -> None:
        self._registry = registry
        self._manager = manager
        self._vault = vault
        self._catalog = catalog
        self._platforms = platforms
        self._clock = clock
        self._daily_limit = daily_limit

    def add(self, new: NewAccount) -> int:
        """Add an account and return its id. Raise InvalidInputError when it is there already."""
        session = new.credentials.session or ""
        expires_at = self._catalog.named(new.platform).session_expiry(session)
        rows = self.limit_or_usual(new.limit)
        return self._registry.add(new.platform, new.username, new.credentials, rows, expires_at)

    def add_or_refresh(
        self, platform: str, name: str, credentials: Credentials, limit: int | None
    ) -> EnrolmentResult:
        """Add an account, or give an existing one these secrets and this limit. Raise
        WrongFieldsError for a session that has ended."""
        account = self._registry.lookup(platform, name)
        expires_at = self._catalog.named(platform).session_expiry(credentials.session or "")
        if expires_at is not None and expires_at <= self._clock.now():
            text = (
                f"account {name}: this session ended on {expires_at:%Y-%m-%d}; sign in again in the"
                " browser and export the cookies anew, or: python cli.py accounts login"
            )
            raise WrongFieldsError({"cookies": text})
        if account is None:
            rows = self.limit_or_usual(limit)
            account_id = self._registry.add(platform, name, credentials, rows, expires_at)
            return EnrolmentResult(name, True, f"added (id {account_id}, {rows:,} rows a day)")
        changed = self._registry.refresh(account, credentials, expires_at)
        if "session" in changed and account.status is AccountStatus.DISABLED:
            self._manager.set_account_status(account.id, AccountStatus.IDLE, "a new session")
        if limit is not None and limit != account.daily_export_limit:
            self._registry.set_limit(account, limit)
            change = f"{'refreshed' if changed else 'same session'}, {limit:,} rows a day"
            return EnrolmentResult(name, False, change)
        return EnrolmentResult(name, False, "refreshed" if changed else "nothing new in it")

    def take_in(
        self, platform: str, rows: AccountRows, file: str, limit: int | None
    ) -> tuple[list[EnrolmentResult], list[str]]:
        """Add or refresh the accounts of a file that messages call `file`.

        Args:
            limit: rows a day of lines without a limit; None for the usual number.

        Returns:
            The accounts, and a sentence for each line that could not be taken.
        """
        done, problems = [], list(rows.problems)
        for row in rows.good:
            wanted = row.limit if row.limit is not None else limit
            try:
                done.append(self.add_or_refresh(platform, row.username, row.credentials, wanted))
            except InvalidInputError as error:
                problems.append(f"{file}, line {row.line}: {error}")
        return done, problems

    def check(self, account: Account) -> SessionStatus:
        """Ask the platform whether the session is signed in. Raise SourceError or CredentialsError
        when it cannot be asked."""
        source = self._platforms[account.platform].source.source
        session = source.open_session(
            account.id,
            account.username,
            self._vault.decrypt(account.session),
            self._vault.decrypt(account.proxy),
        )
        return source.check_session(session)

    def limit_or_usual(self, limit: int | None) -> int:
        """Return the rows a day of an account that came with this limit, or with None."""
        return self._daily_limit if limit is None else limit
