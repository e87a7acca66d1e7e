"""Faults that a test orders: which requests they hit, how often or how long; read from JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any

from sandbox import endpoints
from sandbox.fault_kind import PLATFORMS, Asked, FaultKind
from sandbox.fault_kinds import ALL_KINDS

_MAX_SECS = 600.0
_MAX_ORDER_SECS = 30 * 86_400.0
_MAX_MIB = 1_024
_OF_THE_QUESTION = ("page", "keyword", "video")


class BadOrderError(ValueError):
    """A list of ordered faults that cannot be understood; the message says why."""


@dataclass(frozen=True, slots=True)
class FaultOrder:
    """A fault for the requests that match; None matches everything.

    It hits the next `times` of them, or all during `for_secs` seconds from the order on. `accounts`
    hits only the first so many accounts that ask, `except_account` all but one, and `share` each
    match with that probability only. `page` and `keyword` match searches only. `endpoint` is a
    platform's name, an endpoint's name, a path, or the beginning of one and `*`; `video` an id that
    is asked for. `egress` is `direct`, `HOST:PORT` (a gateway with all its exits) or
    `HOST:PORT#USER`. `delay_secs` makes the answer late, whatever its kind. `params` are the keys
    that only its kind understands.
    """

    kind: str
    times: int = 1
    for_secs: float | None = None
    account: str | None = None
    except_account: str | None = None
    accounts: int | None = None
    share: float | None = None
    egress: str | None = None
    page: int | None = None
    keyword: str | None = None
    endpoint: str | None = None
    video: str | None = None
    delay_secs: float | None = None
    params: Mapping[str, Any] = field(default_factory=dict)

    def matches(self, asked: Asked) -> bool:
        """Whether this order is meant for such a request."""
        if not ALL_KINDS[self.kind].fits(asked) or not self._is_asked_here(asked):
            return False
        if self.account not in (None, asked.account) or self.except_account == asked.account:
            return False
        if self.video is not None and self.video not in asked.videos:
            return False
        question = asked.question
        if question is None:
            return self.page is None and self.keyword is None
        return self.page in (None, question.page) and self.keyword in (None, question.keyword)

    def covers(self, asked: Asked) -> bool:
        """Whether a request goes to the same unit: platform, endpoint and egress route."""
        platforms = ALL_KINDS[self.kind].platforms
        if platforms and asked.platform not in platforms:
            return False
        return is_egress(self.egress, asked.egress) and self._is_endpoint(asked, quiet_too=True)

    def _is_asked_here(self, asked: Asked) -> bool:
        quiet_too = ALL_KINDS[self.kind].at_edge
        return is_egress(self.egress, asked.egress) and self._is_endpoint(
            asked, quiet_too=quiet_too
        )

    def _is_endpoint(self, asked: Asked, *, quiet_too: bool) -> bool:
        if self.endpoint is None or self.endpoint in PLATFORMS:
            is_platform = self.endpoint in (None, asked.platform)
            return is_platform and (quiet_too or not asked.is_quiet)
        return endpoints.matches(self.endpoint, asked.path)


def is_egress(wanted: str | None, egress: str) -> bool:
    """Return whether an order for `wanted` (None: any; a gateway: all its exits) means a route."""
    return wanted in (None, egress) or egress.startswith((f"{wanted}#", f"{wanted}:"))


def parse_orders(body: bytes) -> list[FaultOrder]:
    """Read the JSON list that the faults endpoint takes; raises BadOrderError."""
    try:
        items = json.loads(body)
    except ValueError as error:
        raise BadOrderError(f"the body is not JSON: {error}") from error
    if not isinstance(items, list):
        raise BadOrderError("the body must be a list of objects")
    return [_parse_order(item) for item in items]


def is_number(value: object, smallest: float, largest: float) -> bool:
    """Return whether a JSON value is a finite number within bounds, both included."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return False
    return smallest <= value <= largest


def _is_count(value: object, smallest: int, largest: int = 10**9) -> bool:
    return isinstance(value, int) and is_number(value, smallest, largest)


