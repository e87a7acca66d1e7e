"""Adding and changing accounts: what the `accounts` commands do."""

from __future__ import annotations

from datetime import datetime

from accounts.requests import MAX_NAME_LETTERS, require_daily_limit
from accounts.vault import Credentials, Vault
from core.clock import Clock
from core.errors import CredentialsError, DuplicateKeyError, InvalidInputError
from storage.crawling import accounts as rows
from storage.crawling import tasks
from storage.engines.transactions import Database, Tx
from storage.models.accounts import Account, AccountEvent

SECRETS = ("password", "session", "proxy")


class AccountRegistry:
    """The list of accounts, with secrets going in encrypted and never coming out."""

    def __init__(self, *, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    def add(
        self,
        platform: str,
        username: str,
        credentials: Credentials,
        limit: int,
        expires_at: datetime | None = None,
    ) -> int:
        """Add an idle account whose session ends by itself at `expires_at`; its id.

        Raises:
            InvalidInputError: an empty or overlong name, a wrong limit, or a name that exists.
        """
        username = username.strip()
        if not 0 < len(username) <= MAX_NAME_LETTERS:
            raise InvalidInputError(
                f"an account needs a name of 1 to {MAX_NAME_LETTERS} characters"
            )
        require_daily_limit(limit)
        now = self._clock.now()

        def work(tx: Tx) -> int | None:
            secrets = self._vault.encrypt_all(tx, credentials)
            account_id = rows.add(
                tx, platform, username=username, secrets=secrets, limit=limit, now=now
            )
            if account_id is not None:
                rows.set_session_expiry(tx, account_id, expires_at)
                rows.note_event(tx, account_id, "added", f"limit {limit} a day", now)
                tasks.wake_waiting(tx, platform, now)
            return account_id

        try:
            account_id = self._database.write(work)
        except DuplicateKeyError:
            account_id = None  # another process was faster
        if account_id is None:
            raise InvalidInputError(
                f"{platform} has an account named {username!r} already; change its session with:"
                f" python cli.py accounts import {username} FILE"
            )
        return account_id

    def refresh(
        self, account: Account, given: Credentials, expires_at: datetime | None = None
    ) -> list[str]:
        """Store those of the given secrets that differ; their names. What is None stays."""
        now = self._clock.now()

        def work(tx: Tx) -> list[str]:
            password, session, proxy = self._vault.encrypt_all(tx, given)
            seen = rows.get(tx, account.id) or account  # a rotation may have come in between
            secrets = (
                self._newer(seen.password, given.password, password),
                self._newer(seen.session, given.session, session),
                self._newer(seen.proxy, given.proxy, proxy),
            )
            before = (seen.password, seen.session, seen.proxy)
            names = [
                name for name, new, old in zip(SECRETS, secrets, before, strict=True) if new != old
            ]
            if not names:
                return []
            rows.set_secrets(tx, account.id, secrets, now)
            if "session" in names:
                rows.set_session_expiry(tx, account.id, expires_at)
            rows.note_event(tx, account.id, "session_replaced", f"new: {', '.join(names)}", now)
            return names

        return self._database.write(work)

    def _newer(self, stored: str | None, text: str | None, fresh: str | None) -> str | None:
        return stored if text is None or self._holds(stored, text) else fresh

    def _holds(self, token: str | None, text: str) -> bool:
        try:
            return self._vault.decrypt(token) == text
        except CredentialsError:
            return False  # of another key: signing in again is what mends it

    def set_limit(self, account: Account, limit: int) -> None:
        """Change the daily export limit. Raises InvalidInputError when it is no sensible number."""
        require_daily_limit(limit)
        now = self._clock.now()

        def work(tx: Tx) -> None:
            rows.set_limit(tx, account.id, limit, now)
            detail = f"from {account.daily_export_limit} to {limit} a day"
            rows.note_event(tx, account.id, "limit_changed", detail, now)
            tasks.wake_waiting(tx, account.platform, now)

        self._database.write(work)

    def find(self, name: str, platform: str | None = None) -> Account:
        """The account of that name or id.

        Raises:
            InvalidInputError: none, or several on different platforms.
        """
        found = [
            account
            for account in self.all(platform)
            if account.username == name or str(account.id) == name
        ]
        exact = [account for account in found if account.username == name] or found
        if not exact:
            raise InvalidInputError(
                f"no account is named {name!r}; see: python cli.py accounts list"
            )
        if len(exact) > 1:
            platforms = ", ".join(sorted(account.platform for account in exact))
            raise InvalidInputError(f"{name!r} is on {platforms}: say which with --platform")
        return exact[0]

    def lookup(self, platform: str, name: str) -> Account | None:
        """The platform's account of exactly that name."""
        return self._database.read(rows.find, platform, name)

    def all(self, platform: str | None = None) -> list[Account]:
        """All accounts (of one platform), by id."""
        return self._database.read(rows.every, platform)

    def events(self, account: Account, limit: int = 100) -> list[AccountEvent]:
        """The account's timeline, newest first."""
        return self._database.read(rows.events, account.id, limit)
