"""Play counts: which works are asked, in what steps, and what their answers make of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

import pytest
from pydantic import SecretStr

from core.errors import BusyError, OutputError
from core.file_lock import file_lock
from sandbox import RateLimit, SandboxConfig
from storage.catalogue.works import InvalidBy
from tests.support.crawler.workbench import add_accounts
from tests.support.messages import english, raises_saying
from tests.support.moving_clock import MovingClock
from tests.support.works.shelf import Shelf, Witness
from works.catalogue.catalogue import Catalogue

PROGRESS = "video_update_progress.json"
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@dataclass(frozen=True)
class StillWall:
    """Counters stand still, while rates go by the tests' clock."""

    started: datetime

    def timestamp(self) -> float:
        return self.started.timestamp()


@pytest.fixture
def shelf(make_app, clock: MovingClock) -> Iterator[Callable[..., Shelf]]:
    """`shelf(accounts=2, **settings)`"""
    servers: list[Witness] = []

    def begin(accounts: int = 2, **settings) -> Shelf:
        fast = RateLimit(100_000, 1)
        config = SandboxConfig(
            creators=300, domains=("美妆",), rate=fast, youtube_rate=fast, tikhub_rate=fast
        )
        server = Witness(config, now=clock.monotonic, wall=StillWall(clock.now()).timestamp)
        server.start()
        servers.append(server)
        values = {
            "bilibili_base_url": server.url,
            "tikhub_base_url": server.url,
            "youtube_base_url": f"{server.url}/youtube/v3",
            "youtube_api_key": SecretStr("key"),
            "tikhub_token": SecretStr("token"),
        }
        app = make_app(**(values | settings))
        add_accounts(app, accounts)
        return Shelf(server, app, clock)

    yield begin
    for server in servers:
        server.stop()


def visible(here: Shelf, count: int, platform: str = "bilibili"):
    found = here.server.videos(platform, count + 20, state="visible")
    return [video for video in found if video["counters"]["view"] is not None][:count]


def test_every_due_work_gets_its_count_and_its_names_in_batches_of_ten(shelf) -> None:
    here = shelf()
    videos = visible(here, 24)
    here.put(videos, title="an old title")
    end = here.update()
    assert (end.round.updated, end.round.skipped, end.round.failed, end.left) == (24, 0, (), 0)
    for video in videos:
        work = here.work(video)
        assert work.play_count == video["counters"]["view"]
        assert (work.title, work.author, work.uid) == (
            video["title"],
            video["author"],
            video["uid"],
        )
        assert work.checked_at is not None and work.cover_url.startswith("http")
    assert sorted(map(len, here.server.batches)) == [4, 10, 10]
    assert set(here.server.times_in_batches.values()) == {1}
    assert not (here.app.settings.data_dir / PROGRESS).exists()


@pytest.mark.parametrize("platform", ["youtube", "tiktok", "douyin"])
def test_other_platforms_too(shelf, platform) -> None:
    here = shelf()
    videos = visible(here, 12, platform)
    here.put(videos)
    assert here.update().round.updated == 12
    for video in videos:
        assert here.work(video).play_count == video["counters"]["view"]


def test_only_what_is_older_than_a_week_is_asked_again(shelf, clock) -> None:
    here = shelf()
    videos = visible(here, 12)
    here.put(videos[:10])
    assert here.update().round.updated == 10
    clock.move(3 * 86400)
    here.put(videos[10:])
    assert here.update().round.updated == 2
    assert here.update().round.updated == 0
    assert here.update(force=True).round.updated == 12
    clock.move(7 * 86400 + 1)
    assert here.update().round.updated == 12


def test_only_works_of_the_named_creators(shelf) -> None:
    here = shelf()
    videos = visible(here, 6)
    for number, video in enumerate(videos):
        here.put([video], uid=str(number % 3))
    end = here.update(uids=["0", "2", "2"])
    assert end.round.updated == 4
    assert [here.work(v).play_count is None for v in videos] == [False, True, False] * 2