def is_headers(value: object) -> bool:
    """Return whether a JSON value is an object of headers that HTTP can carry."""
    return isinstance(value, dict) and all(
        isinstance(text, str | int) and f"{name}{text}".isprintable() and f"{text}".isascii()
        for name, text in value.items()
    )


_Check = tuple[Callable[[object], bool], str]
_COUNT: _Check = (lambda value: _is_count(value, 1), "an integer of at least 1")
_TEXT: _Check = (lambda value: isinstance(value, str), "a string")
_ENDPOINTS = f"a path, one of {', '.join(PLATFORMS)}, or one of {', '.join(endpoints.NAMES)}"
_CHECKS: Mapping[str, _Check] = MappingProxyType(
    {
        "times": _COUNT,
        "page": _COUNT,
        "accounts": _COUNT,
        "account": _TEXT,
        "except_account": _TEXT,
        "keyword": _TEXT,
        "video": _TEXT,
        "egress": _TEXT,
        "endpoint": (lambda value: isinstance(value, str) and endpoints.is_name(value), _ENDPOINTS),
        "delay_secs": (
            lambda value: is_number(value, 0, _MAX_SECS),
            f"a number from 0 to {_MAX_SECS:g}",
        ),
        "for_secs": (
            lambda value: value != 0 and is_number(value, 0, _MAX_ORDER_SECS),
            f"a number above 0, up to {_MAX_ORDER_SECS:g}",
        ),
        "share": (
            lambda value: value != 0 and is_number(value, 0, 1),
            "a number above 0, up to 1",
        ),
    }
)
_ANYTHING: _Check = (lambda _: True, "")
_PARAM_CHECKS: Mapping[str, _Check] = MappingProxyType(
    {
        "http": (lambda value: _is_count(value, 200, 999), "an integer from 200 to 999"),
        "code": _ANYTHING,
        "message": _ANYTHING,
        "data": _ANYTHING,
        "body": _ANYTHING,
        "headers": (is_headers, "an object of printable strings"),
        "every_secs": (
            lambda value: is_number(value, 0.001, _MAX_SECS),
            f"a number from 0.001 to {_MAX_SECS:g}",
        ),
        "size_mib": (
            lambda value: _is_count(value, 1, _MAX_MIB),
            f"an integer from 1 to {_MAX_MIB}",
        ),
    }
)


def _parse_order(item: Any) -> FaultOrder:
    if not isinstance(item, dict):
        raise BadOrderError(f"{item!r} is not an object")
    known = {each.name for each in fields(FaultOrder)} - {"params"}
    unknown = sorted(item.keys() - known - _PARAM_CHECKS.keys())
    if unknown:
        raise BadOrderError(f"unknown keys: {', '.join(unknown)}")
    if item.get("kind") not in list(ALL_KINDS):
        raise BadOrderError(f"unknown kind {item.get('kind')!r}")
    given = {key: item[key] for key in known & item.keys() if item[key] is not None}
    params = {key: item[key] for key in _PARAM_CHECKS.keys() & item.keys()}
    _check_values(given, _CHECKS)
    _check_values(params, _PARAM_CHECKS)
    _check_together(ALL_KINDS[item["kind"]], given, params)
    return FaultOrder(**given, params=params)


def _check_values(values: Mapping[str, Any], checks: Mapping[str, _Check]) -> None:
    for key, (is_right, expected) in checks.items():
        if key in values and not is_right(values[key]):
            raise BadOrderError(f"{key} must be {expected}")


def _check_together(kind: FaultKind, given: Mapping[str, Any], params: Mapping[str, Any]) -> None:
    name = given["kind"]
    foreign = sorted(params.keys() - kind.params)
    if foreign:
        raise BadOrderError(f"the kind {name} has no {', '.join(foreign)}")
    if "times" in given and "for_secs" in given:
        raise BadOrderError("times and for_secs cannot be given together")
    unseen = [key for key in _OF_THE_QUESTION if key in given]
    if kind.at_edge and unseen:
        raise BadOrderError(f"the kind {name} does not know the {', '.join(unseen)}")
