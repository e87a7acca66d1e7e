"""Enrolment of accounts and checks of their sessions, shared by commands, console and API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from accounts.csv_import import AccountRows
from accounts.egress.routes import EgressRoutes
from accounts.identity import storable_uid
from accounts.lifecycle.groups import AccountGroups
from accounts.manager import AccountManager
from accounts.registry import AccountRegistry
from accounts.requests import NewAccount
from accounts.session_updates import SessionUpdates
from accounts.vault import Vault
from core.clock import Clock
from core.errors import (
    CredentialsError,
    DatabaseError,
    InvalidInputError,
    RetryableError,
    SourceError,
    WrongFieldsError,
)
from core.messages import Message
from sources.base import SessionStatus
from sources.platform_access import PlatformAccess
from sources.platforms import PlatformRegistry
from sources.sessions import introduce
from storage.models.accounts import Account, AccountStatus


@dataclass(frozen=True)
class EnrolmentResult:
    """The outcome for one account: whether it was added, and the message that says what changed."""

    username: str
    is_new: bool
    change: Message


@dataclass(frozen=True, kw_only=True)
class AccountEnrolment:
    """Adds accounts, updates them, and asks platforms whether their sessions are signed in.

    Args:
        daily_limit: export limit, in rows a day, of accounts that are added without their own.
    """

    registry: AccountRegistry
    manager: AccountManager
    groups: AccountGroups
    vault: Vault
    updates: SessionUpdates
    platforms: PlatformRegistry
    access: Mapping[str, PlatformAccess]
    routes: EgressRoutes
    clock: Clock
    daily_limit: int

    def add(self, new: NewAccount) -> int:
        """Store a new account, its secrets encrypted, and return its id.

        Raises:
            InvalidInputError: the platform has an account of that name already.
            CredentialsError: there is no usable key to encrypt with.
        """
        session = new.credentials.session or ""
        expires_at = self.platforms.named(new.platform).session_expiry(session)
        rows = self.limit_or_default(new.limit)
        account_id = self.registry.add(
            new.platform, new.username, new.credentials, rows, expires_at, group=new.group
        )
        self._keep_user_agent(new)
        return account_id

    def add_or_refresh(self, new: NewAccount) -> EnrolmentResult:
        """Add an account, or replace the secrets and the limit of the one with that name.

        A disabled account that gets a new session is enabled. A secret that is None stays as it is.
        A limit of None is the default for a new account, and no change for a known one. Another
        login than the account's is taken for `new_login` only: it begins anew under the name, and
        the former login keeps its history under another one. Without a User-Agent the account keeps
        its own.

        Raises:
            WrongFieldsError: the session has ended already.
            InvalidInputError: the name or the limit is invalid, the session is another login than
                the account's, or it is that of another account.
            CredentialsError: there is no usable key to encrypt with.
        """
        done = self._store(new)
        is_changed = self._keep_user_agent(new) | self._keep_group(new)
        if is_changed and done.change.code == "account_unchanged":
            return replace(done, change=Message.of("account_refreshed"))
        return done

    def _store(self, new: NewAccount) -> EnrolmentResult:
        platform, name, credentials = new.platform, new.username, new.credentials
        limit, account = new.limit, self.registry.lookup(platform, name)
        expires_at = self.platforms.named(platform).session_expiry(credentials.session or "")
        if expires_at is not None and expires_at <= self.clock.now():
            ended = Message.of("session_ended", name=name, day=expires_at.date())
            raise WrongFieldsError({"cookies": ended})
        if account is None:
            rows = self.limit_or_default(limit)
            account_id = self.registry.add(
                platform, name, credentials, rows, expires_at, group=new.group
            )
            change = Message.of("account_added", account_id=account_id, rows=rows)
            return EnrolmentResult(name, True, change)
        if new.new_login:
            former = self.registry.replace_login(account, credentials, expires_at)
            if former is not None:
                if limit is not None:
                    self.registry.set_limit(self.registry.find(name, platform), limit)
                return EnrolmentResult(name, False, Message.of("login_begun", former=former))
        changed = self.registry.refresh(account, credentials, expires_at)
        # Most accounts are disabled because their session ended: a new one removes the cause.
        if "session" in changed and account.status is AccountStatus.DISABLED:
            self.manager.set_account_status(
                account.id, AccountStatus.IDLE, Message.of("session_imported")
            )
        if limit is not None and limit != account.daily_export_limit:
            self.registry.set_limit(account, limit)
            code = "account_refreshed_with_limit" if changed else "account_same_session"
            return EnrolmentResult(name, False, Message.of(code, rows=limit))
        code = "account_refreshed" if changed else "account_unchanged"
        return EnrolmentResult(name, False, Message.of(code))

    def import_rows(
        self,
        platform: str,
        rows: AccountRows,
        file: str,
        limit: int | None,
        *,
        new_login: bool = False,
        group: str | None = None,
    ) -> tuple[list[EnrolmentResult], list[Message]]:
        """Add or update the accounts of a file one after the other.

        An invalid account does not stop the others: it becomes a message that names its line.
        Return the outcomes of the stored accounts, and the messages, with those that `rows` already
        had first.

        Args:
            file: what messages call the file.
            limit: rows a day for lines without a limit. None: the default for new accounts, no
                change for known ones.
            new_login: other logins may take over the names of accounts.
            group: the group for lines without one; None leaves known accounts where they are.

        Raises:
            CredentialsError, DatabaseError: no account was stored. After one that was, the rest
                becomes messages for that reason.
        """
        results: list[EnrolmentResult] = []
        problems = list(rows.problems)
        for place, row in enumerate(rows.good):
            row_limit = row.limit if row.limit is not None else limit
            try:
                new = NewAccount(
                    platform=platform,
                    username=row.username,
                    credentials=row.credentials,
                    limit=row_limit,
                    new_login=new_login,
                    user_agent=row.user_agent,
                    group=row.group if row.group is not None else group,
                )
                results.append(self.add_or_refresh(new))
            except InvalidInputError as error:
                problems.append(Message.of("csv_line_wrong", file=file, line=row.line, cause=error))
            except (CredentialsError, DatabaseError) as error:
                if not results:
                    raise
                problems += [
                    Message.of("csv_line_wrong", file=file, line=left.line, cause=error)
                    for left in rows.good[place:]
                ]
                break
        return results, problems

    def _keep_user_agent(self, new: NewAccount) -> bool:
        account = self.registry.lookup(new.platform, new.username) if new.user_agent else None
        return account is not None and self.registry.set_user_agent(account, new.user_agent)

    def _keep_group(self, new: NewAccount) -> bool:
        account = self.registry.lookup(new.platform, new.username) if new.group else None
        return account is not None and bool(self.groups.assign([account], new.group))

    def check(self, account: Account) -> SessionStatus:
        """Ask the platform, over the account's proxy, whether its session is signed in.

        Of the answer, cookies that it renews are stored, and what it shows of the route. The
        account is neither leased nor disabled.

        Raises:
            SourceError: the session is missing or malformed, the platform does not answer, or the
                proxy does not work.
            CredentialsError: no key decrypts the account's secrets.
        """
        source = self.access[account.platform].source.source
        proxy = self.vault.decrypt(account.proxy)
        session = source.open_session(
            account.id, account.username, self.vault.decrypt(account.session), proxy
        )
        introduce(session, account.user_agent)
        route = self.registry.egress.of(proxy)
        try:
            status = source.check_session(session)
        except SourceError as error:
            self.routes.record_outcome(route, error)
            fault = error.fault if isinstance(error, RetryableError) else None
            if fault is None or not (fault.is_of_proxy and fault.is_certain):
                raise
            raise SourceError(
                "account_proxy_failed",
                error.evidence,
                account=account.username,
                egress=route.name,
                cause=fault.message,
            ) from error
        finally:
            # The answer may have renewed the cookies, and the old ones may be dead with it.
            self.updates.keep_renewed(account, session.cookies)
        self.routes.record_outcome(route, None)
        return status

    def require_signed_in(self, account: Account) -> SessionStatus:
        """Ask the platform as `check` does, and return its answer when it is as it should be.

        Raises:
            InvalidInputError: the account is not signed in, or it is as another login than its own.
            SourceError, CredentialsError: as in `check`.
        """
        status = self.check(account)
        if not status.signed_in:
            raise InvalidInputError("account_not_signed_in", account=account.username)
        known = account.platform_uid
        if known is not None and status.uid and storable_uid(status.uid) != known:
            raise InvalidInputError("login_swapped", uid=status.uid, was=known)
        return status

    def limit_or_default(self, limit: int | None) -> int:
        """Return the export limit in rows a day; the default when `limit` is None."""
        return self.daily_limit if limit is None else limit
