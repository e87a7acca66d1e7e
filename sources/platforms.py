"""Which platforms there are, and how each one's adapter is made."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import SecretStr

from core.clock import Clock
from core.errors import InvalidInputError
from core.settings import Settings
from sources.base import Budget, Source
from sources.bilibili.client import BilibiliClient
from sources.bilibili.cookies import parse_cookies, session_expiry
from sources.bilibili.source import BilibiliSource, check_proxy
from sources.declared.loading import DeclaredPlatform, environment, load_platforms
from sources.request_delay import RandomDelay
from sources.tikhub.client import TikHubClient
from sources.tikhub.douyin import DouyinSource
from sources.tikhub.tiktok import TikTokSource
from sources.youtube.client import YouTubeClient
from sources.youtube.source import YouTubeSource

MICROS = 1_000_000  # TikHub's budget is counted in millionths of a dollar
TIKHUB_SECS = 30.0  # it asks others itself; an answer that nobody waits for is charged too
PACIFIC = "America/Los_Angeles"
BudgetFor = Callable[[str, int, str], Budget]  # name, limit of a day, zone of the day


@dataclass(frozen=True)
class SourceContext:
    """What it takes to make a source."""

    settings: Settings
    clock: Clock
    budget: BudgetFor


@dataclass(frozen=True)
class Platform:
    """A platform that Baton knows.

    `raw_fields` says where in a creator's raw data the export's common columns are.
    `check_session_text` and `check_proxy` raise InvalidInputError for what the adapter cannot use.
    `session_expiry` says when a session ends by itself, where its text tells. `key` is there for
    platforms that are asked with one API key instead of the pool's accounts. `page_creators` and
    `most_pages` are the size of a full page and of a whole search, where they are known.
    """

    name: str
    make: Callable[[SourceContext], Source]
    searches: bool = True
    sequential: bool = False
    raw_fields: Mapping[str, str] | None = None
    check_session_text: Callable[[str], object] = lambda text: None
    check_proxy: Callable[[str], str] = check_proxy
    session_expiry: Callable[[str], datetime | None] = lambda text: None
    key: Callable[[Settings], SecretStr | None] | None = None
    page_creators: int | None = None
    max_pages: int | None = None


def _bilibili(making: SourceContext) -> Source:
    settings = making.settings
    client = BilibiliClient(
        base_url=settings.bilibili_base_url,
        timeout_secs=settings.request_timeout_secs,
        clock=making.clock,
    )
    chance = random.Random()
    min_secs, max_secs = settings.single_pause_min_secs, settings.single_pause_max_secs
    pause = RandomDelay(clock=making.clock, min_secs=min_secs, max_secs=max_secs, chance=chance)
    return BilibiliSource(client=client, pace=settings.bilibili_pace, pause=pause, chance=chance)


def _youtube(making: SourceContext) -> Source:
    settings = making.settings
    budget = making.budget("youtube", settings.youtube_daily_units, PACIFIC)
    client = YouTubeClient(
        base_url=settings.youtube_base_url,
        timeout_secs=settings.request_timeout_secs,
        clock=making.clock,
        budget=budget,
    )
    return YouTubeSource(client=client, pace=settings.youtube_pace)


def _tikhub(making: SourceContext) -> TikHubClient:
    settings = making.settings
    budget = making.budget("tikhub", round(settings.tikhub_daily_budget_usd * MICROS), "UTC")
    price = round(settings.tikhub_price_usd * MICROS)
    patience = max(TIKHUB_SECS, settings.request_timeout_secs)
    return TikHubClient(
        base_url=settings.tikhub_base_url,
        timeout_secs=patience,
        clock=making.clock,
        budget=budget,
        price=price,
    )


OWN = (
    Platform(
        name="bilibili",
        make=_bilibili,
        raw_fields={"followers": "fans", "videos": "videos", "signature": "usign"},
        check_session_text=parse_cookies,
        session_expiry=session_expiry,
        page_creators=20,
        max_pages=50,
    ),
    Platform("youtube", _youtube, searches=False, key=lambda s: s.youtube_api_key),
    Platform(
        "douyin",
        lambda making: DouyinSource(client=_tikhub(making), pace=making.settings.tikhub_pace),
        searches=False,
        key=lambda settings: settings.tikhub_token,
    ),
    Platform(
        "tiktok",
        lambda making: TikTokSource(client=_tikhub(making), pace=making.settings.tikhub_pace),
        searches=False,
        key=lambda settings: settings.tikhub_token,
    ),
)


class PlatformRegistry:
    """The platforms of an installation: Baton's own and those that TOML files declare."""

    def __init__(self, settings: Settings) -> None:
        """Raises SettingsError for a wrong declaration."""
        own = {platform.name: platform for platform in OWN}
        declared = load_platforms(settings.sources_dir, environment(), taken=own)
        self.platforms: Mapping[str, Platform] = own | {
            one.name: _of_declaration(one) for one in declared
        }

    def named(self, name: str) -> Platform:
        """The platform of that name. Raises InvalidInputError for another, naming the known"
        " ones."""
        return self._one_of(name, list(self.platforms))

    def searching(self, name: str) -> Platform:
        """A platform whose creators can be crawled. Raises InvalidInputError for others."""
        return self._one_of(name, [one.name for one in self.platforms.values() if one.searches])

    def raw_fields(self, name: str) -> Mapping[str, str]:
        """Where the common columns are in its creators' raw data; nowhere, if it is gone."""
        known = self.platforms.get(name)
        return (known.raw_fields if known else None) or {
            column: column for column in ("followers", "videos", "signature")
        }

    def _one_of(self, name: str, names: list[str]) -> Platform:
        wanted = name.strip().lower()
        if wanted not in names:
            raise InvalidInputError(f"unknown platform {name!r}; known: {', '.join(names)}")
        return self.platforms[wanted]


def _of_declaration(one: DeclaredPlatform) -> Platform:
    return Platform(
        name=one.name,
        make=lambda making: one.make(making.settings, making.clock),
        sequential=one.sequential,
        raw_fields=one.raw_fields,
        check_session_text=one.check_session_text,
        check_proxy=one.check_proxy,
        page_creators=one.page_creators,
        max_pages=one.max_pages,
    )
