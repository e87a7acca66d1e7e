"""Request rate of an account: sliding windows as declared, and the limits learned within them.

A window counts responses, not departures: a request that left `per_secs` after the response to the
one `limit` before it cannot reach the platform too early, however slow the network is.

The learned limit follows additive increase, multiplicative decrease: a throttle halves it and
remembers the rate that was refused as a ceiling; every full window without a throttle adds a
twentieth of the declared pace, up to that ceiling. A ceiling is forgotten after a day, because
platforms change their limits.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from core.cancellation import OutOfTurnSignal, StoppedSignal
from core.clock import Clock
from core.settings import Pace

# The name of the window that every request of an account goes through.
EVERYTHING = "*"
# Two hosts see the database's clock with a difference of up to this.
MARGIN_SECS = 0.02
GROWTH = 0.05  # of the declared pace, for each full window
CEILING_TTL_SECS = 86400.0
# Bounds the size of the JSON that is stored with the account.
MAX_MOMENTS = 100


@dataclass
class RateWindow:
    """One sliding window of one account. Times are Unix seconds of the database's clock."""

    pace: Pace
    limit: float = 0.0  # requests a window as learned; 0: nothing learned, as declared
    ceiling: float | None = None
    ceiling_at: float = 0.0
    recent: deque[tuple[float, int]] = field(default_factory=deque)  # moments, and how many
    successes_in_row: int = 0

    @property
    def learned(self) -> float:
        """Return the requests per window allowed now; below 1 the window is stretched instead."""
        return self.limit or float(self.pace.requests)

    @property
    def secs(self) -> float:
        """Return the window's length in seconds, stretched when less than 1 request is allowed."""
        return self.pace.per_secs / min(1.0, self.learned)

    @property
    def per_sec(self) -> float:
        """Return the requests per second that are allowed now."""
        return self.learned / self.pace.per_secs

    @property
    def _capacity(self) -> int:
        # A sum of twentieths may fall just short of the whole number that it stands for.
        return max(1, int(self.learned + 1e-9))

    def ready_in(self, now: float) -> float:
        """Return the seconds until the next request may leave; 0 when it may at once."""
        room = self._capacity
        for moment, count in reversed(self.recent):
            room -= count
            if room <= 0:
                return max(0.0, moment + self.secs + MARGIN_SECS - now)
        return 0.0

    def record_request(self, now: float) -> None:
        """Count a request, answered or failed: the platform may have counted a failed one too.

        `now` is the moment of the answer, in Unix seconds.
        """
        count = 1
        if self.recent and self._grain(now) == self._grain(self.recent[-1][0]):
            count += self.recent.pop()[1]
        self.recent.append((now, count))
        self.drop_expired(now)

    def _grain(self, moment: float) -> float:
        """Return the bucket of a moment.

        Wide windows hold many requests: those of the same hundredth of a window are kept as one
        entry.
        """
        if self.pace.requests <= MAX_MOMENTS:
            return moment
        return moment // (self.pace.per_secs / MAX_MOMENTS)

    def drop_expired(self, now: float) -> None:
        """Drop the requests that have left the window by `now`."""
        horizon = now - self.secs - MARGIN_SECS
        while self.recent and self.recent[0][0] < horizon:
            self.recent.popleft()

    def record_success(self, now: float) -> None:
        """Count a success; after as many as a full window allows, the limit grows by a little.

        It grows at most to the declared one, or to the remembered rate that was refused.
        """
        self.successes_in_row += 1
        if self.successes_in_row < self.learned:
            return
        self.successes_in_row = 0
        if self.ceiling is not None and now - self.ceiling_at > CEILING_TTL_SECS:
            self.ceiling = None
        top = min(self.pace.requests, self.ceiling or self.pace.requests)
        self.limit = min(top, self.learned + GROWTH * self.pace.requests)

    def record_throttle(self, now: float) -> None:
        """Halve the limit, and remember the rate that was refused as its ceiling."""
        # At most 95 % of the present limit: otherwise the same rate would be tried again. At least
        # half of it: a refusal after few requests may have been about something else.
        self.ceiling = min(0.95 * self.learned, max(self._accepted_before(now), self.learned / 2))
        self.ceiling_at = now
        # The floor keeps the account usable: a window is stretched to 64 times its length at most.
        self.limit = max(self.pace.requests / 64, min(self.learned, self.ceiling) / 2)
        self.ceiling = max(self.ceiling, self.limit)
        self.successes_in_row = 0

    def _accepted_before(self, now: float) -> float:
        """Return how many requests the platform had accepted when it refused the latest one."""
        if self._capacity == 1:  # nothing before it in the window: the count is inconclusive
            return self.learned
        since = now - self.pace.per_secs
        return sum(count for moment, count in self.recent if moment > since) - 1

    def mark_full(self, now: float) -> None:
        """Treat the window as just used up, because nobody recorded what was requested in it."""
        self.recent = deque([(now, self._capacity)])


