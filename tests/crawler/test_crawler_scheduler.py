"""Tasks: filed once, claimed in order, given back, halted by the operator, followed by parents."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest
from moving_clock import MovingClock
from workbench import (
    DOMAIN,
    at_once,
    change,
    file_crawl,
    file_export,
    pieces_of,
    statuses,
    task_of,
)

from commands.root import App
from core.clock import SystemClock
from core.errors import InvalidInput, LeaseLost
from crawler.scheduler import TaskHalted, TaskLease
from storage import task_leases, tasks
from storage.records import TaskStatus, TaskType, WaitingFor

INGESTION, EXPORT = TaskType.INGESTION, TaskType.EXPORT
PENDING, PAUSED, FAILED = TaskStatus.PENDING, TaskStatus.PAUSED, TaskStatus.FAILED
IN_PROGRESS, COMPLETED = TaskStatus.IN_PROGRESS, TaskStatus.COMPLETED


def claimed(app: App, kind: TaskType = INGESTION, only: int | None = None) -> TaskLease:
    lease = app.scheduler.claim(kind, only)
    assert lease is not None
    return lease


def advance(app: App, lease: TaskLease, page: int = 1) -> None:
    """A page's write, as the workers make it."""

    def work(tx) -> None:
        token, now = lease.lease.token, app.clock.now()
        if not task_leases.advance(tx, lease.id, token, f"page={page}", 20, 0, now):
            raise app.scheduler.why_not_advanced(tx, lease)

    app.database.write(work)


def held_back(monkeypatch: pytest.MonkeyPatch, name: str, when: Callable[..., bool]) -> None:
    """Two callers of a query of `tasks` wait for each other, where the engine lets both in."""
    both, query = threading.Barrier(2), getattr(tasks, name)

    def late(*args):
        if when(*args):
            with suppress(threading.BrokenBarrierError):
                both.wait(0.5)
        return query(*args)

    monkeypatch.setattr(tasks, name, late)


def test_two_that_file_a_crawl_at_once_get_one_task(make_app, monkeypatch) -> None:
    app = make_app(clock=SystemClock())
    held_back(monkeypatch, "_insert", lambda tx, new, now, key: key is not None)

    def file():
        return app.scheduler.submit_crawl("bilibili", DOMAIN, None, {})

    filed = at_once(file, file)
    assert len({one.task.id for one in filed}) == 1


@pytest.mark.parametrize("kind", [INGESTION, EXPORT])
def test_two_that_file_at_once_get_one_set_of_pieces(make_app, monkeypatch, kind) -> None:
    app = make_app(clock=SystemClock())
    file_export(app, domain="0")  # a neighbour in the index, without which InnoDB sees a deadlock
    held_back(monkeypatch, "_insert", lambda tx, new, now, key: key is not None)

    def file():
        if kind is INGESTION:
            return app.scheduler.submit_crawl("bilibili", DOMAIN, 25, {})
        return app.scheduler.submit_export("bilibili", DOMAIN, {}, 3)

    filed = at_once(file, file)
    assert sorted(one.is_new for one in filed) == [False, True]
    assert len(pieces_of(app, filed[0].task.id)) == 3


def test_an_open_task_is_joined_and_an_ended_one_is_not(app: App) -> None:
    first = app.scheduler.submit_crawl("bilibili", DOMAIN, None, {})
    again = app.scheduler.submit_crawl("bilibili", DOMAIN, 7, {})
    assert (again.task.id, again.is_new) == (first.task.id, False)
    app.scheduler.finish(claimed(app))
    later = app.scheduler.submit_crawl("bilibili", DOMAIN, None, {})
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
    assert app.scheduler.claim(INGESTION) is None


def test_only_narrows_the_claim_to_one_task_and_its_pieces(app: App) -> None:
    file_crawl(app, domain="游戏")
    parent = file_crawl(app, pages=20)
    taken = {claimed(app, only=parent.id).id, claimed(app, only=parent.id).id}
    assert taken == {piece.id for piece in pieces_of(app, parent.id)}
    assert app.scheduler.claim(INGESTION, parent.id) is None


def test_kinds_are_claimed_apart(app: App) -> None:
    filed = file_export(app)
    assert app.scheduler.claim(INGESTION) is None
    assert claimed(app, EXPORT).id == filed.id


