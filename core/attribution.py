"""Fault attribution as plain values: what an answer means, whom it concerns, what follows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from enum import StrEnum

ANY_ENDPOINT = "*"
KEY_PREFIX = "key:"  # of an API key that stands in the place of an egress
ALL = "*"  # in a circuit's unit: every egress, or every endpoint


class Scope(StrEnum):
    """The smallest unit that explains an answer; nothing outside it is affected."""

    ITEM = "item"  # one resource: a video, a creator
    REQUEST = "request"  # one question, such as a page or a batch
    SIGNATURE = "signature"
    DEVICE = "device"
    SESSION = "session"
    ACCOUNT = "account"
    KEY = "key"  # an API key
    EGRESS = "egress"  # the account's route to the platform
    ENDPOINT = "endpoint"
    PLATFORM = "platform"
    CLIENT = "client"  # Baton itself: a bug, a header, a clock


class Reaction(StrEnum):
    """The reaction to an answer: the step that a worker takes next."""

    SKIP = "skip"  # go on without this resource
    FAIL = "fail"  # end this request, as a repetition gets the same answer
    SPLIT = "split"  # ask for fewer resources at once, in the end one by one
    PER_ITEM = "per_item"  # ask one by one at once, and leave the endpoint alone for a while
    RETRY = "retry"  # ask again with the same account, after a backoff
    RETRY_OTHER = "retry_other"  # ask once more with another account
    CHECK_SESSION = "check_session"  # ask who is signed in before the account is blamed
    COOL_DOWN = "cool_down"  # fewer requests: another account goes on
    SUSPECT = "suspect"  # risk control: a long cooldown, then a session check
    DISABLE = "disable"  # leave it alone until a person has acted
    WAIT_FOR_QUOTA = "wait_for_quota"


class CircuitCause(StrEnum):
    """Why a circuit is not closed."""

    RISK = "risk"  # refusals that mean risk control
    THROTTLE = "throttle"
    NO_ANSWER = "no_answer"
    SERVER_ERROR = "server_error"
    UNUSABLE = "unusable"  # an endpoint that is gone or odd; another one answers the same
    KEY = "key"  # an API key that is invalid, blocked or without balance
    OPERATOR = "operator"


@dataclass(frozen=True)
class CircuitUnit:
    """The part of a platform that a circuit covers; ALL: every egress, or every endpoint."""

    platform: str
    egress: str = ALL
    endpoint: str = ALL

    @property
    def scope(self) -> Scope:
        """Return the scope of a fault that concerns the whole unit."""
        if self.egress.startswith(KEY_PREFIX):
            return Scope.KEY
        if self.egress != ALL:
            return Scope.EGRESS
        return Scope.PLATFORM if self.endpoint == ALL else Scope.ENDPOINT


@dataclass(frozen=True, kw_only=True)
class Attribution:
    """Whom a failed request concerns.

    Args:
        until: the moment (UTC) before which the unit gets no request; None where it may at once,
            by another account.
        refusal_id: the row of `source_refusals` that may turn out not to be the account's fault;
            None where there is none.
        needs_session_check: the scope is settled by whether the platform still answers who is
            signed in, by the same egress.
    """

    scope: Scope
    until: datetime | None = None
    refusal_id: int | None = None
    needs_session_check: bool = False


@dataclass(frozen=True, kw_only=True)
class Signal:
    """The features of one answer that the response rules look at; it holds no secret.

    Args:
        endpoint: the name that the platform's rules give to what was asked.
        http_status: None when no answer came.
        code: the platform's own code, a number or a word; None when the answer has none.
        marks: further features, named by the platform's rules.
    """

    endpoint: str
    http_status: int | None = None
    code: int | str | None = None
    marks: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Match:
    """A condition on a signal; every part that is given must hold, and an empty one always does.

    Args:
        codes, code_ranges: the code is one of these, or a number in one of these ranges.
        statuses: the HTTP status is in one of these ranges.
        marks: the signal has all of these.
    """

    codes: frozenset[int | str] = frozenset()
    code_ranges: tuple[range, ...] = ()
    statuses: tuple[range, ...] = ()
    marks: frozenset[str] = frozenset()

    @classmethod
    def of_codes(cls, *codes: int | str | range, marks: Iterable[str] = ()) -> Match:
        """Return the condition on the platform's code, with `marks` besides."""
        return cls(
            codes=frozenset(code for code in codes if not isinstance(code, range)),
            code_ranges=tuple(code for code in codes if isinstance(code, range)),
            marks=frozenset(marks),
        )

    @classmethod
    def of_status(cls, *statuses: int | range, marks: Iterable[str] = ()) -> Match:
        """Return the condition on the HTTP status, with `marks` besides."""
        ranges = (s if isinstance(s, range) else range(s, s + 1) for s in statuses)
        return cls(statuses=tuple(ranges), marks=frozenset(marks))

    @classmethod
    def of_marks(cls, *marks: str) -> Match:
        """Return the condition that an answer has all of these marks."""
        return cls(marks=frozenset(marks))

    def fits(self, signal: Signal) -> bool:
        """Return whether the signal fulfils the condition."""
        if (self.codes or self.code_ranges) and not self._has_code(signal.code):
            return False
        if self.statuses and not self._has_status(signal.http_status):
            return False
        return self.marks <= signal.marks

    def _has_code(self, code: int | str | None) -> bool:
        # A range is searched element by element for anything that is no integer.
        in_range = isinstance(code, int) and any(code in part for part in self.code_ranges)
        return code in self.codes or in_range

    def _has_status(self, status: int | None) -> bool:
        return status is not None and any(status in part for part in self.statuses)


ANYTHING = Match()


@dataclass(frozen=True)
class Rule:
    """One row of a platform's response rules.

    Args:
        endpoint: the endpoint's name, or ANY_ENDPOINT.
        conclusive: one such answer is enough; otherwise a second one may show a wider scope.
        final: with `SKIP`, a later request cannot change it.
        note: where the fact comes from.
        known: False for the rules about answers that nobody has described.
    """

    endpoint: str
    match: Match
    scope: Scope
    reaction: Reaction
    _: KW_ONLY
    conclusive: bool = False
    final: bool = False
    note: str = field(default="", compare=False)
    known: bool = True

    def fits(self, signal: Signal) -> bool:
        """Return whether the rule is about the signal."""
        return self.endpoint in (ANY_ENDPOINT, signal.endpoint) and self.match.fits(signal)


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The meaning of an answer by the first rule that fits; the fields are those of `Rule`."""

    scope: Scope
    reaction: Reaction
    conclusive: bool = False
    final: bool = False
    known: bool = True


def classify(rules: Sequence[Rule], signal: Signal) -> Verdict:
    """Return the verdict of the first rule that fits.

    Raises:
        LookupError: none does; the last rule of a platform must fit every answer.
    """
    for rule in rules:
        if rule.fits(signal):
            return Verdict(
                scope=rule.scope,
                reaction=rule.reaction,
                conclusive=rule.conclusive,
                final=rule.final,
                known=rule.known,
            )
    raise LookupError(f"no rule for {signal}")
