"""VideoStatsFetcher: any list of links and ids of mixed platforms, an answer for every item."""

from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr

from app.container import App
from core.errors import CircuitOpenError, NoResourcesError, ThrottledError
from core.settings import Pace
from crawler.statistics.fetcher import LANES
from crawler.statistics.items import FetchedItem
from crawler.statistics.retry_policy import THROTTLE_WAIT_SECS
from crawler.statistics.waits import Wait
from sandbox import RateLimit
from sources.base import Gone, Unavailable, VideoStats
from storage.models.accounts import AccountStatus
from tests.support.crawler.workbench import ONE_ENGINE, Platform, account_of, add_accounts
from tests.support.messages import english_text
from tests.support.moving_clock import MovingClock
from tests.support.sandbox import control

COUNTERS = ("view", "danmaku", "comment", "like", "coin", "favorite", "share")
PLATFORMS = ("bilibili", "youtube", "douyin", "tiktok")
REASONS = {
    "gone": Gone.NOT_FOUND,
    "hidden": Gone.HIDDEN,
    "owner_only": Gone.HIDDEN,
    "in_review": Gone.IN_REVIEW,
    "not_yet_out": Gone.IN_REVIEW,
}
BATCH = "/medialist/gateway/base/resource/infos"
pytestmark = ONE_ENGINE


@dataclass(frozen=True)
class StillWall:
    """The platform's counters stand still, while rates go by the tests' clock."""

    clock: MovingClock
    started: datetime

    def now(self) -> datetime:
        return self.started

    def monotonic(self) -> float:
        return self.clock.monotonic()


@dataclass
class Place:
    """A platform of all formats, and an app that knows where each is."""

    server: Platform
    app: App
    stop: threading.Event

    def fetch(self, *texts: str, platform: str | None = None) -> list[FetchedItem]:
        items = self.app.pool.statistics.fetch(texts, self.stop, platform)
        assert [item.text for item in items] == list(texts)
        return items

    def videos(self, platform: str, count: int, **params: str) -> list[dict[str, Any]]:
        return control.videos(self.server.url, platform, count, **params)

    def requests(self, platform: str) -> int:
        return sum(self.server.stats()["requests"].get(platform, {}).values())


@pytest.fixture
def place(make_app, platform, clock: MovingClock) -> Callable[..., Place]:
    """`place(accounts=2, server={...}, **settings)`"""

    def begin(accounts: int = 2, server: dict[str, Any] | None = None, **settings: Any) -> Place:
        rates = {"youtube_rate": RateLimit(100_000, 1), "tikhub_rate": RateLimit(100_000, 1)}
        there = platform(
            clock=StillWall(clock, clock.now()), creators=300, **rates | (server or {})
        )
        values = {
            "bilibili_base_url": there.url,
            "youtube_base_url": f"{there.url}/youtube/v3",
            "youtube_api_key": SecretStr("a-good-key"),
            "tikhub_base_url": there.url,
            "tikhub_token": SecretStr("a-good-token"),
            "short_link_base_url": there.url,
        }
        app = make_app(**(values | settings))
        add_accounts(app, accounts)
        return Place(there, app, threading.Event())

    return begin


def check(item: FetchedItem, video: dict[str, Any]) -> None:
    """The item is what the sandbox says of the video."""
    assert (item.platform, item.video_id, item.error) == (video["platform"], video["id"], None)
    if video["state"] != "visible":
        assert isinstance(item.answer, Unavailable), (item, video)
        silent = video["platform"] == "youtube"
        assert item.answer.reason == (Gone.UNKNOWN if silent else REASONS[video["state"]])
        return
    assert isinstance(item.answer, VideoStats), (item, video)
    told = {name: getattr(item.answer, name) for name in COUNTERS}
    assert told == {name: video["counters"].get(name) for name in COUNTERS}
    assert (item.answer.title, item.answer.author) == (video["title"], video["author"])
    assert item.answer.uid == video["uid"]
    assert item.answer.published_at == datetime.fromtimestamp(video["published_at"], UTC)


def spelled(video: dict[str, Any], form: int) -> str:
    """A video as people write it down: a link, an id, a short link, a share text."""
    short, mark = video["short_url"] or video["url"], "&" if "?" in video["url"] else "?"
    forms = (
        video["url"],
        f"{video['platform']}:{video['id']}",
        short,
        f"7.43 复制打开，看看【{video['title']}】 {short} 03/21",
        f"  {video['url']}{mark}t=7#x ",
    )
    return forms[form % len(forms)]


