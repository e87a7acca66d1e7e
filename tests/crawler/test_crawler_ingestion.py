"""Crawling against the sandbox: every creator once, whatever happens to the pages meanwhile."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from datetime import timedelta

import pytest

import tests.support.crawler.outside_checker as outside_checker
from app.container import App
from core.clock import SystemClock
from core.errors import DatabaseError
from sandbox.messages import json_reply
from sources.base import Via
from storage.models.accounts import AccountStatus
from storage.models.tasks import Task, TaskStatus
from tests.support.crawler.workbench import (
    DOMAIN,
    ONE_ENGINE,
    account_of,
    add_account,
    add_accounts,
    change,
    claimed,
    column,
    crawl,
    edited,
    export,
    file_crawl,
    file_export,
    once,
    pieces_of,
    rows,
    segments_of,
    statuses,
    store_rows,
    stored_uids,
    task_of,
    work_off,
)
from tests.support.messages import english_text
from tests.support.moving_clock import MovingClock
from tests.support.processes.launcher import wait_until

COMPLETED, PENDING, FAILED = TaskStatus.COMPLETED, TaskStatus.PENDING, TaskStatus.FAILED
ODD_NAMES = {
    "nul\x00 inside": "nul\ufffd inside",
    "half \ud83d pair": "half \ufffd pair",
    "👩\u200d🎨🇨🇳𠮷": "👩\u200d🎨🇨🇳𠮷",
    "长" * 10_000: "长" * 10_000,
    'quote " comma , line\r\nend': 'quote " comma , line\r\nend',
}


def logged_pages(app: App) -> list[int]:
    return sorted(column(app, "SELECT page_number FROM ingestion_logs"))


def wait_over(app: App, task: Task) -> None:
    """Let a piece of the task wait until now."""
    app.crawling.scheduler.requeue(claimed(app, only=task.id), not_before=app.clock.now())


def test_what_waited_is_worked_on_before_the_fresh_pieces_of_another_crawl(
    make_app, platform
) -> None:
    app = make_app(bilibili_base_url=platform(creators=20).url)
    add_accounts(app, 1)
    fresh, waited = file_crawl(app, pages=1, domain="游戏"), file_crawl(app, pages=1)
    wait_over(app, waited)
    assert once(app.crawling.ingestion_worker())
    assert statuses([task_of(app, waited.id), task_of(app, fresh.id)]) == [COMPLETED, PENDING]


def test_after_a_look_in_vain_fresh_pieces_come_first(app: App, clock: MovingClock) -> None:
    """All that waited may lack accounts of one platform; others must not wait behind them."""
    waited = [file_crawl(app, pages=1, domain=domain) for domain in ("一", "二")]
    for task in waited:
        wait_over(app, task)
    fresh = file_crawl(app, pages=1, domain="三")
    stop = threading.Event()
    clock.on_wait = lambda: stop.set() if len(clock.waits) == 2 else None
    app.crawling.ingestion_worker().run(stop)
    looked_at = column(app, "SELECT parent_id FROM tasks WHERE waiting_for='account' ORDER BY id")
    assert looked_at == [waited[0].id, fresh.id]


@pytest.mark.parametrize("pages", [None, 13, 40])
def test_a_crawl_stores_every_creator_once_and_logs_every_page(make_app, platform, pages) -> None:
    server = platform(creators=245)
    app = make_app(bilibili_base_url=server.url)
    add_accounts(app, 2)
    task = crawl(app, pages)
    assert task.status is COMPLETED
    assert stored_uids(app) == server.uids()
    assert logged_pages(app) == list(range(1, 14))
    assert (server.stats()["pages"], server.stats()["duplicate_pages"]) == (13, 0)
    assert sum(column(app, "SELECT new_count FROM ingestion_logs")) == 245
    for piece in pieces_of(app, task.id):
        mine = column(app, "SELECT page_number FROM ingestion_logs WHERE task_id=:id", id=piece.id)
        assert sorted(mine) == list(range(piece.page_from, piece.page_to + 1))
    idle = column(app, "SELECT status FROM accounts")
    assert idle == ["idle", "idle"]


def test_threads_share_the_pieces_of_a_crawl(make_app, platform) -> None:
    server = platform(creators=600, clock=SystemClock())
    app = make_app(clock=SystemClock(), bilibili_base_url=server.url, poll_secs=0.02, threads=3)
    add_accounts(app, 3)
    task, failures = file_crawl(app), []
    engine = app.engine(crawl_threads=3, export_threads=0, on_failure=failures.append)
    engine.start()
    wait_until(lambda: not task_of(app, task.id).is_open, "the end of the crawl")
    assert engine.stop() and not failures
    assert stored_uids(app) == server.uids()
    assert logged_pages(app) == list(range(1, 31))
    assert server.stats()["duplicate_pages"] == 0


def test_a_page_stored_twice_adds_no_row_twice(make_app, platform) -> None:
    app = make_app(bilibili_base_url=platform(creators=60).url)
    add_account(app, "acc1")
    first, second = crawl(app), crawl(app)
    assert first.id != second.id
    assert len(stored_uids(app)) == 60
    assert column(app, "SELECT new_count FROM ingestion_logs ORDER BY id") == [20] * 3 + [0] * 3
    assert column(app, "SELECT ingested_count FROM ingestion_logs") == [20] * 6


def test_a_recrawl_refreshes_what_waits_and_leaves_the_export_alone(
    make_app, platform, database_url
) -> None:
    server = platform(creators=40)
    app = make_app(bilibili_base_url=server.url)
    add_account(app, "acc1")
    crawl(app)
    export(app, limit=30)
    kept = "id, uid, status, export_log_id, source_page, ingestion_log_id, ingested_at"
    before = rows(app, f"SELECT {kept} FROM influencers ORDER BY id")

    def renamed(request, reply):
        return edited(
            reply, lambda data: [hit.update(uname="新名", fans=7) for hit in data["result"]]
        )

    server.spoil = renamed
    crawl(app)
    assert rows(app, f"SELECT {kept} FROM influencers ORDER BY id") == before
    waiting = "FROM influencers WHERE status='pending_export'"
    assert set(column(app, f"SELECT nickname {waiting}")) == {"新名"}
    raw = [json.loads(text) for text in column(app, f"SELECT raw_data {waiting}")]
    assert {one["fans"] for one in raw} == {7}
    delivered = "SELECT nickname FROM influencers WHERE status='exported'"
    assert "新名" not in column(app, delivered)  # what was delivered stays as it was
    assert set(column(app, "SELECT nickname FROM creators")) == {"新名"}
    assert outside_checker.problems(database_url, app.settings.exports_dir) == []


def test_authors_of_videos_do_not_replace_fuller_raw_data(make_app, platform) -> None:
    app = make_app(bilibili_base_url=platform(creators=20).url)
    add_account(app, "acc1")
    crawl(app)
    full = rows(app, "SELECT uid, raw_data FROM influencers ORDER BY uid")
    crawl(app, via=Via.VIDEOS)
    assert rows(app, "SELECT uid, raw_data FROM influencers ORDER BY uid") == full


def test_a_name_search_fills_up_what_videos_told_of_their_authors(make_app, platform) -> None:
    app = make_app(bilibili_base_url=platform(creators=20).url)
    add_account(app, "acc1")
    crawl(app, via=Via.VIDEOS)
    known = stored_uids(app)
    assert known and not any(
        "fans" in text for text in column(app, "SELECT raw_data FROM influencers")
    )
    crawl(app)
    assert set(known) <= set(stored_uids(app)) and len(stored_uids(app)) == 20
    assert all('"fans"' in text for text in column(app, "SELECT raw_data FROM influencers"))


@pytest.mark.parametrize("creators", [45, 200])
def test_a_crawl_ends_at_the_last_page_whatever_was_asked(make_app, platform, creators) -> None:
    server = platform(creators=creators)
    app = make_app(bilibili_base_url=server.url)
    add_account(app, "acc1")
    task = crawl(app, pages=40)
    pieces = pieces_of(app, task.id)
    assert statuses([task, *pieces]) == [COMPLETED] * 5
    assert server.pages == list(range(1, -(-creators // 20) + 1))  # later pieces asked nothing
    assert len(stored_uids(app)) == creators


def test_no_more_pages_are_fetched_than_were_asked(make_app, platform) -> None:
    server = platform(creators=200)
    app = make_app(bilibili_base_url=server.url)
    add_account(app, "acc1")
    assert crawl(app, pages=3).status is COMPLETED
    assert server.pages == [1, 2, 3]


@pytest.mark.parametrize(("first", "later", "found"), [(45, 85, 85), (85, 45, 45), (205, 405, 405)])
def test_a_crawl_follows_a_platform_that_changes_meanwhile(
    make_app, platform, first, later, found
) -> None:
    server = platform(creators=first)
    app = make_app(bilibili_base_url=server.url)
    add_account(app, "acc1")

    def grow_or_shrink(request, reply):
        if request.params["page"] == "1":
            server.become(creators=later)
        return reply

    server.spoil = grow_or_shrink
    task = crawl(app)
    assert task.status is COMPLETED
    assert len(stored_uids(app)) == found
    assert logged_pages(app) == list(range(1, -(-found // 20) + 1))


def test_a_domain_without_hits_completes_with_nothing(make_app, platform) -> None:
    app = make_app(bilibili_base_url=platform().url)
    add_account(app, "acc1")
    for pages in (None, 30):
        task = crawl(app, pages, domain="没有人")
        assert task.status is COMPLETED
    assert stored_uids(app, "没有人") == [] and logged_pages(app) == []


def test_odd_names_are_stored_and_exported(make_app, platform) -> None:
    server = platform(creators=len(ODD_NAMES))
    app = make_app(bilibili_base_url=server.url)
    add_account(app, "acc1")

    def rename(data):
        for hit, name in zip(data["result"], ODD_NAMES, strict=True):
            hit["uname"] = name

    server.spoil = lambda request, reply: edited(reply, rename)
    crawl(app)
    assert column(app, "SELECT nickname FROM influencers") and sorted(
        column(app, "SELECT nickname FROM influencers")
    ) == sorted(ODD_NAMES.values())
    export(app)
    export_again = segments_of(app)[0]
    path = app.crawling.segment_files.locate(export_again.file_path)
    names = [record["nickname"] for record in outside_checker.records_in(path, "csv")]
    assert sorted(names) == sorted(ODD_NAMES.values())


def test_a_stop_in_the_middle_hands_task_and_account_back(make_app, platform) -> None:
    server = platform(creators=200)
    one, other = make_app(bilibili_base_url=server.url), make_app(bilibili_base_url=server.url)
    add_account(one, "acc1")
    task, stop = file_crawl(one, pages=10), threading.Event()

    def stop_at_three(request, reply):
        if request.params["page"] == "3":
            stop.set()
        return reply

    server.spoil = stop_at_three
    one.crawling.ingestion_worker().work_once(stop)
    piece = pieces_of(one, task.id)[0]
    assert (piece.status, piece.lease_owner, piece.progress_marker) == (PENDING, None, "page=3")
    assert account_of(one, "acc1").status is AccountStatus.IDLE
    assert one.leases.held() == []
    assert work_off(other, task).status is COMPLETED
    assert server.pages == list(range(1, 11))


def test_a_crawl_that_is_paused_keeps_its_pages_and_goes_on_later(make_app, platform) -> None:
    server = platform(creators=100)
    app = make_app(bilibili_base_url=server.url)
    add_account(app, "acc1")
    task = file_crawl(app, pages=5)

    def pause_at_three(request, reply):
        if request.params["page"] == "3":
            app.crawling.control.pause(task.id)
        return reply

    server.spoil = pause_at_three
    once(app.crawling.ingestion_worker())
    piece = pieces_of(app, task.id)[0]
    assert (piece.status, piece.lease_owner) == (TaskStatus.PAUSED, None)
    assert piece.progress_marker == "page=2"  # what came after the word is not stored
    assert account_of(app, "acc1").status is AccountStatus.IDLE
    server.spoil = None
    app.crawling.control.resume(task.id)
    assert work_off(app, task).status is COMPLETED
    assert stored_uids(app) == server.uids()


def test_a_stale_worker_stores_nothing(make_app, platform, clock: MovingClock) -> None:
    server = platform(creators=60)
    old, new = make_app(bilibili_base_url=server.url), make_app(bilibili_base_url=server.url)
    add_accounts(old, 2)
    task = file_crawl(old, pages=3)

    def overtaken(request, reply):
        if len(server.asked) == 2:
            clock.move(31)
            assert work_off(new, task).status is COMPLETED
        return reply

    server.spoil = overtaken
    once(old.crawling.ingestion_worker())
    assert logged_pages(new) == [1, 2, 3]
    assert stored_uids(new) == server.uids()
    assert task_of(new, task.id).item_count == 0  # the parent
    assert pieces_of(new, task.id)[0].item_count == 60


def test_one_bad_entry_is_left_out_with_its_evidence_and_the_rest_is_kept(
    make_app, platform, logs
) -> None:
    server = platform(creators=40)
    app = make_app(bilibili_base_url=server.url)
    add_account(app, "acc1")
    server.order({"kind": "null_entry", "page": 1}, {"kind": "mid_object", "page": 2})
    assert crawl(app).status is COMPLETED
    assert len(stored_uids(app)) == 38
    found = rows(app, "SELECT ingested_count, rejected_count FROM ingestion_logs")
    assert found == [{"ingested_count": 19, "rejected_count": 1}] * 2
    assert logs().count("entry left out") == 2
    pages = [line for line in logs().splitlines() if " page=" in line]
    assert pages and all(f" domain={DOMAIN} " in line for line in pages)
    kept = sorted(app.settings.evidence_dir.rglob("*entries*.json"))
    entries = [json.loads(path.read_text("utf-8"))["rejected"][0] for path in kept]
    assert [entry["reason_code"] for entry in entries] == ["entry_not_object", "entry_field_not_id"]
    assert entries[0]["reason"] == "no object but NoneType"


@ONE_ENGINE
@pytest.mark.parametrize("value", [17, None, ["x"], {"a": 1}])
def test_a_wrongly_typed_name_costs_only_its_entry(make_app, platform, value) -> None:
    server = platform(creators=20)
    app = make_app(bilibili_base_url=server.url)
    add_account(app, "acc1")
    server.spoil = lambda request, reply: edited(
        reply, lambda data: data["result"][5].update(uname=value)
    )
    assert crawl(app).status is COMPLETED
    assert len(stored_uids(app)) == 19


def test_a_page_that_the_database_cannot_take_does_not_go_round_for_ever(
    make_app, platform, clock: MovingClock
) -> None:
    server = platform(creators=20)
    app = make_app(bilibili_base_url=server.url)
    add_account(app, "acc1")
    server.spoil = lambda request, reply: edited(
        reply, lambda data: data["result"][5].update(fans=float("nan"))
    )
    task, worker = file_crawl(app, pages=1), app.crawling.ingestion_worker()
    for _ in range(40):
        with suppress(DatabaseError):
            once(worker)
        clock.move(10)
    assert not task_of(app, task.id).is_open
    assert len(server.asked) <= 10


def test_json_that_is_no_search_answer_is_told_apart(make_app, platform) -> None:
    server = platform(creators=20)
    app = make_app(bilibili_base_url=server.url)
    add_account(app, "acc1")
    server.spoil = lambda request, reply: json_reply({"code": 0, "data": {"numPages": "1"}})
    task = crawl(app)
    assert task.status is FAILED and "numPages" in english_text(task.last_error)


def test_a_crawl_does_not_give_way_to_an_export_that_no_idle_account_can_serve(
    make_app, platform, clock: MovingClock
) -> None:
    """A spent account is of no use to an export: let it crawl on."""
    server = platform(creators=20)
    app = make_app(bilibili_base_url=server.url)
    add_account(app, "spent", limit=0)
    add_account(app, "resting")
    rest = app.clock.now() + timedelta(seconds=900)
    change(
        app,
        "UPDATE accounts SET cooldown_until=:t WHERE username='resting'",
        t=f"{rest:%Y-%m-%d %H:%M:%S}",
    )
    store_rows(app, 5, domain="游戏")
    file_export(app, domain="游戏")
    once(app.crawling.export_worker())
    clock.move(40)
    task = file_crawl(app, domain=DOMAIN)
    once(app.crawling.ingestion_worker())
    assert server.pages == [1]
    assert task_of(app, task.id).status is not FAILED
