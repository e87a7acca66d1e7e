"""Decides which requests go wrong: those ordered beforehand, and some drawn by a seeded lot."""

from __future__ import annotations

import json
import random
import threading
from dataclasses import dataclass, fields
from typing import Any

from sandbox.fault_kind import PLATFORMS, Asked
from sandbox.fault_kinds import ALL_KINDS

_SHARES = {"none": 0.0, "mild": 0.03, "harsh": 0.12}
_MAX_DELAY_SECS = 600.0


class BadOrderError(ValueError):
    """A list of ordered faults that cannot be understood; the message says why."""


@dataclass(frozen=True, slots=True)
class FaultOrder:
    """A fault for the next `times` requests that match; None matches everything.

    `page` and `keyword` match searches only. `endpoint` is a platform's name or one path; `video`
    an id that is asked for. `delay_secs` makes the answer late, whatever its kind.
    """

    kind: str
    times: int = 1
    account: str | None = None
    page: int | None = None
    keyword: str | None = None
    endpoint: str | None = None
    video: str | None = None
    delay_secs: float | None = None

    def matches(self, asked: Asked) -> bool:
        """Whether this order is meant for such a request."""
        if not ALL_KINDS[self.kind].fits(asked) or self.account not in (None, asked.account):
            return False
        if self.endpoint not in (asked.path, *(() if asked.is_quiet else (None, asked.platform))):
            return False
        if self.video is not None and self.video not in asked.videos:
            return False
        question = asked.question
        if question is None:
            return self.page is None and self.keyword is None
        return self.page in (None, question.page) and self.keyword in (None, question.keyword)


@dataclass(frozen=True, slots=True)
class Draw:
    """A fault to play now."""

    kind: str
    roll: float
    delay_secs: float | None = None
    video: str = ""


class FaultPlan:
    """Thread-safe. Ordered faults go first, in their order; then the profile draws its share."""

    def __init__(self, *, profile: str, seed: int) -> None:
        self._share = _SHARES[profile]
        self._kinds = [
            name
            for name, kind in ALL_KINDS.items()
            if kind.by_lot and (profile == "harsh" or kind.is_mild)
        ]
        self._random = random.Random(f"{seed}:faults")
        self._lock = threading.Lock()
        self._orders: list[tuple[FaultOrder, int]] = []

    def order(self, orders: list[FaultOrder]) -> int:
        """Queue more orders; returns how many faults are waiting now."""
        with self._lock:
            self._orders += [(order, order.times) for order in orders]
            return sum(left for _, left in self._orders)

    def reset(self) -> None:
        """Forget the queued orders."""
        with self._lock:
            self._orders.clear()

    def draw(self, asked: Asked) -> Draw | None:
        """The fault for this request, if there is one."""
        with self._lock:
            return self._ordered(asked) or self._drawn(asked)

    def _ordered(self, asked: Asked) -> Draw | None:
        for place, (order, left) in enumerate(self._orders):
            if order.matches(asked):
                self._orders[place : place + 1] = [(order, left - 1)] if left > 1 else []
                return Draw(
                    kind=order.kind,
                    roll=self._random.random(),
                    delay_secs=order.delay_secs,
                    video=order.video or "",
                )
        return None

    def _drawn(self, asked: Asked) -> Draw | None:
        if asked.is_quiet or self._random.random() >= self._share:
            return None
        kinds = [kind for kind in self._kinds if ALL_KINDS[kind].fits(asked)]
        return Draw(self._random.choice(kinds), self._random.random())


def parse_orders(body: bytes) -> list[FaultOrder]:
    """Read the JSON list that the faults endpoint takes; raises BadOrderError."""
    try:
        items = json.loads(body)
    except ValueError as error:
        raise BadOrderError(f"the body is not JSON: {error}") from error
    if not isinstance(items, list):
        raise BadOrderError("the body must be a list of objects")
    return [_parse_order(item) for item in items]


def _parse_order(item: Any) -> FaultOrder:
    if not isinstance(item, dict):
        raise BadOrderError(f"{item!r} is not an object")
    unknown = sorted(item.keys() - {known.name for known in fields(FaultOrder)})
    if unknown:
        raise BadOrderError(f"unknown keys: {', '.join(unknown)}")
    if item.get("kind") not in list(ALL_KINDS):
        raise BadOrderError(f"unknown kind {item.get('kind')!r}")
    for key, smallest in (("times", 1), ("page", 1)):
        if item.get(key) is not None and not _is_count(item[key], smallest):
            raise BadOrderError(f"{key} must be an integer of at least {smallest}")
    for key in ("account", "keyword", "endpoint", "video"):
        if not isinstance(item.get(key), str | None):
            raise BadOrderError(f"{key} must be a string")
    endpoint = item.get("endpoint")
    if endpoint and endpoint not in PLATFORMS and not endpoint.startswith("/"):
        raise BadOrderError(f"endpoint must be a path or one of {', '.join(PLATFORMS)}")
    if item.get("delay_secs") is not None and not _is_delay(item["delay_secs"]):
        raise BadOrderError(f"delay_secs must be a number from 0 to {_MAX_DELAY_SECS:g}")
    return FaultOrder(**{key: value for key, value in item.items() if value is not None})


def _is_count(value: object, smallest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= smallest


def _is_delay(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= _MAX_DELAY_SECS