def ids(videos: Sequence[dict[str, Any]]) -> list[str]:
    return [video["id"] for video in videos]


def errors(items: Sequence[FetchedItem]) -> set[str | None]:
    return {english_text(item.error) if item.error else None for item in items}


def test_a_mixed_list_is_answered_item_by_item_with_the_truth(place) -> None:
    here = place()
    lists = [here.videos(name, 60) for name in PLATFORMS]
    mixed = [video for group in zip(*lists, strict=True) for video in group]
    states = {video["state"] for video in mixed}
    assert {"visible", "gone", "owner_only"} <= states
    texts = [spelled(video, place) for place, video in enumerate(mixed)]
    for item, video in zip(here.fetch(*texts), mixed, strict=True):
        check(item, video)
    assert {account_of(here.app, name).status for name in ("acc1", "acc2")} == {AccountStatus.IDLE}
    assert here.app.leases.held() == []


SHORT: list[tuple[str, str, Gone]] = [
    ("https://b23.tv/looping", "bilibili", Gone.BAD_ID),
    ("https://v.douyin.com/looping/", "douyin", Gone.BAD_ID),
    ("https://vm.tiktok.com/endless/", "tiktok", Gone.BAD_ID),
    ("https://b23.tv/strange", "bilibili", Gone.BAD_ID),
    ("https://v.douyin.com/strange/", "douyin", Gone.BAD_ID),
    ("https://b23.tv/notfound", "bilibili", Gone.UNKNOWN),
    ("https://v.douyin.com/notfound/", "douyin", Gone.UNKNOWN),
    ("https://vt.tiktok.com/notfound/", "tiktok", Gone.REGION),
    ("https://b23.tv/nowhere", "bilibili", Gone.UNKNOWN),
    ("https://www.tiktok.com/t/unknown/", "tiktok", Gone.NOT_FOUND),
]
BAD = [
    "",
    " ",
    "hello",
    "https://example.com/video/BV1xx411c7mD",
    "7.12345678901234E+18",
    "https://www.bilibili.com/read/cv1",
    "youtube:short",
    "https://b23.tv/",
    "7000000000000000001",
    "x" * 5000,
    "https://[::1",
]


def test_links_that_lead_nowhere_and_texts_that_mean_nothing_harm_no_others(place) -> None:
    here = place()
    good = [here.videos(name, 1, state="visible")[0] for name in PLATFORMS]
    texts = [text for text, _, _ in SHORT] + BAD + [video["url"] for video in good]
    items = here.fetch(*texts)
    for item, (_, platform, reason) in zip(items, SHORT, strict=False):
        assert isinstance(item.answer, Unavailable), item
        # At the first look only what leads away from the platform is final.
        final = reason is Gone.REGION or "strange" in item.text
        assert (item.platform, item.answer.reason, item.answer.final) == (platform, reason, final)
    for item in items[len(SHORT) : len(SHORT) + len(BAD)]:
        assert (item.answer, item.platform, item.final) == (None, None, True), item
        assert item.error
    for item, video in zip(items[-len(good) :], good, strict=True):
        check(item, video)
    assert here.server.stats()["requests"]["short_links"].get("/evil.example") is None


def test_a_short_link_to_another_hop_and_one_without_an_answer(place, clock: MovingClock) -> None:
    here = place()
    here.server.order({"kind": "drop", "endpoint": "/b23.tv/onehops/", "times": 3})
    cut = here.fetch("https://b23.tv/twohops", here.videos("youtube", 1)[0]["url"])
    assert (cut[0].answer, cut[0].final) == (None, False)
    assert "no answer to the short link" in english_text(cut[0].error)
    assert cut[1].answer is not None
    clock.move(61)  # the host was left alone
    two = here.fetch("https://b23.tv/twohops")[0]
    assert two.answer is not None and two.video_id is not None


def test_spellings_of_one_video_are_asked_for_once(place) -> None:
    here = place()
    videos = here.videos("bilibili", 2, state="visible")
    texts = [f"av{videos[0]['aid']}", videos[0]["id"], videos[0]["url"], videos[1]["id"]]
    items = here.fetch(*texts, *texts)
    for item, video in zip(items, [*[videos[0]] * 3, videos[1]] * 2, strict=True):
        check(item, video)
    assert here.requests("bilibili") == 2  # a batch, and its sample


