"""The caretaker: looks at every account's session once a day, also at those nobody uses."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from accounts.manager import AccountManager
from core.cancellation import OutOfTurnSignal, StoppedSignal
from core.errors import BreakerOpenError, CredentialsError, Culprit, SourceError
from core.logs import fields, service_log
from crawler.runtime.account_sessions import AccountCheckout, AccountSessions
from jobs.due import JobContext

log = service_log("caretaker")


class SessionChecks:
    """The job that checks sessions; each account is due by itself, a day after its last look."""

    def __init__(
        self, *, accounts: AccountManager, sessions: AccountSessions, platforms: Iterable[str]
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._platforms = tuple(platforms)

    def run(self, context: JobContext) -> str:
        """Care once; what was done. Raises StoppedSignal when it was cut short."""
        looked_at = self.care_once(context.stop)
        if context.stop.is_set():
            raise StoppedSignal
        return f"sessions looked at: {looked_at}"

    def care_once(self, stop: threading.Event) -> int:
        """Look at all that are due; how many were looked at."""
        looked_at = 0
        for platform in self._platforms:
            while not stop.is_set() and self._look_at_one(platform, stop):
                looked_at += 1
        return looked_at

    def _look_at_one(self, platform: str, stop: threading.Event) -> bool:
        leased = self._accounts.lease_unchecked(platform)
        if leased is None:
            return False
        checkout = AccountCheckout(leased)
        try:
            self._sessions.open(checkout, stop)
            if checkout.account == leased:  # it was not due for work, only for a look
                self._sessions.probe(checkout, stop)
        except (StoppedSignal, OutOfTurnSignal):
            self._sessions.close(checkout)
            return False
        except (SourceError, CredentialsError) as error:
            log.warning("%s %s", fields(account=leased.username), error)
            self._sessions.leave_after(checkout, error)
            return isinstance(error, CredentialsError) or not _is_passing(error)
        except BaseException:
            self._sessions.close(checkout)
            raise
        finally:
            self._accounts.abandon(leased)
        self._sessions.close(checkout)
        return True


def _is_passing(error: SourceError) -> bool:
    """Whether the next account would meet the same trouble just now."""
    if isinstance(error, BreakerOpenError):
        return True
    return error.culprit not in (None, Culprit.ACCOUNT)
