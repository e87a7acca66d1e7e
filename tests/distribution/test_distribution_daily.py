"""The daily scan: what is summed, stored and told, and what another scan changes."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from app.container import App
from core.cancellation import StoppedSignal
from core.errors import InvalidInputError, NoResourcesError
from sources.base import VideoStats
from sources.links import recognise
from storage.distribution import daily_stats
from tests.support.distribution.distribution import (
    DOUYIN_FULL,
    FULL,
    GONE,
    NEVER,
    ONE_ENGINE,
    OTHER_URL,
    URL,
    Numbers,
    douyin,
    filed,
    noon,
    posted,
    rows,
    scanner_of,
    take_posted,
    take_tasks,
    task,
    tiktok,
    told_tasks,
    yesterday,
    youtube,
)
from tests.support.jobs.job_tools import hourly
from tests.support.mariadb import MariaDBServer
from tests.support.messages import english, raises_saying
from tests.support.moving_clock import MovingClock
from tests.support.storage.tcp_proxy import CommitFault, TcpProxy

TABLES = ("task_daily_stats", "webhook_deliveries", "task_completions", "drama_tasks")


def changes(scan: Any) -> list[str]:
    return [f"{one.drama.task_id} {one.change} {one.revision}" for one in scan.tasks]


def test_a_day_is_summed_stored_and_told(app: App) -> None:
    take_tasks(app, task("t1", duration=61), task("t2", project_id="p2", status="finished"))
    at, day = noon(app), yesterday(app)
    take_posted(
        app,
        posted("t1", "u1", youtube(1), at, FULL),
        posted("t1", "u1", youtube(2), at, FULL),
        posted("t1", "u2", youtube(3), at, FULL),
        posted("t1", "u2", douyin(1), at, DOUYIN_FULL),
        posted("t2", "u1", tiktok(1), at, FULL | {"like_count": 0}),
    )
    scan = scanner_of(app, Numbers()).scan(day, NEVER)
    assert (scan.reports, scan.completion_count, scan.incomplete) == (1, 5, 0)
    assert changes(scan) == ["t1 new 1", "t2 new 1"]
    (report,) = filed(app)
    assert (report.kind, report.url, report.stats_date) == ("daily", URL, str(day))
    assert report.body == {
        "site_name": "Site",
        "event": "task.daily_stats",
        "stats": [
            {
                "project_id": "p1",
                "task_id": "t1",
                "duration": 61,
                "account_count": 2,
                "yt_account_count": 2,
                "yt_view_count": 300,
                "yt_like_count": 30,
                "yt_comment_count": 3,
                "dy_account_count": 1,
                "dy_view_count": 100,
                "dy_like_count": 10,
                "dy_comment_count": 1,
                "dy_share_count": 5,
                "dy_collect_count": 3,
            },
            {
                "project_id": "p2",
                "task_id": "t2",
                "duration": 90,
                "account_count": 1,
                "tt_account_count": 1,
                "tt_view_count": 100,
                "tt_comment_count": 1,
            },
        ],
    }
    stored = rows(app, "task_daily_stats")
    assert [(row["yt_view_count"], row["completion_count"]) for row in stored] == [(300, 4), (0, 1)]
    assert {row["event_id"] for row in stored} == {report.event_id}
    assert {(row["is_sent"], row["error"]) for row in stored} == {(0, None)}


def test_only_what_has_changed_is_told_again(app: App) -> None:
    take_tasks(app, task("t1"), task("t2"))
    at, day = noon(app), yesterday(app)
    take_posted(
        app, posted("t1", "u1", youtube(1), at, FULL), posted("t2", "u1", youtube(1), at, FULL)
    )
    scanner = scanner_of(app, Numbers())
    scanner.scan(day, NEVER)
    again = scanner.scan(day, NEVER)
    assert again.reports == 0 and changes(again) == ["t1 unchanged 1", "t2 unchanged 1"]
    app.database.write(
        lambda tx: daily_stats.note_delivery(
            tx, filed(app)[0].event_id, app.clock.now(), "200 ok", 2
        )
    )
    take_posted(app, posted("t2", "u2", youtube(2), at, FULL))
    third = scanner.scan(day, NEVER)
    assert third.reports == 1 and changes(third) == ["t1 unchanged 1", "t2 changed 2"]
    assert len(rows(app, "task_daily_stats")) == 2
    first, second = filed(app, "daily")
    assert told_tasks([first, second]) == ["t1", "t2", "t2"]
    assert first.event_id != second.event_id
    one, two = rows(app, "task_daily_stats")
    assert (one["is_sent"], one["tries"], english(one["response"])) == (1, 2, "200 ok")
    assert (two["is_sent"], two["tries"], two["event_id"]) == (0, 0, second.event_id)


@ONE_ENGINE
def test_a_report_is_named_by_what_it_tells(make_app: Any, tmp_path: Any) -> None:
    names = []
    for name, views in (("a", 100), ("b", 100), ("c", 100)):
        app = make_app(database_url=SecretStr(f"sqlite:///{tmp_path / name}.db"))
        take_tasks(app, task("t1"))
        take_posted(app, posted("t1", "u1", youtube(1), noon(app), FULL | {"views": views}))
        site = scanner_of(app, Numbers())
        site.scan(yesterday(app), NEVER)
        names.append(filed(app)[0].event_id)
    assert len(set(names)) == 1 and names[0].startswith(f"daily_{yesterday(app):%Y%m%d}_")


@ONE_ENGINE
def test_the_day_is_that_of_the_quota_zone(app: App) -> None:
    take_tasks(app, task("t1"))
    day = yesterday(app)
    begins, ends = app.calendar.bounds(day)
    tick = timedelta(milliseconds=1)
    assert begins.hour == 16, "midnight in Shanghai"
    moments = (begins - tick, begins, ends - tick, ends)
    take_posted(app, *(posted("t1", f"u{n}", youtube(n), at, FULL) for n, at in enumerate(moments)))
    scanner = scanner_of(app, Numbers())
    told = {
        one: scanner.scan(one, NEVER).completion_count
        for one in (day - timedelta(days=1), day, day + timedelta(days=1))
    }
    assert list(told.values()) == [1, 2, 1]


@ONE_ENGINE
def test_only_what_is_missing_is_fetched_and_what_was_verified_wins(app: App) -> None:
    take_tasks(app, task("t1"), task("t2"))
    at = noon(app)
    take_posted(
        app,
        posted("t1", "u1", youtube(1), at, FULL),
        posted("t1", "u1", youtube(2), at, {"views": 100, "likes": None}),
        posted("t1", "u1", douyin(1), at),
        posted("t2", "u1", douyin(1), at),
    )
    numbers = Numbers()
    scan = scanner_of(app, numbers, part_tasks=1).scan(yesterday(app), NEVER)
    assert sorted(numbers.asked) == sorted([youtube(2), douyin(1)]), "each link once"
    one = scan.tasks[0].counts
    assert (one["yt_view_count"], one["yt_like_count"], one["yt_comment_count"]) == (200, 16, 6)
    assert (one["dy_view_count"], one["dy_share_count"], one["dy_collect_count"]) == (7, 4, 3)
    assert scan.incomplete == 0


@ONE_ENGINE
def test_what_is_gone_is_left_out_and_recorded_and_what_passes_is_waited_for(app: App) -> None:
    take_tasks(app, task("t1"), task("t2"))
    at, day = noon(app), yesterday(app)
    take_posted(
        app,
        posted("t1", "u1", youtube(1), at, {"views": 5}),
        posted("t1", "u2", tiktok(1), at),
        posted("t2", "u1", youtube(2), at, FULL),
    )
    numbers = Numbers({youtube(1): "quota used up", tiktok(1): GONE})
    scan = scanner_of(app, numbers).scan(day, NEVER)
    assert (scan.incomplete, scan.reports, scan.tasks[1].error) == (1, 1, None)
    error = english(rows(app, "task_daily_stats")[0]["error"])
    assert f"{youtube(1)} without like, comment: quota used up" in error
    assert f"{tiktok(1)} without view, like, comment: not_found: deleted" in error
    assert told_tasks(filed(app)) == ["t2"], "what passes is waited for"
    mended = scanner_of(app, Numbers({tiktok(1): GONE})).scan(day, NEVER)
    assert changes(mended) == ["t1 changed 1", "t2 unchanged 1"]
    assert filed(app)[1].body["stats"] == [
        {
            "project_id": "p1",
            "task_id": "t1",
            "duration": 90,
            "account_count": 2,
            "yt_account_count": 1,
            "yt_view_count": 5,
            "yt_like_count": 6,
            "yt_comment_count": 5,
            "tt_account_count": 1,
        }
    ]
    other = scanner_of(app, Numbers({tiktok(1): VideoStats(view=2, like=1)})).scan(day, NEVER)
    assert changes(other) == ["t1 changed 2", "t2 unchanged 1"]
    assert english(rows(app, "task_daily_stats")[0]["error"]).endswith("the platform does not tell")


@ONE_ENGINE
def test_damaged_details_of_one_task_do_not_stop_the_others(app: App) -> None:
    take_tasks(app, task("t1"), task("t2"))
    at = noon(app)
    take_posted(
        app, posted("t1", "u1", youtube(1), at, FULL), posted("t2", "u1", youtube(2), at, FULL)
    )
    for damaged in ('{"views": -1}', "[]", "no json"):
        app.database.write(
            lambda tx, damaged=damaged: tx.execute(  # type: ignore[misc]
                "UPDATE task_completions SET verification_details=:d WHERE task_id='t1'", d=damaged
            )
        )
        numbers = Numbers({youtube(1): GONE})
        scan = scanner_of(app, numbers).scan(yesterday(app), NEVER)
        assert numbers.asked == [youtube(1)], "what is damaged is not known"
        assert scan.tasks[1].counts["yt_view_count"] == 100 and scan.incomplete == 1


@ONE_ENGINE
def test_a_task_that_is_gone_is_recorded(app: App) -> None:
    take_tasks(app, task("t1"), task("t2"))
    take_posted(app, *(posted(f"t{n}", "u1", youtube(n), noon(app), FULL) for n in (1, 2)))
    app.database.write(lambda tx: tx.execute("DELETE FROM drama_tasks WHERE task_id='t1'"))
    scan = scanner_of(app, Numbers()).scan(yesterday(app), NEVER)
    assert "not known any more" in english(scan.tasks[0].error)
    assert told_tasks(filed(app)) == ["t2"]


@ONE_ENGINE
def test_one_report_per_url_split_into_parts_of_their_own_ids(app: App) -> None:
    take_tasks(app, *(task(f"t{n}", callback_url=URL if n < 5 else OTHER_URL) for n in range(7)))
    take_tasks(app, task("t8", callback_url=...))
    take_posted(app, *(posted(f"t{n}", "u", youtube(n), noon(app), FULL) for n in (*range(7), 8)))
    scan = scanner_of(app, Numbers(), part_tasks=2).scan(yesterday(app), NEVER)
    told = [(one.url, told_tasks([one])) for one in filed(app)]
    assert told == [
        (URL, ["t0", "t1"]),
        (URL, ["t2", "t3"]),
        (URL, ["t4"]),
        (OTHER_URL, ["t5", "t6"]),
    ]
    assert len({one.event_id for one in filed(app)}) == scan.reports == 4
    assert len(scan.tasks) == len(rows(app, "task_daily_stats")) == 8, "t8 is told to nobody"


@ONE_ENGINE
def test_who_is_to_be_told_later_is_told_by_the_next_scan(app: App) -> None:
    take_tasks(app, task("t1", callback_url=...))
    take_posted(app, posted("t1", "u", youtube(1), noon(app), FULL))
    scanner = scanner_of(app, Numbers())
    assert scanner.scan(yesterday(app), NEVER).reports == 0
    take_tasks(app, task("t1"))
    assert [scanner.scan(yesterday(app), NEVER).reports for _ in range(2)] == [1, 0]


@ONE_ENGINE
def test_a_dry_run_fetches_and_writes_nothing(app: App) -> None:
    take_tasks(app, task("t1"))
    take_posted(
        app,
        posted("t1", "u", youtube(1), noon(app), FULL),
        posted("t1", "u", youtube(2), noon(app)),
    )
    before = {table: rows(app, table) for table in TABLES}
    numbers = Numbers()
    scan = scanner_of(app, numbers).scan(yesterday(app), NEVER, dry_run=True)
    assert {table: rows(app, table) for table in TABLES} == before
    assert (numbers.asked, scan.to_fetch, scan.reports) == ([], 1, 0)
    assert scan.tasks[0].counts["yt_view_count"] == 100 and scan.tasks[0].change is None


@ONE_ENGINE
def test_a_stop_stores_nothing_that_was_not_fetched_to_its_end(app: App) -> None:
    take_tasks(app, task("t1"), task("t2"))
    take_posted(app, *(posted(f"t{n}", "u", youtube(n), noon(app)) for n in (1, 2)))
    stop = threading.Event()
    with pytest.raises(StoppedSignal):
        scanner_of(app, Numbers(on_fetch=stop.set), part_tasks=1).scan(yesterday(app), stop)
    assert rows(app, "task_daily_stats") == [] == filed(app)


@ONE_ENGINE
def test_a_day_by_agent(app: App) -> None:
    take_tasks(app, task("t1"), task("t2"))
    app.distribution.importer.add_users(
        [{"user_id": "u1", "agent_node": "a"}, {"user_id": "u2", "agent_node": "a"}]
    )
    take_posted(
        app,
        *(
            posted(f"t{n}", user, youtube(n), noon(app), FULL)
            for n in (1, 2)
            for user in ("u1", "u2", "u3")
        ),
    )
    agents = scanner_of(app, Numbers()).scan(yesterday(app), NEVER, by_agent=True).agents
    told = {
        name: (one.counts["account_count"], one.counts["yt_view_count"])
        for name, one in agents.items()
    }
    assert told == {"a": (2, 400), "": (1, 200)}, "an account counts once, of however many tasks"


@ONE_ENGINE
def test_days_that_cannot_be_scanned_are_refused(app: App) -> None:
    scanner, day = scanner_of(app, Numbers()), yesterday(app)
    tomorrow = day + timedelta(days=2)
    with raises_saying(InvalidInputError, "is in the future: today is"):
        scanner.scan(tomorrow, NEVER)
    for first, last, why in (
        (day, tomorrow, "in the future"),
        (day, day - timedelta(days=1), "is after"),
        (date(2020, 1, 1), day, "too many at once"),
    ):
        with raises_saying(InvalidInputError, why):
            scanner.days(first, last)
    assert len(scanner.days(day - timedelta(days=2), day)) == 3


@ONE_ENGINE
def test_a_day_without_completions_says_so(app: App) -> None:
    scan = scanner_of(app, Numbers()).scan(yesterday(app), NEVER)
    assert english(scan.message) == f"{yesterday(app)}: no completions"
    assert scan.tasks == [] and filed(app) == []


@ONE_ENGINE
def test_the_nightly_job_makes_up_for_the_nights_it_missed(app: App, clock: Any) -> None:
    take_tasks(app, task("t1"))
    days = [yesterday(app) + timedelta(days=n) for n in range(-1, 4)]
    take_posted(
        app,
        *(
            posted("t1", f"u{n}", youtube(n), noon(app, day), FULL)
            for n, day in enumerate(days[:2])
        ),
    )
    scanner = scanner_of(app, Numbers())
    first = english(scanner.run(NEVER))
    assert first.startswith(f"{days[1]}: tasks 1 (new 1, ") and str(days[0]) not in first
    clock.move(3 * 86400)
    told = english(scanner.run(NEVER))
    assert told == "; ".join(f"{day}: no completions" for day in days[2:])
    assert english(scanner.run(NEVER)) == f"{days[4]}: no completions", "the same night again"


@ONE_ENGINE
def test_a_stopped_job_does_the_rest_later(app: App) -> None:
    take_tasks(app, task("t1"))
    take_posted(app, posted("t1", "u", youtube(1), noon(app)))
    stop = threading.Event()
    with pytest.raises(StoppedSignal):
        scanner_of(app, Numbers(on_fetch=stop.set)).run(stop)
    assert "new 1" in english(scanner_of(app, Numbers()).run(NEVER))


@pytest.mark.parametrize("fault", list(CommitFault))
def test_a_lost_answer_to_commit_tells_once(
    mariadb: MariaDBServer, mysql_url: str, make_app: Any, fault: CommitFault
) -> None:
    with TcpProxy(mariadb.port) as proxy:
        direct = make_app(database_url=SecretStr(mysql_url))
        app = make_app(database_url=SecretStr(proxy.url(mysql_url)))
        take_tasks(app, task("t1"))
        take_posted(app, posted("t1", "u", youtube(1), noon(app), FULL))
        proxy.commit_faults.append(fault)
        scan = scanner_of(app, Numbers()).scan(yesterday(app), NEVER)
        assert proxy.commit_faults == [] and scan.tasks[0].revision == 1
        assert told_tasks(filed(direct)) == ["t1"]


def test_of_two_scans_at_once_the_second_sees_the_first(
    make_app: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = make_app(), make_app()
    take_tasks(here, task("t1"))
    take_posted(here, posted("t1", "u", youtube(1), noon(here)))
    day = yesterday(here)
    # Each app measures the server's clock for itself: a millisecond would decide who was later.
    theirs = Numbers({youtube(1): VideoStats(view=1, like=1, comment=1)})
    other = scanner_of(there, theirs, clock=here.clock)
    numbers = Numbers(on_fetch=lambda: other.scan(day, NEVER))
    scan = scanner_of(here, numbers).scan(day, NEVER)
    assert changes(scan) == ["t1 changed 2"]
    views = [one.body["stats"][0]["yt_view_count"] for one in filed(here)]
    assert views == [1, 7] and rows(here, "task_daily_stats")[0]["revision"] == 2


def test_of_two_who_store_at_once_one_waits_for_the_other(mysql_url: str, make_app: Any) -> None:
    here, there = (make_app(database_url=SecretStr(mysql_url)) for _ in range(2))
    take_tasks(here, task("t1"))
    take_posted(here, posted("t1", "u", youtube(1), noon(here), FULL))
    day, inside, results = yesterday(here), threading.Event(), []
    second = threading.Thread(
        target=lambda: results.append(scanner_of(there, Numbers()).scan(day, NEVER))
    )
    enqueue = here.webhooks.outbox.enqueue

    def slow(tx: Any, report: Any) -> bool:
        if not inside.is_set():
            inside.set()
            second.start()
            second.join(1.0)  # it must not get past us; without the lock it ends here
            assert second.is_alive()
        return enqueue(tx, report)

    here.webhooks.outbox.enqueue = slow
    first = scanner_of(here, Numbers()).scan(day, NEVER)
    second.join(60)
    assert changes(first) == ["t1 new 1"] and changes(results[0]) == ["t1 unchanged 1"]
    assert told_tasks(filed(here)) == ["t1"]


def test_a_short_and_a_full_link_of_one_video_count_once(app: App) -> None:
    take_tasks(app, task("t1"), task("t2"))
    at = noon(app)
    short = ("https://v.douyin.com/iRNBho5m/", "https://v.douyin.com/another/")
    take_posted(
        app,
        posted("t1", "u1", douyin(1), at, DOUYIN_FULL),
        posted("t1", "u1", short[0], at + timedelta(hours=1), DOUYIN_FULL | {"view_count": 99}),
        posted("t1", "u1", short[1], at, DOUYIN_FULL),
        posted("t1", "u2", short[0], at, DOUYIN_FULL),
        posted("t2", "u1", short[0], at, DOUYIN_FULL),
    )
    numbers = Numbers(short={short[0]: recognise(douyin(1))})  # type: ignore[dict-item]
    (one, two) = scanner_of(app, numbers).scan(yesterday(app), NEVER).tasks
    # The second of them is the same video; the third link leads to another one, or nowhere.
    assert (one.completion_count, two.completion_count) == (3, 1)
    assert one.counts["dy_view_count"] == 99 + 2 * DOUYIN_FULL["view_count"]
    assert one.counts["dy_account_count"] == 2
    # Only where a user posted several videos of a task is there anything to tell apart.
    assert set(numbers.resolved) == {douyin(1), *short}


@ONE_ENGINE
def test_a_day_waits_for_a_host_without_descriptors(app: App, clock: MovingClock) -> None:
    """No report goes out without the numbers, and no day counts as scanned."""

    def without_descriptors() -> None:
        raise NoResourcesError("host_without_descriptors")

    take_tasks(app, task("t1"))
    take_posted(app, posted("t1", "u1", youtube(1), noon(app)))
    numbers = Numbers(on_fetch=without_descriptors)
    scanner, stop = scanner_of(app, numbers), threading.Event()
    job = hourly(lambda _context: scanner.run(stop), name="daily_stats")
    assert app.jobs.runner.run_due(job) is None
    clock.move(3600)
    assert app.jobs.runner.run_due(job) is not None
    assert filed(app) == [] and rows(app, "task_daily_stats") == []
    numbers.on_fetch = lambda: None
    clock.move(61)
    assert app.jobs.runner.run_due(job) is not None
    assert told_tasks(filed(app)) == ["t1"]