def test_bare_ids_belong_to_the_platform_that_was_named(place) -> None:
    here = place()
    video, other = here.videos("tiktok", 1)[0], here.videos("douyin", 1)[0]
    items = here.fetch(video["id"], other["url"], platform="tiktok")
    check(items[0], video)
    assert items[1].final and "is a link of douyin, not of tiktok" in english_text(items[1].error)


def test_an_empty_list_is_an_empty_list(place) -> None:
    assert place().fetch() == []


# Budgets and keys


def test_when_the_budget_ends_in_the_middle_the_rest_says_so(place) -> None:
    here = place(youtube_daily_units=2)
    videos = here.videos("youtube", 120)
    others = here.videos("douyin", 2)
    items = here.fetch(*ids_of_youtube(videos), *(video["url"] for video in others))
    answered = [(item, video) for item, video in zip(items, videos, strict=False) if item.answer]
    assert len(answered) in (70, 100), "two batches of three"
    for item, video in answered:
        check(item, video)
    assert errors(items) == {None, "the day's budget for youtube is used up (2 units)"}
    assert all(item.asked is (item.error is None) for item in items)
    assert not any(item.final for item in items)
    for item, video in zip(items[120:], others, strict=True):
        check(item, video)
    assert here.server.stats()["youtube_units"] == 2
    again = here.fetch(videos[0]["url"])[0]
    assert again.answer is None and "used up" in english_text(again.error)


def ids_of_youtube(videos: Sequence[dict[str, Any]]) -> list[str]:
    return [f"youtube:{video['id']}" for video in videos]


def test_when_the_platforms_own_quota_ends_the_rest_says_so(place) -> None:
    here = place(server={"youtube_units": 1})
    videos = here.videos("youtube", 500)
    items = here.fetch(*ids_of_youtube(videos))
    answered = [(item, video) for item, video in zip(items, videos, strict=True) if item.answer]
    assert len(answered) == 50
    for item, video in answered:
        check(item, video)
    (reason,) = errors(items) - {None}
    assert "quota" in str(reason).lower()
    assert here.requests("youtube") <= 1 + LANES, "nobody asks on"


def test_each_endpoint_of_a_token_has_the_pace_that_its_platform_counts(
    place, clock: MovingClock
) -> None:
    here = place(server={"tikhub_rate": RateLimit(8, 1)}, tikhub_pace=Pace(8, 1))
    texts = [video["url"] for name in ("douyin", "tiktok") for video in here.videos(name, 40)]
    assert errors(here.fetch(*texts)) == {None}
    assert here.server.stats()["over_limit"] == 0 and clock.waits


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "20"}], ids=["no time", "20 s"])
def test_a_throttle_of_one_endpoint_leaves_the_others_of_its_token_alone(
    place, clock: MovingClock, headers: dict[str, str]
) -> None:
    here = place()
    access = here.app.pool.access["tiktok"]
    session = access.sessions.session(0, "key", "a-good-token", None)
    throttle = {"kind": "answer", "http": 429, "headers": headers, "for_secs": 60}
    here.server.order(throttle | {"endpoint": "/api/v1/tiktok/app/v3/fetch_multi_video"})
    wanted = ids(here.videos("tiktok", 2, state="visible"))
    with pytest.raises(ThrottledError):
        access.source.video_stats(session, wanted, here.stop)
    found = access.source.video_stats(session, wanted[:1], here.stop)
    assert isinstance(found[wanted[0]], VideoStats), "one video is asked at another endpoint"
    douyin = here.fetch(*(video["url"] for video in here.videos("douyin", 3)))
    assert errors(douyin) == {None}
    if headers:
        with pytest.raises(CircuitOpenError):
            access.source.video_stats(session, wanted, here.stop)
    clock.move(61)
    assert len(access.source.video_stats(session, wanted, here.stop)) == 2


def test_tikhubs_budget_is_one_for_both_of_its_platforms(place) -> None:
    here = place(tikhub_daily_budget_usd=0.01, tikhub_price_usd=0.001)
    texts = [video["url"] for name in ("douyin", "tiktok") for video in here.videos(name, 30)]
    items = here.fetch(*texts)
    assert here.server.stats()["tikhub_charged"] <= 10
    unanswered = [item for item in items if item.answer is None]
    assert unanswered and all("used up" in english_text(item.error) for item in unanswered)