def test_a_task_is_not_claimed_before_its_moment(app: App, clock: MovingClock) -> None:
    file_crawl(app)
    moment = app.clock.now() + timedelta(seconds=5)
    app.scheduler.put_back(claimed(app), not_before=moment, waiting_for=WaitingFor.ACCOUNT)
    clock.move(4.9)
    assert app.scheduler.claim(INGESTION) is None
    clock.move(0.2)
    assert claimed(app).task.waiting_for is WaitingFor.ACCOUNT


def test_a_paused_task_with_a_moment_wakes_by_itself(app: App, clock: MovingClock) -> None:
    filed = file_export(app)
    moment = app.clock.now() + timedelta(seconds=60)
    app.scheduler.put_back(claimed(app, EXPORT), not_before=moment, paused=True)
    assert task_of(app, filed.id).status is PAUSED
    assert app.scheduler.claim(EXPORT) is None
    clock.move(61)
    assert claimed(app, EXPORT).id == filed.id


def test_of_two_claimers_at_once_one_gets_the_task(make_app) -> None:
    one, other = (make_app(clock=SystemClock()) for _ in range(2))
    file_crawl(one)
    leases = at_once(*[lambda a=a: a.scheduler.claim(INGESTION) for a in (one, other) * 2])
    assert sum(lease is not None for lease in leases) == 1


def test_a_claimer_that_saw_an_old_row_does_not_get_the_task(make_app, monkeypatch) -> None:
    """On a cluster a row lock may be local to its node: the write repeats every condition."""
    one, other = make_app(), make_app()
    old = file_crawl(one)
    claimed(one)
    look, seen = task_leases.next_claimable, iter([old])
    monkeypatch.setattr(task_leases, "has_claimable", lambda *args: True)
    monkeypatch.setattr(
        task_leases, "next_claimable", lambda *args: next(seen, None) or look(*args)
    )
    assert other.scheduler.claim(INGESTION) is None
    assert task_of(one, old.id).lease_owner == one.owner


def test_an_expired_lease_is_taken_over_and_the_old_holder_can_write_nothing(
    make_app, clock: MovingClock
) -> None:
    old, new = make_app(), make_app()
    filed = file_crawl(old, pages=5)
    stale = claimed(old)
    clock.move(29)
    assert new.scheduler.claim(INGESTION) is None
    clock.move(2)
    fresh = claimed(new)
    assert fresh.id == stale.id and fresh.lease.token == stale.lease.token + 1
    with pytest.raises(LeaseLost):
        advance(old, stale)
    with pytest.raises(LeaseLost):
        old.scheduler.assign(stale, 1)
    with pytest.raises(LeaseLost):
        old.scheduler.show_waiting(stale, WaitingFor.ROWS)
    assert old.scheduler.finish(stale) is False
    old.scheduler.put_back(stale)
    old.scheduler.step_back(stale, "no")
    seen = task_of(new, fresh.id)
    assert (seen.status, seen.lease_owner) == (IN_PROGRESS, new.owner)
    assert (seen.progress_marker, seen.attempts) == (None, 0)
    advance(new, fresh)
    assert new.scheduler.finish(fresh)
    assert task_of(new, filed.id).status is COMPLETED


def test_a_task_put_back_goes_on_from_its_marker(app: App) -> None:
    file_crawl(app, pages=9)
    lease = claimed(app)
    advance(app, lease, page=4)
    app.scheduler.put_back(lease)
    again = claimed(app)
    assert (again.id, again.task.last_page) == (lease.id, 4)


def test_steps_back_wait_longer_each_time_and_end_in_failure(make_app, clock: MovingClock) -> None:
    app = make_app(task_attempts=4)
    filed = file_crawl(app)
    for pause in (2, 4, 8):
        app.scheduler.step_back(claimed(app), "HTTP 502")
        seen = task_of(app, filed.id)
        assert seen.not_before == seen.updated_at + timedelta(seconds=pause)
        assert seen.waiting_for is WaitingFor.PLATFORM
        clock.move(pause + 0.01)
    app.scheduler.step_back(claimed(app), "HTTP 502")
    seen = task_of(app, filed.id)
    assert (seen.status, seen.last_error) == (FAILED, "HTTP 502 (given up after 4 attempts)")


def test_no_step_back_waits_longer_than_five_minutes(make_app, clock: MovingClock) -> None:
    app = make_app(task_attempts=50)
    filed = file_crawl(app)
    for _ in range(12):
        app.scheduler.step_back(claimed(app), "HTTP 502")
        clock.move(301)
    seen = task_of(app, filed.id)
    assert seen.not_before == seen.updated_at + timedelta(seconds=300)


