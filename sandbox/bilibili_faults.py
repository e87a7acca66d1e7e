"""More that Bilibili may answer: the other error codes, and batches of counters that lie."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import partial
from types import MappingProxyType

from sandbox import envelopes
from sandbox.fault_kind import BILIBILI, FaultKind, Occasion
from sandbox.faults import error_code
from sandbox.messages import Json, Reply, json_reply

_ORDERED_CODES = {
    "code_101": envelopes.NOT_SIGNED_IN,
    "code_102": envelopes.BANNED,
    "code_111": envelopes.BAD_CSRF,
    "code_400": envelopes.BAD_REQUEST,
    "code_403": envelopes.FORBIDDEN,
    "code_404": envelopes.NOT_FOUND,
    "code_626": envelopes.NO_SUCH_USER,
    "code_799": envelopes.TOO_FREQUENT,
    "code_62002": envelopes.NOT_VISIBLE,
    "code_62003": envelopes.NOT_YET_OUT,
    "code_62004": envelopes.IN_REVIEW,
    "code_62012": envelopes.OWNER_ONLY,
}
_Spoil = Callable[[list[Json], int], None]


def in_batch(spoil: _Spoil, occasion: Occasion) -> Reply:
    """The good batch with one item spoilt: the one that was ordered, or any."""
    envelope = deepcopy(occasion.envelope)
    items: list[Json] = envelope["data"]
    wanted = [place for place, item in enumerate(items) if occasion.video in _ids(item)]
    spoil(items, wanted[0] if wanted else occasion.place_among(len(items)))
    return json_reply(envelope)


def drop_item(items: list[Json], place: int) -> None:
    """The item is left out."""
    del items[place]


def stale(items: list[Json], place: int) -> None:
    """Counters of long ago: half of the true ones."""
    counters = items[place]["cnt_info"]
    counters.update({name: count // 2 for name, count in _numbers(counters).items()})


def wrong(items: list[Json], place: int) -> None:
    """Counters of some other video."""
    counters = items[place]["cnt_info"]
    counters.update({name: count * 3 + 1_000_003 for name, count in _numbers(counters).items()})


def zero(items: list[Json], place: int) -> None:
    """Every counter is 0, though the video was watched."""
    counters = items[place]["cnt_info"]
    counters.update(dict.fromkeys(counters, 0))


def no_counters(items: list[Json], place: int) -> None:
    """The item has no counters at all."""
    del items[place]["cnt_info"]


def reorder(items: list[Json], _: int) -> None:
    """The items come in another order than they were asked for."""
    items.reverse()


def too_large(_: Occasion) -> Reply:
    """HTTP 413, as for a batch that is too long."""
    return Reply(b"", 413)


def _numbers(counters: Json) -> dict[str, int]:
    return {name: count for name, count in counters.items() if isinstance(count, int)}


def _ids(item: Json) -> tuple[str, str]:
    return str(item["id"]), item["bvid"]


def _batch(spoil: _Spoil) -> FaultKind:
    return FaultKind(partial(in_batch, spoil), needs="batch", platforms=(BILIBILI,))


KINDS: Mapping[str, FaultKind] = MappingProxyType(
    {
        **{
            name: FaultKind(partial(error_code, code, None), platforms=(BILIBILI,), by_lot=False)
            for name, code in _ORDERED_CODES.items()
        },
        "batch_drop": _batch(drop_item),
        "batch_stale": _batch(stale),
        "batch_wrong": _batch(wrong),
        "batch_zero": _batch(zero),
        "batch_no_counters": _batch(no_counters),
        "batch_reorder": _batch(reorder),
        "batch_413": FaultKind(too_large, needs="batch", platforms=(BILIBILI,)),
    }
)
