"""How fast an account may ask: sliding windows as declared, and what was learned under them.

A window counts answers, not departures: a request that left `per_secs` after the answer to the one
`limit` before it cannot reach the platform too early, however slow the way is.

The learned limit is additive increase, multiplicative decrease: a throttle halves it and remembers
the wall it ran into; every full window that goes well adds a twentieth of the declared pace, up to
just that wall. A wall is forgotten after a day, as platforms change their minds.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from core.cancellation import OutOfTurnSignal, StoppedSignal
from core.clock import Clock
from core.settings import Pace

EVERYTHING = "*"  # the window that every request of an account goes through
MARGIN_SECS = 0.02  # two hosts' views of the database's clock
GROWTH = 0.05  # of the declared pace, for each full window
WALL_LIVES_SECS = 86400.0
MAX_MOMENTS = 100


@dataclass
class RateWindow:
    """One sliding window of one account. Times are Unix seconds of the database's clock."""

    pace: Pace
    limit: float = 0.0  # requests a window as learned; 0: nothing learned, as declared
    wall: float | None = None
    wall_at: float = 0.0
    recent: deque[tuple[float, int]] = field(default_factory=deque)  # moments, and how many
    good_in_row: int = 0

    @property
    def learned(self) -> float:
        """Requests a window that are allowed now; below 1 the window is stretched instead."""
        return self.limit or float(self.pace.requests)

    @property
    def secs(self) -> float:
        return self.pace.per_secs / min(1.0, self.learned)

    @property
    def per_sec(self) -> float:
        return self.learned / self.pace.per_secs

    @property
    def _room(self) -> int:
        return max(1, int(self.learned + 1e-9))  # a sum of twentieths may fall just short

    def ready_in(self, now: float) -> float:
        """Seconds until the next request may leave."""
        room = self._room
        for moment, count in reversed(self.recent):
            room -= count
            if room <= 0:
                return max(0.0, moment + self.secs + MARGIN_SECS - now)
        return 0.0

    def answered(self, now: float) -> None:
        """Count a request whose answer came (or did not: the platform may have counted it)."""
        count = 1
        if self.recent and self._grain(now) == self._grain(self.recent[-1][0]):
            count += self.recent.pop()[1]
        self.recent.append((now, count))
        self.forget(now)

    def _grain(self, moment: float) -> float:
        """Answers in the same hundredth of a window are kept as one; wide windows hold many."""
        if self.pace.requests <= MAX_MOMENTS:
            return moment
        return moment // (self.pace.per_secs / MAX_MOMENTS)

    def forget(self, now: float) -> None:
        """Drop what has left the window."""
        horizon = now - self.secs - MARGIN_SECS
        while self.recent and self.recent[0][0] < horizon:
            self.recent.popleft()

    def went_well(self, now: float) -> None:
        """Grow a little after each full window without a throttle."""
        self.good_in_row += 1
        if self.good_in_row < self.learned:
            return
        self.good_in_row = 0
        if self.wall is not None and now - self.wall_at > WALL_LIVES_SECS:
            self.wall = None
        top = min(self.pace.requests, self.wall or self.pace.requests)
        self.limit = min(top, self.learned + GROWTH * self.pace.requests)

    def throttled(self, now: float) -> None:
        """Halve the limit, and remember how many requests were too many."""
        self.wall = min(0.95 * self.learned, max(self._went_before(now), self.learned / 2))
        self.wall_at = now
        self.limit = max(self.pace.requests / 64, min(self.learned, self.wall) / 2)
        self.wall = max(self.wall, self.limit)
        self.good_in_row = 0

    def _went_before(self, now: float) -> float:
        """How many requests the platform had taken when it refused the newest one."""
        if self._room == 1:  # nothing before it in the window: the count tells nothing
            return self.learned
        since = now - self.pace.per_secs
        return sum(count for moment, count in self.recent if moment > since) - 1

    def fill(self, now: float) -> None:
        """Take it that the window was just used up: nobody told what was asked."""
        self.recent = deque([(now, self._room)])