def test_a_stored_page_forgets_failures_in_a_row(app: App, clock: MovingClock) -> None:
    file_crawl(app, pages=5)
    app.scheduler.step_back(claimed(app), "HTTP 502")
    clock.move(3)
    lease = claimed(app)
    assert lease.task.attempts == 1
    advance(app, lease)
    assert task_of(app, lease.id).attempts == 0
    assert task_of(app, lease.id).last_error is None


def test_a_waiting_task_that_is_paused_waits_for_the_operator(app: App, clock) -> None:
    filed = file_crawl(app)
    app.scheduler.put_back(claimed(app), not_before=app.clock.now() + timedelta(seconds=5))
    app.scheduler.pause(filed.id)
    clock.move(10**6)
    assert app.scheduler.claim(INGESTION) is None
    app.scheduler.resume(filed.id)
    assert claimed(app).id == filed.id


def test_resume_does_not_wait_for_the_moment(app: App) -> None:
    filed = file_crawl(app)
    app.scheduler.put_back(claimed(app), not_before=app.clock.now() + timedelta(days=1))
    app.scheduler.resume(filed.id)
    assert claimed(app).id == filed.id


@pytest.mark.parametrize("word", ["pause", "cancel"])
@pytest.mark.parametrize("ending", ["put_back", "step_back"])
def test_the_holder_of_a_halted_task_notices_and_the_operators_word_stays(
    app: App, word: str, ending: str
) -> None:
    filed = file_crawl(app, pages=5)
    lease = claimed(app)
    getattr(app.scheduler, word)(filed.id)
    assert app.scheduler.is_halted(lease)
    with pytest.raises(TaskHalted):
        advance(app, lease)
    if ending == "put_back":
        app.scheduler.put_back(lease, not_before=app.clock.now())
    else:
        app.scheduler.step_back(lease, "HTTP 502")
    seen = task_of(app, lease.id)
    assert (seen.lease_owner, seen.lease_until, seen.not_before) == (None, None, None)
    halted = PAUSED if word == "pause" else FAILED
    assert statuses([seen, task_of(app, filed.id)]) == [halted, halted]
    assert app.scheduler.claim(INGESTION) is None
    app.scheduler.resume(filed.id)
    assert claimed(app).id == lease.id


@pytest.mark.parametrize("error", [None, "page 3: HTTP 404"])
def test_a_halted_task_that_its_holder_ends_can_be_resumed_at_once(app: App, error) -> None:
    filed = file_crawl(app)
    lease = claimed(app)
    app.scheduler.pause(filed.id)
    assert app.scheduler.finish(lease, error) is False
    assert task_of(app, filed.id).status is PAUSED
    app.scheduler.resume(filed.id)
    assert claimed(app).id == filed.id  # nobody holds it: no need to wait for a lease to run out


def test_a_cancelled_task_says_so_and_makes_room_for_another(app: App) -> None:
    filed = file_crawl(app, pages=20)
    app.scheduler.cancel(filed.id)
    assert statuses(pieces_of(app, filed.id)) == [FAILED, FAILED]
    assert task_of(app, filed.id).last_error == "cancelled by the operator"
    assert file_crawl(app).id != filed.id


def test_pause_holds_every_piece_and_resume_lets_them_all_go(app: App) -> None:
    filed = file_crawl(app, pages=20)
    app.scheduler.finish(claimed(app))
    app.scheduler.pause(filed.id)
    assert statuses(pieces_of(app, filed.id)) == [COMPLETED, PAUSED]
    app.scheduler.resume(filed.id)
    assert statuses(pieces_of(app, filed.id)) == [COMPLETED, PENDING]
    app.scheduler.finish(claimed(app))
    assert task_of(app, filed.id).status is COMPLETED


def test_only_open_tasks_are_paused_and_cancelled(app: App) -> None:
    filed = file_crawl(app)
    app.scheduler.finish(claimed(app))
    for word in (app.scheduler.pause, app.scheduler.cancel, app.scheduler.resume):
        with pytest.raises(InvalidInput):
            word(filed.id)
        with pytest.raises(InvalidInput, match="no task has the id 999"):
            word(999)


def expected_status(pieces: list[TaskStatus]) -> TaskStatus:
    """The rule in words: who works shows first, then who waits, then who is held, then failures."""
    if IN_PROGRESS in pieces:
        return IN_PROGRESS
    if PENDING in pieces:
        return PENDING if set(pieces) == {PENDING} else IN_PROGRESS
    if PAUSED in pieces:
        return PAUSED
    return FAILED if FAILED in pieces else COMPLETED