@pytest.mark.parametrize(
    ("setting", "name", "variable"),
    [
        ("youtube_api_key", "youtube", "BATON_YOUTUBE_API_KEY"),
        ("tikhub_token", "douyin", "BATON_TIKHUB_TOKEN"),
        ("tikhub_token", "tiktok", "BATON_TIKHUB_TOKEN"),
    ],
)
def test_a_missing_key_is_named_and_the_others_are_fetched(place, setting, name, variable) -> None:
    here = place(**{setting: None})
    missing = here.videos(name, 60)
    video = here.videos("bilibili", 1)[0]
    items = here.fetch(*(one["url"] for one in missing), video["url"])
    assert all(variable in str(error) for error in errors(items[:-1]))
    check(items[-1], video)


def test_a_key_that_is_refused_is_not_repeated_in_the_error(place) -> None:
    here = place(youtube_api_key=SecretStr("bad-geheim4711"))
    item = here.fetch(here.videos("youtube", 1)[0]["url"])[0]
    assert item.answer is None and item.error
    assert "geheim4711" not in english_text(item.error)


# Trouble


@pytest.mark.parametrize(("kind", "name"), [("youtube_429", "youtube"), ("tikhub_429", "tiktok")])
def test_a_throttle_is_waited_out(place, clock: MovingClock, kind, name) -> None:
    here = place()
    videos = here.videos(name, 3)
    here.server.order({"kind": kind, "times": 2})
    begun = clock.monotonic()
    for item, video in zip(here.fetch(*(v["url"] for v in videos)), videos, strict=True):
        check(item, video)
    assert here.server.stats()["faults"] == {kind: 2}
    assert clock.monotonic() > begun
    if kind == "youtube_429":
        assert clock.waits.count(THROTTLE_WAIT_SECS) == 2


def test_a_platform_that_throttles_for_ever_is_given_up(place) -> None:
    here = place()
    here.server.order({"kind": "youtube_429", "times": 1000})
    item = here.fetch(here.videos("youtube", 1)[0]["url"])[0]
    assert item.answer is None and not item.final and "429" in english_text(item.error)
    assert here.requests("youtube") == 5


def test_a_throttled_account_rests_and_another_goes_on(place, clock: MovingClock) -> None:
    here = place()
    here.server.order({"kind": "code_799", "account": "acc1"})
    videos = here.videos("bilibili", 10)
    for item, video in zip(here.fetch(*ids(videos)), videos, strict=True):
        check(item, video)
    assert account_of(here.app, "acc1").cooldown_until is not None
    assert account_of(here.app, "acc2").cooldown_until is None
    assert clock.waits == []


def test_the_only_account_is_waited_for(place, clock: MovingClock) -> None:
    here = place(accounts=1)
    here.server.order({"kind": "code_799", "account": "acc1"})
    videos = here.videos("bilibili", 10)
    for item, video in zip(here.fetch(*ids(videos)), videos, strict=True):
        check(item, video)
    assert clock.monotonic() == pytest.approx(here.app.settings.throttle_cooldown_secs, abs=1)


@pytest.mark.parametrize(
    ("kind", "name", "secs", "code"),
    [
        ("code_799", "bilibili", 60, "accounts_cooling"),
        ("youtube_429", "youtube", THROTTLE_WAIT_SECS, "platform_throttled"),
    ],
)
def test_each_long_wait_is_told_with_its_reason_and_its_end(
    place, clock: MovingClock, kind: str, name: str, secs: float, code: str
) -> None:
    here = place(accounts=1)
    here.server.order({"kind": kind, "times": 1})
    url, waits = here.videos(name, 1)[0]["url"], []
    begun = clock.now()
    here.app.pool.statistics.fetch([url], here.stop, on_wait=waits.append)
    [wait] = waits
    assert (wait.platform, wait.reason.code) == (name, code)
    assert abs((wait.until - begun).total_seconds() - secs) < 1
    assert english_text(wait.reason)


def test_the_wait_for_a_turn_is_told_when_it_is_long(place) -> None:
    here = place(youtube_pace=Pace(1, 20), bilibili_pace=Pace(1, 20), lease_secs=9999)
    for name, count in (("youtube", 60), ("bilibili", 21)):
        waits: list[Wait] = []
        links = [video["url"] for video in here.videos(name, count, state="visible")]
        here.app.pool.statistics.fetch(links, here.stop, on_wait=waits.append)
        assert {wait.platform for wait in waits} == {name}
        assert {wait.reason.code for wait in waits} <= {"next_turn", "accounts_waiting"}