@dataclass
class AccountPace:
    """All windows of one account at one platform, by path prefix (`EVERYTHING` for all requests).

    It is stored as JSON with the account between two leases.
    """

    windows: dict[str, RateWindow]

    @classmethod
    def load(
        cls, paces: Mapping[str, Pace], stored: str | None, now: datetime, *, known: bool
    ) -> AccountPace:
        """Return the windows that `paces` declares, with the limits that were learned and stored.

        Args:
            paces: the declared paces, by path prefix (`EVERYTHING` for all requests).
            stored: what `dump` returned; None when nothing was stored yet.
            known: False when the last user did not store what it requested; the windows then count
                as full.
        """
        kept: dict[str, Any] = json.loads(stored) if stored else {}
        pace = cls({name: _window(paces[name], kept.get(name), now) for name in paces})
        if not known:
            for window in pace.windows.values():
                window.mark_full(now.timestamp())
        return pace

    def dump(self, now: datetime) -> str:
        """Return the state that `load` needs, as JSON text."""
        for window in self.windows.values():
            window.drop_expired(now.timestamp())
        return json.dumps(
            {
                name: {
                    "limit": window.limit,
                    "wall": window.ceiling,
                    "wall_at": window.ceiling_at,
                    "recent": [(round(moment, 3), count) for moment, count in window.recent],
                    "good": window.successes_in_row,
                    "per_secs": window.pace.per_secs,
                }
                for name, window in self.windows.items()
            }
        )

    def windows_for(self, endpoint: str) -> list[RateWindow]:
        """Return the windows that a request to `endpoint` (a path) goes through."""
        return [self.windows[name] for name in self.names_for(endpoint)]

    def names_for(self, endpoint: str) -> tuple[str, ...]:
        """Return the names of these windows."""
        return tuple(
            name for name in self.windows if name == EVERYTHING or endpoint.startswith(name)
        )

    def ready_at(self, now: datetime) -> datetime | None:
        """Return the moment from which the account may send a request; None when it may at once."""
        secs = max((w.ready_in(now.timestamp()) for w in self.windows_for(EVERYTHING)), default=0.0)
        return now + timedelta(seconds=secs) if secs > 0 else None

    @property
    def per_sec(self) -> float:
        """Return the requests per second that are allowed now, as learned."""
        return min((window.per_sec for window in self.windows_for(EVERYTHING)), default=0.0)


def learned_per_sec(stored: str | None) -> float | None:
    """Return an account's learned rate from its stored state, in requests per second.

    None when nothing was learned yet.
    """
    kept = json.loads(stored) if stored else {}
    window = kept.get(EVERYTHING)
    if not window or not window.get("limit"):
        return None
    return float(window["limit"]) / float(window["per_secs"])


def with_limits_of(stored: str | None, before: str | None) -> str | None:
    """Return a stored pace with the limits that an earlier one had learned.

    The requests that it counts stay. None: there is nothing to change.
    """
    if not stored:
        return None
    kept: dict[str, Any] = json.loads(stored)
    learned: dict[str, Any] = json.loads(before) if before else {}
    for name, window in kept.items():
        earlier = learned.get(name) or {}
        window["limit"] = earlier.get("limit", 0.0)
        window["wall"] = earlier.get("wall")
        window["wall_at"] = earlier.get("wall_at", 0.0)
    return json.dumps(kept)


class PacedGate:
    """A gate that lets one account's requests through one after the other, by one thread.

    A wait longer than `patience_secs` raises OutOfTurnSignal, so that another account can be used.
    `on_wait` is called with the seconds of each wait before it begins; None for nobody.
    """

    def __init__(
        self, *, pace: AccountPace, clock: Clock, stop: threading.Event, patience_secs: float
    ) -> None:
        self.pace = pace
        self._clock = clock
        self._stop = stop
        self._patience_secs = patience_secs
        self.on_wait: Callable[[float], None] | None = None
        self._last: list[RateWindow] = []  # the windows of the newest request

    @contextmanager
    def turn(self, endpoint: str) -> Iterator[None]:
        """Wait for the turn of a request, and count it when its response has come or it has failed.

        Raises:
            StoppedSignal: the service stops; the request must not be sent.
            OutOfTurnSignal: the wait would be longer than `patience_secs`.
        """
        windows = self.pace.windows_for(endpoint)
        secs = max((window.ready_in(self._now()) for window in windows), default=0.0)
        if self._stop.is_set():
            raise StoppedSignal
        if secs > self._patience_secs:
            raise OutOfTurnSignal(secs)
        if secs > 0 and self.on_wait is not None:
            self.on_wait(secs)
        if secs > 0 and self._clock.wait(self._stop, secs):
            raise StoppedSignal
        self._last = windows
        try:
            yield
        finally:
            for window in windows:
                window.record_request(self._now())

    def record_success(self) -> None:
        """Report that the latest request through this gate succeeded.

        After a full window of successes, each limit that it counted against allows a few more
        requests.
        """
        for window in self._last:
            window.record_success(self._now())

    def record_throttle(self) -> None:
        """Report that the latest request through this gate was refused as one too many.

        Each limit that it counted against is halved.
        """
        for window in self._last:
            window.record_throttle(self._now())

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _window(pace: Pace, kept: Mapping[str, Any] | None, now: datetime) -> RateWindow:
    if not kept:
        return RateWindow(pace)
    # A clock that was ahead leaves moments that no window would ever let go.
    latest = now.timestamp() + pace.per_secs
    asked = ((float(moment), int(count)) for moment, count in kept.get("recent") or ())
    # The declared window may have changed since: what was learned is a rate, not a count.
    scale = pace.per_secs / float(kept.get("per_secs") or pace.per_secs)
    limit = min(float(pace.requests), float(kept.get("limit") or 0.0) * scale)
    ceiling = kept.get("wall")
    return RateWindow(
        pace=pace,
        limit=limit,
        ceiling=ceiling and float(ceiling) * scale,
        ceiling_at=float(kept.get("wall_at") or 0.0),
        recent=deque((moment, count) for moment, count in asked if moment <= latest),
        successes_in_row=int(kept.get("good") or 0),
    )
