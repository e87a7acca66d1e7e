"""Short links followed over HTTP: never away, never in circles, and no further than needed."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import pytest

from core.errors import (
    BadRequestError,
    RetryableError,
    RiskControlError,
    SourceError,
    ThrottledError,
)
from sources.base import Gone, Unavailable
from sources.links import ShortLink, VideoLink, recognise
from sources.short_links import MAX_HOPS, ShortLinkResolver
from tests.support.moving_clock import MovingClock
from tests.support.sources.anonymous import unrecorded
from tests.support.sources.sources_servers import RecordingProxy, Said
from tests.support.sources.stats_servers import ScriptedApi, api

__all__ = ["api"]
AWEME = "7448118827402972455"
VIDEO = VideoLink("douyin", AWEME)
START = "https://v.douyin.com/iRNBho5m/"
PAGE = f"https://www.iesdouyin.com/share/video/{AWEME}/?region=CN"


@pytest.fixture
def resolver(api: ScriptedApi, clock: MovingClock) -> ShortLinkResolver:
    return ShortLinkResolver(
        requests=unrecorded(clock), timeout_secs=5.0, clock=clock, base_url=f"{api.url}/"
    )


def leads(api: ScriptedApi, url: str, location: str, status: int = 302) -> None:
    """Makes `url` (of the wide world) redirect to `location`."""
    answer = Said(b"", status, (("Location", location),) if location else ())
    api.on("/" + url.partition("://")[2].partition("?")[0], answer)


def follow(resolver: ShortLinkResolver, url: str = START) -> VideoLink | Unavailable:
    link = recognise(url)
    assert isinstance(link, ShortLink)
    return resolver.resolve(link)


def gone(answer: object, *, final: bool = True) -> Gone:
    assert isinstance(answer, Unavailable)
    assert answer.final is final
    assert answer.detail
    return answer.reason


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_a_video_ends_there_without_asking_its_page(
    api: ScriptedApi, resolver: ShortLinkResolver, status: int
) -> None:
    leads(api, START, PAGE, status)
    assert follow(resolver) == VIDEO
    assert [request.path for request in api.asked] == ["/v.douyin.com/iRNBho5m/"]


def test_a_video_is_remembered_and_a_dead_end_is_not(
    api: ScriptedApi, resolver: ShortLinkResolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sources.short_links.MAX_KNOWN", 1)
    leads(api, START, PAGE)
    assert [follow(resolver) for _ in range(2)] == [VIDEO, VIDEO] and len(api.asked) == 1
    other = "https://v.douyin.com/another/"
    api.on("/v.douyin.com/another/", Said(b"", 404))
    answers = [gone(follow(resolver, other), final=False) for _ in range(2)]
    assert answers == 2 * [Gone.NOT_FOUND]
    assert len(api.asked) == 3
    leads(api, other, PAGE)
    assert follow(resolver, other) == VIDEO == follow(resolver) and len(api.asked) == 5


@pytest.mark.parametrize(
    ("start", "location", "video"),
    [
        (
            "https://b23.tv/aBcD123",
            "https://www.bilibili.com/video/BV1GJ411x7h7?p=1",
            VideoLink("bilibili", "BV1GJ411x7h7"),
        ),
        (
            "https://vm.tiktok.com/ZMabc/",
            f"https://www.tiktok.com/@a/video/{AWEME}?_r=1",
            VideoLink("tiktok", AWEME),
        ),
        (
            "https://vt.tiktok.com/ZMabc/",
            f"https://www.tiktok.com/@notfound/photo/{AWEME}",
            VideoLink("tiktok", AWEME),
        ),
        (
            "https://www.tiktok.com/t/ZTabc/",
            f"https://m.tiktok.com/@a/video/{AWEME}",
            VideoLink("tiktok", AWEME),
        ),
        ("https://v.douyin.com/abcdef", f"//www.douyin.com/video/{AWEME}", VIDEO),
        ("https://v.douyin.com/abcdef", f"https://www.douyin.com/?标题=甲&modal_id={AWEME}", VIDEO),
    ],
)
def test_links_of_every_short_host(
    api: ScriptedApi, resolver: ShortLinkResolver, start: str, location: str, video: VideoLink
) -> None:
    leads(api, start, location.encode().decode("latin-1"))
    assert follow(resolver, start) == video


def test_hops_over_known_hosts_and_within_one(
    api: ScriptedApi, resolver: ShortLinkResolver
) -> None:
    leads(api, START, "/second?x=1")
    leads(api, "https://v.douyin.com/second", "https://www.douyin.com/light")
    leads(api, "https://www.douyin.com/light", PAGE)
    assert follow(resolver) == VIDEO
    assert [(request.path, request.query) for request in api.asked[1:]] == [
        ("/v.douyin.com/second", "x=1"),
        ("/www.douyin.com/light", ""),
    ]


def test_a_redirect_within_the_base_is_read_as_the_host_it_stands_for(
    api: ScriptedApi, resolver: ShortLinkResolver
) -> None:
    leads(api, START, f"{api.url}/www.iesdouyin.com/share/video/{AWEME}/")
    assert follow(resolver) == VIDEO


def test_a_hop_whose_address_is_chinese_is_asked_as_it_was_meant(
    api: ScriptedApi, resolver: ShortLinkResolver
) -> None:
    leads(api, START, "https://www.douyin.com/甲".encode().decode("latin-1"))
    leads(api, "https://www.douyin.com/%E7%94%B2", PAGE)
    assert follow(resolver) == VIDEO


def chain(api: ScriptedApi, hops: int) -> None:
    for number in range(hops - 1):
        here = START if number == 0 else f"https://v.douyin.com/hop{number}"
        leads(api, here, f"https://v.douyin.com/hop{number + 1}")
    leads(api, START if hops == 1 else f"https://v.douyin.com/hop{hops - 1}", PAGE)


def test_as_many_hops_as_allowed(api: ScriptedApi, resolver: ShortLinkResolver) -> None:
    chain(api, MAX_HOPS)
    assert follow(resolver) == VIDEO
    assert len(api.asked) == MAX_HOPS == 5


def test_one_hop_more_is_given_up(api: ScriptedApi, resolver: ShortLinkResolver) -> None:
    chain(api, MAX_HOPS + 1)
    assert gone(follow(resolver), final=False) is Gone.BAD_ID
    assert len(api.asked) == MAX_HOPS


@pytest.mark.parametrize("back", [START, f"{START}#again", "https://v.douyin.com/second"])
def test_a_circle_is_seen_at_its_first_turn(
    api: ScriptedApi, resolver: ShortLinkResolver, back: str
) -> None:
    leads(api, START, "https://v.douyin.com/second")
    leads(api, "https://v.douyin.com/second", back)
    answer = follow(resolver)
    assert gone(answer, final=False) is Gone.BAD_ID
    assert "circle" in repr(answer)
    assert len(api.asked) == 2


@pytest.mark.parametrize(
    "location",
    [
        f"https://evil.example/video/{AWEME}",
        "https://evil.example/",
        f"https://www.douyin.com.evil.example/video/{AWEME}",
        f"https://www.douyin.com@evil.example/video/{AWEME}",
        f"https://evil.example\\@www.douyin.com/video/{AWEME}",
        f"https://www.douyin.com:8443/video/{AWEME}",
        "http://127.0.0.1:1/x",
        "http://169.254.169.254/latest",
        f"ftp://www.douyin.com/video/{AWEME}",
        "javascript:alert(1)",
        "snssdk1128://aweme/detail/1",
        "https://[::1",
        "http://[",
    ],
)
def test_a_link_that_leads_away_is_not_followed(
    api: ScriptedApi, resolver: ShortLinkResolver, location: str
) -> None:
    leads(api, START, location)
    answer = follow(resolver)
    assert gone(answer) is Gone.BAD_ID
    assert isinstance(answer, Unavailable) and answer.detail.code == "short_link_leads_away"
    assert len(api.asked) == 1


@pytest.mark.parametrize(
    "location",
    [
        "https://www.tiktok.com/hk/notfound",
        "https://www.tiktok.com/?_r=1&notfound=1",
        f"https://www.tiktok.com/notfound?video/{AWEME}",
    ],
)
def test_a_region_block_is_told_as_such(
    api: ScriptedApi, resolver: ShortLinkResolver, location: str
) -> None:
    leads(api, "https://vm.tiktok.com/ZMabc/", location)
    assert gone(follow(resolver, "https://vm.tiktok.com/ZMabc/")) is Gone.REGION
    assert len(api.asked) == 1


@pytest.mark.parametrize("status", [404, 410])
def test_a_dead_link_is_final_at_the_second_look(
    api: ScriptedApi, resolver: ShortLinkResolver, clock: MovingClock, status: int
) -> None:
    api.on("/v.douyin.com/iRNBho5m/", Said(b"<html>" * 1000, status))
    for secs, final in ((0, False), (59, False), (1, True)):
        clock.move(secs)
        assert gone(follow(resolver), final=final) is Gone.NOT_FOUND


@pytest.mark.parametrize("status", [200, 204])
def test_a_host_that_says_nothing_is_never_final(
    api: ScriptedApi, resolver: ShortLinkResolver, clock: MovingClock, status: int
) -> None:
    api.on("/v.douyin.com/iRNBho5m/", Said(b"<html>" if status == 200 else b"", status))
    for _ in range(3):
        assert gone(follow(resolver), final=False) is Gone.UNKNOWN
        clock.move(3600)


@pytest.mark.parametrize("status", [200, 401, 403, 404, 412, 429])
def test_what_a_page_behind_the_link_says_is_no_refusal_of_the_links_host(
    api: ScriptedApi, resolver: ShortLinkResolver, clock: MovingClock, status: int
) -> None:
    leads(api, START, "https://www.douyin.com/")
    api.on("/www.douyin.com/", Said(b"<html>", status))
    for _ in range(2):
        assert gone(follow(resolver), final=False) is Gone.UNKNOWN
        clock.move(3600)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Said(b"", 429, (("Retry-After", "9"),)), ThrottledError),
        (Said(b"", 403), RiskControlError),
        (Said(b"", 412), RiskControlError),
        (Said(b"", 400), BadRequestError),
        (Said(b"", 500), RetryableError),
        (Said(b"", 502), RetryableError),
        (Said(b"", 407), RetryableError),
        (Said(b"", 302), RetryableError),
        (Said(b"", drops=True), RetryableError),
    ],
)
def test_an_error_of_the_host_becomes_its_error(
    api: ScriptedApi, resolver: ShortLinkResolver, answer: Said, kind: type[SourceError]
) -> None:
    api.on("/v.douyin.com/iRNBho5m/", answer)
    with pytest.raises(SourceError) as caught:
        follow(resolver)
    assert type(caught.value) is kind
    assert caught.value.evidence is not None
    assert caught.value.evidence.request == f"GET {START}"
    if isinstance(caught.value, ThrottledError):
        assert caught.value.retry_after_secs == 9


def test_cookies_of_one_link_are_not_shown_to_the_next(
    api: ScriptedApi, resolver: ShortLinkResolver
) -> None:
    api.on("/v.douyin.com/iRNBho5m/", Said(b"", 404, (("Set-Cookie", "ttwid=1; path=/"),)))
    follow(resolver)
    follow(resolver)
    assert all("cookie" not in request.headers for request in api.asked)
    assert all("authorization" not in request.headers for request in api.asked)


def test_without_a_base_the_host_itself_is_asked(
    clock: MovingClock, proxies: Callable[[], RecordingProxy]
) -> None:
    # https goes through a proxy as CONNECT, which this one refuses: nothing reaches the world.
    proxy = proxies()
    resolver = ShortLinkResolver(
        requests=unrecorded(clock),
        timeout_secs=5.0,
        clock=clock,
        proxy=proxy.url("user", "4711secret"),
    )
    with pytest.raises(RetryableError) as caught:
        follow(resolver)
    assert "4711secret" not in "".join(traceback.format_exception(caught.value))