def test_pauses_between_batches_and_between_requests(shelf, clock) -> None:
    here = shelf(play_counts_request_pause_secs=1.5)
    here.put(visible(here, 30))
    here.update()
    assert clock.waits.count(3.0) == 2
    requests = len(here.server.batches) + len(here.server.singles)
    apart = [secs for secs in clock.waits if 1.0 < secs <= 1.5]
    assert requests == 6 and len(apart) == 3, "the pause of a batch is long enough for the others"


def test_gone_videos_become_invalid_with_their_reason_and_may_come_back(shelf) -> None:
    here = shelf()
    videos = visible(here, 5)
    here.put(videos)
    here.server.decide(videos[0], "gone")
    here.server.decide(videos[1], "hidden")
    here.server.decide(videos[2], "in_review")
    here.server.decide(videos[3], "visible", "view")
    version = here.app.works.listing.version()
    end = here.update()
    assert (end.round.updated, end.round.skipped, end.round.failed) == (1, 4, ())
    works = [here.work(video) for video in videos]
    assert [work.is_valid for work in works] == [False, False, True, True, True]
    assert {work.invalid_by for work in works[:2]} == {InvalidBy.PLATFORM}
    assert english(works[0].invalid_reason).startswith("not_found: ")
    assert english(works[1].invalid_reason).startswith("hidden: ")
    assert (works[2].failure_count, english(works[2].last_error)[:10]) == (1, "in_review:")
    assert works[3].play_count is None and works[3].checked_at is not None
    assert here.app.works.listing.version() > version, "views.json is written again"
    here.server.decide(videos[0], "visible")
    assert here.update().round.skipped == 1, "what was in review is asked again, gone ones are not"
    here.app.works.catalogue.disable([works[4].key], None)
    assert here.update(force=True).round.updated == 1
    assert [here.work(v).is_valid for v in videos] == [True, False, True, True, False]


def test_a_count_that_shrinks_is_kept_as_told_and_flagged(shelf) -> None:
    here = shelf()
    (video,) = visible(here, 1)
    here.put([video])
    here.update()
    here.sql("UPDATE works SET play_count=play_count+5, checked_at=NULL")
    (low,) = here.update().round.shrunk
    views = video["counters"]["view"]
    assert (low.work_id, low.before, low.now) == (video["id"], views + 5, views)
    assert here.work(video).play_count == views


def log_of(here: Shelf) -> str:
    return (here.app.settings.log_dir / "video_update.log").read_text(encoding="utf-8")


def test_a_round_whose_log_cannot_be_written_goes_on(shelf, logs) -> None:
    here = shelf()
    here.put(visible(here, 3))
    here.update()
    log_file = here.app.settings.log_dir / "video_update.log"
    log_file.unlink()
    log_file.mkdir()
    here.sql("UPDATE works SET checked_at=NULL")
    assert here.update().round.updated == 3
    log_file.rmdir()
    assert "log_unwritable" in logs() and "ended: " in logs()


def test_a_work_that_keeps_failing_is_skipped_and_listed_and_spoils_no_other(shelf) -> None:
    here = shelf()
    videos = visible(here, 12)
    here.put(videos)
    bad = videos[4]
    here.server.order({"kind": "http_502", "video": bad["id"], "times": 10_000})
    end = here.update()
    assert (end.round.updated, [one.work_id for one in end.round.failed]) == (11, [bad["id"]])
    assert here.work(bad).failure_count == 1 and "502" in here.work(bad).last_error
    assert f"{bad['id']} failed" in log_of(here)
    assert here.server.singles.count(bad["id"]) >= 1, "it was asked by itself as well"
    again = here.update()
    assert (again.round.updated, len(again.round.failed)) == (0, 1), "only that one is due again"
    assert here.work(bad).failure_count == 2


