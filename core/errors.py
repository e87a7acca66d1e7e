"""Every error of Baton. A class names the reaction that it asks for.

BatonError
├── InvalidInputError                the user's input is wrong: say what, and how to write it
│   ├── WrongFieldsError            several fields at once, with a message for each
│   ├── WrongFieldError             one field of an item
│   ├── UnknownDomainError           nobody crawls that domain, and nothing of it is stored
│   ├── WrongValueError             a text of a certain form; a ValueError too
│   └── NoFitAccountError            no account can ask now: say when one can
├── SettingsError                    a setting is wrong or missing (exit 1)
├── CredentialsError                 key or credentials are missing or wrong (exit 4)
│   └── KeyChangedError              the key of this process is an old one: put all back and wait
├── LeaseLostError                   another holder is possible: stop that work, write nothing more
├── BusyError                        another process does just that: leave it to that one
│   └── JobBusyError                 another run of the job goes on
├── OvertakenError                   another process did it meanwhile: plan anew
├── UnfinishedError                  work ended early, and nothing is lost: run it again
│   └── RetryLaterError             … at a certain time, as the same run of its job
├── QuotaExceededError               the account has no room for that many rows today
├── OutputError                      a file cannot be written: keep the rows, end the work
│   └── NoRoomError                  … for now: wait, it uses up no attempt
├── NoResourcesError                 this host lacks memory or descriptors: put the work back
│   └── NoThreadError               the system has no thread left
├── DamagedFileError                 a file that is read is wrong: leave it, say where
├── LogNotFoundError                 no log file of that name on this host
├── PeerRefusedError                 another host's request is not sealed: answer 401
├── PeerUnreachableError             another host does not answer: say since when, offer a rebuild
├── PeerFileNotFoundError            another host has no such file: say so
├── NoAnswerError                    an HTTP request got no usable answer: see whose fault that is
├── NotSentError                     a webhook got no answer: try again later
│   └── UnsendableError              its URL cannot be used: give up
├── DatabaseError                    rolled back; reported
│   ├── DatabaseUnavailableError    not reachable just now: wait and go on
│   ├── DatabaseRefusedError        lets nobody in: tell, and wait until a person has mended it
│   ├── DatabaseContentionError     lost against others: run the whole transaction again
│   ├── DatabaseUnclassifiedError   nobody knows: tell, try for ten minutes, then it is lasting
│   ├── DuplicateKeyError           a row of that name exists: join it, or tell the user
│   ├── AlreadyExistsError          a table, column or index exists: that upgrade step is done
│   ├── CommitUnknownError          the answer to COMMIT was lost: let the leases run out
│   └── SchemaMismatchError          another version's tables: touch nothing
│       └── SchemaInUseError        processes still write to them: wait until they have ended
├── NoFailoverError                  never raised: it keeps the connection pool from failing over
├── SourceError                      a platform's answer
│   ├── RetryableError              transport or server side: same account, again after a backoff
│   ├── ThrottledError              this account cools down, another goes on
│   ├── RiskControlError            suspicion: account rests long, unless others are refused too
│   ├── PlatformQuotaError          the platform's own quota is used up: wait for its reset
│   ├── CircuitOpenError            nothing was sent, as that unit is left alone: wait for it
│   ├── AccountTakenError           nothing was sent, as its lease has ended: another one goes on
│   ├── LoginExpiredError           account disabled until somebody signs in
│   ├── AccountBannedError          account disabled
│   ├── ItemUnavailableError        go on without this item, ask for it again later
│   │   └── NotFoundError           permanent for this item
│   ├── BadRequestError             permanent for this request
│   │   └── EndpointUnusableError   another endpoint answers the same question
│   ├── EmptyPageError              a promised page is empty: another account looks, too
│   └── UnexpectedResponseError      not understood: another account is asked, then it fails
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

from core.attribution import Attribution, CircuitUnit, Verdict
from core.messages import CODE, Message


class BatonError(Exception):
    """Base of all errors that Baton raises on purpose: a message code with its parameters.

    Front ends render the sentence (`presentation/i18n`). Text that has not the form of a code
    (`messages.CODE`) is taken for a finished sentence, such as what a platform wrote.
    """

    def __init__(self, code: str | Message, /, **params: Any) -> None:
        self.message = _message(code, params)
        super().__init__(str(self.message))


class InvalidInputError(BatonError):
    """What the user asked for cannot be done as it was written."""


class WrongFieldsError(InvalidInputError):
    """Several fields of a request are invalid; `problems` has a message for each, by field name."""

    def __init__(self, problems: Mapping[str, Message]) -> None:
        self.problems = dict(problems)
        super().__init__("wrong_fields", problems=list(self.problems.values()))


class WrongFieldError(InvalidInputError):
    """One field of an item that was handed in is invalid; `reason` never repeats a secret."""

    def __init__(self, *, field: str, reason: Message) -> None:
        super().__init__("wrong_field", field=field, reason=reason)
        self.field = field
        self.reason = reason


class UnknownDomainError(InvalidInputError):
    """Nobody crawls the domain, and no creator of it is stored.

    `known` are domains of that platform that have creators, as suggestions; it may be empty.
    """

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
    """No account can send a request now.

    `until` is the moment (UTC) when one can; None when that takes a person.
    """

    def __init__(self, code: str | Message, /, *, until: datetime | None, **params: Any) -> None:
        super().__init__(code, **params)
        self.until = until


class SettingsError(BatonError):
    """A setting is missing, malformed or contradicts another."""


class CredentialsError(BatonError):
    """The secret key or an account's credentials are missing, damaged or of another key."""


