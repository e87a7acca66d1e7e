"""What an adapter is: a session and a question in, frozen values or a named error out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

import requests

from core.logs import redact
from core.settings import Pace
from sources.text import storable


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


@dataclass
class AccountSession:
    """An account's way out: its own HTTP session with its cookies and its proxy, kept while the
    account is used by this process. Only the account's lease holder touches it."""

    account_id: int
    username: str
    http: requests.Session = field(repr=False)
    egress: str = "direct"
    secrets: tuple[str, ...] = field(default=(), repr=False)

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

    def open_session(
        self, account_id: int, username: str, session: str | None, proxy: str | None
    ) -> AccountSession:
        """An HTTP session from stored credentials (cookies, or an API key).

        Raises:
            LoginExpired: there are no usable credentials.
        """

    def check_session(self, session: AccountSession) -> SessionStatus:
        """Ask the platform who is signed in. Raises a SourceError."""


class CreatorSource(Source, Protocol):
    """A platform whose creators can be searched."""

    def search_creators(
        self, session: AccountSession, domain: str, page: int, via: Via
    ) -> CreatorPage:
        """One page (from 1) of creators of a domain. Raises a SourceError."""


class StatsSource(Source, Protocol):
    """A platform that tells the counters of videos."""

    def video_stats(self, session: AccountSession, ids: Sequence[str]) -> dict[str, StatsAnswer]:
        """The counters of each of `ids`, by id: every one of them has an answer.

        Any number of ids may be given; the source makes as many requests as it takes, and paces
        none of them.

        Raises:
            SourceError: nothing is known of any of them.
        """


class Budget(Protocol):
    """What a platform lets us spend in its day (quota units, or millionths of a dollar)."""

    def spend(self, units: int) -> None:
        """Take units before they are used. Raises QuotaSpent when the day has no room."""
