"""The contracts of a platform's adapter: given a session and a query, return values or raise."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from core.attribution import KEY_PREFIX
from core.errors import SourceError
from core.logs import redact
from core.messages import Message
from core.settings import Pace
from sources.circuits import ANONYMOUS_EGRESS, RequestCircuits
from sources.text import storable
from sources.transport.egress import DIRECT
from sources.transport.request_delay import RequestDelay

if TYPE_CHECKING:
    import requests

    from sources.transport.cookies import AccountCookies

# The account id of a session without an account: real ids begin at 1.
ANONYMOUS = 0
# Shorter values of cookies are switches; redacting them would damage innocent text.
SECRET_CHARS = 6


class Via(StrEnum):
    """How the creators of a domain are searched: by their names, or as the authors of videos."""

    USERS = "users"
    VIDEOS = "videos"


@dataclass(frozen=True)
class Creator:
    """One creator; `raw` is the platform's own entry, without what no database stores."""

    uid: str
    nickname: str
    raw: Mapping[str, Any]


@dataclass(frozen=True)
class RejectedEntry:
    """An entry of a page that could not be parsed.

    `position` is its index on the page from 0, `excerpt` the start of its JSON without secrets.
    """

    position: int
    reason: Message
    excerpt: str


@dataclass(frozen=True)
class CreatorPage:
    """One page of a creator search, numbered from 1, without creators when it lies behind the last
    one.

    `total_pages` is what the platform says now, 0 for no hits. `complete` is True when `raw` of the
    creators is the platform's full entry (a name search), and False when it holds only what a video
    says of its author, which must not replace a fuller one.
    """

    page: int
    total_pages: int
    creators: tuple[Creator, ...]
    rejected: tuple[RejectedEntry, ...] = ()
    complete: bool = True


@dataclass(frozen=True)
class SessionStatus:
    """Whether a session is signed in, and as whom; None where the platform does not say."""

    signed_in: bool
    uid: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class VideoStats:
    """The counters of one video; None where the platform does not report one, never 0 for unknown.

    `favorite` counts what a platform calls favourites or collects. `published_at` is in UTC.
    """

    view: int | None = None
    danmaku: int | None = None
    comment: int | None = None
    like: int | None = None
    coin: int | None = None
    favorite: int | None = None
    share: int | None = None
    title: str | None = None
    author: str | None = None
    uid: str | None = None
    published_at: datetime | None = None
    cover_url: str | None = None


class Gone(StrEnum):
    """The reason why a video has no counters."""

    NOT_FOUND = "not_found"  # deleted, or never there
    HIDDEN = "hidden"  # private, or shown to some only
    IN_REVIEW = "in_review"
    REGION = "region"
    BAD_ID = "bad_id"
    UNKNOWN = "unknown"  # the platform left it out without a word


@dataclass(frozen=True)
class Unavailable:
    """A video without counters; `final` is True when a later request cannot change that.

    `unanswered` is True when no answer about the video came, as the platform failed or was not
    asked: nothing is known of it.
    """

    reason: Gone
    detail: Message
    final: bool
    unanswered: bool = False


StatsAnswer = VideoStats | Unavailable


@contextmanager
def keeping_answers(known: Callable[[], Mapping[str, StatsAnswer]]) -> Iterator[None]:
    """Keep what is `known` at a SourceError of the block in the error's `answers`, by video id."""
    try:
        yield
    except SourceError as error:
        error.answers = {**error.answers, **known()}
        raise


class RequestGate(Protocol):
    """A limiter that lets an account's requests through at its pace."""

    def turn(self, endpoint: str) -> AbstractContextManager[None]:
        """Wait until a request to `endpoint` (a path) may leave, and count it.

        Raises:
            StoppedSignal: the service stops; the request must not be sent.
            OutOfTurnSignal: the wait would be longer than the caller's patience.
        """

    def record_success(self) -> None:
        """Record that the latest request got a good answer.

        After enough of them the limits that it counted against allow more requests.
        """

    def record_throttle(self) -> None:
        """Record that the latest request was refused as one too many; fewer are allowed from now
        on."""


