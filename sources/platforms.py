"""The registry of platforms, and how the adapter of each one is built."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from pydantic import SecretStr

from core.clock import Clock
from core.errors import InvalidInputError
from core.settings import Settings
from sources.base import Budget, Source
from sources.bilibili.client import BilibiliClient
from sources.bilibili.cookies import (
    DEVICE_COOKIE,
    claimed_uid,
    device_id,
    read_session,
    session_expiry,
)
from sources.bilibili.source import BilibiliSource
from sources.circuits import Circuits
from sources.cookies.selection import SessionText
from sources.declared.loading import DeclaredPlatform, environment, load_platforms
from sources.json_api import key_uid
from sources.transport.request_delay import RandomDelay

if TYPE_CHECKING:
    from sources.tikhub.client import TikHubClient

# TikHub's budget is counted in millionths of a dollar.
MICROS = 1_000_000
# TikHub requests others itself, and a response that nobody waits for is charged too.
TIKHUB_SECS = 30.0
TIKHUB_ANSWER_SECS = 60.0
# YouTube's quota day begins at midnight of this zone.
PACIFIC = "America/Los_Angeles"
BudgetFor = Callable[[str, int, str], Budget]  # name, limit of a day, zone of the day


@dataclass(frozen=True)
class SourceContext:
    """What adapters of platforms are built from.

    `budget` makes the daily budget of a name, given its limit and the time zone of its day.
    `circuits` are those of all platforms.
    """

    settings: Settings
    clock: Clock
    budget: BudgetFor
    circuits: Circuits


@dataclass(frozen=True)
class Platform:
    """A platform that Baton knows.

    `searches` says that its creators can be crawled, `sequential` that pages must be fetched in
    order. `raw_fields` maps the export's common columns to keys of a creator's raw data.
    `profile_url` is the address of a creator's profile, with `{uid}` in it; None: there is none.
    `read_session` returns the session to store for a text that somebody hands in; it raises
    InvalidInputError for what the adapter cannot use.
    `session_expiry` returns when a session ends by itself (UTC), None where its text does not say.
    `claimed_uid` returns whose session a text says it is, None where it does not; `shows_uid` says
    that the check of a session shows whose it is. `device_cookie` names the cookie that tells
    devices apart, and `device_id` returns it from the text of a session; None where there is none.
    `key` is set for platforms that are requested with one API key instead of the pool's accounts.
    `page_creators` and `max_pages` are the size of a full page and of a whole search, None where
    they are unknown.
    """

    name: str
    make: Callable[[SourceContext], Source]
    searches: bool = True
    sequential: bool = False
    raw_fields: Mapping[str, str] | None = None
    profile_url: str | None = None
    read_session: Callable[[str], SessionText] = lambda text: SessionText(text.strip())
    session_expiry: Callable[[str], datetime | None] = lambda text: None
    claimed_uid: Callable[[str], str | None] = lambda text: None
    shows_uid: bool = False
    device_cookie: str | None = None
    device_id: Callable[[str], str | None] = lambda text: None
    key: Callable[[Settings], SecretStr | None] | None = None
    page_creators: int | None = None
    max_pages: int | None = None
    asked_from: Callable[[Settings], str] | None = None


def _bilibili(context: SourceContext) -> Source:
    settings = context.settings
    client = BilibiliClient(
        base_url=settings.bilibili_base_url,
        timeout_secs=settings.request_timeout_secs,
        answer_secs=settings.answer_timeout_secs,
        clock=context.clock,
    )
    rng = random.Random()
    min_secs, max_secs = settings.single_pause_min_secs, settings.single_pause_max_secs
    pause = RandomDelay(clock=context.clock, min_secs=min_secs, max_secs=max_secs, rng=rng)
    return BilibiliSource(
        client=client,
        pace=settings.bilibili_pace,
        pause=pause,
        rng=rng,
        circuits=context.circuits,
    )


def _youtube(context: SourceContext) -> Source:
    from sources.youtube.client import YouTubeClient
    from sources.youtube.source import YouTubeSource

    settings = context.settings
    budget = context.budget("youtube", settings.youtube_daily_units, PACIFIC)
    client = YouTubeClient(
        base_url=settings.youtube_base_url,
        timeout_secs=settings.request_timeout_secs,
        answer_secs=settings.answer_timeout_secs,
        clock=context.clock,
        budget=budget,
    )
    return YouTubeSource(client=client, pace=settings.youtube_pace)


def _douyin(context: SourceContext) -> Source:
    from sources.tikhub.douyin import DouyinSource

    return DouyinSource(client=_tikhub(context), pace=context.settings.tikhub_pace)


def _tiktok(context: SourceContext) -> Source:
    from sources.tikhub.tiktok import TikTokSource

    return TikTokSource(client=_tikhub(context), pace=context.settings.tikhub_pace)


def _tikhub(context: SourceContext) -> TikHubClient:
    from sources.tikhub.client import TikHubClient

    settings = context.settings
    budget = context.budget("tikhub", round(settings.tikhub_daily_budget_usd * MICROS), "UTC")
    price = round(settings.tikhub_price_usd * MICROS)
    patience = max(TIKHUB_SECS, settings.request_timeout_secs)
    return TikHubClient(
        base_url=settings.tikhub_base_url,
        timeout_secs=patience,
        answer_secs=max(TIKHUB_ANSWER_SECS, settings.answer_timeout_secs),
        clock=context.clock,
        budget=budget,
        price=price,
    )


BUILT_IN = (
    Platform(
        name="bilibili",
        make=_bilibili,
        raw_fields={"followers": "fans", "videos": "videos", "signature": "usign"},
        profile_url="https://space.bilibili.com/{uid}",
        read_session=read_session,
        session_expiry=session_expiry,
        claimed_uid=claimed_uid,
        shows_uid=True,
        device_cookie=DEVICE_COOKIE,
        device_id=device_id,
        page_creators=20,
        max_pages=50,
        # Where its pages learn the visitor's country; it wants neither login nor signature.
        asked_from=lambda settings: f"{settings.bilibili_base_url}/x/web-interface/zone",
    ),
    Platform(
        "youtube",
        _youtube,
        searches=False,
        claimed_uid=key_uid,
        key=lambda settings: settings.youtube_api_key,
    ),
    Platform(
        "douyin",
        _douyin,
        searches=False,
        claimed_uid=key_uid,
        key=lambda settings: settings.tikhub_token,
    ),
    Platform(
        "tiktok",
        _tiktok,
        searches=False,
        claimed_uid=key_uid,
        key=lambda settings: settings.tikhub_token,
    ),
)


class PlatformRegistry:
    """The platforms of an installation: the built-in ones and those that TOML files declare."""

    def __init__(self, settings: Settings) -> None:
        """Load the declared platforms. Raise SettingsError when a file declares one wrongly."""
        own = {platform.name: platform for platform in BUILT_IN}
        declared = load_platforms(settings.sources_dir, environment(), taken=own)
        self.platforms: Mapping[str, Platform] = own | {
            platform.name: _from_declaration(platform) for platform in declared
        }

    def named(self, name: str) -> Platform:
        """Return the platform of that name, in upper or lower case.

        Raises:
            InvalidInputError: there is none; the message lists the known ones.
        """
        return self._lookup(name, list(self.platforms))

    def searchable(self, name: str) -> Platform:
        """Return the platform of that name whose creators can be crawled.

        Raises:
            InvalidInputError: there is none; the message lists those that can.
        """
        return self._lookup(
            name, [platform.name for platform in self.platforms.values() if platform.searches]
        )

    def is_declared(self, name: str) -> bool:
        """Return whether there is a platform of that name, in code or in a TOML file."""
        return name in self.platforms

    def raw_fields(self, name: str) -> Mapping[str, str]:
        """Return for each common export column its key in the raw data of a platform's creators.

        A platform that is not declared any more has each column under its own name.
        """
        known = self.platforms.get(name)
        return (known.raw_fields if known else None) or {
            column: column for column in ("followers", "videos", "likes", "signature")
        }

    def profile_url(self, name: str) -> str | None:
        """Return the address of a profile of that platform, with `{uid}` in it; None if unknown."""
        known = self.platforms.get(name)
        return known.profile_url if known else None

    def _lookup(self, name: str, names: list[str]) -> Platform:
        wanted = name.strip().lower()
        if wanted not in names:
            raise InvalidInputError("platform_unknown", name=name, known=names)
        return self.platforms[wanted]


def _from_declaration(declared: DeclaredPlatform) -> Platform:
    return Platform(
        name=declared.name,
        make=lambda context: declared.make(context.settings, context.clock),
        sequential=declared.sequential,
        raw_fields=declared.raw_fields,
        profile_url=declared.profile_url,
        read_session=declared.read_session,
        shows_uid=declared.shows_uid,
        page_creators=declared.page_creators,
        max_pages=declared.max_pages,
        asked_from=lambda _settings: declared.base_url,
    )
