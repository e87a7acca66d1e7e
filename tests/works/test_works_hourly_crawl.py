"""The hourly crawl against the sandbox: what is in the file, and what goes wrong on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.container import App
from core.errors import BadRequestError, LeaseLostError, OutputError
from storage.models.accounts import AccountStatus
from storage.views import points
from tests.support.crawler.workbench import ONE_ENGINE, Crash, account_of, die
from tests.support.messages import english, raises_saying
from tests.support.moving_clock import MovingClock
from tests.support.works.hour_data import COUNTERS, numbers, put, report
from tests.support.works.views_fixtures import BATCH, Desk, entry
from works.hour_data.entries import reason_of
from works.hourly.crawl_result import CrawlProgress, Ending
from works.hourly.ledger import HeldHour

pytestmark = ONE_ENGINE
NOON = "2026-11-22 12"  # in Shanghai, the clock's start
Begin = Callable[..., Desk]


def after(batches: int, act: Callable[[], object]) -> Callable[[CrawlProgress], None]:
    """Acts when so many batches are on the disk."""
    seen = iter(range(10**6))
    return lambda progress: act() if next(seen) == batches else None  # type: ignore[return-value]


@pytest.mark.parametrize("kind", ["folder is a file", "file is a folder"])
def test_an_hour_whose_log_cannot_be_written_is_crawled_all_the_same(
    desk: Begin, logs: Callable[[], str], capfd: pytest.CaptureFixture[str], kind: str
) -> None:
    here = desk()
    folder = here.app.settings.log_dir / "spider"
    if kind == "folder is a file":
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.write_text("")
    else:
        day = datetime.now(here.app.calendar.zone)
        (folder / f"views_crawler_{day:%Y%m%d}.log").mkdir(parents=True)
    here.list([video["id"] for video in here.videos(60)])
    assert here.crawl().ending is Ending.DONE
    assert here.report()["success_count"] == 60
    assert logs().count("log_unwritable") == 1
    assert "Traceback" not in capfd.readouterr().err


def test_the_file_holds_the_truth_in_the_agreed_shape(desk: Begin) -> None:
    here = desk()
    videos = {video["id"]: video for video in here.videos(60)}
    here.list_entries([*(entry(one) for one in videos), entry("dQw4w9WgXcQ", platform="youtube")])
    outcome = here.crawl()
    found = here.report()
    assert (outcome.ending, outcome.asked, outcome.skipped) == (Ending.DONE, 60, 1)
    assert str(outcome.path).endswith("/views/2026/11/22/2026-11-22-12_views_data.json")
    data = found.pop("data")
    assert found == {
        "session_id": "crawl_20261122120000",
        "crawl_time": "2026-11-22T12:00:00+08:00",
        "crawl_hour": "12",
        "total_count": 60,
        "success_count": 60,
        "fail_count": 0,
        "errors": [],
        "end_time": max(one["crawl_time"] for one in data),
        "skipped_count": 1,
        "complete": True,
        "crawl_date": "2026-11-22",
        "timezone": "Asia/Shanghai",
    }
    for one in data:
        told = videos[one["work_id"]]["counters"]
        assert one == {
            "platform": "bilibili",
            "work_id": one["work_id"],
            "title": f"作品 {one['work_id']}",
            "crawl_time": one["crawl_time"],
            "status": "success",
            **{f"{name}_count": told.get(name) for name in COUNTERS},
        }
    assert len(data) == 60


def test_ten_batches_take_a_twentieth_of_the_requests(desk: Begin) -> None:
    here = desk()
    ids = here.ids(400)
    here.list(ids)
    before = here.requests()
    here.crawl()
    assert here.requests() - before <= len(ids) / 20


def test_a_second_run_in_the_hour_asks_for_nothing_twice(desk: Begin) -> None:
    here = desk()
    ids = here.ids(70)
    here.list(ids[:60])
    here.crawl()
    first = here.files.path(here.hour).read_bytes()
    asked = here.requests()
    outcome = here.crawl()
    assert (outcome.ending, outcome.asked, here.requests()) == (Ending.DONE, 0, asked)
    assert here.files.path(here.hour).read_bytes() == first
    here.clock.move(600)
    here.list(ids)
    assert here.crawl().asked == 10
    found = here.report()
    assert (found["success_count"], found["session_id"]) == (70, "crawl_20261122120000")
    assert [one for one in found["data"] if one["work_id"] in ids[:60]] == here_data(first)


def here_data(content: bytes) -> list[dict[str, object]]:
    import json

    found: list[dict[str, object]] = json.loads(content)["data"]
    return found


def test_the_hour_is_that_of_the_start_also_when_it_turns(desk: Begin) -> None:
    here = desk()
    here.list(here.ids(120))
    outcome = here.crawl(after(1, lambda: here.clock.move(3600)))
    assert str(outcome.hour) == NOON != str(here.hour)
    found = here.report(outcome.hour)
    assert (found["success_count"], found["crawl_hour"]) == (120, "12")
    last = max(one["crawl_time"] for one in found["data"])
    assert last.startswith("2026-11-22T13:")
    assert here.files.hours() == [outcome.hour]


def test_an_interrupted_run_keeps_what_it_has_and_goes_on(desk: Begin) -> None:
    here = desk()
    ids = here.ids(170)
    here.list(ids)
    outcome = here.crawl(after(2, here.stop.set))
    assert (outcome.ending, outcome.asked) == (Ending.INTERRUPTED, 100)
    found = here.report()
    assert (found["success_count"], found["fail_count"], found["complete"]) == (100, 70, False)
    assert {one["error"] for one in found["errors"]} == {"not asked: interrupted"}
    here.stop.clear()
    outcome = here.crawl()
    assert (outcome.ending, outcome.asked) == (Ending.DONE, 70)
    assert sorted(one["work_id"] for one in here.report()["data"]) == sorted(ids)
    assert here.report()["errors"] == []


def test_a_killed_run_goes_on_from_its_last_batch(desk: Begin) -> None:
    here = desk()
    ids = here.ids(170)
    here.list(ids)
    with pytest.raises(Crash):
        here.crawl(after(2, die))
    assert here.files.hours() == []
    here.clock.move(60)
    assert here.crawl().asked == 70
    assert sorted(one["work_id"] for one in here.report()["data"]) == sorted(ids)
    assert here.report()["session_id"] == "crawl_20261122120000"


def test_another_host_goes_on_with_the_hour_of_a_dead_one(
    desk: Begin,
    make_app: Callable[..., App],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = desk()
    ids = here.ids(170)
    here.list(ids)
    with monkeypatch.context() as killed:
        killed.setattr(HeldHour, "release", lambda self: None)
        with pytest.raises(Crash):
            here.crawl(after(2, die))
    other = Desk(
        make_app(
            host="other",
            data_dir=tmp_path / "other",
            bilibili_base_url=here.server.url,
            quota_timezone="Asia/Shanghai",
            secret_key=SecretStr(here.app.settings.key_file.read_text(encoding="ascii").strip()),
        ),
        here.server,
        here.clock,
    )
    other.list(ids)
    begun = here.clock.now()
    assert other.crawl().asked == 70
    waited = (here.clock.now() - begun).total_seconds()
    assert waited <= other.app.settings.lease_secs + 5
    here.project()
    assert other.report()["success_count"] == 170
    assert here.files.path(here.hour).read_bytes() == other.files.path(here.hour).read_bytes()


def test_a_killed_run_of_an_hour_that_is_over_is_brought_to_its_file(
    desk: Begin,
) -> None:
    here = desk()
    here.list(here.ids(120))
    with pytest.raises(Crash):
        here.crawl(after(1, die))
    noon = here.hour
    here.clock.move(3600)
    here.crawl()
    assert here.files.hours() == [noon, here.hour]
    found = here.report(noon)
    assert (found["success_count"], found["complete"]) == (50, False)
    assert "2026-11-22 12: an unfinished run was ended" in here.log()


def test_a_full_disk_at_the_end_loses_nothing(
    desk: Begin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import errno

    import core.atomic_file

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    here = desk()
    here.list(here.ids(60))
    monkeypatch.setattr(core.atomic_file.os, "replace", full)
    with raises_saying(OutputError, "No space left on device; the old file is unchanged"):
        here.crawl()
    monkeypatch.undo()
    asked = here.requests()
    assert here.crawl().asked == 0
    assert (here.report()["success_count"], here.requests()) == (60, asked)


def test_gone_videos_are_listed_and_not_asked_for_again(desk: Begin) -> None:
    here = desk()
    good = here.ids(5)
    gone, waiting = (here.videos(1, state)[0]["id"] for state in ("gone", "in_review"))
    here.list([*good, gone, waiting, "no-id-at-all"])
    outcome = here.crawl()
    assert (outcome.ending, outcome.success, outcome.failed) == (Ending.DONE, 5, 3)
    errors = {one["work_id"]: one for one in here.report()["errors"]}
    assert errors[gone]["error"].startswith("not_found: ")
    assert errors[waiting]["error"].startswith("in_review: ")
    assert "no video id" in errors["no-id-at-all"]["error"]
    codes = [reason_of(errors[work_id]).code for work_id in (gone, waiting, "no-id-at-all")]
    assert codes == ["video_not_found", "video_in_review", "not_video_id"]
    assert {one["status"] for one in errors.values()} == {"failed"}
    assert here.crawl().asked == 1, "only the one that may come out"


@pytest.mark.parametrize("tries", [2, 3])
def test_network_trouble_is_tried_three_times(desk: Begin, tries: int) -> None:
    here = desk(accounts=1)
    here.list(here.ids(120))
    here.server.order({"kind": "drop", "endpoint": BATCH, "times": tries})
    outcome = here.crawl()
    assert (outcome.ending, outcome.asked, outcome.failed) == (Ending.DONE, 120, 0)
    assert here.clock.waits[0] < here.clock.waits[1], "the pauses do not grow"
    assert (max(here.clock.waits) >= 29) is (tries == 3), "then the platform is waited for"


def test_a_platform_that_is_down_is_not_asked_for_ever(desk: Begin) -> None:
    here = desk()
    here.list(here.ids(400))
    here.server.order({"kind": "drop", "times": 10_000})
    outcome = here.crawl()
    assert (outcome.ending, outcome.asked, outcome.failed) == (Ending.PARTIAL, 50, 400)


def test_a_batch_that_the_platform_refuses_does_not_hold_up_the_others(
    desk: Begin,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = desk()
    here.list(here.ids(120))
    source = here.app.pool.access["bilibili"].source.source
    ask, calls = source.video_stats, iter(range(99))  # type: ignore[attr-defined]

    def refused_once(session: object, ids: object) -> object:
        if next(calls) == 1:
            raise BadRequestError("code -400")
        return ask(session, ids)

    monkeypatch.setattr(source, "video_stats", refused_once)
    outcome = here.crawl()
    assert (outcome.ending, outcome.success, outcome.failed) == (Ending.PARTIAL, 70, 50)
    assert "code -400" in here.log()


def test_a_throttle_is_waited_out_for_a_minute(desk: Begin, clock: MovingClock) -> None:
    here = desk(accounts=1)
    here.list(here.ids(120))
    here.server.order({"kind": "code_799", "times": 2})
    began = clock.now()
    outcome = here.crawl()
    assert (outcome.ending, outcome.success) == (Ending.DONE, 120)
    assert (clock.now() - began).total_seconds() >= 60 + 120


def test_without_a_usable_account_it_says_so(desk: Begin) -> None:
    here = desk(accounts=1)
    here.list(here.ids(120))
    signed_out = {"kind": "code_101", "times": 1}
    here.server.order(signed_out, {**signed_out, "endpoint": "/x/web-interface/nav"})
    outcome = here.crawl()
    assert (outcome.ending, outcome.success, outcome.failed) == (Ending.NO_ACCOUNT, 0, 120)
    assert account_of(here.app, "acc1").status is AccountStatus.DISABLED
    asked = here.requests()
    outcome = here.crawl()
    assert (outcome.ending, here.requests()) == (Ending.NO_ACCOUNT, asked)
    assert "disabled" in english(outcome.reason)


def test_risk_control_stops_the_asking(desk: Begin) -> None:
    here = desk(accounts=3)
    here.list(here.ids(170))
    here.server.order({"kind": "html_412", "endpoint": BATCH, "times": 1000})
    outcome = here.crawl()
    assert (outcome.ending, outcome.asked, outcome.failed) == (Ending.PARTIAL, 50, 170)


def test_counters_that_shrink_are_kept_and_flagged(desk: Begin) -> None:
    here = desk()
    video, other = here.videos(2)
    before = here.hour.earlier(2)
    views = video["counters"]["view"]
    put(
        here.files,
        before,
        report(
            before,
            [
                numbers(
                    video["id"],
                    before,
                    views + 1,
                    like_count=0,
                    coin_count=None,
                    share_count=0,
                    danmaku_count=0,
                    comment_count=0,
                    favorite_count=0,
                ),
                numbers(other["id"], before, 0),
            ],
        ),
    )
    here.app.works.hourly.import_hour(before)
    here.list([video["id"], other["id"]])
    here.crawl()
    data = {one["work_id"]: one for one in here.report()["data"]}
    assert data[video["id"]]["shrunk"] == ["view_count"]
    assert data[video["id"]]["view_count"] == views
    assert "shrunk" not in data[other["id"]]
    assert f"{video['id']}: lower than before: view_count" in here.log()


def test_the_hour_that_comes_twice_is_one_file(desk: Begin, clock: MovingClock) -> None:
    here = desk(zone="Europe/Berlin")
    ids = here.ids(4)
    clock.move_to(datetime(2026, 10, 25, 0, 20, tzinfo=UTC))  # 02:20, summer time
    here.list(ids[:3])
    first = here.crawl()
    clock.move(3600)  # 02:20 again
    here.list(ids[1:])
    second = here.crawl()
    assert first.hour == second.hour == here.hour
    found = here.report()
    times = {one["work_id"]: one["crawl_time"] for one in found["data"]}
    assert sorted(times) == sorted(ids)
    assert times[ids[0]].endswith("+02:00")
    assert times[ids[3]].endswith("+01:00")


def test_a_clock_that_was_put_back_loses_nothing(desk: Begin, clock: MovingClock) -> None:
    here = desk()
    here.list(here.ids(3))
    here.crawl()
    noon = here.report()
    clock.move(3600)
    here.crawl()
    clock.move(-3600)
    assert here.crawl().asked == 0
    assert here.report() == noon


def test_a_work_without_a_title_gets_the_platforms(desk: Begin) -> None:
    here = desk()
    video = here.videos(1)[0]
    here.list_entries([entry(video["id"], title="")])
    here.crawl()
    assert here.report()["data"][0]["title"] == video["title"]


def test_an_hour_that_an_older_version_began_is_continued(desk: Begin) -> None:
    here = desk()
    ids = here.ids(3)
    here.list(ids)
    put(here.files, here.hour, report(here.hour, [numbers(ids[0], here.hour, 1)]))
    assert here.crawl().asked == 2
    data = {one["work_id"]: one for one in here.report()["data"]}
    assert (len(data), data[ids[0]]["view_count"]) == (3, 1)


@pytest.mark.parametrize("content", ["", '{"session_id": "x"', "{}"])
def test_a_damaged_file_of_the_hour_is_kept_aside(desk: Begin, content: str) -> None:
    here = desk()
    here.list(here.ids(3))
    path = put(here.files, here.hour, content)
    assert here.crawl().success == 3
    assert path.with_name(f"{path.name}.damaged").read_text() == content
    assert here.report()["success_count"] == 3
    assert "mend it, or move it away" in here.log()


def test_a_second_process_waits_for_the_first(desk: Begin, clock: MovingClock) -> None:
    here = desk()
    here.list(here.ids(3))
    other = held_by_another(here)
    clock.on_wait = other.release
    told: list[bool] = []
    assert here.crawl(lambda progress: told.append(progress.waiting)).success == 3
    assert told == [True, False, False]
    assert "another process is at work on this hour" in here.log()


def test_who_waits_for_another_process_can_be_stopped(desk: Begin, clock: MovingClock) -> None:
    here = desk()
    here.list(here.ids(3))
    held_by_another(here)
    clock.on_wait = here.stop.set
    outcome = here.crawl()
    assert (outcome.ending, outcome.path) == (Ending.INTERRUPTED, None)


def held_by_another(here: Desk) -> HeldHour:
    held = here.ledger(owner="another").claim(here.hour)
    assert held is not None
    return held


def test_who_lost_the_hour_stores_nothing_more(desk: Begin, clock: MovingClock) -> None:
    here = desk()
    here.list(here.ids(120))

    def taken_over() -> None:
        clock.move(31)
        held_by_another(here)

    with raises_saying(LeaseLostError, "hour"):
        here.crawl(after(1, taken_over))
    assert here.app.database.read(points.count, here.hour.index) == 50


def test_an_empty_list_asks_nobody_and_writes_nothing(desk: Begin) -> None:
    here = desk()
    here.list([])
    outcome = here.crawl()
    assert (outcome.path, outcome.ending) == (None, Ending.DONE)
    assert here.files.hours() == []


def test_as_a_job_it_tells_its_result_in_a_sentence(desk: Begin) -> None:
    here = desk()
    here.list(here.ids(3))
    told = here.app.works.hourly.run(threading.Event())
    assert english(told) == f"{NOON}: 3 of 3 works have numbers; 3 rows imported"