@dataclass
class AccountSession:
    """An account's HTTP session with its cookies and proxy, kept while this process uses it.

    Only the holder of the account's lease may use it: nothing is sent once the lease has another
    token than `lease_token` (None: no lease is looked at). `egress` is the name of the egress route
    by which it leaves (`sources/transport/egress.py`), `direct` for a session of no account;
    `secrets` are the texts that `redact` removes; `gate` and `request_delay` pace the requests, and
    None means that nothing does. `circuits` admits the requests of the call that uses the session
    just now. `cookies` are those in `http`; None for an API key. `on_answer` is called after each
    answer, before the source reads it.
    """

    account_id: int
    username: str
    http: requests.Session = field(repr=False)
    egress: str = DIRECT
    lease_token: int | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)
    gate: RequestGate | None = field(default=None, repr=False)
    request_delay: RequestDelay | None = field(default=None, repr=False)
    circuits: RequestCircuits | None = field(default=None, repr=False)
    cookies: AccountCookies | None = field(default=None, repr=False)
    on_answer: Callable[[], None] | None = field(default=None, repr=False)

    @property
    def own_egress(self) -> str:
        """Return what stands for the egress of requests without an account: their API key."""
        if not self.secrets:
            return ANONYMOUS_EGRESS
        return f"{KEY_PREFIX}{hashlib.sha256(self.secrets[0].encode()).hexdigest()[:8]}"

    @contextmanager
    def turn(self, endpoint: str) -> Iterator[None]:
        """Wait for the turn of one request to `endpoint` (a path), and have it admitted.

        Sources must enter it around every single request.

        Raises:
            AccountTakenError: on entering; the account's lease has ended.
            CircuitOpenError: on entering; a unit that it goes through is left alone.
            StoppedSignal: on entering; the service stops, the request must not be sent.
            OutOfTurnSignal: on entering; the wait would be longer than the gate's user wants.
        """
        # The delay is per job and comes first: the gate's turn must not be held while it lasts.
        if self.request_delay is not None:
            self.request_delay.wait()
        with nullcontext() if self.gate is None else self.gate.turn(endpoint):
            # After the wait, so that nothing leaves that was refused to others meanwhile.
            if self.circuits is not None:
                self.circuits.before_request(endpoint)
            yield

    def aside(self, endpoint: str) -> AbstractContextManager[None]:
        """Have one request to `endpoint` (a path) admitted that waits for no turn.

        It is sent beside the newest request of the call, whose outcome stays open.

        Raises:
            CircuitOpenError: on entering; a unit that it goes through is left alone.
            StoppedSignal: on entering; the service stops, the request must not be sent.
        """
        return nullcontext() if self.circuits is None else self.circuits.aside(endpoint)

    def record_answered(self, error: SourceError | None = None) -> None:
        """Record that the newest request got an answer that is no refusal.

        Args:
            error: what the answer says of one resource; None for what was asked for.
        """
        if self.circuits is not None:
            self.circuits.settle(error)

    def answered(self) -> None:
        """Take over the cookies that came with an answer, also with one that was cut short.

        Sources must call it after every single request.

        Raises:
            LoginExpiredError: the answer signed the account out.
            DatabaseError: renewed cookies could not be stored.
        """
        if self.cookies is not None:
            self.cookies.settle()
            # A renewed session is as secret as the first one.
            fresh = set(self.cookies.values) - set(self.secrets)
            texts = {*self.secrets, *(value for value in fresh if len(value) >= SECRET_CHARS)}
            self.secrets = tuple(sorted(texts, key=len, reverse=True))
        if self.on_answer is not None:
            self.on_answer()

    def redact(self, text: str) -> str:
        """Return the text with this session's secrets as `***`, fit to be stored and shown.

        The secrets themselves are searched for, so that one is found even where no field name gives
        it away.
        """
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return redact(storable(text))