class KeyChangedError(CredentialsError):
    """The database was encrypted with another key than those of this process.

    No account is at fault: whatever needs a secret waits until the process has the new key.
    """


class LeaseLostError(BatonError):
    """The lease ran out or was taken over; writes under it change nothing any more."""


class UnfinishedError(BatonError):
    """A round of work ended early; what it stored stays, and the next run continues from there."""


class RetryLaterError(UnfinishedError):
    """Work ended early; the same run of its job waits until `until` (UTC), and goes on then."""

    def __init__(self, code: str | Message, /, *, until: datetime, **params: Any) -> None:
        super().__init__(code, **params)
        self.until = until


class BusyError(BatonError):
    """Another process does the same work at this moment."""


class JobBusyError(BusyError):
    """Another run of the same scheduled job is open."""


class OvertakenError(BatonError):
    """Another process did meanwhile what this one had planned; the transaction is rolled back."""

    def __init__(self) -> None:
        super().__init__("overtaken_by_another")


class QuotaExceededError(BatonError):
    """The account's export quota of the day has no room for that many rows; none was counted."""


class OutputError(BatonError):
    """A file cannot be written, because of its folder, permissions or space."""


class NoResourcesError(BatonError):
    """This host lacks file descriptors, memory or threads; the same work may succeed later."""


class NoThreadError(NoResourcesError):
    """A thread cannot be started: the system allows no more of them, or has no memory for one."""


class NoRoomError(OutputError):
    """The disk is full or broken for now; writing goes on when it is mended."""


class DamagedFileError(BatonError):
    """A data file is missing, cannot be read, or has another shape; it was left as it is."""


class NotSentError(BatonError):
    """A webhook request got no answer, or could not be made; the message says why."""


class UnsendableError(NotSentError):
    """The URL of a webhook cannot be used at all, so that no later attempt can succeed."""


class LogNotFoundError(BatonError):
    """This host has no log file of the name that was asked for."""

    def __init__(self, name: str) -> None:
        super().__init__("log_not_found", name=name)


class PeerRefusedError(BatonError):
    """A request of another host has no seal, or one that is not for it."""


class PeerUnreachableError(BatonError):
    """Another host announces no address, or does not answer there."""


class PeerFileNotFoundError(BatonError):
    """Another host has no such file, or one with other content than its row says."""


class DatabaseError(BatonError):
    """A statement failed; its transaction was rolled back."""


class DatabaseUnavailableError(DatabaseError):
    """The database cannot be reached, went away before COMMIT was sent, or refuses for now.

    For now: its disk is full, it is read-only, it ended the statement, or it lacks memory.
    """


