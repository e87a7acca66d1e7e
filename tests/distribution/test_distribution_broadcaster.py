"""The broadcaster: what a round tells, that rounds never overlap, what survives."""

from __future__ import annotations

import threading
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from pydantic import SecretStr

from app.container import App
from core.cancellation import StoppedSignal
from core.errors import DatabaseError, LeaseLostError
from sources.base import VideoStats
from storage.distribution import broadcasts
from tests.support.distribution.distribution import (
    GONE,
    NEVER,
    ONE_ENGINE,
    OTHER_URL,
    URL,
    Numbers,
    broadcaster_of,
    douyin,
    filed,
    take_tasks,
    task,
    tiktok,
    told_tasks,
    youtube,
)
from tests.support.mariadb import MariaDBServer
from tests.support.messages import english, english_text
from tests.support.storage.tcp_proxy import CommitFault, TcpProxy

MILLISECOND = timedelta(milliseconds=1, microseconds=1)
RESULT = {"success": True, "total": 1, "succeeded": 1, "failed": 0, "postponed": 0, "reports": 1}


def test_a_round_tells_every_active_task_and_douyin_as_youtube(app: App) -> None:
    take_tasks(
        app,
        task("t1", video_url=youtube(1), duration=61),
        task("t2", video_url=douyin(1)),
        task("t3", video_url=tiktok(1)),
        task("t4", video_url=youtube(1), status="paused"),
        task("t5", video_url=youtube(1), status="finished"),
        task("t6", video_url=youtube(1), callback_url=...),
        task("t7"),
    )
    numbers = Numbers({tiktok(1): VideoStats(view=0, like=2)})
    answer = broadcaster_of(app, numbers).trigger(NEVER)
    assert answer.as_json() == {
        "success": True,
        "message": "told 3 of 3 active tasks, reports 1",
        "message_code": "round_reported",
        "message_params": {"succeeded": 3, "total": 3, "reports": 1},
        "total": 3,
        "succeeded": 3,
        "failed": 0,
        "postponed": 0,
        "time": app.clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }
    (report,) = filed(app)
    assert (report.kind, report.url, report.task_id) == ("broadcast", URL, "t1")
    shared = {"project_id": "p1", "duration": 90, "account_count": 0}
    seen = {"yt_account_count": 0, "yt_view_count": 7, "yt_like_count": 6, "yt_comment_count": 5}
    assert report.body == {
        "site_name": "Site",
        "stats": [
            shared | {"task_id": "t1", "duration": 61} | seen,
            shared | {"task_id": "t2"} | seen,
            shared | {"task_id": "t3", "tt_account_count": 0, "tt_like_count": 2},
        ],
    }
    assert list(report.body["stats"][1])[:4] == [
        "project_id",
        "task_id",
        "duration",
        "account_count",
    ]


@ONE_ENGINE
def test_a_link_is_fetched_once_and_one_failure_stops_nobody(app: App) -> None:
    take_tasks(
        app,
        *(task(f"t{n}", video_url=youtube(1)) for n in range(3)),
        task("t3", video_url=youtube(2)),
        task("t4", video_url=tiktok(1)),
        task("t5", video_url=tiktok(2)),
    )
    answers = {youtube(2): GONE, tiktok(1): "quota used up", tiktok(2): VideoStats(title="x")}
    numbers = Numbers(answers)
    answer = broadcaster_of(app, numbers).trigger(NEVER)
    assert sorted(numbers.asked) == sorted([youtube(1), youtube(2), tiktok(1), tiktok(2)])
    assert (answer.success, answer.total, answer.succeeded, answer.failed) == (True, 6, 3, 3)
    assert told_tasks(filed(app)) == ["t0", "t1", "t2"]


@ONE_ENGINE
def test_reports_go_by_url_and_long_ones_are_split(app: App) -> None:
    urls = [URL, URL, URL, OTHER_URL]
    take_tasks(
        app, *(task(f"t{n}", video_url=youtube(n), callback_url=url) for n, url in enumerate(urls))
    )
    caster = broadcaster_of(app, Numbers(), part_tasks=2)
    for _ in range(2):
        assert english(caster.trigger(NEVER).message).endswith("reports 3")
    told = [(one.url, told_tasks([one])) for one in filed(app)]
    assert told == 2 * [(URL, ["t0", "t1"]), (URL, ["t2"]), (OTHER_URL, ["t3"])]
    assert len({one.event_id for one in filed(app)}) == 6, "each round has ids of its own"


@ONE_ENGINE
def test_a_round_without_tasks_tells_nobody(app: App) -> None:
    answer = broadcaster_of(app, Numbers()).trigger(NEVER)
    assert (answer.success, answer.total) == (True, 0) and filed(app) == []


