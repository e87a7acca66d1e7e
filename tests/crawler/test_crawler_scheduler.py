"""Tasks: filed once, claimed in order, taken over, given back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.container import App
from core.clock import SystemClock
from core.errors import LeaseLostError
from core.messages import Message
from crawler.tasks.options import CrawlOptions
from storage.crawling import task_leases, tasks
from storage.models.tasks import TaskStatus, TaskType, WaitingFor
from tests.support.crawler.workbench import (
    DOMAIN,
    advance,
    at_once,
    claimed,
    file_crawl,
    file_export,
    held_back,
    pieces_of,
    task_of,
)
from tests.support.messages import english_text
from tests.support.moving_clock import MovingClock

INGESTION, EXPORT = TaskType.INGESTION, TaskType.EXPORT
PAUSED, FAILED = TaskStatus.PAUSED, TaskStatus.FAILED
IN_PROGRESS, COMPLETED = TaskStatus.IN_PROGRESS, TaskStatus.COMPLETED


def test_two_that_file_a_crawl_at_once_get_one_task(make_app, monkeypatch) -> None:
    app = make_app(clock=SystemClock())
    held_back(monkeypatch, tasks, "_insert", lambda tx, new, now, key: key is not None)

    def file():
        return app.crawling.submitter.submit_crawl("bilibili", DOMAIN, None, CrawlOptions())

    filed = at_once(file, file)
    assert len({one.task.id for one in filed}) == 1


@pytest.mark.parametrize("kind", [INGESTION, EXPORT])
def test_two_that_file_at_once_get_one_set_of_pieces(make_app, monkeypatch, kind) -> None:
    app = make_app(clock=SystemClock())
    file_export(app, domain="0")  # a neighbour in the index, without which InnoDB sees a deadlock
    held_back(monkeypatch, tasks, "_insert", lambda tx, new, now, key: key is not None)

    def file():
        if kind is INGESTION:
            return app.crawling.submitter.submit_crawl("bilibili", DOMAIN, 25, CrawlOptions())
        return app.crawling.submitter.submit_export("bilibili", DOMAIN, {}, 3)

    filed = at_once(file, file)
    assert sorted(one.is_new for one in filed) == [False, True]
    assert len(pieces_of(app, filed[0].task.id)) == 3


def test_an_open_task_is_joined_and_an_ended_one_is_not(app: App) -> None:
    first = app.crawling.submitter.submit_crawl("bilibili", DOMAIN, None, CrawlOptions())
    again = app.crawling.submitter.submit_crawl("bilibili", DOMAIN, 7, CrawlOptions())
    assert (again.task.id, again.is_new) == (first.task.id, False)
    app.crawling.scheduler.finish(claimed(app))
    later = app.crawling.submitter.submit_crawl("bilibili", DOMAIN, None, CrawlOptions())
    assert later.is_new and later.task.id != first.task.id


def test_a_crawl_with_pages_is_split_at_once(app: App) -> None:
    parent = file_crawl(app, pages=25)
    assert not parent.is_leaf
    ranges = [(piece.page_from, piece.page_to) for piece in pieces_of(app, parent.id)]
    assert ranges == [(1, 10), (11, 20), (21, 25)]


def test_only_leaves_are_claimed_the_oldest_first(app: App) -> None:
    parent, other = file_crawl(app, pages=20), file_crawl(app, domain="游戏")
    expected = sorted([*(piece.id for piece in pieces_of(app, parent.id)), other.id])
    assert [claimed(app).id for _ in expected] == expected
    assert app.crawling.scheduler.claim(INGESTION) is None


def test_only_narrows_the_claim_to_one_task_and_its_pieces(app: App) -> None:
    file_crawl(app, domain="游戏")
    parent = file_crawl(app, pages=20)
    taken = {claimed(app, only=parent.id).id, claimed(app, only=parent.id).id}
    assert taken == {piece.id for piece in pieces_of(app, parent.id)}
    assert app.crawling.scheduler.claim(INGESTION, parent.id) is None


def test_kinds_are_claimed_apart(app: App) -> None:
    filed = file_export(app)
    assert app.crawling.scheduler.claim(INGESTION) is None
    assert claimed(app, EXPORT).id == filed.id


def test_a_task_is_not_claimed_before_its_moment(app: App, clock: MovingClock) -> None:
    file_crawl(app)
    moment = app.clock.now() + timedelta(seconds=5)
    app.crawling.scheduler.requeue(claimed(app), not_before=moment, waiting_for=WaitingFor.ACCOUNT)
    clock.move(4.9)
    assert app.crawling.scheduler.claim(INGESTION) is None
    clock.move(0.2)
    assert claimed(app).task.waiting_for is WaitingFor.ACCOUNT


def test_a_paused_task_with_a_moment_wakes_by_itself(app: App, clock: MovingClock) -> None:
    filed = file_export(app)
    moment = app.clock.now() + timedelta(seconds=60)
    app.crawling.scheduler.requeue(claimed(app, EXPORT), not_before=moment, paused=True)
    assert task_of(app, filed.id).status is PAUSED
    assert app.crawling.scheduler.claim(EXPORT) is None
    clock.move(61)
    assert claimed(app, EXPORT).id == filed.id


def test_of_two_claimers_at_once_one_gets_the_task(make_app) -> None:
    one, other = (make_app(clock=SystemClock()) for _ in range(2))
    file_crawl(one)
    leases = at_once(*[lambda a=a: a.crawling.scheduler.claim(INGESTION) for a in (one, other) * 2])
    assert sum(lease is not None for lease in leases) == 1


def test_a_claimer_that_saw_an_old_row_does_not_get_the_task(make_app, monkeypatch) -> None:
    """On a cluster a row lock may be local to its node: the write repeats every condition."""
    one, other = make_app(), make_app()
    old = file_crawl(one)
    claimed(one)
    look, seen = task_leases.next_claimable, iter([old])
    monkeypatch.setattr(task_leases, "claimable_statuses", lambda *args: {old.status})
    monkeypatch.setattr(
        task_leases, "next_claimable", lambda *args, **how: next(seen, None) or look(*args, **how)
    )
    assert other.crawling.scheduler.claim(INGESTION) is None
    assert task_of(one, old.id).lease_owner == one.owner


def test_an_expired_lease_is_taken_over_and_the_old_holder_can_write_nothing(
    make_app, clock: MovingClock
) -> None:
    old, new = make_app(), make_app()
    filed = file_crawl(old, pages=5)
    stale = claimed(old)
    clock.move(29)
    assert new.crawling.scheduler.claim(INGESTION) is None
    clock.move(2)
    fresh = claimed(new)
    assert fresh.id == stale.id and fresh.lease.token == stale.lease.token + 1
    with pytest.raises(LeaseLostError):
        advance(old, stale)
    with pytest.raises(LeaseLostError):
        old.crawling.scheduler.assign(stale, 1)
    with pytest.raises(LeaseLostError):
        old.crawling.scheduler.set_waiting_for(stale, WaitingFor.ROWS)
    assert old.crawling.scheduler.finish(stale) is False
    old.crawling.scheduler.requeue(stale)
    old.crawling.scheduler.back_off(stale, Message.text("no"))
    seen = task_of(new, fresh.id)
    assert (seen.status, seen.lease_owner) == (IN_PROGRESS, new.owner)
    assert (seen.progress_marker, seen.attempts) == (None, 0)
    advance(new, fresh)
    assert new.crawling.scheduler.finish(fresh)
    assert task_of(new, filed.id).status is COMPLETED


def test_a_task_put_back_goes_on_from_its_marker(app: App) -> None:
    file_crawl(app, pages=9)
    lease = claimed(app)
    advance(app, lease, page=4)
    app.crawling.scheduler.requeue(lease)
    again = claimed(app)
    assert (again.id, again.task.last_page) == (lease.id, 4)


def test_steps_back_wait_longer_each_time_and_end_in_failure(make_app, clock: MovingClock) -> None:
    app = make_app(task_attempts=4)
    filed = file_crawl(app)
    for pause in (2, 4, 8):
        app.crawling.scheduler.back_off(claimed(app), Message.text("HTTP 502"))
        seen = task_of(app, filed.id)
        assert seen.not_before == seen.updated_at + timedelta(seconds=pause)
        assert seen.waiting_for is WaitingFor.PLATFORM
        clock.move(pause + 0.01)
    app.crawling.scheduler.back_off(claimed(app), Message.text("HTTP 502"))
    seen = task_of(app, filed.id)
    assert (seen.status, english_text(seen.last_error)) == (
        FAILED,
        "HTTP 502 (given up after 4 attempts)",
    )


def test_no_step_back_waits_longer_than_five_minutes(make_app, clock: MovingClock) -> None:
    app = make_app(task_attempts=50)
    filed = file_crawl(app)
    for _ in range(12):
        app.crawling.scheduler.back_off(claimed(app), Message.text("HTTP 502"))
        clock.move(301)
    seen = task_of(app, filed.id)
    assert seen.not_before == seen.updated_at + timedelta(seconds=300)


def test_a_stored_page_forgets_failures_in_a_row(app: App, clock: MovingClock) -> None:
    file_crawl(app, pages=5)
    app.crawling.scheduler.back_off(claimed(app), Message.text("HTTP 502"))
    clock.move(3)
    lease = claimed(app)
    assert lease.task.attempts == 1
    advance(app, lease)
    assert task_of(app, lease.id).attempts == 0
    assert task_of(app, lease.id).last_error is None


def test_a_task_without_an_account_starves_until_it_has_one(app: App, clock: MovingClock) -> None:
    filed = file_crawl(app)

    def look_in_vain() -> None:
        moment = app.clock.now() + timedelta(seconds=1)
        lease = claimed(app)
        app.crawling.scheduler.requeue(lease, not_before=moment, waiting_for=WaitingFor.ACCOUNT)

    assert not app.crawling.scheduler.starving(INGESTION, "bilibili", 0)
    look_in_vain()
    assert app.crawling.scheduler.starving(INGESTION, "bilibili", 0)
    assert not app.crawling.scheduler.starving(INGESTION, "bilibili", 5)
    assert not app.crawling.scheduler.starving(EXPORT, "bilibili", 0)
    for _ in range(5):
        clock.move(1.1)
        look_in_vain()  # the wait counts from the first look
    assert app.crawling.scheduler.starving(INGESTION, "bilibili", 5)
    clock.move(1.1)
    app.crawling.scheduler.assign(claimed(app), 1)
    assert not app.crawling.scheduler.starving(INGESTION, "bilibili", 0)
    assert task_of(app, filed.id).waiting_for is None


def test_who_has_not_asked_for_long_starves_no_more(app: App, clock: MovingClock) -> None:
    file_crawl(app)
    moment = app.clock.now() + timedelta(seconds=1)
    app.crawling.scheduler.requeue(claimed(app), not_before=moment, waiting_for=WaitingFor.ACCOUNT)
    clock.move(61)
    assert not app.crawling.scheduler.starving(INGESTION, "bilibili", 0)
