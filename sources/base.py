"""What an adapter is: a session and a question in, frozen values or a named error out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from core.logs import redact
from core.settings import Pace
from sources.request_delay import RequestDelay
from sources.text import storable

if TYPE_CHECKING:
    import requests

ANONYMOUS = 0  # the account id of a visitor without one


class Via(StrEnum):
    """How creators of a domain are found: by their names, or as authors of videos."""

    USERS = "users"
    VIDEOS = "videos"


@dataclass(frozen=True)
class Creator:
    """One creator. `raw` is the platform's own entry, text cleaned of what no database takes."""

    uid: str
    nickname: str
    raw: Mapping[str, Any]


@dataclass(frozen=True)
class RejectedEntry:
    """An entry of a page that could not be understood."""

    position: int
    reason: str
    excerpt: str


@dataclass(frozen=True)
class CreatorPage:
    """One page of a creator search. `total_pages` is what the platform says now; 0: no hits.

    `complete` tells whether `raw` of these creators is the platform's full entry (a name search)
    or only what a video says of its author, which must not replace a fuller one.
    """

    page: int
    total_pages: int
    creators: tuple[Creator, ...]
    rejected: tuple[RejectedEntry, ...] = ()
    complete: bool = True


@dataclass(frozen=True)
class SessionStatus:
    """Whether a session is signed in, and as whom."""

    signed_in: bool
    uid: str | None = None
    name: str | None = None


@dataclass(frozen=True)
class VideoStats:
    """The counters of one video; None where the platform does not tell, never 0 for unknown.

    `favorite` is what a platform calls favourites or collects.
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
    """Why a video has no counters."""

    NOT_FOUND = "not_found"  # deleted, or never there
    HIDDEN = "hidden"  # private, or shown to some only
    IN_REVIEW = "in_review"
    REGION = "region"
    BAD_ID = "bad_id"
    UNKNOWN = "unknown"  # the platform left it out without a word


@dataclass(frozen=True)
class Unavailable:
    """A video without counters. `final`: asking again will not help."""

    reason: Gone
    detail: str
    final: bool


StatsAnswer = VideoStats | Unavailable


class RequestGate(Protocol):
    """Lets an account's requests through at its pace."""

    def turn(self, endpoint: str) -> AbstractContextManager[None]:
        """Wait for the turn of a request to `endpoint` (a path), and count it at the end."""

    def went_well(self) -> None:
        """The newest answer was a good one."""

    def throttled(self) -> None:
        """The newest request was one too many."""


@dataclass
class AccountSession:
    """An account's way out: its own HTTP session with its cookies and its proxy, kept while the
    account is used by this process. Only the account's lease holder touches it."""

    account_id: int
    username: str
    http: requests.Session = field(repr=False)
    egress: str = "direct"
    secrets: tuple[str, ...] = field(default=(), repr=False)
    gate: RequestGate | None = field(default=None, repr=False)
    spacing: RequestDelay | None = field(default=None, repr=False)

    def turn(self, endpoint: str) -> AbstractContextManager[None]:
        """Around every single request: waits for its turn. Sources must use it."""
        if self.spacing is not None:
            self.spacing.wait()
        return nullcontext() if self.gate is None else self.gate.turn(endpoint)

    def hide(self, text: str) -> str:
        """The text fit to be stored and shown: this session's secrets are struck out of it, also
        where their names do not give them away."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return redact(storable(text))


class Source(Protocol):
    """A platform."""

    platform: str
    pace: Pace
    endpoint_paces: Mapping[str, Pace]  # tighter ones, by the beginning of the path

    def open_session(
        self, account_id: int, username: str, session: str | None, proxy: str | None
    ) -> AccountSession:
        """An HTTP session from stored credentials (cookies, or an API key).

        Where a platform tells something to everybody, ANONYMOUS may come without any.

        Raises:
            LoginExpiredError: there are no usable credentials.
        """

    def check_session(self, session: AccountSession) -> SessionStatus:
        """Ask the platform who is signed in. Raises a SourceError."""


class CreatorSource(Source, Protocol):
    """A platform whose creators can be searched."""

    def search_creators(
        self, session: AccountSession, domain: str, page: int, via: Via
    ) -> CreatorPage:
        """One page (from 1) of creators of a domain. Raises a SourceError."""


@runtime_checkable
class SequentialSource(Protocol):
    """A source one of whose pages leads to the next: none can be jumped to."""

    sequential: bool

    def pages_before(self, session: AccountSession, domain: str, page: int) -> int:
        """How many pages must be walked through before that one can be asked for."""

    def walk(self, session: AccountSession, domain: str, page: int) -> None:
        """Ask for the first of them. Raises a SourceError."""


class StatsSource(Source, Protocol):
    """A platform that tells the counters of videos; `batch` is how many to ask for at once."""

    batch: int

    def video_stats(self, session: AccountSession, ids: Sequence[str]) -> dict[str, StatsAnswer]:
        """The counters of each of `ids`, by id: every one of them has an answer.

        Any number of ids may be given; the source makes as many requests as it takes.

        Raises:
            SourceError: nothing is known of any of them.
        """


@dataclass(frozen=True)
class Upload:
    """One video of a creator's list; its counters are those that the list tells."""

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
    """One page (from 1) of a creator's uploads, newest first, of `total` videos."""

    page: int
    total: int
    uploads: tuple[Upload, ...]
    is_last: bool


class UploadsSource(Source, Protocol):
    """A platform that lists what a creator uploaded."""

    def uploads(self, session: AccountSession, uid: str, page: int) -> UploadsPage:
        """A page (from 1), newest first. Raises a SourceError."""


class Budget(Protocol):
    """What a platform lets us spend in its day (quota units, or millionths of a dollar)."""

    def spend(self, units: int) -> None:
        """Take units before they are used. Raises PlatformQuotaError when the day has no room."""
