"""Check the session of every account once a day, also of accounts that are not in use."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from accounts.manager import AccountManager
from core.attribution import Scope
from core.cancellation import OutOfTurnSignal, StoppedSignal
from core.errors import (
    AccountBannedError,
    AccountTakenError,
    CredentialsError,
    LoginExpiredError,
    SourceError,
)
from core.logs import fields, service_log
from core.messages import Message
from crawler.runtime.account_sessions import AccountCheckout, AccountSessions
from jobs.due import JobContext

# The name is that of the log file, which operators know.
log = service_log("caretaker")


@dataclass(frozen=True, kw_only=True)
class SessionChecks:
    """The job that asks platforms whether the sessions of idle accounts are signed in.

    An account is due a day after its last check.
    """

    accounts: AccountManager
    sessions: AccountSessions
    platforms: Sequence[str]

    def run(self, context: JobContext) -> Message:
        """Check the accounts that are due, and return a summary.

        Raises:
            StoppedSignal: `context.stop` was set; the checked ones stay checked.
        """
        checked = self.check_due(context.stop)
        if context.stop.is_set():
            raise StoppedSignal
        return Message.of("sessions_checked", sessions=checked)

    def check_due(self, stop: threading.Event) -> int:
        """Check every account that is due until `stop`; return the number of accounts checked.

        One that is not signed in is disabled. When a platform refuses or does not answer for
        another reason than the account, its other accounts are left for the next run; nothing is
        raised.
        """
        checked = 0
        for platform in self.platforms:
            tried: set[int] = set()
            while not stop.is_set() and self._check_next(platform, tried, stop):
                checked += 1
        return checked

    def _check_next(self, platform: str, tried: set[int], stop: threading.Event) -> bool:
        """Check one account under a lease, and add it to `tried`.

        Returns False when no account is due, or the platform's other accounts would fail too.
        """
        leased = self.accounts.lease_unchecked(platform)
        if leased is None:
            return False
        if leased.id in tried:
            # The longest unused comes first: all others were tried as well.
            self.accounts.release(leased, worked=False)
            return False
        tried.add(leased.id)
        checkout = AccountCheckout(leased)
        try:
            self.sessions.open(checkout, stop)
            # `open` has not checked the session, as the account was not due for that yet.
            if checkout.account == leased:
                self.sessions.probe(checkout, stop)
        except (StoppedSignal, OutOfTurnSignal):
            self.sessions.close(checkout)
            return False
        except (SourceError, CredentialsError) as error:
            log.warning("%s %s", fields(account=leased.username), error)
            self.sessions.leave_after(checkout, error)
            return isinstance(error, CredentialsError) or not _is_passing(error)
        except BaseException:
            self.sessions.close(checkout)
            raise
        finally:
            self.accounts.abandon(leased)
        self.sessions.close(checkout)
        return True


def _is_passing(error: SourceError) -> bool:
    """Return True when the next account would fail as well, whatever its login."""
    if error.attribution is None:
        return not isinstance(error, LoginExpiredError | AccountBannedError | AccountTakenError)
    return error.attribution.scope not in (Scope.ACCOUNT, Scope.EGRESS)
