"""How few videos of Bilibili are asked for singly, and with what pauses, at the sandbox."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from requests import PreparedRequest

from core.settings import Pace
from sources.base import Gone, Unavailable
from sources.bilibili import videos
from sources.bilibili.source import BilibiliSource
from sources.bilibili.videos import GONE_KEPT_SECS, TRUSTED_AFTER
from sources.pacing import EVERYTHING, AccountPace, PacedGate
from tests.sources.conftest import Visitor, World
from tests.sources.test_sources_bilibili_stats import ask, asked, check, decide, ids_of, visible
from tests.support.moving_clock import MovingClock

Enter = Callable[..., Visitor]


@pytest.fixture
def place(world: Callable[..., World]) -> World:
    return world(creators=200)


def singles_of(place: World, visitor: Visitor, *ids: str) -> int:
    before = asked(place)[1]
    ask(visitor, *ids)
    return asked(place)[1] - before


class Drawn(random.Random):
    """Chance that says these numbers when it is asked whether a batch is looked at twice."""

    def __init__(self, *numbers: float) -> None:
        super().__init__()
        self._left = list(numbers)

    def random(self) -> float:
        return self._left.pop(0)

    def choice(self, seq: Sequence[Any]) -> Any:
        return seq[0]


def test_batches_that_always_agree_are_looked_at_twice_less_often(
    place: World, source_at: Callable[..., BilibiliSource], enter: Enter
) -> None:
    chance = Drawn(0.49, 0.5, 0.9, 0.1)
    pair, visitor = ids_of(visible(place, 2)), enter(source_at(place.url, rng=chance))
    assert [singles_of(place, visitor, *pair) for _ in range(TRUSTED_AFTER)] == [1] * TRUSTED_AFTER
    assert [singles_of(place, visitor, *pair) for _ in range(4)] == [1, 0, 0, 1]


def test_after_a_lie_every_batch_is_looked_at_twice_again(
    place: World, source_at: Callable[..., BilibiliSource], enter: Enter
) -> None:
    visitor = enter(source_at(place.url, rng=Drawn(0.0)))
    found = sorted(visible(place, 2), key=lambda video: video["aid"])  # the first is the sample
    for _ in range(TRUSTED_AFTER):
        ask(visitor, *ids_of(found))
    place.order({"kind": "batch_wrong", "video": found[0]["id"]})
    assert singles_of(place, visitor, *ids_of(found)) == 2
    assert singles_of(place, visitor, *ids_of(found)) == 1, "nothing is left to chance"


@pytest.mark.parametrize("state", ["gone", "hidden", "owner_only"])
def test_a_video_that_is_gone_is_asked_for_singly_once_a_day(
    place: World, enter: Enter, clock: MovingClock, state: str
) -> None:
    found, visitor = visible(place, 5), enter(place.url)
    decide(place, found[1], state)
    assert singles_of(place, visitor, *ids_of(found)) == 2
    clock.move(GONE_KEPT_SECS - 60)
    before = asked(place)[1]
    check(ask(visitor, *ids_of(found))[found[1]["id"]], found[1])
    assert asked(place)[1] - before == 1, "the sample only"
    clock.move(61)
    assert singles_of(place, visitor, *ids_of(found)) == 2


def test_a_video_that_is_back_is_told_at_once_and_not_believed_gone_again(
    place: World, enter: Enter
) -> None:
    found, visitor = visible(place, 5), enter(place.url)
    decide(place, found[1], "gone")
    ask(visitor, *ids_of(found))
    decide(place, found[1])
    check(ask(visitor, *ids_of(found))[found[1]["id"]], found[1])
    decide(place, found[1], "hidden")
    answer = ask(visitor, *ids_of(found))[found[1]["id"]]
    assert isinstance(answer, Unavailable) and answer.reason is Gone.HIDDEN


def test_who_asks_for_one_video_sees_its_page(place: World, enter: Enter) -> None:
    found, visitor = visible(place, 2), enter(place.url)
    decide(place, found[1], "gone")
    ask(visitor, *ids_of(found))
    assert singles_of(place, visitor, found[1]["id"]) == 1


def test_a_video_in_review_is_asked_for_each_time(place: World, enter: Enter) -> None:
    found, visitor = visible(place, 2), enter(place.url)
    decide(place, found[1], "in_review")
    assert [singles_of(place, visitor, *ids_of(found)) for _ in range(2)] == [2, 2]


def test_single_requests_are_made_after_a_random_pause_on_top_of_the_pace(
    place: World,
    source_at: Callable[..., BilibiliSource],
    enter: Enter,
    clock: MovingClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found, visitor = visible(place, 2), enter(source_at(place.url, pause=(0.2, 0.5)))
    pace = AccountPace.load({EVERYTHING: Pace(1, 2)}, None, clock.now(), known=True)
    visitor.session.gate = PacedGate(
        pace=pace, clock=clock, stop=threading.Event(), patience_secs=60
    )
    left_at: list[tuple[str, float]] = []
    send = visitor.session.http.send

    def noted(request: PreparedRequest, **options: object) -> object:
        kind = "view" if videos.VIEW in (request.url or "") else "batch"
        left_at.append((kind, clock.monotonic()))
        return send(request, **options)

    monkeypatch.setattr(visitor.session.http, "send", noted)
    for _ in range(6):
        ask(visitor, *ids_of(found))
    gaps = [
        (kind, round(moment - before, 3))
        for (kind, moment), (_, before) in zip(left_at[1:], left_at, strict=False)
    ]
    singly = [gap for kind, gap in gaps if kind == "view"]
    assert len(singly) == 6 and all(2.2 <= gap <= 2.53 for gap in singly), singly
    assert len(set(singly)) > 1, "as long each time"
    assert all(2.0 <= gap <= 2.03 for kind, gap in gaps if kind == "batch")
