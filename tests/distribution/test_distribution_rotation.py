"""A round that has not the time for all: it ends by itself, and nobody is left out for ever."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest

from app.container import App
from core.clock import TimeLimit
from crawler.statistics.items import NOT_ASKED, FetchedItem
from distribution.broadcast.rotation import next_starts, rotate
from storage.distribution.distribution_tasks import DramaFields
from tests.support.distribution.distribution import (
    NEVER,
    ONE_ENGINE,
    Numbers,
    broadcaster_of,
    douyin,
    filed,
    take_tasks,
    task,
    told_tasks,
    youtube,
)
from tests.support.messages import english
from tests.support.moving_clock import MovingClock


class Hurried(Numbers):
    """Has time for the first few of each platform."""

    def __init__(self, **most: int) -> None:
        super().__init__()
        self.most = most

    def fetch(self, texts: list[str], stop: threading.Event) -> list[FetchedItem]:
        done: Counter[str] = Counter()
        items = []
        for text in texts:
            platform = "youtube" if "youtube" in text else "douyin"
            done[platform] += 1
            late = done[platform] > self.most.get(platform, 100)
            items.append(NOT_ASKED if late else super().fetch([text], stop)[0])
        return [
            FetchedItem(text, answer=one.answer, error=one.error, asked=one.asked)
            for text, one in zip(texts, items, strict=True)
        ]


def test_who_was_left_is_first_in_the_next_round(make_app: Any) -> None:
    app = make_app()
    take_tasks(
        app,
        *(task(f"d{n}", video_url=douyin(n)) for n in range(5)),
        *(task(f"y{n}", video_url=youtube(n)) for n in range(2)),
    )
    told = []
    for _ in range(5):
        answer = broadcaster_of(make_app(), Hurried(douyin=2)).trigger(NEVER)
        assert (answer.total, answer.succeeded, answer.failed, answer.postponed) == (7, 4, 3, 3)
        assert english(answer.message).endswith(
            "; 3 not asked for, the next round begins with them"
        )
        told.append("".join(told_tasks(filed(app)[-1:])))
    assert told == ["d0d1y0y1", "d2d3y0y1", "d0d4y0y1", "d1d2y0y1", "d3d4y0y1"]
    assert broadcaster_of(app, Numbers()).status()["postponed"] == 3
    assert broadcaster_of(app, Numbers()).trigger(NEVER).postponed == 0
    assert told_tasks(filed(app)[-1:])[0] == "d0"


def test_turns_go_round_by_platform() -> None:
    dramas = [
        DramaFields(name, "p", platform=platform)
        for name, platform in (("a", "x"), ("b", "y"), ("c", "x"), ("d", "x"))
    ]
    ordered = rotate(dramas, {"x": "c", "gone": "a"})
    assert [one.task_id for one in ordered] == ["b", "c", "d", "a"]
    assert next_starts(ordered, {"a", "d"}) == {"x": "d"}
    assert next_starts(ordered, set()) == {}
    after_all = rotate(dramas, {"x": "z"})
    assert [one.task_id for one in after_all] == ["b", "a", "c", "d"]


@ONE_ENGINE
def test_a_round_asks_no_longer_than_its_interval_leaves(app: App, clock: MovingClock) -> None:
    take_tasks(app, task("t1", video_url=youtube(1)), task("t2", video_url=youtube(2)))
    begun = clock.monotonic()

    class Slow(Numbers):
        def fetch(self, texts: list[str], stop: threading.Event) -> list[FetchedItem]:
            items = super().fetch(texts[:1], stop)
            while not app.clock.wait(stop, 7.0):
                app.crawling.lease_renewer("broadcast").renew_once()
            return items + [FetchedItem(text, asked=False) for text in texts[1:]]

    answer = broadcaster_of(app, Slow()).trigger(NEVER)
    assert (answer.succeeded, answer.postponed) == (1, 1)
    assert 150 <= clock.monotonic() - begun < 180
    assert told_tasks(filed(app)) == ["t1"]


@pytest.mark.parametrize("stopped", [False, True])
def test_a_time_limit_is_a_stop_that_comes_by_itself(stopped: bool, clock: MovingClock) -> None:
    stop = threading.Event()
    limit = TimeLimit(stop=stop, clock=clock, secs=10.0)
    clock.move(9.9)
    assert not limit.is_set() and not limit.wait(0)
    stop.set() if stopped else clock.move(0.1)
    assert limit.is_set() and limit.wait(60) and limit.wait()
