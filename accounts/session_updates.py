"""What a platform changes in the cookies of an account while it is used: renewed, emptied, new.

A watch compares the cookies after every answer, because the platform may end the old ones with the
next request.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from accounts.account_lease import AccountLease
from accounts.vault import Credentials, Vault
from core.cancellation import OutOfTurnSignal
from core.clock import Clock
from core.errors import (
    CredentialsError,
    Evidence,
    InvalidInputError,
    LoginExpiredError,
    SourceError,
)
from core.messages import Message
from sources.base import AccountSession
from sources.platform_access import PlatformAccess
from sources.platforms import PlatformRegistry
from sources.transport.cookies import AccountCookies, cookie_header
from storage.crawling import account_logins, accounts
from storage.crawling.account_logins import SecretSwap
from storage.engines.transactions import Database, Tx
from storage.models.accounts import Account


@dataclass(frozen=True, kw_only=True)
class SessionUpdates:
    """Stores the cookies that platforms change in the sessions of leased accounts."""

    database: Database
    vault: Vault
    clock: Clock
    platforms: PlatformRegistry

    def watch(
        self,
        leased: AccountLease,
        access: PlatformAccess,
        session: AccountSession,
        credentials: Credentials,
    ) -> SessionWatch | None:
        """Watch the cookies of an account's open session until the next lease of the account.

        The account's device is put into the session, unless its own cookies bring one. None: the
        session has no cookies.
        """
        session.on_answer = None
        if session.cookies is None:
            return None
        watch = SessionWatch(
            updates=self,
            leased=leased,
            access=access,
            session=session,
            cookies=session.cookies,
            credentials=credentials,
        )
        session.on_answer = watch.look
        return watch

    def storable(self, platform: str, cookies: Mapping[str, str]) -> str | None:
        """Return cookies as the session to store, in clear; None where one of them would be lost.

        A value that was damaged on its way could not be read again.
        """
        text, known = cookie_header(cookies), self.platforms.platforms.get(platform)
        if known is None:
            return text
        try:
            stored = known.read_session(text).text
        except InvalidInputError:
            return None
        return stored if stored.count("; ") == len(cookies) - 1 else None

    def keep_renewed(self, account: Account, cookies: AccountCookies | None) -> None:
        """Store the login's cookies that changed in a session which was opened for one request.

        Nothing is stored when an import or another process stored a session since `account` was
        read, or when `cookies` is None.
        """
        changes = {} if cookies is None else cookies.changed(cookies.names.login)
        if cookies is None or not changes:
            return
        text = self.storable(account.platform, {**cookies.stored, **changes})
        if text is not None:
            self.renew(account, account.session_version, text, sorted(changes))

    def renew(self, account: Account, version: int, text: str, names: list[str]) -> str | None:
        """Store a session that the platform renewed, in clear; return it as it is stored.

        None: another session was stored since the one of that `version`, and this one is dropped.
        A lost lease does not matter: the old cookies may be dead already.

        Args:
            names: the cookies that changed, for the timeline.
        """
        now = self.clock.now()
        known = self.platforms.platforms.get(account.platform)
        expires_at = None if known is None else known.session_expiry(text)

        def work(tx: Tx) -> str | None:
            token = self.vault.encrypt_one(tx, text) or ""
            if account_logins.renew_session(tx, account.id, version, token, expires_at, now):
                detail = Message.of("session_renewed", names=names)
                accounts.note_event(tx, account.id, "session_renewed", detail.dump(), now)
                return token
            # After a lost answer to COMMIT the work runs again and finds what it stored itself.
            stored = accounts.get(tx, account.id)
            is_ours = (
                stored is not None
                and stored.session_version == version + 1
                and self.vault.holds(stored.session, text)
            )
            return stored.session if stored is not None and is_ours else None

        return self.database.write_idempotent(work)

    def assign_device(self, leased: AccountLease, device: Mapping[str, str]) -> str | None:
        """Store the cookies that the platform knows the account's browser by, as its device.

        Return it as it is stored; None when the lease was lost, and nothing was stored.
        """
        now, text = self.clock.now(), json.dumps(device)

        def work(tx: Tx) -> str | None:
            token = self.vault.encrypt_one(tx, text) or ""
            if not account_logins.assign_device(tx, leased.id, leased.lease.token, token, now):
                return None
            detail = Message.of("device_assigned", names=sorted(device))
            accounts.note_event(tx, leased.id, "device_assigned", detail.dump(), now)
            return token

        return self.database.write_idempotent(work)


class SessionWatch:
    """Follows the cookies of one open session while its account is leased."""

    def __init__(
        self,
        *,
        updates: SessionUpdates,
        leased: AccountLease,
        access: PlatformAccess,
        session: AccountSession,
        cookies: AccountCookies,
        credentials: Credentials,
    ) -> None:
        self._updates = updates
        self._leased = leased
        self._access = access
        self._session = session
        self._cookies = cookies
        self._proxy = credentials.proxy
        self._version: int | None = leased.account.session_version
        self._stored_session = leased.account.session
        self._stored_device = leased.account.device
        self._device = _read_device(credentials.device)
        self._is_looking = False
        names = cookies.names
        self._has_own_device = names.device_id is None or names.device_id in cookies.stored
        own_device = names.device if self._has_own_device else frozenset()
        self._in_session = names.login | names.volatile | own_device
        if not self._has_own_device:
            cookies.put(self._device)

    def look(self) -> None:
        """Store what the latest answer changed and what must not be lost.

        Raises:
            LoginExpiredError: the answer emptied the session's cookie, and the platform confirms
                that nobody is signed in with it.
            DatabaseError: the change could not be stored; the next answer tries again.
        """
        if self._is_looking:
            return  # the answer to the check below
        self._is_looking = True
        try:
            if self._cookies.is_signed_out:
                self._check_session()
            self._store_login()
            self._store_device()
        finally:
            self._is_looking = False

    def swaps(self) -> tuple[SecretSwap, ...]:
        """Return the changes that can wait for the end of the lease, which stores them.

        They count as stored from now on.
        """
        try:
            return (*self._session_swap(), *self._device_swap())
        except CredentialsError:
            return ()

    def _check_session(self) -> None:
        """Ask who is signed in with the cookie that an answer emptied: that may be a mistake."""
        name = self._cookies.names.session or ""
        self._cookies.put({name: self._cookies.stored[name]})
        try:
            status = self._access.source.source.check_session(self._session)
        except (SourceError, OutOfTurnSignal):
            return  # it says nothing about the login; the next request will show
        if not status.signed_in:
            raise LoginExpiredError("session_emptied", Evidence("check of the session", 200))

    def _store_login(self) -> None:
        changes = self._cookies.changed(self._cookies.names.login)
        if not changes or self._version is None:
            return
        kept = {**self._cookies.stored, **self._cookies.changed(self._in_session)}
        text = self._updates.storable(self._leased.account.platform, kept)
        if text is None:
            return  # the stored session is the better one
        account = self._leased.account
        token = self._updates.renew(account, self._version, text, sorted(changes))
        if token is None:
            self._version = None  # an import replaced it: what this session gets is worth nothing
            return
        self._version += 1
        self._stored_session = token
        self._note_stored(kept, text)

    def _store_device(self) -> None:
        device_id = self._cookies.names.device_id
        if self._has_own_device or device_id is None or device_id in self._device:
            return
        device = self._current_device()
        if device_id in device:
            self._stored_device = self._updates.assign_device(self._leased, device)
            self._device = device

    def _session_swap(self) -> tuple[SecretSwap, ...]:
        changes = self._cookies.changed(self._in_session - self._cookies.names.login)
        if not changes or self._version is None or self._stored_session is None:
            return ()
        kept = {**self._cookies.stored, **changes}
        text = self._updates.storable(self._leased.account.platform, kept)
        if text is None:
            return ()
        before, after = self._stored_session, self._updates.vault.encrypt(text) or ""
        self._stored_session = after
        self._note_stored(kept, text)
        return (SecretSwap("session", before, after),)

    def _device_swap(self) -> tuple[SecretSwap, ...]:
        device = self._current_device()
        if self._has_own_device or self._stored_device is None or device == self._device:
            return ()
        before = self._stored_device
        self._stored_device = self._updates.vault.encrypt(json.dumps(device)) or ""
        self._device = device
        return (SecretSwap("device", before, self._stored_device),)

    def _current_device(self) -> dict[str, str]:
        values = {name: self._cookies.value(name) for name in sorted(self._cookies.names.device)}
        return {name: value for name, value in values.items() if value}

    def _note_stored(self, kept: dict[str, str], text: str) -> None:
        self._cookies.stored.update(kept)
        # Else the pool would open a new session for the text that this one has written.
        user_agent = self._leased.account.user_agent
        self._access.sessions.note_stored(self._leased.id, text, self._proxy, user_agent)


def _read_device(text: str | None) -> dict[str, str]:
    """Return the cookies of a stored device by name; empty without one."""
    device: dict[str, str] = {} if text is None else json.loads(text)
    return device
