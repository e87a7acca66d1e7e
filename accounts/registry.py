"""Adding and changing accounts: what the `accounts` commands do."""

from __future__ import annotations

from accounts.vault import Credentials, Vault
from core.clock import Clock
from core.errors import InvalidInput
from storage import accounts as rows
from storage import tasks
from storage.database import Database, Tx
from storage.records import Account, AccountEvent

MOST_ROWS_A_DAY = 1_000_000_000


class AccountRegistry:
    """The list of accounts, with secrets going in encrypted and never coming out."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock

    def add(self, platform: str, username: str, credentials: Credentials, limit: int) -> int:
        """Add an idle account; its id.

        Raises:
            InvalidInput: an empty or overlong name, a wrong limit, or a name that exists.
        """
        if not username.strip() or len(username) > 128:
            raise InvalidInput("an account needs a name of 1 to 128 characters")
        _require_limit(limit)
        secrets = self._vault.encrypt_all(credentials)
        now = self._clock.now()

        def work(tx: Tx) -> int | None:
            account_id = rows.add(tx, platform, username, secrets, limit, now)
            if account_id is not None:
                rows.note_event(tx, account_id, "added", f"limit {limit} a day", now)
                tasks.wake_waiting(tx, platform, now)
            return account_id

        account_id = self._database.write(work)
        if account_id is None:
            raise InvalidInput(
                f"{platform} has an account named {username!r} already; change its session with:"
                f" accounts import {username} FILE"
            )
        return account_id

    def refresh(self, account: Account, session: str, proxy: str | None = None) -> bool:
        """Store another session (and proxy, when one is given); False when nothing differs."""
        same_session = self._vault.decrypt(account.session) == session
        same_proxy = proxy is None or self._vault.decrypt(account.proxy) == proxy
        if same_session and same_proxy:
            return False
        encrypted_proxy = account.proxy if proxy is None else self._vault.encrypt(proxy)
        secrets = (account.password, self._vault.encrypt(session), encrypted_proxy)
        now = self._clock.now()

        def work(tx: Tx) -> None:
            rows.set_secrets(tx, account.id, secrets, now)
            rows.note_event(tx, account.id, "session_replaced", "a new session was imported", now)

        self._database.write(work)
        return True

    def set_limit(self, account: Account, limit: int) -> None:
        """Change the daily export limit. Raises InvalidInput when it is no sensible number."""
        _require_limit(limit)
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
            InvalidInput: none, or several on different platforms.
        """
        found = [
            account
            for account in self.all(platform)
            if account.username == name or str(account.id) == name
        ]
        exact = [account for account in found if account.username == name] or found
        if not exact:
            raise InvalidInput(f"no account is named {name!r}; see: accounts list")
        if len(exact) > 1:
            platforms = ", ".join(sorted(account.platform for account in exact))
            raise InvalidInput(f"{name!r} is on {platforms}: say which with --platform")
        return exact[0]

    def all(self, platform: str | None = None) -> list[Account]:
        """All accounts (of one platform), by id."""
        return self._database.read(lambda tx: rows.every(tx, platform))

    def events(self, account: Account, limit: int = 100) -> list[AccountEvent]:
        """The account's timeline, newest first."""
        return self._database.read(lambda tx: rows.events(tx, account.id, limit))


def _require_limit(limit: int) -> None:
    if not 0 <= limit <= MOST_ROWS_A_DAY:
        raise InvalidInput(f"the daily limit must be 0 to {MOST_ROWS_A_DAY}, got {limit}")
