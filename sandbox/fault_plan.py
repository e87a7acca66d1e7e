"""Decides which requests go wrong: those ordered beforehand, and some drawn by a seeded lot."""

from __future__ import annotations

import json
import random
import threading
from dataclasses import dataclass, fields
from typing import Any

from sandbox.catalog import Question
from sandbox.faults import KINDS

_SHARES = {"none": 0.0, "mild": 0.03, "harsh": 0.12}
_MAX_DELAY_SECS = 600.0


class BadOrderError(ValueError):
    """A list of ordered faults that cannot be understood; the message says why."""


@dataclass(frozen=True, slots=True)
class FaultOrder:
    """A fault for the next `times` requests that match; None matches everything.

    `page` and `keyword` match searches only. `delay_secs` makes the answer late, whatever its kind.
    """

    kind: str
    times: int = 1
    account: str | None = None
    page: int | None = None
    keyword: str | None = None
    delay_secs: float | None = None

    def matches(self, account: str, question: Question | None, *, has_hits: bool) -> bool:
        """Whether this order is meant for such a request."""
        if KINDS[self.kind].needs_hits and not has_hits:
            return False
        if self.account not in (None, account):
            return False
        if question is None:
            return self.page is None and self.keyword is None
        return self.page in (None, question.page) and self.keyword in (None, question.keyword)


@dataclass(frozen=True, slots=True)
class Draw:
    """A fault to play now."""

    kind: str
    roll: float
    delay_secs: float | None = None


class FaultPlan:
    """Thread-safe. Ordered faults go first, in their order; then the profile draws its share."""

    def __init__(self, profile: str, seed: int) -> None:
        self._share = _SHARES[profile]
        self._kinds = [name for name, kind in KINDS.items() if profile == "harsh" or kind.is_mild]
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

    def draw(self, account: str, question: Question | None, *, has_hits: bool) -> Draw | None:
        """The fault for this request, if there is one; `question` is None unless it is a search."""
        with self._lock:
            return self._ordered(account, question, has_hits) or self._drawn(has_hits)

    def _ordered(self, account: str, question: Question | None, has_hits: bool) -> Draw | None:
        for place, (order, left) in enumerate(self._orders):
            if order.matches(account, question, has_hits=has_hits):
                self._orders[place : place + 1] = [(order, left - 1)] if left > 1 else []
                return Draw(order.kind, self._random.random(), order.delay_secs)
        return None

    def _drawn(self, has_hits: bool) -> Draw | None:
        if self._random.random() >= self._share:
            return None
        kinds = [kind for kind in self._kinds if has_hits or not KINDS[kind].needs_hits]
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
    if item.get("kind") not in list(KINDS):
        raise BadOrderError(f"unknown kind {item.get('kind')!r}")
    for key, smallest in (("times", 1), ("page", 1)):
        if item.get(key) is not None and not _is_count(item[key], smallest):
            raise BadOrderError(f"{key} must be an integer of at least {smallest}")
    for key in ("account", "keyword"):
        if not isinstance(item.get(key), str | None):
            raise BadOrderError(f"{key} must be a string")
    if item.get("delay_secs") is not None and not _is_delay(item["delay_secs"]):
        raise BadOrderError(f"delay_secs must be a number from 0 to {_MAX_DELAY_SECS:g}")
    return FaultOrder(**{key: value for key, value in item.items() if value is not None})


def _is_count(value: object, smallest: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= smallest


def _is_delay(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return 0 <= value <= _MAX_DELAY_SECS
