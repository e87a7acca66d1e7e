"""No answer of a receiver ends the sender: its delivery is settled, and the others go on."""

from __future__ import annotations

import errno
import socket
import threading
from datetime import timedelta
from typing import Any

import pytest

import webhooks.sender
from sources.transport.deadline import Watchman
from sources.transport.retry_after import MAX_SECS
from storage.distribution.deliveries import DeliveryState
from tests.support.messages import english_text
from tests.support.moving_clock import MovingClock
from tests.support.webhooks.post_office import PostOffice
from tests.support.webhooks.raw_servers import raw_server
from webhooks.http_client import Answer
from webhooks.requests import TrialRequest
from webhooks.retry_policy import outcome_of

BEYOND_THE_CALENDAR = "Fri, 31 Dec 9999 23:59:59 -0100"


def busy_until(moment: str) -> Any:
    """Return a talk that is busy until a moment of its own spelling."""
    answer = f"HTTP/1.1 503 Busy\r\nRetry-After: {moment}\r\nContent-Length: 0\r\n\r\n"

    def talk(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answer.encode())

    return talk


@pytest.mark.parametrize(
    "moment", [BEYOND_THE_CALENDAR, "Mon, 01 Jan 0001 00:00:00 +2359", "9" * 190, "1e400"]
)
def test_a_rest_beyond_the_calendar_is_a_failed_attempt(
    office: PostOffice, clock: MovingClock, moment: str
) -> None:
    with raw_server(busy_until(moment)) as port:
        office.file(f"http://127.0.0.1:{port}/hook")
        office.file(office.url("ok"))
        assert office.send() == 2
    [other, refused] = office.deliveries()
    assert other.state is DeliveryState.DELIVERED
    assert (refused.state, refused.attempts) == (DeliveryState.FAILED, 1)
    assert refused.not_before is not None
    assert refused.not_before <= clock.now() + timedelta(seconds=MAX_SECS)


def poisonous(result: Answer | Exception, *args: Any) -> Any:
    if isinstance(result, Answer):
        raise OverflowError("an answer that nobody thought of")
    return outcome_of(result, *args)


def test_an_answer_that_nobody_thought_of_is_a_failed_attempt_until_given_up(
    make_office: Any, clock: MovingClock, monkeypatch: Any, logs: Any
) -> None:
    office = make_office(webhook_retry_secs=(5.0, 60.0))
    monkeypatch.setattr(webhooks.sender, "outcome_of", poisonous)
    office.file(office.url("ok"))
    for secs in (5, 60):
        assert office.send() == 1
        [delivery] = office.deliveries()
        assert delivery.state is DeliveryState.FAILED
        assert english_text(delivery.last_error) == "internal error, see the log (OverflowError)"
        clock.move(secs)
    assert office.send() == 1
    [delivery] = office.deliveries()
    assert delivery.state is DeliveryState.DEAD
    assert logs().count("OverflowError: an answer that nobody thought of") == 3
    [told] = office.app.foundation.internal_errors.recent()
    assert (told.component, told.times) == ("webhooks", 3)


def test_what_a_process_died_of_is_settled_at_the_next_start(
    make_office: Any, clock: MovingClock, monkeypatch: Any
) -> None:
    first = make_office(webhook_retry_secs=())
    first.file(first.url("ok"))
    assert first.app.webhooks.queue.claim() is not None  # and it dies, in the middle of sending
    clock.move(first.app.settings.lease_secs + 1)
    second = make_office(webhook_retry_secs=())
    monkeypatch.setattr(webhooks.sender, "outcome_of", poisonous)
    assert second.send() == 1
    assert second.deliveries()[0].state is DeliveryState.DEAD
    assert second.send() == 0


def test_an_error_in_the_queue_costs_a_pause_and_not_the_thread(
    office: PostOffice, clock: MovingClock, monkeypatch: Any
) -> None:
    sender, stop, made = office.app.webhooks.sender, threading.Event(), []
    exchange = sender.queue.exchange

    def failing_twice(*given: Any) -> Any:
        made.append(1)
        if len(made) <= 2:
            raise ZeroDivisionError("a bug of ours")
        stop.set()
        return exchange(*given)

    monkeypatch.setattr(sender.queue, "exchange", failing_twice)
    sender.run(stop)
    assert clock.waits[:2] == [5.0, 15.0]


SHORTAGES = [
    OSError(errno.EMFILE, "Too many open files"),
    OSError(errno.ENFILE, "Too many open files in system"),
    MemoryError(),
    RuntimeError("can't start new thread"),
]


def failing(error: Exception) -> Any:
    def fail(*_args: Any, **_kwargs: Any) -> Any:
        raise error

    return fail


@pytest.mark.parametrize("shortage", SHORTAGES, ids=repr)
def test_a_host_without_resources_uses_up_no_attempt(
    office: PostOffice, clock: MovingClock, monkeypatch: Any, logs: Any, shortage: Exception
) -> None:
    for _ in range(2):
        office.file(office.url("ok"))
    with monkeypatch.context() as broken:
        is_thread = isinstance(shortage, RuntimeError)
        name = "threading.Thread.start" if is_thread else "socket.socket"
        broken.setattr(name, failing(shortage))
        # As in a process that has no thread for its deadlines yet.
        broken.setattr("sources.transport.deadline._WATCHMAN", Watchman())
        for _ in range(10):
            assert office.send() == 0, "who lacks descriptors does not try the next delivery"
            clock.move(31)
    for delivery in office.deliveries():
        assert (delivery.state, delivery.attempts) == (DeliveryState.PENDING, 0)
    assert "put back" in logs()
    told = office.app.foundation.internal_errors.recent()
    assert [one.component for one in told] == ["webhooks"]
    assert office.send() == 2
    assert {one.state for one in office.deliveries()} == {DeliveryState.DELIVERED}


def test_a_test_of_a_host_without_descriptors_says_so(office: PostOffice, monkeypatch: Any) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("socket.socket", failing(SHORTAGES[0]))
        _, outcome = office.app.webhooks.service.test(TrialRequest(url=office.url("ok")))
    assert outcome.state is DeliveryState.DEAD
    assert "no file descriptor" in english_text(outcome.error)