def test_a_platform_that_is_down_is_left_for_the_next_run_and_others_go_on(shelf) -> None:
    here = shelf()
    videos, others = visible(here, 60), visible(here, 12, "youtube")
    here.put(videos + others)
    here.server.order({"kind": "http_502", "endpoint": "bilibili", "times": 100_000})
    end = here.update()
    assert end.round.updated == 12
    assert end.left == 60 - len(end.round.failed) and len(end.round.failed) == 30
    assert "left for the next run" in english(end.message)
    assert (here.app.settings.data_dir / PROGRESS).exists()
    here.server.reset()
    here.clock.move(600)
    rest = here.update()
    assert (rest.round.updated, rest.left) == (12 + 30, 0), "it goes on with the same round"


def test_without_an_account_that_can_ask_the_rest_is_left(shelf) -> None:
    here = shelf()
    here.put(visible(here, 50))
    for account in here.app.pool.registry.all():
        here.app.pool.manager.set_account_status(account.id, "disabled")
    end = here.update()
    assert end.round.updated == 0 and end.left > 0
    assert all("disabled" in english(one.error) for one in end.round.failed)
    assert here.server.batches == []


def test_a_stop_finishes_the_batch_and_the_next_run_goes_on(shelf, clock) -> None:
    here, stop = shelf(), threading.Event()
    videos = visible(here, 35)
    here.put(videos)
    clock.on_wait = lambda: stop.set() if clock.waits.count(3.0) == 2 else None
    end = here.update(stop)
    assert (end.round.updated, end.left) == (20, 15)
    clock.on_wait = None
    rest = here.update()
    assert (rest.round.updated, rest.left) == (35, 0)
    assert set(here.server.times_in_batches.values()) == {1}


def test_a_stop_in_the_middle_of_a_batch_counts_none_of_it_as_failed(shelf, clock) -> None:
    here, stop = shelf(), threading.Event()
    here.put(visible(here, 10))
    clock.on_wait = stop.set
    end = here.update(stop)
    assert (end.round.done, end.left) == (0, 10)
    clock.on_wait = None
    assert here.update().round.updated == 10


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("point", ["after the answers", "after the commit"])
def test_a_death_loses_no_work_and_asks_none_twice_but_the_batch_in_hand(
    shelf, make_app, monkeypatch, point, force
) -> None:
    here = shelf()
    videos = visible(here, 35)
    here.put(videos)

    class Crash(BaseException):
        pass

    calls = iter(range(100))

    def die_at_second(query):
        def instead(*args):
            done = query(*args) if point == "after the commit" else None
            if next(calls) == 1:
                raise Crash
            return done if point == "after the commit" else query(*args)

        return instead

    with monkeypatch.context() as dying:
        dying.setattr(Catalogue, "change", die_at_second(Catalogue.change))
        with pytest.raises(Crash):
            here.update(force=force)
    assert here.update(force=force).left == 0
    assert all(here.work(video).play_count is not None for video in videos)
    times = here.server.times_in_batches
    asked_twice = [video for video, count in times.items() if count > 1]
    assert len(asked_twice) == (10 if point == "after the answers" else 0)
    assert set(times.values()) <= {1, 2}


def test_another_round_does_not_go_on_with_the_old_one(shelf, clock) -> None:
    here, stop = shelf(), threading.Event()
    here.put(visible(here, 15))
    clock.on_wait = lambda: stop.set() if 3.0 in clock.waits else None
    assert here.update(stop, force=True).left > 0
    clock.on_wait = None
    end = here.update()
    assert end.round.force is False and end.round.done == 5


