"""Bilibili's counters by batch and one by one, a creator's uploads and card, at the sandbox."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from core.errors import NotFoundError
from sources.base import Gone, StatsAnswer, Unavailable, VideoStats
from sources.bilibili import creator_page, videos
from sources.bilibili.ids import av_to_bv
from tests.sources.conftest import Visitor, World
from tests.support.sandbox import control
from tests.support.sources.sources_servers import ScriptedPlatform, says

COUNTERS = ("view", "danmaku", "comment", "like", "coin", "favorite", "share")
BATCH, VIEW = videos.INFOS, videos.VIEW
NEVER_THERE = ("av1", "av2", "av3")  # numbers that no video of the sandbox has
REASONS = {
    "gone": Gone.NOT_FOUND,
    "hidden": Gone.HIDDEN,
    "owner_only": Gone.HIDDEN,
    "in_review": Gone.IN_REVIEW,
    "not_yet_out": Gone.IN_REVIEW,
}
Start = Callable[..., World]
Enter = Callable[..., Visitor]


@pytest.fixture
def place(world: Start) -> World:
    return world(creators=200)


def truth(place: World, count: int, **params: str) -> list[dict[str, Any]]:
    """What the sandbox knows of so many videos."""
    return control.videos(place.url, "bilibili", count, **params)


def visible(place: World, count: int) -> list[dict[str, Any]]:
    """Videos of which everything is shown."""
    found = truth(place, count + 5, state="visible")
    return [video for video in found if not video["hides"]][:count]


def decide(place: World, video: dict[str, Any], state: str = "visible", *hides: str) -> None:
    """Another fate for a video; `video` is brought up to date."""
    body = {"platform": "bilibili", "id": video["id"], "state": state, "hides": list(hides)}
    video.update(control.tell(place.url, "videos", body))


def asked(place: World) -> tuple[int, int]:
    """How many batches and how many single videos were asked for."""
    told = place.stats()["requests"].get("bilibili", {})
    return told.get(BATCH, 0), told.get(VIEW, 0)


def ask(visitor: Visitor, *ids: str) -> dict[str, StatsAnswer]:
    return visitor.source.video_stats(visitor.session, ids)


def ids_of(found: list[dict[str, Any]]) -> list[str]:
    return [video["id"] for video in found]


def check(answer: StatsAnswer, video: dict[str, Any]) -> None:
    """The answer is what the sandbox says of the video."""
    if video["state"] != "visible":
        assert isinstance(answer, Unavailable), (answer, video)
        final = video["state"] not in ("in_review", "not_yet_out")
        assert (answer.reason, answer.final) == (REASONS[video["state"]], final)
        return
    assert isinstance(answer, VideoStats), (answer, video)
    assert {name: getattr(answer, name) for name in COUNTERS} == video["counters"]
    assert (answer.title, answer.author) == (video["title"], video["author"])
    assert answer.uid == video["uid"]
    assert answer.published_at == datetime.fromtimestamp(video["published_at"], UTC)


def sample_is(monkeypatch: pytest.MonkeyPatch, video: dict[str, Any]) -> None:
    """The video that is looked at twice."""
    monkeypatch.setattr(random.Random, "choice", lambda _chance, aids: video["aid"])


def test_a_mixed_list_is_answered_with_the_truth(place: World, enter: Enter) -> None:
    found = visible(place, 40)
    for video, state in zip(found, REASONS, strict=False):
        decide(place, video, state)
    decide(place, found[10], "visible", "view")
    decide(place, found[11], "visible", "view")
    spelled = {video["id"]: video for video in found}
    spelled |= {f"av{found[13]['aid']}": found[13], f"AV{found[14]['aid']}": found[14]}
    spelled |= {str(found[15]["aid"]): found[15], f"av{found[0]['aid']}": found[0]}
    bad = ["", "av0", "av", "BV1", "bv" + found[0]["id"][2:], found[0]["id"][:-1] + "!", "x" * 500]
    given = [*bad, *spelled, *list(spelled)[:9], *NEVER_THERE]
    answers = ask(enter(place.url), *given)
    assert set(answers) == set(given)
    for name, video in spelled.items():
        check(answers[name], video)
    hidden = answers[found[11]["id"]]
    assert isinstance(hidden, VideoStats) and hidden.view is None and hidden.like is not None
    for name in bad:
        answer = answers[name]
        assert isinstance(answer, Unavailable)
        assert (answer.reason, answer.final) == (Gone.BAD_ID, True), name
    for name in NEVER_THERE:
        check(answers[name], {"state": "gone"})
    batches, singles = asked(place)
    assert batches == 1  # 40 videos and three that never were, however they are spelled
    lost, without_view, sampled = len(REASONS) + len(NEVER_THERE), 2, 1
    assert singles == lost + without_view + sampled


@pytest.mark.parametrize(("count", "batches"), [(1, 0), (2, 1), (50, 1), (51, 2), (120, 3)])
def test_batches_have_at_most_fifty_ids_and_one_sample_each(
    place: World, enter: Enter, count: int, batches: int
) -> None:
    found = visible(place, count)
    answers = ask(enter(place.url), *ids_of(found))
    for video in found:
        check(answers[video["id"]], video)
    assert asked(place) == (batches, batches or 1)


def test_nothing_is_asked_for_ids_that_are_none(place: World, enter: Enter) -> None:
    assert set(ask(enter(place.url), "nonsense", "av0")) == {"nonsense", "av0"}
    assert ask(enter(place.url)) == {}
    assert asked(place) == (0, 0)


@pytest.mark.parametrize("limit", [24, 12, 3, 1])
def test_the_size_of_a_batch_is_halved_until_it_fits_and_remembered(
    world: Start, enter: Enter, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(videos, "TRUSTED_AFTER", 1000)
    place = world(creators=200, batch_limit=limit)
    found = visible(place, 50)
    visitor = enter(place.url)
    answers = ask(visitor, *ids_of(found))
    for video in found:
        check(answers[video["id"]], video)
    size, refused = 50, 0
    while size > limit:
        size, refused = size // 2, refused + 1
    batches = -(-50 // size)
    assert asked(place) == (refused + batches, batches)
    ask(visitor, *ids_of(found[:24]))
    assert asked(place)[0] == refused + batches + -(-24 // size)  # nothing is refused any more


def test_a_413_halves_the_size_too(place: World, enter: Enter) -> None:
    found = visible(place, 50)
    place.order({"kind": "batch_413"})
    visitor = enter(place.url)
    answers = ask(visitor, *ids_of(found))
    for video in found:
        check(answers[video["id"]], video)
    assert asked(place) == (3, 2)
    ask(visitor, *ids_of(found))
    assert asked(place) == (5, 4)


def test_the_size_of_a_batch_grows_back(
    place: World, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(videos, "GOOD_BATCHES", 3)
    found = visible(place, 50)
    place.order({"kind": "batch_413"})
    visitor = enter(place.url)
    batches = []
    for _ in range(6):
        before = asked(place)[0]
        ask(visitor, *ids_of(found))
        batches.append(asked(place)[0] - before)
    assert batches == [3, 2, 2, 2, 2, 1]  # 25 at once, then 35, 45 and 50


def test_code_413_halves_the_size_too(scripted: ScriptedPlatform, enter: Enter) -> None:
    counts = dict.fromkeys(("play", "danmaku", "reply", "thumb_up", "coin", "collect", "share"), 7)
    told = [{"id": aid, "attr": 0, "cnt_info": counts} for aid in (11, 12)]
    scripted.on(BATCH, says(-413, message="too large"), says(0, told))
    stat = dict.fromkeys(("view", "danmaku", "reply", "like", "coin", "favorite", "share"), 7)
    scripted.on(VIEW, says(0, {"stat": stat, "title": "t"}))
    answers = ask(enter(scripted.url), "av11", "av12")
    assert [getattr(answer, "like", None) for answer in answers.values()] == [7, 7]
    assert (scripted.times(BATCH), scripted.times(VIEW)) == (2, 1)


def test_a_batch_that_is_refused_whatever_its_size_is_asked_singly(
    place: World, enter: Enter
) -> None:
    found = visible(place, 4)
    place.order({"kind": "batch_413", "times": 1000})
    answers = ask(enter(place.url), *ids_of(found))
    for video in found:
        check(answers[video["id"]], video)
    assert asked(place)[1] == 4


@pytest.mark.parametrize("kind", ["batch_drop", "batch_no_counters"])
def test_what_a_batch_leaves_out_is_asked_singly(
    place: World, enter: Enter, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    found = visible(place, 20)
    sample_is(monkeypatch, found[0])
    place.order({"kind": kind, "video": found[7]["id"]})
    answers = ask(enter(place.url), *ids_of(found))
    for video in found:
        check(answers[video["id"]], video)
    assert asked(place) == (1, 2)


def test_another_order_in_the_batch_changes_nothing(place: World, enter: Enter) -> None:
    found = visible(place, 20)
    place.order({"kind": "batch_reorder"})
    answers = ask(enter(place.url), *ids_of(found))
    for video in found:
        check(answers[video["id"]], video)
    assert asked(place) == (1, 1)


@pytest.mark.parametrize("kind", ["batch_wrong", "batch_stale"])
def test_a_batch_whose_sample_lies_is_asked_singly_as_a_whole(
    place: World, enter: Enter, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    found = visible(place, 20)
    sample_is(monkeypatch, found[7])
    place.order({"kind": kind, "video": found[7]["id"]})
    answers = ask(enter(place.url), *ids_of(found))
    for video in found:
        check(answers[video["id"]], video)
    assert asked(place) == (1, 20)
    ask(enter(place.url), *ids_of(found))  # the next batch is as good as its own sample
    assert asked(place) == (2, 21)


def test_zeros_that_no_sample_hits_are_not_believed(
    place: World, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = visible(place, 20)
    sample_is(monkeypatch, found[0])
    place.order({"kind": "batch_zero", "video": found[7]["id"]})
    answers = ask(enter(place.url), *ids_of(found))
    check(answers[found[7]["id"]], found[7])
    assert asked(place) == (1, 2)


def test_the_sample_is_drawn_from_all_that_the_batch_told(
    place: World, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = visible(place, 5)
    offered: list[list[int]] = []
    monkeypatch.setattr(
        random.Random, "choice", lambda _chance, aids: offered.append(list(aids)) or aids[0]
    )
    place.order({"kind": "batch_drop", "video": found[2]["id"]})
    ask(enter(place.url), *ids_of(found))
    told = [video["aid"] for video in found if video is not found[2]]
    assert offered == [sorted(told)]


def test_a_list_of_which_nothing_is_left_says_so_of_each(place: World, enter: Enter) -> None:
    answers = ask(enter(place.url), *NEVER_THERE)
    for name in NEVER_THERE:
        check(answers[name], {"state": "gone"})
    assert asked(place) == (1, 3)


def test_uploads_come_page_by_page_newest_first(
    place: World, enter: Enter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(creator_page, "PAGE_SIZE", 1)
    by_creator: dict[str, list[dict[str, Any]]] = {}
    for video in truth(place, 300):
        by_creator.setdefault(video["uid"], []).append(video)
    uid = max(by_creator, key=lambda name: len(by_creator[name]))
    expected = sorted(by_creator[uid], key=lambda video: -video["published_at"])
    assert len(expected) == 3
    decide(place, expected[1], "visible", "view")
    visitor, pages = enter(place.url), []
    while not pages or not pages[-1].is_last:
        pages.append(visitor.source.uploads(visitor.session, uid, len(pages) + 1))
    assert [(page.page, page.total, page.is_last) for page in pages] == [
        (1, 3, False),
        (2, 3, False),
        (3, 3, True),
    ]
    for page, video in zip(pages, expected, strict=True):
        [upload] = page.uploads
        assert (upload.bvid, upload.title) == (video["id"], video["title"])
        assert upload.published_at == datetime.fromtimestamp(video["published_at"], UTC)
        assert upload.view == video["counters"]["view"]
        assert upload.comment == video["counters"]["comment"]
        assert upload.danmaku == video["counters"]["danmaku"]
    assert [pages[n].uploads[0].view is None for n in range(3)] == [False, True, False]
    beyond = visitor.source.uploads(visitor.session, uid, 4)
    assert beyond.uploads == () and beyond.is_last


def test_the_card_agrees_with_what_the_search_says(place: World, enter: Enter) -> None:
    visitor = enter(place.url)
    counts: dict[str, int] = {}
    for video in truth(place, 300):
        counts[video["uid"]] = counts.get(video["uid"], 0) + 1
    for creator in [one for one in visitor.search().creators if one.uid in counts][:3]:
        card = visitor.source.card(visitor.session, creator.uid)
        assert (card.uid, card.name) == (creator.uid, creator.nickname)
        assert card.followers == creator.raw["fans"]
        listed = visitor.source.uploads(visitor.session, creator.uid, 1)
        assert card.videos == listed.total == len(listed.uploads) == counts[creator.uid]
        assert isinstance(card.following, int) and isinstance(card.likes, int)


def test_a_creator_who_never_was_is_not_found(place: World, enter: Enter) -> None:
    visitor = enter(place.url)
    with pytest.raises(NotFoundError):
        visitor.source.card(visitor.session, "999999999999")
    with pytest.raises(NotFoundError):
        visitor.source.uploads(visitor.session, "999999999999", 1)


def test_bv_ids_of_the_sandbox_are_those_of_the_adapter(place: World) -> None:
    for video in truth(place, 50):
        assert av_to_bv(video["aid"]) == video["id"]
