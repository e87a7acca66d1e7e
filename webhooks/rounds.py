"""Serve threads in rounds: those that ask while one round runs are served together by the next."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from core.errors import DatabaseContentionError

A = TypeVar("A")
R = TypeVar("R")


@dataclass(eq=False)
class _Place(Generic[A, R]):
    """What one thread asks; `turn` is set when it is answered, or when that thread is to lead."""

    asked: A
    turn: threading.Event = field(default_factory=threading.Event)
    answers: list[R] = field(default_factory=list)
    error: BaseException | None = None

    @property
    def is_over(self) -> bool:
        return bool(self.answers) or self.error is not None

    def answer(self) -> R:
        if self.error is not None:
            raise self.error
        return self.answers[0]


class Rounds(Generic[A, R]):
    """Hands what threads ask to `serve`, which answers several at once.

    The thread that finds nobody served leads: it serves all that wait, and then lets one of those
    that came meanwhile lead. So nobody waits for company, and one thread alone is served as if it
    had called `serve`.

    Args:
        serve: returns an answer to each question, in their order; never called by two threads at a
            time. It may run in any of them.
        most: the greatest number of questions of one round.
    """

    def __init__(self, serve: Callable[[Sequence[A]], Sequence[R]], most: int) -> None:
        self._serve = serve
        self._most = most
        self._guard = threading.Lock()
        self._queue: deque[_Place[A, R]] = deque()
        self._is_led = False

    def ask(self, asked: A) -> R:
        """Return the answer to a question.

        Raises:
            DatabaseContentionError: the thread that led this round was interrupted.
            Exception: what `serve` raised; each thread of the round gets it.
        """
        place: _Place[A, R] = _Place(asked)
        try:
            self._queue_up(place)
            place.turn.wait()
            if not place.is_over:
                self._lead(place)
        except BaseException:  # also when the thread is interrupted: others must not wait for it
            self._withdraw(place)
            raise
        return place.answer()

    def _queue_up(self, place: _Place[A, R]) -> None:
        with self._guard:
            self._queue.append(place)
            if not self._is_led:
                self._is_led = True
                place.turn.set()

    def _withdraw(self, place: _Place[A, R]) -> None:
        with self._guard:
            if place not in self._queue:
                return
            self._queue.remove(place)
            was_to_lead = place.turn.is_set()
        if was_to_lead:
            self._pass_on()

    def _lead(self, own: _Place[A, R]) -> None:
        with self._guard:
            places = [self._queue.popleft() for _ in range(min(self._most, len(self._queue)))]
        try:
            for place, answer in zip(
                places, self._serve([one.asked for one in places]), strict=True
            ):
                place.answers.append(answer)
        except BaseException as error:
            _end(places, own, error)
            raise
        finally:
            for place in places:
                if place is not own:
                    place.turn.set()
            self._pass_on()

    def _pass_on(self) -> None:
        with self._guard:
            if self._queue:
                self._queue[0].turn.set()
            else:
                self._is_led = False


def _end(places: Sequence[_Place[A, R]], own: _Place[A, R], error: BaseException) -> None:
    """Give an error to all threads of a round; one that interrupts is the leader's own."""
    if not isinstance(error, Exception):
        undone = DatabaseContentionError("write_undone")
        undone.__cause__ = error
        places, error = [place for place in places if place is not own], undone
    for place in places:
        place.answers.clear()
        place.error = error