def test_a_parent_follows_its_pieces_in_every_combination(app: App) -> None:
    combinations = list(itertools.combinations_with_replacement(TaskStatus, 2))
    for number, others in enumerate(combinations):
        for ending in (PENDING, COMPLETED, FAILED):
            parent = file_crawl(app, pages=30, domain=f"{number} {ending}")
            mine, *rest = pieces_of(app, parent.id)
            lease = claimed(app, only=parent.id)
            assert lease.id == mine.id
            for piece, status in zip(rest, others, strict=True):
                change(app, "UPDATE tasks SET status=:s, last_error='why' WHERE id=:id",
                       s=status.value, id=piece.id)  # fmt: skip
            if ending is PENDING:
                app.scheduler.put_back(lease)
            else:
                app.scheduler.finish(lease, None if ending is COMPLETED else "why")
            seen = task_of(app, parent.id)
            assert seen.status is expected_status([ending, *others]), (ending, *others)
            assert (seen.last_error == "why") == (seen.status is FAILED)
            assert (seen.finished_at is not None) == (seen.status in (COMPLETED, FAILED))


def test_two_pieces_that_end_at_once_complete_their_parent(make_app, monkeypatch) -> None:
    one, other = (make_app(clock=SystemClock()) for _ in range(2))
    filed = file_crawl(one, pages=20)
    first, second = claimed(one), claimed(other)
    held_back(monkeypatch, "lock_parent", lambda *args: True)
    at_once(lambda: one.scheduler.finish(first), lambda: other.scheduler.finish(second))
    assert task_of(one, filed.id).status is COMPLETED


def test_a_failed_task_is_resumed_unless_another_one_is_open(app: App) -> None:
    failed = file_crawl(app)
    app.scheduler.finish(claimed(app), "page 1: shape")
    other = file_crawl(app)
    with pytest.raises(InvalidInput, match="is open; resume that one"):
        app.scheduler.resume(failed.id)
    assert task_of(app, failed.id).status is FAILED
    app.scheduler.finish(claimed(app, only=other.id))
    app.scheduler.resume(failed.id)
    assert file_crawl(app).id == failed.id  # it is the open one again


def test_a_resumed_piece_opens_its_ended_parent_again(app: App) -> None:
    filed = file_crawl(app, pages=20)
    app.scheduler.finish(claimed(app), "page 1: shape")
    app.scheduler.finish(claimed(app))
    assert task_of(app, filed.id).status is FAILED
    app.scheduler.resume(pieces_of(app, filed.id)[0].id)
    assert task_of(app, filed.id).is_open
    assert app.scheduler.is_domain_being_crawled("bilibili", DOMAIN)  # exports must wait for it
    assert file_crawl(app).id == filed.id


def test_a_task_without_an_account_starves_until_it_has_one(app: App, clock: MovingClock) -> None:
    filed = file_crawl(app)

    def look_in_vain() -> None:
        moment = app.clock.now() + timedelta(seconds=1)
        lease = claimed(app)
        app.scheduler.put_back(lease, not_before=moment, waiting_for=WaitingFor.ACCOUNT)

    assert not app.scheduler.is_starving(INGESTION, "bilibili", 0)
    look_in_vain()
    assert app.scheduler.is_starving(INGESTION, "bilibili", 0)
    assert not app.scheduler.is_starving(INGESTION, "bilibili", 5)
    assert not app.scheduler.is_starving(EXPORT, "bilibili", 0)
    for _ in range(5):
        clock.move(1.1)
        look_in_vain()  # the wait counts from the first look
    assert app.scheduler.is_starving(INGESTION, "bilibili", 5)
    clock.move(1.1)
    app.scheduler.assign(claimed(app), 1)
    assert not app.scheduler.is_starving(INGESTION, "bilibili", 0)
    assert task_of(app, filed.id).waiting_for is None


def test_who_has_not_asked_for_long_starves_no_more(app: App, clock: MovingClock) -> None:
    file_crawl(app)
    moment = app.clock.now() + timedelta(seconds=1)
    app.scheduler.put_back(claimed(app), not_before=moment, waiting_for=WaitingFor.ACCOUNT)
    clock.move(61)
    assert not app.scheduler.is_starving(INGESTION, "bilibili", 0)