def test_a_cut_forced_round_goes_on_after_a_usual_one_ran_between(shelf, clock) -> None:
    here, stop = shelf(), threading.Event()
    here.put(visible(here, 15))
    assert here.update().round.updated == 15
    clock.waits.clear()
    clock.on_wait = lambda: stop.set() if 3.0 in clock.waits else None
    assert here.update(stop, force=True).left == 5
    clock.on_wait = None
    clock.move(3600)
    assert here.update().round.done == 0
    assert here.update(uids=["7"]).round.done == 0
    end = here.update(force=True)
    assert (end.round.done, end.left) == (15, 0)
    assert here.server.times_in_batches.total() == 15 + 15, "each was asked once by each round"
    assert not (here.app.settings.data_dir / PROGRESS).exists()


@pytest.mark.parametrize(
    "damage",
    ["", "{", "[]", '{"began_at": "x"}', "null", '{"others": 5}', "[" * 100_000],
    ids=lambda text: text[:20],
)
def test_a_damaged_progress_file_begins_a_new_round(shelf, damage) -> None:
    here = shelf()
    videos = visible(here, 3)
    here.put(videos)
    file = here.app.settings.data_dir / PROGRESS
    file.write_text(damage)
    assert here.update().round.updated == 3
    assert not file.exists()


def test_an_old_round_is_not_gone_on_with(shelf, clock) -> None:
    here, stop = shelf(), threading.Event()
    here.put(visible(here, 15))
    clock.on_wait = lambda: stop.set() if 3.0 in clock.waits else None
    assert here.update(stop).left > 0
    clock.on_wait = None
    clock.move(8 * 86400)
    assert here.update().round.updated == 15
    assert here.server.times_in_batches.total() == 10 + 15, "all of them are due again"


def test_what_is_added_during_a_round_waits_for_the_next(shelf, clock) -> None:
    here = shelf()
    videos = visible(here, 3)
    here.put(videos[:2] + visible(here, 2, "youtube"))

    def watch(round_, _total: int) -> None:
        if round_.done == 4:
            clock.move(1)
            here.put(videos[2:])

    end = here.update(watch=watch)
    assert (end.round.updated, end.left) == (4, 0)
    assert not (here.app.settings.data_dir / PROGRESS).exists()
    assert here.update().round.updated == 1


def test_one_process_at_a_time(shelf) -> None:
    here = shelf()
    lock = here.app.settings.data_dir / ".video_update.lock"
    with file_lock(lock, wait=True), raises_saying(BusyError, "another process"):
        here.update()


def test_a_full_disk_is_told_and_nothing_is_lost(shelf, monkeypatch) -> None:
    here = shelf()
    videos = visible(here, 15)
    here.put(videos)
    calls = iter(range(100))

    def full(_handle: int) -> None:
        if next(calls) >= 1:
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("core.atomic_file.os.fsync", full)
        with pytest.raises(OutputError, match="No space left"):
            here.update()
    assert here.update().left == 0
    assert all(here.work(video).play_count is not None for video in videos)


def test_the_job_tells_its_result_in_a_sentence(shelf) -> None:
    here = shelf()
    here.put(visible(here, 2))
    assert (
        english(here.app.works.play_counts.job(threading.Event()))
        == "2 updated, 0 skipped, 0 failed"
    )


@pytest.mark.parametrize("owner", ["platform", "site"])
def test_a_play_count_leaves_the_fields_of_the_site_to_the_site(shelf, owner: str) -> None:
    here = shelf(works_owner=owner)
    known, new = here.server.videos("bilibili", 2, state="visible")
    here.put([known], title="of the site", cover_url="https://site/c")
    here.update()
    one = here.work(known)
    assert one.play_count == known["counters"]["view"]
    expected = ("of the site", "", "https://site/c", None)
    told = (one.title, one.author, one.cover_url, one.publish_time)
    assert (told == expected) == (owner == "site")
    here.app.works.importer.add([known["url"], new["url"]], None, threading.Event(), fetch=True)
    assert (here.work(known).title == "of the site") == (owner == "site")
    assert here.work(new).title == new["title"], "what Baton adds itself has what is known"