@dataclass
class AccountPace:
    """All windows of one account at one platform, as they are stored between two uses."""

    windows: dict[str, RateWindow]

    @classmethod
    def load(
        cls, paces: Mapping[str, Pace], stored: str | None, now: datetime, *, known: bool
    ) -> AccountPace:
        """Windows as declared by `paces` with what was learned; `known` tells whether the last
        user said how far it went."""
        kept: dict[str, Any] = json.loads(stored) if stored else {}
        pace = cls({name: _window(paces[name], kept.get(name)) for name in paces})
        if not known:
            for window in pace.windows.values():
                window.fill(now.timestamp())
        return pace

    def dump(self, now: datetime) -> str:
        """What `load` needs, as JSON."""
        for window in self.windows.values():
            window.forget(now.timestamp())
        return json.dumps(
            {
                name: {
                    "limit": one.limit,
                    "wall": one.wall,
                    "wall_at": one.wall_at,
                    "recent": [(round(moment, 3), count) for moment, count in one.recent],
                    "good": one.good_in_row,
                    "per_secs": one.pace.per_secs,
                }
                for name, one in self.windows.items()
            }
        )

    def of(self, endpoint: str) -> list[RateWindow]:
        """The windows that a request to `endpoint` goes through."""
        return [
            window
            for name, window in self.windows.items()
            if name == EVERYTHING or endpoint.startswith(name)
        ]

    def ready_at(self, now: datetime) -> datetime | None:
        """When the account may ask again; None when it may at once."""
        secs = max((w.ready_in(now.timestamp()) for w in self.of(EVERYTHING)), default=0.0)
        return now + timedelta(seconds=secs) if secs > 0 else None

    @property
    def per_sec(self) -> float:
        """Requests a second, as learned."""
        return min((window.per_sec for window in self.of(EVERYTHING)), default=0.0)


def learned_per_sec(stored: str | None) -> float | None:
    """The learned rate of an account out of what is stored; None before anything was."""
    kept = json.loads(stored) if stored else {}
    window = kept.get(EVERYTHING)
    if not window or not window.get("limit"):
        return None
    return float(window["limit"]) / float(window["per_secs"])


class PacedGate:
    """Lets one account's requests through in their turn.

    A wait longer than `patience_secs` raises OutOfTurnSignal instead: another account can go on.
    """

    def __init__(
        self, *, pace: AccountPace, clock: Clock, stop: threading.Event, patience_secs: float
    ) -> None:
        self.pace = pace
        self._clock = clock
        self._stop = stop
        self._patience_secs = patience_secs
        self._last: list[RateWindow] = []  # the windows of the newest request

    @contextmanager
    def turn(self, endpoint: str) -> Iterator[None]:
        """Wait for the turn, and count the request when its answer has come.

        Raises:
            StoppedSignal, OutOfTurnSignal: the request must not be made.
        """
        windows = self.pace.of(endpoint)
        secs = max((window.ready_in(self._now()) for window in windows), default=0.0)
        if self._stop.is_set():
            raise StoppedSignal
        if secs > self._patience_secs:
            raise OutOfTurnSignal(secs)
        if secs > 0 and self._clock.wait(self._stop, secs):
            raise StoppedSignal
        self._last = windows
        try:
            yield
        finally:
            for window in windows:
                window.answered(self._now())

    def went_well(self) -> None:
        """The newest answer was a good one."""
        for window in self._last:
            window.went_well(self._now())

    def throttled(self) -> None:
        """The newest request was one too many."""
        for window in self._last:
            window.throttled(self._now())

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _window(pace: Pace, kept: Mapping[str, Any] | None) -> RateWindow:
    if not kept:
        return RateWindow(pace)
    scale = pace.per_secs / float(kept.get("per_secs") or pace.per_secs)
    limit = min(float(pace.requests), float(kept.get("limit") or 0.0) * scale)
    wall = kept.get("wall")
    return RateWindow(
        pace=pace,
        limit=limit,
        wall=wall and float(wall) * scale,
        wall_at=float(kept.get("wall_at") or 0.0),
        recent=deque((float(moment), int(count)) for moment, count in kept.get("recent") or ()),
        good_in_row=int(kept.get("good") or 0),
    )