class DatabaseRefusedError(DatabaseError):
    """The server lets this process in no more: its login, its database or the encryption is wrong.

    A start ends by it. Work that is under way waits, as no task is at fault.
    """


class DatabaseContentionError(DatabaseError):
    """Deadlock or lock timeout; the transaction was rolled back and may run again."""


class DatabaseUnclassifiedError(DatabaseError):
    """The engine does not know whether the error passes by itself; `message` has its number."""


class DuplicateKeyError(DatabaseError):
    """A row with the same unique key exists already."""


class AlreadyExistsError(DatabaseError):
    """A schema change was made before: the table, column or index exists (or is gone) already."""


class CommitUnknownError(DatabaseError):
    """The connection broke after COMMIT was sent: nobody knows whether it was committed."""


class SchemaMismatchError(DatabaseError):
    """The database holds no Baton schema, or that of another version."""


class SchemaInUseError(SchemaMismatchError):
    """The tables are due for an upgrade, but processes of the older version still run."""


class NoFailoverError(BatonError):
    """No driver error is of this class: DBUtils must never replace a connection by itself.

    Its fail-over would run the second half of a transaction alone on a new connection.
    """


@dataclass(frozen=True)
class Evidence:
    """A request and its answer, redacted and shortened, kept for people who look for the cause.

    `request` names what was asked; `http_status` and `code` (the platform's own) are None where the
    answer has none or none came.
    """

    request: str
    http_status: int | None = None
    code: int | None = None
    body: str = ""

    def summary(self) -> str:
        """Return request, HTTP status and platform code in one line, without the body."""
        parts = [self.request]
        if self.http_status is not None:
            parts.append(f"HTTP {self.http_status}")
        if self.code is not None:
            parts.append(f"code {self.code}")
        return ", ".join(parts)


class FaultUnit(StrEnum):
    """The part of a request's way to which a transport failure belongs."""

    EGRESS = "egress"  # the proxy does not work
    GATEWAY = "gateway"  # its provider refuses: credentials, credit, traffic
    EXIT = "exit"  # the proxy works, but not what it forwards to
    CONNECTION = "connection"  # anywhere between this host and the platform
    OURSELVES = "ourselves"  # this host: its clock, its certificates, the request itself


@dataclass(frozen=True)
class TransportFault:
    """Why a request got no usable answer, and to which unit that belongs.

    Args:
        message: the reason; it never contains a proxy's user or password.
        is_certain: False when the platform may be the cause just as well.
        is_timeout: time was lost, so that an attempt by the same egress would cost as much again.
        through_proxy: the request went through a proxy.
    """

    unit: FaultUnit
    message: Message
    is_certain: bool = False
    is_timeout: bool = False
    through_proxy: bool = False

    @property
    def is_of_proxy(self) -> bool:
        """Return True when another egress may get an answer where this proxy got none."""
        if self.unit is FaultUnit.CONNECTION:
            return self.through_proxy
        return self.unit is not FaultUnit.OURSELVES

    @property
    def is_of_this_host(self) -> bool:
        """Return True when nothing was sent, as this host lacks descriptors or memory."""
        return self.unit is FaultUnit.OURSELVES and self.is_certain

    @property
    def is_lasting(self) -> bool:
        """Return True when the same request through the same proxy is no use at this moment."""
        return self.is_of_proxy and (self.is_certain or self.is_timeout)


class NoAnswerError(BatonError):
    """An HTTP request got no usable answer, or one beyond the limits; `fault` says whose fault."""

    def __init__(self, reason: Message, *, fault: TransportFault) -> None:
        super().__init__(reason)
        self.fault = fault


class SourceError(BatonError):
    """A platform did not give what was asked for.

    `evidence` is None when no request was made; `attribution` is None until it was decided.
    `verdict` is what the platform's response rules say; None where no rule was asked. `answers`
    holds what was fetched of a batch before the error, by the id that was asked for.
    """

    def __init__(
        self, code: str | Message, /, evidence: Evidence | None = None, **params: Any
    ) -> None:
        super().__init__(code, **params)
        self.evidence = evidence
        self.attribution: Attribution | None = None
        self.verdict: Verdict | None = None
        self.answers: Mapping[str, Any] = {}

    def name_route(self, egress: str, until: datetime | None) -> None:
        """Put before the message by which egress route no answer came, and until when that rests.

        For callers who show the error itself: workers tell it in the account's timeline.
        """
        code = "route_failed" if until is None else "route_failed_until"
        self.message = Message.of(code, egress=egress, until=until, cause=self.message)
        self.args = (str(self.message),)


