"""Short links of the sandbox: every way they end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from core.errors import RetryableError
from sources.base import Gone, Unavailable
from sources.links import ShortLink, VideoLink, recognise
from sources.short_links import ShortLinkResolver
from tests.sources.conftest import World
from tests.support.moving_clock import MovingClock
from tests.support.sandbox import control
from tests.support.sources.anonymous import unrecorded

HOSTS = ["v.douyin.com", "vm.tiktok.com", "vt.tiktok.com", "www.tiktok.com/t", "b23.tv"]
ENDS = {
    "looping": Gone.BAD_ID,
    "endless": Gone.BAD_ID,
    "strange": Gone.BAD_ID,
    "unknown": Gone.NOT_FOUND,
    "nowhere": Gone.UNKNOWN,
}
# Only what leads away from the platform is final at the first look.
FINAL = {"strange"}


@pytest.fixture
def place(world: Callable[..., World]) -> World:
    return world()


@pytest.fixture
def resolver(place: World, clock: MovingClock) -> ShortLinkResolver:
    return ShortLinkResolver(
        requests=unrecorded(clock), timeout_secs=5.0, clock=clock, base_url=place.url
    )


def follow(resolver: ShortLinkResolver, url: str) -> VideoLink | Unavailable:
    link = recognise(url)
    assert isinstance(link, ShortLink)
    return resolver.resolve(link)


def videos(place: World, platform: str) -> list[dict[str, Any]]:
    return control.videos(place.url, platform, 30)


@pytest.mark.parametrize("platform", ["bilibili", "douyin", "tiktok"])
def test_short_links_lead_to_their_videos(
    place: World, resolver: ShortLinkResolver, platform: str
) -> None:
    for video in videos(place, platform):
        link = VideoLink(platform, video["id"])
        assert follow(resolver, video["short_url"]) == link
        assert recognise(video["url"]) == link
    hosts = place.stats()["requests"]["short_links"]
    assert sum(hosts.values()) == 30  # the videos' own pages are not asked


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize(("code", "reason"), ENDS.items())
def test_a_link_that_leads_to_no_video_says_why(
    place: World, resolver: ShortLinkResolver, host: str, code: str, reason: Gone
) -> None:
    answer = follow(resolver, f"https://{host}/{code}")
    assert isinstance(answer, Unavailable)
    assert (answer.reason, answer.final) == (reason, code in FINAL)
    assert "/evil.example" not in place.stats()["requests"]["short_links"]


@pytest.mark.parametrize("host", HOSTS[1:4])
def test_a_region_block_of_tiktok(resolver: ShortLinkResolver, host: str) -> None:
    answer = follow(resolver, f"https://{host}/notfound")
    assert isinstance(answer, Unavailable)
    assert answer.reason is Gone.REGION


@pytest.mark.parametrize("host", HOSTS[:4])
def test_one_short_link_may_lead_to_another(resolver: ShortLinkResolver, host: str) -> None:
    answer = follow(resolver, f"https://{host}/twohops")
    assert isinstance(answer, VideoLink)
    assert len(answer.video_id) == 19


@pytest.mark.parametrize("kind", ["drop", "http_502"])
def test_a_bad_moment_is_tried_again(place: World, resolver: ShortLinkResolver, kind: str) -> None:
    place.order({"kind": kind, "endpoint": "short_links"})
    url = videos(place, "douyin")[0]["short_url"]
    with pytest.raises(RetryableError):
        follow(resolver, url)
    assert isinstance(follow(resolver, url), VideoLink)
