"""Which platforms there are, and how each one's adapter is made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from core.clock import Clock
from core.errors import InvalidInput
from core.settings import Settings
from sources.base import CreatorSource
from sources.bilibili.client import BilibiliClient
from sources.bilibili.cookies import parse_cookies
from sources.bilibili.source import BilibiliSource, check_proxy


@dataclass(frozen=True)
class Platform:
    """A platform that Baton knows.

    `raw_fields` says where in a creator's raw data the export's common columns are.
    `check_session_text` and `check_proxy` raise InvalidInput for what the adapter cannot use.
    """

    name: str
    raw_fields: Mapping[str, str]
    make: Callable[[Settings, Clock], CreatorSource]
    check_session_text: Callable[[str], object]
    check_proxy: Callable[[str], str]


def _bilibili(settings: Settings, clock: Clock) -> CreatorSource:
    client = BilibiliClient(settings.bilibili_base_url, settings.request_timeout_secs, clock)
    return BilibiliSource(client, settings.bilibili_pace)


PLATFORMS: Mapping[str, Platform] = {
    "bilibili": Platform(
        name="bilibili",
        raw_fields={"followers": "fans", "videos": "videos", "signature": "usign"},
        make=_bilibili,
        check_session_text=parse_cookies,
        check_proxy=check_proxy,
    ),
}


def platform(name: str) -> Platform:
    """The platform of that name. Raises InvalidInput for another, naming the known ones."""
    known = PLATFORMS.get(name.strip().lower())
    if known is None:
        raise InvalidInput(f"unknown platform {name!r}; known: {', '.join(PLATFORMS)}")
    return known
