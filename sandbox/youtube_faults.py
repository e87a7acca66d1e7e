"""How an answer of YouTube can go wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from types import MappingProxyType

from sandbox import youtube_errors
from sandbox.fault_kind import YOUTUBE, FaultKind, Occasion
from sandbox.messages import Json, Reply, json_reply


def _with_item(spoil: Callable[[list[Json], int], None]) -> Callable[[Occasion], Reply]:
    def play(occasion: Occasion) -> Reply:
        envelope = deepcopy(occasion.envelope)
        items: list[Json] = envelope["items"]
        wanted = [place for place, item in enumerate(items) if item["id"] == occasion.video]
        spoil(items, wanted[0] if wanted else occasion.place_among(len(items)))
        return json_reply(envelope)

    return play


def _drop(items: list[Json], place: int) -> None:
    del items[place]


def _numbers(items: list[Json], place: int) -> None:
    counters = items[place]["statistics"]
    counters.update({name: int(count) for name, count in counters.items()})


def _words(items: list[Json], place: int) -> None:
    items[place]["statistics"]["viewCount"] = "many"


def _no_statistics(items: list[Json], place: int) -> None:
    del items[place]["statistics"]


def _ordered(reply: Reply) -> FaultKind:
    return FaultKind(lambda _: reply, platforms=(YOUTUBE,), by_lot=False)


def _item(spoil: Callable[[list[Json], int], None]) -> FaultKind:
    play = _with_item(spoil)
    return FaultKind(play, needs="batch", platforms=(YOUTUBE,), by_lot=False)


KINDS: Mapping[str, FaultKind] = MappingProxyType(
    {
        "youtube_quota": _ordered(youtube_errors.quota_exceeded()),
        "youtube_forbidden": _ordered(youtube_errors.forbidden()),
        "youtube_key_invalid": _ordered(youtube_errors.key_invalid()),
        "youtube_bad_request": _ordered(youtube_errors.bad_request("<b>Bad</b> Request")),
        "youtube_unknown_part": _ordered(youtube_errors.unknown_part("statistic")),
        "youtube_429": FaultKind(lambda _: youtube_errors.rate_exceeded(), platforms=(YOUTUBE,)),
        "youtube_backend": FaultKind(
            lambda _: youtube_errors.backend(), is_mild=True, platforms=(YOUTUBE,)
        ),
        "youtube_drop": _item(_drop),
        "youtube_numbers": _item(_numbers),
        "youtube_words": _item(_words),
        "youtube_no_statistics": _item(_no_statistics),
    }
)
