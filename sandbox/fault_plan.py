"""Decides which requests go wrong: those ordered beforehand, and some drawn by a seeded lot."""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sandbox.fault_kind import Asked
from sandbox.fault_kinds import ALL_KINDS
from sandbox.fault_order import FaultOrder
from sandbox.messages import Json
from sandbox.order_reports import OrderReport

_SHARES = {"none": 0.0, "mild": 0.03, "harsh": 0.12}
_MAX_REPORTS = 100


@dataclass(frozen=True, slots=True)
class Draw:
    """A fault to play now; `before_send` must be called when its answer is about to leave."""

    kind: str
    roll: float
    delay_secs: float | None = None
    video: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    before_send: Callable[[], None] | None = None


@dataclass(slots=True)
class _Queued:
    """An order that is still in force; `ends_at` is None while `left` decides."""

    report: OrderReport
    left: int
    ends_at: float | None
    accounts: set[str] = field(default_factory=set)

    @property
    def order(self) -> FaultOrder:
        return self.report.order

    def is_over(self, now: float) -> bool:
        return self.left < 1 if self.ends_at is None else now >= self.ends_at

    def admits(self, account: str) -> bool:
        """Whether the account is one of the first that the order is for."""
        most = self.order.accounts
        return most is None or account in self.accounts or len(self.accounts) < most


class FaultPlan:
    """Thread-safe. Ordered faults go first, in their order; then the profile draws its share.

    `now` gives the seconds that an order for a time goes by.
    """

    def __init__(
        self, *, profile: str, seed: int, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._share = _SHARES[profile]
        self._kinds = [
            name
            for name, kind in ALL_KINDS.items()
            if kind.by_lot and (profile == "harsh" or kind.is_mild)
        ]
        self._random = random.Random(f"{seed}:faults")
        self._now = now
        self._lock = threading.Lock()
        self._queue: list[_Queued] = []
        # Bounded: every request looks at the reports in force, and a long run orders thousands.
        self._reports: deque[OrderReport] = deque(maxlen=_MAX_REPORTS)
        self._number = 0

    def order(self, orders: list[FaultOrder]) -> tuple[int, list[int]]:
        """Queue more orders; return how many faults are waiting now, and the orders' numbers.

        An order for a time counts as one that is waiting.
        """
        with self._lock:
            numbers = [self._add(order) for order in orders]
            self._drop_finished()
            return sum(queued.left for queued in self._queue), numbers

    def reset(self) -> None:
        """Forget the queued orders and all reports."""
        with self._lock:
            self._queue.clear()
            self._reports.clear()

    def arrived(self, asked: Asked) -> None:
        """Count a request for the reports of the orders in force."""
        with self._lock:
            self._drop_finished()
            for queued in self._queue:
                queued.report.arrived(asked)

    def draw(self, asked: Asked) -> Draw | None:
        """The fault for this request, if there is one."""
        with self._lock:
            return self._ordered(asked, at_edge=False) or self._drawn(asked)

    def draw_at_edge(self, asked: Asked) -> Draw | None:
        """The fault that refuses this request before anybody looks at its session, if any."""
        with self._lock:
            return self._ordered(asked, at_edge=True)

    def reports(self) -> list[Json]:
        """What became of the last hundred orders, oldest first."""
        with self._lock:
            return [report.snapshot() for report in self._reports]

    def _add(self, order: FaultOrder) -> int:
        self._number += 1
        report = OrderReport(self._number, order)
        ends_at = None if order.for_secs is None else self._now() + order.for_secs
        self._queue.append(_Queued(report, order.times, ends_at))
        self._reports.append(report)
        return self._number

    def _drop_finished(self) -> None:
        now = self._now()
        self._queue = [queued for queued in self._queue if not queued.is_over(now)]

    def _ordered(self, asked: Asked, *, at_edge: bool) -> Draw | None:
        self._drop_finished()
        for queued in self._queue:
            if ALL_KINDS[queued.order.kind].at_edge is at_edge and self._hits(queued, asked):
                return self._play(queued, asked)
        return None

    def _hits(self, queued: _Queued, asked: Asked) -> bool:
        order = queued.order
        if not order.matches(asked) or not queued.admits(asked.account):
            return False
        return order.share is None or self._random.random() < order.share

    def _play(self, queued: _Queued, asked: Asked) -> Draw:
        if queued.ends_at is None:
            queued.left -= 1
        queued.accounts.add(asked.account)
        queued.report.refuse(asked)
        order = queued.order
        return Draw(
            kind=order.kind,
            roll=self._random.random(),
            delay_secs=order.delay_secs,
            video=order.video or "",
            params=order.params,
            before_send=partial(self._answered, queued.report),
        )

    def _answered(self, report: OrderReport) -> None:
        with self._lock:
            report.is_answered = True

    def _drawn(self, asked: Asked) -> Draw | None:
        if asked.is_quiet or self._random.random() >= self._share:
            return None
        kinds = [kind for kind in self._kinds if ALL_KINDS[kind].fits(asked)]
        return Draw(self._random.choice(kinds), self._random.random())