class Source(Protocol):
    """A platform that accounts sign in to.

    `pace` limits all requests of one account; `endpoint_paces` holds tighter limits by path prefix.
    `endpoints` are the names of endpoints, as the response rules use them, by the beginning of
    their paths; under `search`, `stats`, `uploads` and `session` stands the one that such a call
    mainly asks, where its name is another.
    Methods raise the SourceError whose class names the reaction to what the platform answered.
    """

    platform: str
    pace: Pace
    endpoint_paces: Mapping[str, Pace]
    endpoints: Mapping[str, str]

    def open_session(
        self, account_id: int, username: str, session: str | None, proxy: str | None
    ) -> AccountSession:
        """Return an HTTP session from credentials in clear (cookies, or an API key); nothing is
        sent.

        `proxy` is a URL; None to connect directly. For public data, ANONYMOUS may be passed as the
        account id, with `session` None.

        Raises:
            LoginExpiredError: there are no usable credentials.
        """

    def check_session(self, session: AccountSession) -> SessionStatus:
        """Ask the platform who is signed in; nobody is a result, not an error.

        Raises:
            SourceError: the platform refuses for another reason, or does not answer.
        """


class CreatorSource(Source, Protocol):
    """A platform whose creators can be searched by domain."""

    def search_creators(
        self, session: AccountSession, domain: str, page: int, via: Via
    ) -> CreatorPage:
        """Return one page of a domain's creators.

        Args:
            page: its number, from 1.
            via: search by the creators' names, or for videos, whose authors are returned.

        Raises:
            SourceError: the platform refuses or does not answer.
        """


@runtime_checkable
class SequentialSource(Protocol):
    """A source whose pages must be fetched in order, as each announces the next one."""

    sequential: bool

    def pages_before(self, session: AccountSession, domain: str, page: int) -> int:
        """Return how many pages must be fetched before `page` can be; 0 when it can be now."""

    def advance(self, session: AccountSession, domain: str, page: int) -> None:
        """Fetch the first of the pages that `page` still needs before it, with one request.

        Raises:
            SourceError: the platform refuses or does not answer.
        """


class StatsSource(Source, Protocol):
    """A platform that reports counters of videos; `batch` is the best number of ids in a call."""

    batch: int

    def video_stats(self, session: AccountSession, ids: Sequence[str]) -> dict[str, StatsAnswer]:
        """Return for each of `ids` its counters, or why there are none; every id has an entry.

        Any number of ids may be passed; the source makes as many requests as they need.

        Raises:
            SourceError: some could not be fetched; its `answers` has the entries of the others.
        """


@dataclass(frozen=True)
class Upload:
    """A video in a creator's list of uploads, with its counters there; None where it shows none."""

    bvid: str
    title: str
    published_at: datetime | None
    cover_url: str | None
    view: int | None
    comment: int | None
    danmaku: int | None
    author: str | None = None


@dataclass(frozen=True)
class UploadsPage:
    """One page of a creator's uploads, newest first.

    `page` is its number, from 1; `total` is the number of all uploads of the creator, `is_last`
    True when no page follows.
    """

    page: int
    total: int
    uploads: tuple[Upload, ...]
    is_last: bool


class UploadsSource(Source, Protocol):
    """A platform that lists a creator's uploads."""

    def uploads(self, session: AccountSession, uid: str, page: int) -> UploadsPage:
        """Return page `page`, from 1, of a creator's uploads; raise SourceError when refused."""


class Budget(Protocol):
    """What may be spent at a platform in its day: quota units, or millionths of a dollar."""

    def spend(self, units: int) -> None:
        """Reserve units before they are used.

        Raises:
            PlatformQuotaError: the day has no room for them.
        """
