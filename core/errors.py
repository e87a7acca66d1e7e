"""Every error of Baton; the class names the reaction.

BatonError
├── InvalidInput            the user's words are wrong: say what and how to write it (exit 2)
├── SettingsError           a setting is wrong or missing (exit 1)
├── CredentialsError        key or account credentials are missing or wrong (exit 4)
├── LeaseLost               somebody else may hold it now: stop that work, write nothing more
├── Busy                    another process does just that: leave it to that one
├── Unfinished              work ended early, and nothing is lost: run it again
├── QuotaExceeded           the account has no room for that many rows today
├── OutputError             a file cannot be written: keep the rows, end the work, tell the operator
├── DamagedFile             a file that we read is not what it should be: leave it, say where
├── DatabaseError           rolled back; reported
│   ├── DatabaseUnavailable not reachable just now: wait and go on
│   ├── DatabaseContention  lost against other transactions: run the whole transaction again
│   ├── DuplicateKey        a row of that name exists: join it, or tell the user
│   ├── AlreadyThere        a table, column or index exists: that step of an upgrade is done
│   ├── CommitUnknown       the answer to COMMIT was lost: never guess, let the leases run out
│   └── SchemaMismatch      another version's tables: touch nothing
└── SourceError             a platform's answer
    ├── Retry               transport or server side: same account, again after a backoff
    ├── Throttled           this account cools down, another goes on
    ├── RiskControl         suspicion: account rests long; many at once open the breaker
    ├── QuotaSpent          the platform's own quota is used up: wait for its reset, keep the place
    ├── BreakerOpen         nobody asks on that way out for a while: the task waits
    ├── LoginExpired        account disabled until somebody signs in
    ├── AccountBanned       account disabled
    ├── NotFound            permanent for this item
    ├── BadRequest          permanent for this request
    └── UnexpectedResponse  the shape is not understood: stop, keep the evidence
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class BatonError(Exception):
    """Base of all errors that Baton raises on purpose; its text is meant for people."""


class InvalidInput(BatonError):
    """What the user typed cannot be done."""


class SettingsError(BatonError):
    """A setting is missing, malformed or contradicts another."""


class CredentialsError(BatonError):
    """The secret key or an account's credentials are missing, damaged or of another key."""


class LeaseLost(BatonError):
    """The lease ran out or was taken over; writes under it change nothing any more."""


class Unfinished(BatonError):
    """A round of work ended before its end; the next run goes on with it."""


class Busy(BatonError):
    """Another process does the same work at this moment."""


class QuotaExceeded(BatonError):
    """The account's quota of the day does not hold that many rows."""


class OutputError(BatonError):
    """An export file cannot be written (folder, permissions, space)."""


class DamagedFile(BatonError):
    """A data file is missing, cannot be read, or has another shape; it was left as it is."""


class DatabaseError(BatonError):
    """A statement failed; its transaction was rolled back."""


class DatabaseUnavailable(DatabaseError):
    """The server cannot be reached, or went away before COMMIT was sent."""


class DatabaseContention(DatabaseError):
    """Deadlock or lock timeout; the transaction was rolled back and may run again."""


class DuplicateKey(DatabaseError):
    """A row with the same unique key exists already."""


class AlreadyThere(DatabaseError):
    """A change of the schema was made before."""


class CommitUnknown(DatabaseError):
    """The connection broke between sending COMMIT and its answer."""


class SchemaMismatch(DatabaseError):
    """The database holds no Baton schema, or that of another version."""


@dataclass(frozen=True)
class Evidence:
    """What was asked and what came back, redacted and shortened, for people to look at."""

    request: str
    http_status: int | None = None
    code: int | None = None
    body: str = ""

    def summary(self) -> str:
        parts = [self.request]
        if self.http_status is not None:
            parts.append(f"HTTP {self.http_status}")
        if self.code is not None:
            parts.append(f"code {self.code}")
        return ", ".join(parts)


class Culprit(StrEnum):
    """Who is to blame for a platform's refusal."""

    ACCOUNT = "account"
    PROXY = "proxy"  # the way out, also when it is direct
    SIGNATURE = "signature"
    ENDPOINT = "endpoint"
    PLATFORM = "platform"
    OURSELVES = "ourselves"


class SourceError(BatonError):
    """A platform did not give what was asked for. `culprit` is set where blame was decided."""

    def __init__(self, message: str, evidence: Evidence | None = None) -> None:
        super().__init__(message)
        self.evidence = evidence
        self.culprit: Culprit | None = None


class Retry(SourceError):
    """Transport trouble, a damaged body or a server-side failure.

    `damaged` tells that an answer came whole but could not be understood: when retries do not
    help, that is a shape we do not know and not a platform that is down. `of_proxy` tells that the
    request did not get past the account's own proxy.
    """

    def __init__(
        self,
        message: str,
        evidence: Evidence | None = None,
        *,
        damaged: bool = False,
        of_proxy: bool = False,
    ) -> None:
        super().__init__(message, evidence)
        self.damaged = damaged
        self.of_proxy = of_proxy


class Throttled(SourceError):
    """Too many requests from this account."""

    def __init__(
        self,
        message: str,
        evidence: Evidence | None = None,
        *,
        retry_after_secs: float | None = None,
    ) -> None:
        super().__init__(message, evidence)
        self.retry_after_secs = retry_after_secs


class RiskControl(SourceError):
    """The platform suspects a robot; `whole_egress` when it blocks the address, not the account."""

    def __init__(
        self, message: str, evidence: Evidence | None = None, *, whole_egress: bool = False
    ) -> None:
        super().__init__(message, evidence)
        self.whole_egress = whole_egress


class QuotaSpent(SourceError):
    """A platform's quota or our budget for it is used up until `resets_at` (UTC)."""

    def __init__(self, message: str, resets_at: datetime, evidence: Evidence | None = None) -> None:
        super().__init__(message, evidence)
        self.resets_at = resets_at


class BreakerOpen(SourceError):
    """Nothing was asked: risk control has shut this way out, for `secs_left` seconds."""

    def __init__(self, message: str, secs_left: float) -> None:
        super().__init__(message)
        self.secs_left = secs_left


class LoginExpired(SourceError):
    """The session is not signed in any more."""


class AccountBanned(SourceError):
    """The platform banned the account."""


class NotFound(SourceError):
    """The item does not exist (any more)."""


class BadRequest(SourceError):
    """The platform says the request itself is wrong."""


class UnexpectedResponse(SourceError):
    """An answer whose shape is not understood."""
