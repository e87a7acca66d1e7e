"""Every error of Baton. A class names the reaction that it asks for.

BatonError
├── InvalidInputError                the user's words are wrong: say what, and how to write it
│   ├── WrongFieldsError            several fields at once, with a message for each
│   ├── WrongFieldError             one field of an item
│   ├── UnknownDomainError           nobody crawls that domain, and nothing of it is stored
│   ├── WrongValueError             a text of a certain form; a ValueError too
│   └── NoFitAccountError            no account can ask now: say when one can
├── SettingsError                    a setting is wrong or missing (exit 1)
├── CredentialsError                 key or credentials are missing or wrong (exit 4)
├── LeaseLostError                   another holder is possible: stop that work, write nothing more
├── BusyError                        another process does just that: leave it to that one
│   └── JobBusyError                 another run of the job goes on
├── OvertakenError                   another process did it meanwhile: plan anew
├── UnfinishedError                  work ended early, and nothing is lost: run it again
├── QuotaExceededError               the account has no room for that many rows today
├── OutputError                      a file cannot be written: keep the rows, end the work
├── DamagedFileError                 a file that is read is wrong: leave it, say where
├── LogNotFoundError                 no log file of that name on this host
├── NotSentError                     a webhook got no answer: try again later
│   └── UnsendableError              its URL cannot be used: give up
├── DatabaseError                    rolled back; reported
│   ├── DatabaseUnavailableError    not reachable just now: wait and go on
│   ├── DatabaseContentionError     lost against others: run the whole transaction again
│   ├── DuplicateKeyError           a row of that name exists: join it, or tell the user
│   ├── AlreadyExistsError          a table, column or index exists: that upgrade step is done
│   ├── CommitUnknownError          the answer to COMMIT was lost: let the leases run out
│   └── SchemaMismatchError          another version's tables: touch nothing
├── NoFailoverError                  never raised: it keeps the connection pool from failing over
├── SourceError                      a platform's answer
│   ├── RetryableError              transport or server side: same account, again after a backoff
│   ├── ThrottledError              this account cools down, another goes on
│   ├── RiskControlError            suspicion: account rests long; many at once open the breaker
│   ├── PlatformQuotaError          the platform's own quota is used up: wait for its reset
│   ├── BreakerOpenError            nobody asks on that way out for a while: the task waits
│   ├── LoginExpiredError           account disabled until somebody signs in
│   ├── AccountBannedError          account disabled
│   ├── NotFoundError               permanent for this item
│   ├── BadRequestError             permanent for this request
│   └── UnexpectedResponseError      the shape is not understood: stop, keep the evidence
├── InvalidEntryError                one entry of a page is damaged: keep the others
├── DamagedAnswerError               an answer as a whole is damaged
├── NotJsonError                     a body cannot be read
└── NoVideoError                     a URL is not the link of a video

Control flow that is no error ends in `Signal` and stands in `core/cancellation.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.messages import CODE, Message


class BatonError(Exception):
    """Base of all errors that Baton raises on purpose: a fact, by its code and parameters.

    Front ends make the sentence of it (`presentation/i18n`). What is no code is taken for a
    sentence already, such as a platform's own words.
    """

    def __init__(self, code: str | Message, /, **params: Any) -> None:
        self.message = _message(code, params)
        super().__init__(str(self.message))


class InvalidInputError(BatonError):
    """What the user typed cannot be done."""


class WrongFieldsError(InvalidInputError):
    """Some of what was given cannot be used; `problems` has a message for each field."""

    def __init__(self, problems: Mapping[str, Message]) -> None:
        self.problems = dict(problems)
        super().__init__("wrong_fields", problems=list(self.problems.values()))


class WrongFieldError(InvalidInputError):
    """A field of an item is wrong; `reason` never repeats a secret."""

    def __init__(self, *, field: str, reason: Message) -> None:
        super().__init__("wrong_field", field=field, reason=reason)
        self.field = field
        self.reason = reason


class UnknownDomainError(InvalidInputError):
    """Nobody crawls the domain, and nothing of it is stored. `known`: domains with creators."""

    def __init__(self, *, platform: str, domain: str, known: Sequence[str]) -> None:
        code = "domain_unknown_there" if known else "domain_unknown"
        super().__init__(code, platform=platform, domain=domain, known=list(known))
        self.platform = platform
        self.domain = domain
        self.known = tuple(known)


class WrongValueError(InvalidInputError, ValueError):
    """A text has not the form of its kind; a ValueError too, as pydantic's validators raise one."""

    def __str__(self) -> str:
        # pydantic encodes it, which it could not do with a stray byte of an environment variable.
        return super().__str__().encode("utf-8", "backslashreplace").decode()


class NoFitAccountError(InvalidInputError):
    """No account can ask now. `until`: when one can; None: when a person has helped."""

    def __init__(self, code: str | Message, /, *, until: datetime | None, **params: Any) -> None:
        super().__init__(code, **params)
        self.until = until


class SettingsError(BatonError):
    """A setting is missing, malformed or contradicts another."""


class CredentialsError(BatonError):
    """The secret key or an account's credentials are missing, damaged or of another key."""


