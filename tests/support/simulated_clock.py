"""A clock for whole simulations: threads take turns, and time jumps to whoever waits least."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

NEVER = math.inf


@dataclass
class _Sleeper:
    """A thread that waits. One that polls wakes at ticks of `poll_secs`, but only at those at
    which there may be something new."""

    order: int
    since: float
    wakes_at: float
    poll_secs: float = 0.0
    turn: threading.Event = field(default_factory=threading.Event)

    def tick_at(self, moment: float) -> float:
        """Return the first tick at `moment` or behind it."""
        ticks = max(1, math.ceil((moment - self.since) / self.poll_secs - 1e-9))
        return self.since + ticks * self.poll_secs


class SimulatedClock:
    """A clock by which only one thread of a simulation runs at a time; the others wait on it.

    When the running one waits, time jumps to the earliest moment that any thread waits for, and
    that thread goes on. Everything between two waits takes no time. So a simulation has the same
    course at every run, on every machine.
    """

    def __init__(self, start: datetime | None = None) -> None:
        self._start = start or datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
        self._secs = 0.0
        self._order = 0
        self._sleepers: list[_Sleeper] = []
        self._ended = threading.Event()
        self._failure: BaseException | None = None

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._secs)

    def monotonic(self) -> float:
        return self._secs

    def wait(self, event: threading.Event, secs: float) -> bool:
        """Sleep; an event that is set meanwhile is seen at the end."""
        if not event.is_set():
            self._something_is_new()
            self._sleep(_Sleeper(self._next_order(), self._secs, self._secs + max(0.0, secs)))
        return event.is_set()

    def poll(self, secs: float, due: datetime | None, *, idle: bool) -> None:
        """Sleep as somebody who looks for work every `secs` seconds and found none.

        Looks that must be in vain are left out: those before `due`, while nobody else does
        anything. `idle` tells whether the look changed nothing either.
        """
        if not idle:
            self._something_is_new()
        sleeper = _Sleeper(
            order=self._next_order(), since=self._secs, wakes_at=NEVER, poll_secs=secs
        )
        if due is not None:
            sleeper.wakes_at = sleeper.tick_at((due - self._start).total_seconds())
        self._sleep(sleeper)

    def run(self, bodies: Sequence[Callable[[], None]]) -> None:
        """Run the bodies, each in a thread, until all have returned. Raises what one raises."""
        self._ended.clear()
        for body in bodies:
            sleeper = _Sleeper(self._next_order(), self._secs, self._secs)
            self._sleepers.append(sleeper)
            threading.Thread(target=self._live, args=(sleeper, body), daemon=True).start()
        self._wake_next()
        self._ended.wait()
        if self._failure is not None:
            raise self._failure

    def _live(self, sleeper: _Sleeper, body: Callable[[], None]) -> None:
        sleeper.turn.wait()
        try:
            body()
        except BaseException as error:  # the thread that started the simulation raises it
            self._failure = error
            self._ended.set()
            return
        self._something_is_new()
        if self._sleepers:
            self._wake_next()
        else:
            self._ended.set()

    def _sleep(self, sleeper: _Sleeper) -> None:
        self._sleepers.append(sleeper)
        self._wake_next()
        sleeper.turn.wait()

    def _wake_next(self) -> None:
        first = min(self._sleepers, key=lambda sleeper: (sleeper.wakes_at, sleeper.order))
        if first.wakes_at == NEVER:
            self._failure = AssertionError("everybody waits for ever")
            self._ended.set()
            return
        self._sleepers.remove(first)
        self._secs = max(self._secs, first.wakes_at)
        first.turn.set()

    def _something_is_new(self) -> None:
        for sleeper in self._sleepers:
            if sleeper.poll_secs:
                sleeper.wakes_at = min(sleeper.wakes_at, sleeper.tick_at(self._secs))

    def _next_order(self) -> int:
        self._order += 1
        return self._order
