"""Signatures: the published vectors, and what makes a signed query void."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from sandbox.wbi import DEFAULT_KEYS, KeyRing, is_signed, query_params, signature

VECTORS = [
    (
        {"foo": "114", "bar": "514", "zab": "1919810"},
        1702204169,
        "8f6f2b5b3d485fe1886cec6a0be8c5d4",
    ),
    (
        {"foo": "114", "bar": "514", "baz": "1919810"},
        1700384803,
        "4614cb98d60a43e50c3a3033fe3d116b",
    ),
    (
        {"foo": "114", "bar": "514", "hello": "世 界"},
        1702204169,
        "89f9002a49e1d13c07a28054a1cc2614",
    ),
    (
        {
            "avid": "1755630705",
            "cid": "1574294582",
            "fnval": "4048",
            "fnver": "0",
            "fourk": "1",
            "qn": "32",
        },
        1717922933,
        "43571b838a1611fa121189083cfc1784",
    ),
    ({"bvid": "BV1GJ411x7h7"}, 1790533778, "8c2633241031d11b3e3107856aa1f4a8"),
    (
        {"keyword": "周杰伦", "page": "1", "search_type": "video"},
        1790533855,
        "1c2fd2596de0ef74273ea5f7bc801322",
    ),
]
WTS = 1_790_533_855
SIGNED = f"keyword=%E5%91%A8&wts={WTS}&w_rid=" + signature(
    {"keyword": "周", "wts": str(WTS)}, DEFAULT_KEYS
)


def test_mixin_of_the_default_pair() -> None:
    assert DEFAULT_KEYS.mixin == "ea1db124af3c7062474693fa704f4ff8"


@pytest.mark.parametrize(("params", "wts", "w_rid"), VECTORS)
def test_vector(params: dict[str, str], wts: int, w_rid: str) -> None:
    assert signature({**params, "wts": str(wts)}, DEFAULT_KEYS) == w_rid
    query = "&".join(f"{key}={quote(value)}" for key, value in params.items())
    assert is_signed(f"{query}&wts={wts}&w_rid={w_rid}", DEFAULT_KEYS, wts)


def test_special_characters_are_dropped_from_values() -> None:
    plain, special = {"wts": "1", "a": "xy"}, {"wts": "1", "a": "!x'(y)*"}
    assert signature(plain, DEFAULT_KEYS) == signature(special, DEFAULT_KEYS)


@pytest.mark.parametrize("skew", [-600, 0, 600])
def test_fresh_signature_holds(skew: int) -> None:
    assert is_signed(SIGNED, DEFAULT_KEYS, WTS + skew)


@pytest.mark.parametrize("skew", [-601, 601])
def test_old_or_future_signature_is_void(skew: int) -> None:
    assert not is_signed(SIGNED, DEFAULT_KEYS, WTS + skew)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "keyword=x",
        SIGNED[:-1],
        SIGNED.replace("wts=", "wts=x"),
        SIGNED.replace("%E5%91%A8", "%E5%91%A9"),
        SIGNED + "&page=2",
        SIGNED + "&keyword=%E5%91%A8",
        SIGNED.replace("w_rid", "W_RID"),
    ],
)
def test_altered_query_is_void(query: str) -> None:
    assert not is_signed(query, DEFAULT_KEYS, WTS)


def test_blank_must_be_percent_encoded() -> None:
    w_rid = signature({"k": "a b", "wts": str(WTS)}, DEFAULT_KEYS)
    assert is_signed(f"k=a%20b&wts={WTS}&w_rid={w_rid}", DEFAULT_KEYS, WTS)
    assert not is_signed(f"k=a+b&wts={WTS}&w_rid={w_rid}", DEFAULT_KEYS, WTS)


def test_rotation_voids_older_signatures_and_follows_the_seed() -> None:
    ring, twin, other = KeyRing(1), KeyRing(1), KeyRing(2)
    assert ring.current() == DEFAULT_KEYS
    first = ring.rotate()
    assert ring.current() == first == twin.rotate() != other.rotate()
    assert not is_signed(SIGNED, first, WTS)
    assert ring.rotate() != first


def test_query_params_keep_plus_and_blank_values() -> None:
    assert query_params("a=1+1&b=&c") == {"a": "1+1", "b": "", "c": ""}
