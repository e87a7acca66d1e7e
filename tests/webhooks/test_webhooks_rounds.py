"""Rounds: who waits is served with the others, and nobody waits for one who is gone."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Sequence

import pytest

from core.errors import DatabaseContentionError
from webhooks.rounds import Rounds

SECS = 30.0


class Desk:
    """Serves rounds: that of 0 waits until `go_on` is set; that of a number in `errors` raises."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.errors: dict[int, BaseException] = {}
        self.served: list[list[int]] = []
        self.is_serving = threading.Event()
        self.rounds: Rounds[int, int] = Rounds(self.serve, most=3)
        self.answers: dict[int, int | BaseException] = {}

    def serve(self, asked: Sequence[int]) -> list[int]:
        self.served.append(list(asked))
        if 0 in asked:
            self.is_serving.set()
            assert self.go_on.wait(SECS)
        for number in asked:
            if number in self.errors:
                raise self.errors[number]
        return [-one for one in asked]

    def ask(self, number: int) -> threading.Thread:
        """Ask in a thread of its own, which is in the queue (or served) on return."""

        def ask() -> None:
            try:
                self.answers[number] = self.rounds.ask(number)
            except BaseException as error:
                self.answers[number] = error

        thread = threading.Thread(target=ask)
        thread.start()
        if number == 0:
            assert self.is_serving.wait(SECS)
        else:
            waits(self, number)
        return thread


@pytest.fixture
def desk() -> Desk:
    return Desk()


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what another thread is about to do."""
    until = time.monotonic() + SECS
    while not condition():
        assert time.monotonic() < until


def ended(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        thread.join(SECS)
        assert not thread.is_alive()


def test_those_who_come_during_a_round_share_the_next_ones(desk: Desk) -> None:
    threads = [desk.ask(number) for number in range(6)]
    desk.go_on.set()
    ended(threads)
    assert desk.served == [[0], [1, 2, 3], [4, 5]]
    assert desk.answers == {number: -number for number in range(6)}
    assert desk.rounds.ask(7) == -7


def test_an_error_is_told_to_its_round_only(desk: Desk) -> None:
    error = desk.errors[1] = ZeroDivisionError()
    threads = [desk.ask(number) for number in range(5)]
    desk.go_on.set()
    ended(threads)
    assert desk.answers == {0: 0, 1: error, 2: error, 3: error, 4: -4}


def test_an_interrupt_is_its_threads_own_and_contention_for_the_others(desk: Desk) -> None:
    interrupt = desk.errors[1] = KeyboardInterrupt()
    threads = [desk.ask(number) for number in range(5)]
    desk.go_on.set()
    ended(threads)
    assert desk.answers[1] is interrupt
    assert all(isinstance(desk.answers[number], DatabaseContentionError) for number in (2, 3))
    assert desk.answers[4] == -4


@pytest.mark.parametrize("number", [1, 2], ids=["next to lead", "behind another"])
def test_nobody_waits_for_who_was_interrupted_in_the_queue(desk: Desk, number: int) -> None:
    threads = [desk.ask(other) for other in range(number)]
    waiting = threading.main_thread().ident
    assert waiting is not None
    alarm = threading.Thread(target=lambda: (waits(desk, number), interrupt(waiting)))
    # A run in the background ignores the signal.
    found = signal.signal(signal.SIGINT, signal.default_int_handler)
    alarm.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            desk.rounds.ask(number)
    finally:
        signal.signal(signal.SIGINT, found)
    threads.append(desk.ask(3))
    desk.go_on.set()
    ended([*threads, alarm])
    assert desk.answers == {other: -other for other in (*range(number), 3)}


def interrupt(thread: int) -> None:
    signal.pthread_kill(thread, signal.SIGINT)


def waits(desk: Desk, number: int) -> None:
    wait_until(lambda: any(place.asked == number for place in list(desk.rounds._queue)))