def test_rounds_never_overlap_between_processes(make_app: Any) -> None:
    here, there = make_app(), make_app()
    take_tasks(here, task("t1", video_url=youtube(1)))
    refused: list[Any] = []
    other = broadcaster_of(there, Numbers())

    def try_too() -> None:
        assert other.status()["is_running"] is True
        refused.append(other.trigger(NEVER))

    assert broadcaster_of(here, Numbers(on_fetch=try_too)).trigger(NEVER).success
    assert other.status()["is_running"] is False
    assert not refused[0].success and "a round is under way since 20" in english(refused[0].message)
    assert len(filed(here)) == 1
    assert other.trigger(NEVER).success, "the lease is given back at the end"


def test_a_round_that_was_taken_over_reports_nothing(make_app: Any, clock: Any) -> None:
    here, there = make_app(), make_app()
    take_tasks(here, task("t1", video_url=youtube(1)))
    other = broadcaster_of(there, Numbers())

    def sleep_too_long() -> None:
        (lease,) = here.leases.held()
        lease.extend(float("inf"))  # it does not know that its time is over
        clock.move(here.settings.lease_secs + 1)
        assert other.trigger(NEVER).success

    with pytest.raises(LeaseLostError):
        broadcaster_of(here, Numbers(on_fetch=sleep_too_long)).trigger(NEVER)
    assert len(filed(here)) == 1 and here.leases.held() == []
    assert other.status().items() >= RESULT.items()


@ONE_ENGINE
def test_a_round_that_knows_its_lease_is_over_reports_nothing(app: App, clock: Any) -> None:
    take_tasks(app, task("t1", video_url=youtube(1)))
    late = Numbers(on_fetch=lambda: clock.move(app.settings.lease_secs + 1))
    with pytest.raises(LeaseLostError):
        broadcaster_of(app, late).trigger(NEVER)
    assert filed(app) == []


def test_the_keeper_keeps_a_long_round_alive(app: App, clock: Any) -> None:
    take_tasks(app, task("t1", video_url=youtube(1)))
    keeper = app.crawling.lease_renewer("broadcast")

    def long_fetch() -> None:
        for _ in range(10):
            keeper.renew_once()
            clock.move(app.settings.lease_secs * 0.9)

    assert broadcaster_of(app, Numbers(on_fetch=long_fetch)).trigger(NEVER).success
    assert len(filed(app)) == 1


def test_it_is_off_first_and_what_was_said_survives_a_restart(make_app: Any) -> None:
    app = make_app()
    caster = broadcaster_of(app, Numbers())
    begun = caster.status()
    assert (begun["is_on"], begun["is_running"], begun["finished_at"]) == (False, False, None)
    assert caster.run_if_due(NEVER) is None
    assert english(caster.start().message).startswith("broadcasting is on, every 180 s")
    assert english(caster.start().message) == "it was on"
    again = broadcaster_of(make_app(), Numbers())
    assert again.status()["is_on"] is True and again.run_if_due(NEVER) is not None
    assert english(again.stop().message) == "broadcasting is off"
    assert english(again.stop().message) == "it was off"
    assert caster.status()["is_on"] is False


def test_a_round_that_was_turned_off_at_the_last_moment_is_not_begun(app: App) -> None:
    now = app.clock.now()
    claim = partial(broadcasts.claim, owner="me", now=now, until=now, due_before=now)
    assert app.database.write(claim) is None
    broadcaster_of(app, Numbers()).start()
    assert app.database.write(claim) == 1


@ONE_ENGINE
def test_a_round_comes_each_interval_whoever_makes_it(make_app: Any, clock: Any) -> None:
    casters = [broadcaster_of(make_app(), Numbers()) for _ in range(2)]
    casters[0].start()
    rounds = []
    for _ in range(40):  # ten minutes
        rounds += [n for n, caster in enumerate(casters) if caster.run_if_due(NEVER)]
        casters.reverse()
        clock.move(15)
    assert len(rounds) == 4
    assert casters[0].status()["finished_at"] is not None


@ONE_ENGINE
def test_a_stop_ends_a_round_untold_and_gives_it_back(app: App) -> None:
    take_tasks(app, task("t1", video_url=youtube(1)))
    stop = threading.Event()
    with pytest.raises(StoppedSignal):
        broadcaster_of(app, Numbers(on_fetch=stop.set)).trigger(stop)
    assert filed(app) == [] and app.leases.held() == []
    assert broadcaster_of(app, Numbers()).trigger(NEVER).success


@ONE_ENGINE
def test_a_bug_ends_its_round_and_the_next_one_comes_in_its_time(app: App, clock: Any) -> None:
    take_tasks(app, task("t1", video_url=youtube(1)))

    def bug() -> None:
        raise ZeroDivisionError("a bug of ours")

    caster = broadcaster_of(app, Numbers(on_fetch=bug))
    caster.start()
    answer = caster.run_if_due(NEVER)
    assert answer is not None and not answer.success
    assert english(answer.message).startswith("the round ended without reports: internal error")
    assert filed(app) == [] and app.leases.held() == []
    assert caster.run_if_due(NEVER) is None
    clock.move(180)
    later = broadcaster_of(app, Numbers()).run_if_due(NEVER)
    assert later is not None and later.success


