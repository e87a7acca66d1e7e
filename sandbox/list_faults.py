"""Lists of Bilibili that promise more than they hold, or hold what they should not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from types import MappingProxyType

from sandbox import envelopes
from sandbox.fault_kind import BILIBILI, FaultKind, Occasion
from sandbox.messages import Json, Reply, json_reply

_EXTRA_PAGES = 3


def no_result(data: Json, _: Occasion) -> None:
    """The page has no hits, though `numPages` says that there are some."""
    del data["result"]


def no_hits(data: Json, _: Occasion) -> None:
    """The search has no hits at all."""
    data.pop("result")
    data.update(numPages=0, numResults=0)


def more_pages(data: Json, _: Occasion) -> None:
    """`numPages` promises three pages more than there are, also on those that are empty."""
    data["numPages"] += _EXTRA_PAGES


def voucher_beside(data: Json, _: Occasion) -> None:
    """A voucher, beside other keys than those that were asked for."""
    data.clear()
    data.update(envelopes.voucher(), seid="4711471147114711471", exp_list={})


def null_bvid(data: Json, occasion: Occasion) -> None:
    """One upload has no BV id."""
    uploads = data["list"]["vlist"]
    uploads[occasion.place_among(len(uploads))]["bvid"] = None


def null_uploads(data: Json, _: Occasion) -> None:
    """The list of uploads is null, and their count is 0."""
    data["list"]["vlist"] = None
    data["page"]["count"] = 0


def _kind(
    change: Callable[[Json, Occasion], None], needs: str, *, spoils_empty: bool = False
) -> FaultKind:
    def play(occasion: Occasion) -> Reply:
        envelope = deepcopy(occasion.envelope)
        change(envelope["data"], occasion)
        return json_reply(envelope)

    return FaultKind(
        play, needs=needs, platforms=(BILIBILI,), by_lot=False, spoils_empty=spoils_empty
    )


KINDS: Mapping[str, FaultKind] = MappingProxyType(
    {
        "no_result": _kind(no_result, "hits"),
        "no_hits": _kind(no_hits, "hits"),
        "more_pages": _kind(more_pages, "hits", spoils_empty=True),
        "voucher_beside": _kind(voucher_beside, "hits"),
        "null_bvid": _kind(null_bvid, "uploads"),
        "null_uploads": _kind(null_uploads, "uploads"),
    }
)
