"""The list of accounts: adding, changing and finding them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.requests import MAX_NAME_LETTERS, require_daily_limit, require_user_agent
from accounts.vault import Credentials, Vault
from core.clock import Clock
from core.errors import CredentialsError, DuplicateKeyError, InvalidInputError
from core.messages import Message
from storage.crawling import accounts, task_control
from storage.engines.transactions import Database, Tx
from storage.models.accounts import Account, AccountEvent

SECRETS = ("password", "session", "proxy")


@dataclass(frozen=True, kw_only=True)
class AccountRegistry:
    """The list of accounts.

    Secrets are taken in clear and stored encrypted; the accounts that methods return hold them
    encrypted.
    """

    database: Database
    vault: Vault
    clock: Clock

    def add(
        self,
        platform: str,
        username: str,
        credentials: Credentials,
        limit: int,
        expires_at: datetime | None = None,
    ) -> int:
        """Add an idle account and return its id.

        Args:
            limit: rows that it may export a day.
            expires_at: the moment (UTC) when its session ends by itself; None when that is unknown.

        Raises:
            InvalidInputError: the name is empty, too long or taken, or the limit is out of range.
            CredentialsError: there is no usable key to encrypt with.
        """
        username = username.strip()
        if not 0 < len(username) <= MAX_NAME_LETTERS:
            raise InvalidInputError("account_name_invalid", max_letters=MAX_NAME_LETTERS)
        require_daily_limit(limit)
        now = self.clock.now()

        def work(tx: Tx) -> int | None:
            secrets = self.vault.encrypt_all(tx, credentials)
            account_id = accounts.add(
                tx, platform, username=username, secrets=secrets, limit=limit, now=now
            )
            if account_id is not None:
                accounts.set_session_expiry(tx, account_id, expires_at)
                detail = Message.of("limit_set", rows=limit)
                accounts.note_event(tx, account_id, "added", detail.dump(), now)
                task_control.wake_waiting(tx, platform, now)
            return account_id

        try:
            account_id = self.database.write(work)
        except DuplicateKeyError:
            # Another process added the same name between our look and our insert.
            account_id = None
        if account_id is None:
            raise InvalidInputError("account_exists", platform=platform, name=username)
        return account_id

    def refresh(
        self, account: Account, credentials: Credentials, expires_at: datetime | None = None
    ) -> list[str]:
        """Store those secrets that differ and return their names (`password`, `session`, `proxy`).

        `credentials` are in clear; one that is None stays as it is. `expires_at` is stored with a
        new session; None means that its end is unknown.

        Raises:
            CredentialsError: there is no usable key to encrypt with.
        """
        now = self.clock.now()

        def work(tx: Tx) -> list[str]:
            password, session, proxy = self.vault.encrypt_all(tx, credentials)
            # Read anew: a rotation of the keys may have come in between.
            stored = accounts.get(tx, account.id) or account
            secrets = (
                self._newer(stored.password, credentials.password, password),
                self._newer(stored.session, credentials.session, session),
                self._newer(stored.proxy, credentials.proxy, proxy),
            )
            before = (stored.password, stored.session, stored.proxy)
            names = [
                name for name, new, old in zip(SECRETS, secrets, before, strict=True) if new != old
            ]
            if not names:
                return []
            accounts.set_secrets(tx, account.id, secrets, now)
            if "session" in names:
                accounts.set_session_expiry(tx, account.id, expires_at)
            detail = Message.of("secrets_replaced", names=names)
            accounts.note_event(tx, account.id, "session_replaced", detail.dump(), now)
            return names

        return self.database.write(work)

    def differing(self, account: Account, credentials: Credentials) -> list[str]:
        """Return the names of the secrets that `refresh` would replace; it asks no database.

        `credentials` are in clear; one that is None stays as it is.
        """
        given = (credentials.password, credentials.session, credentials.proxy)
        stored = (account.password, account.session, account.proxy)
        return [
            name
            for name, text, token in zip(SECRETS, given, stored, strict=True)
            if text is not None and not self._holds(token, text)
        ]

    def _newer(self, stored: str | None, text: str | None, token: str | None) -> str | None:
        return stored if text is None or self._holds(stored, text) else token

    def _holds(self, token: str | None, text: str) -> bool:
        try:
            return self.vault.decrypt(token) == text
        except CredentialsError:
            # Encrypted with another key: to store the text again is the way to repair it.
            return False

    def set_limit(self, account: Account, limit: int) -> None:
        """Change the rows that an account may export a day; tasks that wait for an account look
        again.

        Raises:
            InvalidInputError: the limit is negative or above MAX_ROWS_A_DAY; nothing was changed.
        """
        require_daily_limit(limit)
        now = self.clock.now()

        def work(tx: Tx) -> None:
            accounts.set_limit(tx, account.id, limit, now)
            detail = Message.of("limit_changed", before=account.daily_export_limit, rows=limit)
            accounts.note_event(tx, account.id, "limit_changed", detail.dump(), now)
            task_control.wake_waiting(tx, account.platform, now)

        self.database.write(work)

    def set_user_agent(self, account: Account, user_agent: str | None) -> bool:
        """Change the User-Agent of an account's requests; None: the platform's usual one.

        Return False when it had that one already.

        Raises:
            InvalidInputError: no request can carry it; nothing was changed.
        """
        agent = None if user_agent is None else require_user_agent(user_agent)
        if agent == account.user_agent:
            return False
        now = self.clock.now()

        def work(tx: Tx) -> None:
            accounts.set_user_agent(tx, account.id, agent, now)
            code = "user_agent_removed" if agent is None else "user_agent_set"
            detail = Message(code, {} if agent is None else {"user_agent": agent})
            accounts.note_event(tx, account.id, "user_agent", detail.dump(), now)

        self.database.write(work)
        return True

    def find(self, name: str, platform: str | None = None) -> Account:
        """Return the account of that name or, when no name matches, the one with that id in digits.

        Raises:
            InvalidInputError: there is none, or there are several on different platforms.
        """
        found = [
            account
            for account in self.all(platform)
            if account.username == name or str(account.id) == name
        ]
        # A name wins over an id: some accounts are named with digits only.
        exact = [account for account in found if account.username == name] or found
        if not exact:
            raise InvalidInputError("account_name_unknown", name=name)
        if len(exact) > 1:
            platforms = sorted(account.platform for account in exact)
            raise InvalidInputError("account_name_ambiguous", name=name, platforms=platforms)
        return exact[0]

    def lookup(self, platform: str, name: str) -> Account | None:
        """Return the platform's account of exactly that name; None when there is none."""
        return self.database.read(accounts.find, platform, name)

    def all(self, platform: str | None = None) -> list[Account]:
        """Return all accounts by id; with `platform` only those of that platform."""
        return self.database.read(accounts.every, platform)

    def events(self, account: Account, limit: int = 100) -> list[AccountEvent]:
        """Return the account's timeline, newest first, at most `limit` entries."""
        return self.database.read(accounts.events, account.id, limit)
