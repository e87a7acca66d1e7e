"""How an answer of the marketplace can go wrong: every refusal, and pages that are spoilt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from sandbox import market_dialects
from sandbox.fault_kind import MARKET, FaultKind, Occasion
from sandbox.messages import Json, Reply, json_reply


def _refuse(meaning: market_dialects.Refusal, occasion: Occasion) -> Reply:
    return market_dialects.refusal(_path(occasion), meaning)


def _spoil(creators: list[Json | None] | None, occasion: Occasion) -> Reply:
    spoilt = market_dialects.with_creators(_path(occasion), occasion.envelope, creators)
    return json_reply(spoilt)


def _path(occasion: Occasion) -> str:
    assert occasion.asked is not None
    return occasion.asked.path


def _kind(play: Callable[[Occasion], Reply], *, needs: str = "", by_lot: bool = False) -> FaultKind:
    return FaultKind(play, needs=needs, platforms=(MARKET,), by_lot=by_lot)


def _refusing(meaning: market_dialects.Refusal, *, by_lot: bool = False) -> FaultKind:
    return _kind(partial(_refuse, meaning), by_lot=by_lot)


KINDS: Mapping[str, FaultKind] = MappingProxyType(
    {
        "market_throttled": _refusing(market_dialects.THROTTLED, by_lot=True),
        "market_risk": _refusing(market_dialects.RISK, by_lot=True),
        "market_expired": _refusing(market_dialects.EXPIRED),
        "market_suspended": _refusing(market_dialects.SUSPENDED),
        "market_gone": _refusing(market_dialects.GONE),
        "market_bad_request": _refusing(market_dialects.BAD_REQUEST),
        "market_empty_list": _kind(partial(_spoil, []), needs="hits"),
        "market_no_list": _kind(partial(_spoil, None), needs="hits"),
        "market_null_entry": _kind(partial(_spoil, [None]), needs="hits"),
    }
)