def test_a_database_that_goes_away_in_a_round_is_waited_for(
    mariadb: MariaDBServer, mysql_url: str, make_app: Any, clock: Any
) -> None:
    with TcpProxy(mariadb.port) as proxy:
        app = make_app(database_url=SecretStr(proxy.url(mysql_url)))
        take_tasks(app, task("t1", video_url=youtube(1)))
        stop, fetches = threading.Event(), []

        def go_away_once() -> None:
            fetches.append(1)
            if len(fetches) == 1:
                proxy.refuse = True
                proxy.cut()

        def come_back() -> None:
            if len(clock.waits) > 10:
                proxy.refuse = False
            if len(fetches) > 1 or len(clock.waits) > 5000:
                stop.set()

        clock.on_wait = come_back
        caster = broadcaster_of(app, Numbers(on_fetch=go_away_once))
        caster.start()
        caster.run(stop)
        assert len(fetches) == 2, "the lost round was not told; the next one was"
        told = filed(app)
        assert told_tasks(told) == ["t1"]


@pytest.mark.parametrize(
    ("fault", "reports"), [(CommitFault.CUT_BEFORE, 1), (CommitFault.DROP_ANSWER, 2)]
)
def test_an_answer_to_commit_that_is_lost_is_not_guessed_at(
    mariadb: MariaDBServer, mysql_url: str, make_app: Any, clock: Any, fault: Any, reports: int
) -> None:
    with TcpProxy(mariadb.port) as proxy:
        app = make_app(database_url=SecretStr(proxy.url(mysql_url)))
        take_tasks(app, task("t1", video_url=youtube(1)))
        numbers = Numbers(on_fetch=lambda: proxy.commit_faults.append(fault))
        with pytest.raises(DatabaseError):
            broadcaster_of(app, numbers).trigger(NEVER)
        assert app.leases.held() == []
        clock.move(timedelta(seconds=app.settings.lease_secs + 1).total_seconds())
        assert broadcaster_of(app, Numbers()).trigger(NEVER).success
        assert len(filed(app)) == len({one.event_id for one in filed(app)}) == reports


def failures(app: App) -> dict[str, tuple[str, bool]]:
    found = broadcaster_of(app, Numbers()).failures(100)
    return {one.task_id: (english_text(one.reason), one.is_postponed) for one in found}


def test_each_failed_task_is_kept_with_its_reason_and_since_when(app: App, clock: Any) -> None:
    take_tasks(
        app,
        task("t1", video_url=youtube(1), title="首秀"),
        task("t2", video_url=youtube(2)),
        task("t3", video_url=youtube(3)),
        task("t4", video_url=youtube(4)),
    )
    first = {youtube(1): GONE, youtube(2): "no answer", youtube(3): VideoStats(title="x")}
    broadcaster_of(app, Numbers(first)).trigger(NEVER)
    began = clock.now()
    assert failures(app) == {
        "t1": ("not_found: deleted", False),
        "t2": ("no answer", False),
        "t3": ("the platform tells no numbers of this video", False),
    }
    clock.move(180)
    broadcaster_of(app, Numbers({youtube(1): "no quota", youtube(4): GONE})).trigger(NEVER)
    one, other = broadcaster_of(app, Numbers()).failures(100)
    assert (one.task_id, one.title, one.platform) == ("t1", "首秀", "youtube")
    assert english_text(one.reason) == "no quota"
    assert abs(one.since_at - began) < MILLISECOND, "since the first one"
    assert other.task_id == "t4" and abs(other.since_at - clock.now()) < MILLISECOND
    assert broadcaster_of(app, Numbers()).failures(1, after=one.id) == [other]
    broadcaster_of(app, Numbers()).trigger(NEVER)
    assert failures(app) == {}


@ONE_ENGINE
def test_a_task_that_is_no_longer_active_fails_no_more(app: App) -> None:
    take_tasks(app, task("t1", video_url=youtube(1)), task("t2", video_url=youtube(2)))
    broadcaster_of(app, Numbers({youtube(1): GONE})).trigger(NEVER)
    take_tasks(app, task("t1", video_url=youtube(1), status="paused"))
    broadcaster_of(app, Numbers({youtube(1): GONE})).trigger(NEVER)
    assert failures(app) == {}


@ONE_ENGINE
def test_it_is_stale_when_no_round_has_numbers_for_three_intervals(app: App, clock: Any) -> None:
    take_tasks(app, task("t1", video_url=youtube(1)))
    caster = broadcaster_of(app, Numbers())
    caster.trigger(NEVER)
    clock.move(7200)
    caster.start()
    assert not caster.status()["stale_since"], "it was off meanwhile"
    clock.move(541)
    assert caster.status()["stale_since"]
    broadcaster_of(app, Numbers({youtube(1): "no quota"})).trigger(NEVER)
    state = caster.status()
    assert state["stale_since"] and state["error"] == "none of 1 active tasks has numbers: no quota"
    caster.trigger(NEVER)
    state = caster.status()
    assert (state["stale_since"], state["error"]) == (None, None)
    assert state["reported_at"] == state["finished_at"]
