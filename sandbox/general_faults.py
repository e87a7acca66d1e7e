"""Faults of any platform that happen by order only: any answer, blocks, and hostile bodies."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from functools import cache
from http import HTTPStatus
from types import MappingProxyType
from typing import Any

from sandbox import envelopes
from sandbox.fault_kind import FaultKind, Occasion
from sandbox.messages import HTML_TYPE, JSON_TYPE, Json, Reply, to_json

_MIB = 1 << 20
_DEFAULT_MIB = 64
_DEFAULT_EVERY_SECS = 0.2
_ANSWER_PARAMS = frozenset({"http", "code", "message", "data", "body", "headers"})


def answer(occasion: Occasion) -> Reply:
    """Exactly the answer that was ordered, whatever it means."""
    return _ordered(occasion.params)


def block(occasion: Occasion) -> Reply:
    """HTTP 412 with code -412, or what was ordered instead."""
    params = occasion.params
    if "body" in params or "code" in params:
        return _ordered(params)
    return _ordered({"http": 412, "code": envelopes.BLOCKED, **params})


def trickle(occasion: Occasion) -> Reply:
    """The good answer, one byte at a time."""
    return Reply(trickle_secs=float(occasion.params.get("every_secs", _DEFAULT_EVERY_SECS)))


def huge(occasion: Occasion) -> Reply:
    """The good answer after many MiB of blanks, which JSON allows."""
    blanks = b" " * _MIB
    return Reply(to_json(occasion.envelope), padding=blanks, padding_times=_mib_of(occasion))


def bomb(occasion: Occasion) -> Reply:
    """The good answer after as many MiB of blanks, compressed to about a KiB for each MiB."""
    return Reply(
        gzip.compress(to_json(occasion.envelope)),
        headers=(("Content-Encoding", "gzip"),),
        padding=_compressed_blanks(),
        padding_times=_mib_of(occasion),
    )


def bad_gzip(occasion: Occasion) -> Reply:
    """The good answer under a header that says it is compressed, which it is not."""
    return Reply(to_json(occasion.envelope), headers=(("Content-Encoding", "gzip"),))


def garbage(_: Occasion) -> Reply:
    """Bytes that are not HTTP."""
    return Reply(raw=b"\x00\x17SANDBOX\xff not http\r\n\r\n")


def _ordered(params: Mapping[str, Any]) -> Reply:
    status = params.get("http", HTTPStatus.OK)
    headers = tuple((name, str(value)) for name, value in params.get("headers", {}).items())
    if "body" not in params:
        return Reply(to_json(_envelope(params)), status, headers=headers)
    body = params["body"]
    if not isinstance(body, str):
        return Reply(to_json(body), status, headers=headers)
    content_type = HTML_TYPE if body.lstrip().startswith("<") else JSON_TYPE
    return Reply(body.encode("utf-8", "backslashreplace"), status, content_type, headers=headers)


def _envelope(params: Mapping[str, Any]) -> Json:
    code = params.get("code", envelopes.OK)
    known = envelopes.MESSAGES.get(code) if isinstance(code, int) else None
    envelope: Json = {"code": code, "message": params.get("message", known or str(code)), "ttl": 1}
    return {**envelope, "data": params["data"]} if "data" in params else envelope


def _mib_of(occasion: Occasion) -> int:
    return int(occasion.params.get("size_mib", _DEFAULT_MIB))


@cache
def _compressed_blanks() -> bytes:
    # One member of a gzip stream; members may follow each other, so it need not be made again.
    return gzip.compress(b" " * _MIB)


def _kind(
    play: Callable[[Occasion], Reply],
    params: frozenset[str] = frozenset(),
    *,
    is_complete: bool = False,
    at_edge: bool = False,
) -> FaultKind:
    return FaultKind(play, by_lot=False, params=params, is_complete=is_complete, at_edge=at_edge)


KINDS: Mapping[str, FaultKind] = MappingProxyType(
    {
        "answer": _kind(answer, _ANSWER_PARAMS),
        "block": _kind(block, _ANSWER_PARAMS, at_edge=True),
        "trickle": _kind(trickle, frozenset({"every_secs"}), is_complete=True),
        "huge": _kind(huge, frozenset({"size_mib"})),
        "bomb": _kind(bomb, frozenset({"size_mib"})),
        "bad_gzip": _kind(bad_gzip),
        "garbage": _kind(garbage),
    }
)
