"""The operator's words on tasks, and parents that follow their pieces."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pytest

from app.container import App
from core.cancellation import TaskHaltedSignal
from core.clock import SystemClock
from core.errors import InvalidInputError
from core.messages import Message
from storage.crawling import task_pieces
from storage.models.tasks import TaskStatus, TaskType
from tests.support.crawler.workbench import (
    DOMAIN,
    advance,
    at_once,
    change,
    claimed,
    file_crawl,
    held_back,
    pieces_of,
    statuses,
    task_of,
)
from tests.support.messages import english_text, raises_saying

INGESTION = TaskType.INGESTION
PENDING, PAUSED, FAILED = TaskStatus.PENDING, TaskStatus.PAUSED, TaskStatus.FAILED
IN_PROGRESS, COMPLETED = TaskStatus.IN_PROGRESS, TaskStatus.COMPLETED


def test_a_waiting_task_that_is_paused_waits_for_the_operator(app: App, clock) -> None:
    filed = file_crawl(app)
    app.crawling.scheduler.requeue(claimed(app), not_before=app.clock.now() + timedelta(seconds=5))
    app.crawling.control.pause(filed.id)
    clock.move(10**6)
    assert app.crawling.scheduler.claim(INGESTION) is None
    app.crawling.control.resume(filed.id)
    assert claimed(app).id == filed.id


def test_resume_does_not_wait_for_the_moment(app: App) -> None:
    filed = file_crawl(app)
    app.crawling.scheduler.requeue(claimed(app), not_before=app.clock.now() + timedelta(days=1))
    app.crawling.control.resume(filed.id)
    assert claimed(app).id == filed.id


@pytest.mark.parametrize("word", ["pause", "cancel"])
@pytest.mark.parametrize("ending", ["requeue", "back_off"])
def test_the_holder_of_a_halted_task_notices_and_the_operators_word_stays(
    app: App, word: str, ending: str
) -> None:
    filed = file_crawl(app, pages=5)
    lease = claimed(app)
    getattr(app.crawling.control, word)(filed.id)
    assert app.crawling.scheduler.is_halted(lease)
    with pytest.raises(TaskHaltedSignal):
        advance(app, lease)
    if ending == "requeue":
        app.crawling.scheduler.requeue(lease, not_before=app.clock.now())
    else:
        app.crawling.scheduler.back_off(lease, Message.text("HTTP 502"))
    seen = task_of(app, lease.id)
    assert (seen.lease_owner, seen.lease_until, seen.not_before) == (None, None, None)
    halted = PAUSED if word == "pause" else FAILED
    assert statuses([seen, task_of(app, filed.id)]) == [halted, halted]
    assert app.crawling.scheduler.claim(INGESTION) is None
    app.crawling.control.resume(filed.id)
    assert claimed(app).id == lease.id


@pytest.mark.parametrize("error", [None, Message.text("page 3: HTTP 404")])
def test_a_halted_task_that_its_holder_ends_can_be_resumed_at_once(app: App, error) -> None:
    filed = file_crawl(app)
    lease = claimed(app)
    app.crawling.control.pause(filed.id)
    assert app.crawling.scheduler.finish(lease, error) is False
    assert task_of(app, filed.id).status is PAUSED
    app.crawling.control.resume(filed.id)
    assert claimed(app).id == filed.id  # nobody holds it: no need to wait for a lease to run out


def test_a_cancelled_task_says_so_and_makes_room_for_another(app: App) -> None:
    filed = file_crawl(app, pages=20)
    app.crawling.control.cancel(filed.id)
    assert statuses(pieces_of(app, filed.id)) == [FAILED, FAILED]
    assert english_text(task_of(app, filed.id).last_error) == "cancelled by the operator"
    assert file_crawl(app).id != filed.id


def test_a_cancelled_task_is_not_told_as_failed_for_a_piece_that_failed_before(app: App) -> None:
    filed = file_crawl(app, pages=20)
    app.crawling.scheduler.finish(claimed(app), Message.text("page 3: HTTP 404"))
    held = claimed(app)
    app.crawling.control.cancel(filed.id)
    app.crawling.scheduler.requeue(held)
    assert english_text(task_of(app, filed.id).last_error) == "cancelled by the operator"


def test_pause_holds_every_piece_and_resume_lets_them_all_go(app: App) -> None:
    filed = file_crawl(app, pages=20)
    app.crawling.scheduler.finish(claimed(app))
    app.crawling.control.pause(filed.id)
    assert statuses(pieces_of(app, filed.id)) == [COMPLETED, PAUSED]
    app.crawling.control.resume(filed.id)
    assert statuses(pieces_of(app, filed.id)) == [COMPLETED, PENDING]
    app.crawling.scheduler.finish(claimed(app))
    assert task_of(app, filed.id).status is COMPLETED


def test_only_open_tasks_are_paused_and_cancelled(app: App) -> None:
    filed = file_crawl(app)
    app.crawling.scheduler.finish(claimed(app))
    for word in (
        app.crawling.control.pause,
        app.crawling.control.cancel,
        app.crawling.control.resume,
    ):
        with pytest.raises(InvalidInputError):
            word(filed.id)
        with raises_saying(InvalidInputError, "no task has the id 999"):
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
                change(
                    app,
                    "UPDATE tasks SET status=:s, last_error='why' WHERE id=:id",
                    s=status.value,
                    id=piece.id,
                )
            if ending is PENDING:
                app.crawling.scheduler.requeue(lease)
            else:
                app.crawling.scheduler.finish(
                    lease, None if ending is COMPLETED else Message.text("why")
                )
            seen = task_of(app, parent.id)
            assert seen.status is expected_status([ending, *others]), (ending, *others)
            assert (english_text(seen.last_error) == "why") == (seen.status is FAILED)
            assert (seen.finished_at is not None) == (seen.status in (COMPLETED, FAILED))


def test_two_pieces_that_end_at_once_complete_their_parent(make_app, monkeypatch) -> None:
    one, other = (make_app(clock=SystemClock()) for _ in range(2))
    filed = file_crawl(one, pages=20)
    first, second = claimed(one), claimed(other)
    held_back(monkeypatch, task_pieces, "lock_parent", lambda *args: True)
    at_once(
        lambda: one.crawling.scheduler.finish(first),
        lambda: other.crawling.scheduler.finish(second),
    )
    assert task_of(one, filed.id).status is COMPLETED


def test_a_failed_task_is_resumed_unless_another_one_is_open(app: App) -> None:
    failed = file_crawl(app)
    app.crawling.scheduler.finish(claimed(app), Message.text("page 1: shape"))
    other = file_crawl(app)
    with raises_saying(InvalidInputError, "is open; resume that one"):
        app.crawling.control.resume(failed.id)
    assert task_of(app, failed.id).status is FAILED
    app.crawling.scheduler.finish(claimed(app, only=other.id))
    app.crawling.control.resume(failed.id)
    assert file_crawl(app).id == failed.id  # it is the open one again


def test_a_resumed_piece_opens_its_ended_parent_again(app: App) -> None:
    filed = file_crawl(app, pages=20)
    app.crawling.scheduler.finish(claimed(app), Message.text("page 1: shape"))
    app.crawling.scheduler.finish(claimed(app))
    assert task_of(app, filed.id).status is FAILED
    app.crawling.control.resume(pieces_of(app, filed.id)[0].id)
    assert task_of(app, filed.id).is_open
    assert app.crawling.scheduler.is_domain_being_crawled(
        "bilibili", DOMAIN
    )  # exports must wait for it
    assert file_crawl(app).id == filed.id