class RetryableError(SourceError):
    """The transport or the server failed, or the body was damaged; asking again may succeed.

    `damaged`: an answer came whole but could not be understood. When retries do not help, that is a
    shape that Baton does not know, and not a platform that is down. `fault`: why no usable answer
    came; None when one came. `retry_after_secs`: what the platform asks for, if not None.
    """

    def __init__(
        self,
        code: str | Message,
        /,
        evidence: Evidence | None = None,
        *,
        damaged: bool = False,
        fault: TransportFault | None = None,
        retry_after_secs: float | None = None,
        **params: Any,
    ) -> None:
        super().__init__(code, evidence, **params)
        self.damaged = damaged
        self.fault = fault
        self.retry_after_secs = retry_after_secs

    @property
    def is_lasting(self) -> bool:
        """Return True when the same account would only lose time by trying again at once."""
        return self.fault is not None and self.fault.is_lasting


class ThrottledError(SourceError):
    """The account sent too many requests; the platform asks for `retry_after_secs`, if not None."""

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
    """The platform suspects a robot."""


class PlatformQuotaError(SourceError):
    """A platform's quota, or Baton's own budget for it, is used up until `resets_at` (UTC)."""

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


class CircuitOpenError(SourceError):
    """Nothing was requested: the circuit of `unit` lets nobody through until `until` (UTC)."""

    def __init__(self, *, unit: CircuitUnit, until: datetime) -> None:
        super().__init__(
            f"circuit_open_{unit.scope}",
            platform=unit.platform,
            egress=unit.egress,
            endpoint=unit.endpoint,
            until=until,
        )
        self.unit = unit
        self.until = until
        self.attribution = Attribution(scope=unit.scope, until=until)


class AccountTakenError(SourceError):
    """Nothing was requested: an operator or another process ended the account's lease."""


class LoginExpiredError(SourceError):
    """The account's session is missing, unusable or not signed in any more."""


class WrongLoginError(LoginExpiredError):
    """The session is signed in as another login than the account's, or as that of another one."""


class AccountBannedError(SourceError):
    """The platform banned the account."""


class ItemUnavailableError(SourceError):
    """The platform does not show the requested item; a later request may get another answer."""


class NotFoundError(ItemUnavailableError):
    """The requested item does not exist, or does not exist any more."""


class BadRequestError(SourceError):
    """The platform says that the request itself is wrong, so that repeating it is of no use."""


class EndpointUnusableError(BadRequestError):
    """The endpoint is gone or answers oddly; the same is to be had item by item elsewhere."""


class EmptyPageError(SourceError):
    """A page of a list, numbered from 1, came empty: one of `total` pages, or the first of none."""

    def __init__(
        self, code: str | Message, /, evidence: Evidence | None = None, *, page: int, total: int
    ) -> None:
        super().__init__(code, evidence, page=page, total=total)
        self.page = page
        self.total = total


class UnexpectedResponseError(SourceError):
    """One account got an answer that Baton does not know, or that does not say whom it concerns.

    Another account may get a good one. The evidence is kept for a developer.
    """


class InvalidEntryError(BatonError):
    """One entry of a fetched page has not the form of a creator; the other entries are kept."""


class DamagedAnswerError(BatonError):
    """An answer as a whole, and not only one entry, has not the expected form."""


class NotJsonError(BatonError):
    """The body of an answer is no JSON."""

    def __init__(self) -> None:
        super().__init__("body_not_json")


class NoVideoError(BatonError):
    """A URL is not the link of a video; the message says why."""


def _message(code: str | Message, params: Mapping[str, Any]) -> Message:
    if isinstance(code, Message):
        return code
    # What has the form of a code, or comes with parameters, is one; anything else is a sentence.
    return Message(code, params) if params or CODE.fullmatch(code) else Message.text(code)
