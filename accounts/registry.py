"""The list of accounts: adding, changing and finding them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from accounts.egress.identities import EgressIdentities
from accounts.egress.routes import note_route
from accounts.identity import require_free_login
from accounts.lifecycle import deleted_exports
from accounts.lifecycle.deletion import require_live
from accounts.requests import (
    MAX_NAME_LETTERS,
    account_name,
    require_daily_limit,
    require_user_agent,
    stored_form,
)
from accounts.vault import Credentials, Vault
from core.clock import Clock
from core.errors import CredentialsError, DuplicateKeyError, InvalidInputError
from core.messages import Message
from sources.transport.egress import Egress
from storage.crawling import account_logins, accounts, task_control
from storage.engines.transactions import Database, Tx
from storage.models.accounts import Account, AccountEvent, AccountStatus

T = TypeVar("T")
SECRETS = ("password", "session", "proxy")


@dataclass(frozen=True, kw_only=True)
class AccountRegistry:
    """The list of accounts.

    Secrets are taken in clear and stored encrypted; the accounts that methods return hold them
    encrypted.

    Args:
        claimed_uid: returns for a platform's name and a session in clear whose session it says it
            is; None where it does not say.
    """

    database: Database
    vault: Vault
    clock: Clock
    egress: EgressIdentities
    claimed_uid: Callable[[str, str], str | None]

    def add(
        self,
        platform: str,
        username: str,
        credentials: Credentials,
        limit: int,
        expires_at: datetime | None = None,
        group: str | None = None,
    ) -> int:
        """Add an idle account and return its id.

        Args:
            limit: rows that it may export a day.
            expires_at: the moment (UTC) when its session ends by itself; None when that is unknown.
            group: the group that it belongs to; None for none.

        Raises:
            InvalidInputError: the name is malformed (see `account_name`) or taken, another account
                is the same login, or the limit is out of range.
            CredentialsError: there is no usable key to encrypt with.
        """
        username = account_name(username)
        require_daily_limit(limit)
        now, uid = self.clock.now(), self._claimed_uid(platform, credentials.session)
        route = self.egress.of(credentials.proxy)

        def work(tx: Tx) -> int:
            secrets = self.vault.encrypt_all(tx, credentials)
            require_free_login(tx, platform, uid, username)
            account_id = accounts.add(
                tx, platform, username, secrets=secrets, limit=limit, now=now, group=group
            )
            if account_id is None:
                raise InvalidInputError("account_exists", platform=platform, name=username)
            _set_route(tx, account_id, route, now)
            self._note_session(tx, account_id, platform, uid, expires_at)
            detail = Message.of("limit_set", rows=limit)
            accounts.note_event(tx, account_id, "added", detail.dump(), now)
            task_control.wake_waiting(tx, platform, now)
            return account_id

        return self._write_unique(work)

    def refresh(
        self, account: Account, credentials: Credentials, expires_at: datetime | None = None
    ) -> list[str]:
        """Store those secrets that differ and return their names (`password`, `session`, `proxy`).

        `credentials` are in clear; one that is None stays as it is. `expires_at` is stored with a
        new session; None means that its end is unknown.

        Raises:
            InvalidInputError: the session is another login than the account's, or that of another
                account; nothing was stored.
            CredentialsError: there is no usable key to encrypt with.
        """
        now, uid = self.clock.now(), self._claimed_uid(account.platform, credentials.session)
        route = self.egress.of(credentials.proxy)

        def work(tx: Tx) -> list[str]:
            password, session, proxy = self.vault.encrypt_all(tx, credentials)
            # Read anew: a rotation of the keys may have come in between.
            stored = require_live(accounts.get(tx, account.id), account.id)
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
            if "session" in names:
                self._require_same_login(tx, stored, uid)
            accounts.set_secrets(tx, account.id, secrets, now)
            if "proxy" in names:
                _set_route(tx, account.id, route, now)
            if "session" in names:
                self._note_session(tx, account.id, account.platform, uid, expires_at)
            detail = Message.of("secrets_replaced", names=names)
            accounts.note_event(tx, account.id, "session_replaced", detail.dump(), now)
            return names

        return self._write_unique(work)

    def differing(self, account: Account, credentials: Credentials) -> list[str]:
        """Return the names of the secrets that `refresh` would replace; it asks no database.

        `credentials` are in clear; one that is None stays as it is.
        """
        given = (credentials.password, credentials.session, credentials.proxy)
        stored = (account.password, account.session, account.proxy)
        return [
            name
            for name, text, token in zip(SECRETS, given, stored, strict=True)
            if text is not None and not self.vault.holds(token, text)
        ]

    def replace_login(
        self, account: Account, credentials: Credentials, expires_at: datetime | None = None
    ) -> str | None:
        """Give an account's name to another login; return the former login's name from now on.

        The former login keeps its row, with its history and what it exported today, but is disabled
        and renamed. The new login begins with the former one's proxy and limit, and with nothing
        else of it. None: the session in `credentials` is the same login, and nothing was stored.
        `expires_at` is when that session ends by itself; None when that is unknown.

        Raises:
            InvalidInputError: another account is the same login; nothing was stored.
            CredentialsError: there is no usable key to encrypt with.
        """
        now, uid = self.clock.now(), self._claimed_uid(account.platform, credentials.session)
        route = self.egress.of(credentials.proxy)

        def work(tx: Tx) -> str | None:
            fresh = self.vault.encrypt_all(tx, credentials)
            stored = require_live(accounts.get(tx, account.id), account.id)
            if self.is_same_login(stored, credentials.session, uid):
                return None
            require_free_login(tx, stored.platform, uid, stored.username, stored.id)
            former = _former_name(stored)
            shown = Message.of("login_unknown") if uid is None else Message.text(uid)
            reason = Message.of("login_replaced", name=stored.username, uid=shown).dump()
            account_logins.retire(tx, stored.id, former, now, reason)
            accounts.note_event(tx, stored.id, "disabled", reason, now)
            account_logins.add_successor(tx, stored.id, stored.username, now)
            added = accounts.find(tx, stored.platform, stored.username)
            assert added is not None, "it was inserted just now"
            password, session, proxy = fresh
            accounts.set_secrets(tx, added.id, (password, session, proxy or added.proxy), now)
            if proxy is not None:
                _set_route(tx, added.id, route, now)
            self._note_session(tx, added.id, added.platform, uid, expires_at)
            detail = Message.of("login_changed", uid=shown, former=former)
            accounts.note_event(tx, added.id, "identity_changed", detail.dump(), now)
            task_control.wake_waiting(tx, stored.platform, now)
            return former

        return self._write_unique(work)

    def _write_unique(self, work: Callable[[Tx], T]) -> T:
        try:
            return self.database.write(work)
        except DuplicateKeyError:
            # Another process stored the same name or login between our look and our write: the
            # second look finds it.
            return self.database.write(work)

    def _claimed_uid(self, platform: str, session: str | None) -> str | None:
        return None if session is None else self.claimed_uid(platform, session)

    def _note_session(
        self,
        tx: Tx,
        account_id: int,
        platform: str,
        uid: str | None,
        expires_at: datetime | None,
    ) -> None:
        accounts.note_new_session(tx, account_id, expires_at)
        if uid is not None:
            account_logins.set_uid(tx, account_id, uid)
            deleted_exports.take_over(tx, account_id, platform, uid)

    def _require_same_login(self, tx: Tx, stored: Account, uid: str | None) -> None:
        require_free_login(tx, stored.platform, uid, stored.username, stored.id)
        was = self.login_of(stored)
        if uid is not None and was is not None and was != uid:
            raise InvalidInputError("login_differs", name=stored.username, uid=uid, was=was)

    def is_same_login(self, stored: Account, session: str | None, uid: str | None) -> bool:
        """Return whether a session in clear, which claims `uid`, is the login that the account is.

        None for `session` is no other one.
        """
        if session is None:
            return True
        if uid is not None:
            return uid == self.login_of(stored)
        # The cookies do not say whose they are. Those of a disabled account may be of another
        # login, as a check has found.
        is_same_text = self.vault.holds(stored.session, session)
        return is_same_text and stored.status is not AccountStatus.DISABLED

    def login_of(self, stored: Account) -> str | None:
        """Return the account's uid; before its first use with it, what its session claims."""
        if stored.platform_uid is not None:
            return stored.platform_uid
        try:
            return self._claimed_uid(stored.platform, self.vault.decrypt(stored.session))
        except CredentialsError:
            return None

    def _newer(self, stored: str | None, text: str | None, token: str | None) -> str | None:
        # One encrypted with another key is not the same: to store it again repairs it.
        return stored if text is None or self.vault.holds(stored, text) else token

    def rename(self, account: Account, username: str) -> str:
        """Give an account another name, and return it as it is stored.

        Whoever uses the account goes on. Files that are written keep their names.

        Raises:
            InvalidInputError: the name is malformed (see `account_name`) or taken, or the account
                was deleted.
        """
        name, now = account_name(username), self.clock.now()

        def work(tx: Tx) -> None:
            stored = require_live(accounts.get(tx, account.id), account.id)
            if stored.username == name:
                return
            if accounts.find(tx, stored.platform, name) is not None:
                raise InvalidInputError("account_exists", platform=stored.platform, name=name)
            accounts.rename(tx, stored.id, name, now)
            detail = Message.of("account_renamed", before=stored.username, name=name)
            accounts.note_event(tx, stored.id, "renamed", detail.dump(), now)

        self._write_unique(work)
        return name

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
            InvalidInputError: there is none, it was deleted, or there are several on different
                platforms.
        """
        found = _named(self.all(platform), name)
        if not found:
            for account in _named(self.deleted(platform), name):
                require_live(account, account.id)
        return _only_one(found, name)

    def find_or_deleted(self, name: str, platform: str | None = None) -> Account:
        """Return the account of that name or id, as `find` does, or else a deleted one.

        Raises:
            InvalidInputError: there is none, or there are several on different platforms.
        """
        live = _named(self.all(platform), name)
        return _only_one(live or _named(self.deleted(platform), name), name)

    def lookup(self, platform: str, name: str) -> Account | None:
        """Return the platform's account of exactly that name; None when there is none."""
        return self.database.read(accounts.find, platform, name)

    def all(self, platform: str | None = None) -> list[Account]:
        """Return all accounts by id but deleted ones; with `platform` only those of that
        platform."""
        return self.database.read(accounts.every, platform)

    def deleted(self, platform: str | None = None) -> list[Account]:
        """Return the deleted accounts by id; with `platform` only those of that platform."""
        return self.database.read(accounts.deleted, platform)

    def names(self, account_ids: Collection[int]) -> dict[int, str]:
        """Return the names of those accounts that there are, by id, those of deleted ones too."""
        return self.database.read(accounts.names, account_ids)

    def events(self, account: Account, limit: int = 100) -> list[AccountEvent]:
        """Return the account's timeline, newest first, at most `limit` entries."""
        return self.database.read(accounts.events, account.id, limit)


def _set_route(tx: Tx, account_id: int, route: Egress, now: datetime) -> None:
    accounts.set_egress(tx, account_id, route.name)
    note_route(tx, route, now)


def _former_name(account: Account) -> str:
    """Return the name of an account whose name goes to another login: unique by its id."""
    ending = f".{account.id}"
    return account.username[: MAX_NAME_LETTERS - len(ending)] + ending


def _named(accounts: Sequence[Account], name: str) -> list[Account]:
    """Return the accounts of that name or, when there are none, the one with that id."""
    names = {name, stored_form(name)}
    # A name wins over an id: some accounts are named with digits only.
    return [account for account in accounts if account.username in names] or [
        account for account in accounts if str(account.id) == name
    ]


def _only_one(found: Sequence[Account], name: str) -> Account:
    if not found:
        raise InvalidInputError("account_name_unknown", name=name)
    if len(found) > 1:
        platforms = sorted(account.platform for account in found)
        raise InvalidInputError("account_name_ambiguous", name=name, platforms=platforms)
    return found[0]