def test_an_account_that_is_too_far_away_is_said_until_when(place) -> None:
    here = place(accounts=1, throttle_cooldown_secs=600)
    here.server.order({"kind": "code_799", "times": 1})
    first, second = here.videos("bilibili", 2)
    assert here.fetch(first["url"])[0].answer is None
    item = here.fetch(second["url"])[0]
    until = account_of(here.app, "acc1").cooldown_until
    assert item.error.code == "shortage_until" and item.error.params["until"] == until
    assert "1 account is cooling down, until" in english_text(item.error)


def test_a_list_is_fetched_at_a_slow_pace_too(place, clock: MovingClock) -> None:
    here = place(bilibili_pace=Pace(1, 2.5), lease_secs=9999)
    videos = here.videos("bilibili", 20, state="visible")
    clock.on_wait = lambda: here.stop.set() if clock.monotonic() > 600 else None
    for item, video in zip(here.fetch(*ids(videos)), videos, strict=True):
        check(item, video)
    assert here.requests("bilibili") == 2, "nothing is asked for twice"


def test_an_account_that_is_signed_out_is_disabled_and_another_goes_on(place) -> None:
    here = place()
    control.tell(here.server.url, "expire", {"account": "acc1"})
    videos = here.videos("bilibili", 10)
    for item, video in zip(here.fetch(*ids(videos)), videos, strict=True):
        check(item, video)
    assert account_of(here.app, "acc1").status is AccountStatus.DISABLED


def test_without_a_usable_account_the_items_say_why(place) -> None:
    here = place(accounts=1)
    here.app.pool.manager.set_account_status(account_of(here.app, "acc1").id, "disabled")
    items = here.fetch(*ids(here.videos("bilibili", 120)))
    assert errors(items) == {"bilibili: the only account is disabled"}
    assert here.requests("bilibili") == 0


def test_a_batch_that_fails_leaves_the_others_alone(place) -> None:
    here = place()
    videos = here.videos("youtube", 150)
    here.server.order({"kind": "youtube_backend", "video": videos[60]["id"], "times": 10_000})
    items = here.fetch(*ids_of_youtube(videos))
    for item, video in zip(items[:50] + items[100:], videos[:50] + videos[100:], strict=True):
        check(item, video)
    assert all(item.answer is None and not item.final for item in items[50:100])


def test_a_stop_keeps_what_was_fetched(place, clock: MovingClock) -> None:
    here = place()
    videos = here.videos("youtube", 150)
    here.server.order({"kind": "youtube_429", "video": videos[60]["id"]})
    clock.on_wait = here.stop.set
    items = here.fetch(*ids_of_youtube(videos))
    for item, video in zip(items, videos, strict=True):
        if item.answer:
            check(item, video)
    assert errors(items[50:100]) == {"stopped"} and not any(item.final for item in items)
    assert errors(items) <= {"stopped", None} and here.requests("youtube") <= 3
    assert all(item.asked is (item.error is None) for item in items)


def test_nothing_is_asked_after_a_stop(place) -> None:
    here = place()
    here.stop.set()
    texts = [here.videos(name, 1)[0]["url"] for name in PLATFORMS] + ["https://b23.tv/looping"]
    assert errors(here.fetch(*texts)) == {"stopped"}
    assert [here.requests(name) for name in (*PLATFORMS, "tikhub", "short_links")] == [0] * 6
    assert account_of(here.app, "acc1").status is AccountStatus.IDLE


@pytest.mark.parametrize("platform_name", ["bilibili", "youtube", "b23.tv"])
def test_a_host_without_descriptors_blames_no_video(
    place: Callable[..., Place], monkeypatch: pytest.MonkeyPatch, platform_name: str
) -> None:
    """Else each of them had failed, and a day's report had gone out without their numbers."""
    here = place()
    text = "https://b23.tv/abc123"
    if platform_name != "b23.tv":
        text = f"{platform_name}:{here.videos(platform_name, 1)[0]['id']}"

    def without_descriptors(*_args: Any, **_kwargs: Any) -> Any:
        raise OSError(errno.EMFILE, "Too many open files")

    with monkeypatch.context() as broken:
        broken.setattr("urllib3.util.connection.create_connection", without_descriptors)
        with pytest.raises(NoResourcesError):
            here.fetch(text)
        if platform_name == "b23.tv":
            with pytest.raises(NoResourcesError):
                here.app.pool.statistics.videos([text], here.stop)
    assert here.fetch(text)
