"""How an answer of TikHub can go wrong. Answers with HTTP 200 are charged all the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from types import MappingProxyType
from typing import Any

from sandbox import tikhub_errors
from sandbox.fault_kind import TIKHUB, FaultKind, Occasion
from sandbox.messages import Json, Reply, json_reply

RETRY_AFTER_SECS = 2


def _data(change: Callable[[Json], Any]) -> Callable[[Occasion], Reply]:
    """The good answer with other `data`."""

    def play(occasion: Occasion) -> Reply:
        envelope = deepcopy(occasion.envelope)
        envelope["data"] = change(envelope["data"])
        return json_reply(envelope)

    return play


def _each(data: Json) -> list[Json]:
    if data.get("aweme_detail"):
        return [data["aweme_detail"]]
    return list(data.get("aweme_details") or data.get("statistics_list") or [])


def _no_statistics(data: Json) -> Json:
    for video in _each(data):
        video.pop("statistics", None)
        video.pop("play_count", None)
    return data


def _id_as_number(data: Json) -> Json:
    for video in _each(data):
        video["aweme_id"] = int(video["aweme_id"])
    return data


def _other_video(data: Json) -> Json:
    for video in _each(data):
        video["aweme_id"] = str(int(video["aweme_id"]) + 1)
    return data


def _status(code: int, *, is_mild: bool = False, by_lot: bool = True) -> FaultKind:
    reply = tikhub_errors.error(code)
    return FaultKind(lambda _: reply, is_mild=is_mild, platforms=(TIKHUB,), by_lot=by_lot)


def _good(change: Callable[[Json], Any]) -> FaultKind:
    return FaultKind(_data(change), platforms=(TIKHUB,), by_lot=False)


KINDS: Mapping[str, FaultKind] = MappingProxyType(
    {
        "tikhub_400": _status(400, is_mild=True),
        "tikhub_401": _status(401, by_lot=False),
        "tikhub_402": FaultKind(
            lambda occasion: tikhub_errors.error(402, occasion.headers),
            platforms=(TIKHUB,),
            by_lot=False,
        ),
        "tikhub_403": _status(403, by_lot=False),
        "tikhub_404": _status(404, by_lot=False),
        "tikhub_422": FaultKind(
            lambda _: tikhub_errors.missing("aweme_id"), platforms=(TIKHUB,), by_lot=False
        ),
        "tikhub_429": FaultKind(
            lambda _: tikhub_errors.too_many(RETRY_AFTER_SECS), platforms=(TIKHUB,)
        ),
        "tikhub_500": _status(500, is_mild=True),
        "tikhub_503": _status(503),
        "tikhub_null_data": _good(lambda _: None),
        "tikhub_empty_data": _good(lambda _: {}),
        "tikhub_no_statistics": _good(_no_statistics),
        "tikhub_id_as_number": _good(_id_as_number),
        "tikhub_other_video": _good(_other_video),
    }
)