class LeaseLostError(BatonError):
    """The lease ran out or was taken over; writes under it change nothing any more."""


class UnfinishedError(BatonError):
    """A round of work ended before its end; the next run goes on with it."""


class BusyError(BatonError):
    """Another process does the same work at this moment."""


class JobBusyError(BusyError):
    """Another run of the job goes on."""


class OvertakenError(BatonError):
    """Another process has done meanwhile what was planned; the transaction is rolled back."""

    def __init__(self) -> None:
        super().__init__("overtaken_by_another")


class QuotaExceededError(BatonError):
    """The account's quota of the day does not hold that many rows."""


class OutputError(BatonError):
    """An export file cannot be written (folder, permissions, space)."""


class DamagedFileError(BatonError):
    """A data file is missing, cannot be read, or has another shape; it was left as it is."""


class NotSentError(BatonError):
    """There was no answer, or no request was made; the text says why."""


class UnsendableError(NotSentError):
    """The URL is none: no later attempt can go better."""


class LogNotFoundError(BatonError):
    """There is no log file of that name here."""

    def __init__(self, name: str) -> None:
        super().__init__("log_not_found", name=name)


class DatabaseError(BatonError):
    """A statement failed; its transaction was rolled back."""


class DatabaseUnavailableError(DatabaseError):
    """The server cannot be reached, or went away before COMMIT was sent."""


class DatabaseContentionError(DatabaseError):
    """Deadlock or lock timeout; the transaction was rolled back and may run again."""


class DuplicateKeyError(DatabaseError):
    """A row with the same unique key exists already."""


class AlreadyExistsError(DatabaseError):
    """A change of the schema was made before."""


class CommitUnknownError(DatabaseError):
    """The connection broke between sending COMMIT and its answer."""


class SchemaMismatchError(DatabaseError):
    """The database holds no Baton schema, or that of another version."""


class NoFailoverError(BatonError):
    """No driver error is of this class: DBUtils must never replace a connection by itself.

    Its fail-over would run the second half of a transaction alone on a new connection.
    """


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

    def __init__(
        self, code: str | Message, /, evidence: Evidence | None = None, **params: Any
    ) -> None:
        super().__init__(code, **params)
        self.evidence = evidence
        self.culprit: Culprit | None = None


class RetryableError(SourceError):
    """Transport trouble, a damaged body or a server-side failure.

    `damaged` tells that an answer came whole but could not be understood: when retries do not
    help, that is a shape we do not know and not a platform that is down. `of_proxy` tells that the
    request did not get past the account's own proxy.
    """

    def __init__(
        self,
        code: str | Message,
        /,
        evidence: Evidence | None = None,
        *,
        damaged: bool = False,
        of_proxy: bool = False,
        **params: Any,
    ) -> None:
        super().__init__(code, evidence, **params)
        self.damaged = damaged
        self.of_proxy = of_proxy


class ThrottledError(SourceError):
    """Too many requests from this account."""

    def __init__(
        self,
        code: str | Message,
        /,
        evidence: Evidence | None = None,
        *,
        retry_after_secs: float | None = None,
        **params: Any,
    ) -> None:
        super().__init__(code, evidence, **params)
        self.retry_after_secs = retry_after_secs


class RiskControlError(SourceError):
    """The platform suspects a robot; `whole_egress` when it blocks the address, not the account."""

    def __init__(
        self,
        code: str | Message,
        /,
        evidence: Evidence | None = None,
        *,
        whole_egress: bool = False,
        **params: Any,
    ) -> None:
        super().__init__(code, evidence, **params)
        self.whole_egress = whole_egress


class PlatformQuotaError(SourceError):
    """A platform's quota or our budget for it is used up until `resets_at` (UTC)."""

    def __init__(
        self,
        code: str | Message,
        /,
        resets_at: datetime,
        evidence: Evidence | None = None,
        **params: Any,
    ) -> None:
        super().__init__(code, evidence, **params)
        self.resets_at = resets_at


class BreakerOpenError(SourceError):
    """Nothing was asked: risk control has shut this way out, for `secs_left` seconds."""

    def __init__(self, code: str | Message, /, secs_left: float, **params: Any) -> None:
        super().__init__(code, **params)
        self.secs_left = secs_left


class LoginExpiredError(SourceError):
    """The session is not signed in any more."""


class AccountBannedError(SourceError):
    """The platform banned the account."""


class NotFoundError(SourceError):
    """The item does not exist (any more)."""


class BadRequestError(SourceError):
    """The platform says the request itself is wrong."""


class UnexpectedResponseError(SourceError):
    """An answer whose shape is not understood."""


class InvalidEntryError(BatonError):
    """One entry of a page is not what it should be."""


class DamagedAnswerError(BatonError):
    """The answer as a whole is not what it should be."""


class NotJsonError(BatonError):
    """A body that cannot be read."""

    def __init__(self) -> None:
        super().__init__("body_not_json")


class NoVideoError(BatonError):
    """A URL is not the link of a video; the text says why."""


def _message(code: str | Message, params: Mapping[str, Any]) -> Message:
    if isinstance(code, Message):
        return code
    return Message(code, params) if params or CODE.fullmatch(code) else Message.text(code)
