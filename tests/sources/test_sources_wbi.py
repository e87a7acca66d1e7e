"""WBI: the published vectors, what is dropped, and how it is spelt on the wire."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sources.bilibili.wbi import encode, mixin_key, sign

IMG = "7cd084941338484aae1ad9425b84077c"
SUB = "4932caff0ff746eab6f01bf08b70ac45"
MIXIN = "ea1db124af3c7062474693fa704f4ff8"
VIDEO = {"avid": 1755630705, "cid": 1574294582, "fnval": 4048, "fnver": 0, "fourk": 1, "qn": 32}
VECTORS = [
    (
        {"foo": "114", "bar": "514", "zab": "1919810"},
        1702204169,
        "8f6f2b5b3d485fe1886cec6a0be8c5d4",
    ),
    ({"foo": "114", "bar": "514", "baz": 1919810}, 1700384803, "4614cb98d60a43e50c3a3033fe3d116b"),
    (
        {"foo": "114", "bar": "514", "hello": "世 界"},
        1702204169,
        "89f9002a49e1d13c07a28054a1cc2614",
    ),
    (VIDEO, 1717922933, "43571b838a1611fa121189083cfc1784"),
    ({"bvid": "BV1GJ411x7h7"}, 1790533778, "8c2633241031d11b3e3107856aa1f4a8"),
    (
        {"keyword": "周杰伦", "page": 1, "search_type": "video"},
        1790533855,
        "1c2fd2596de0ef74273ea5f7bc801322",
    ),
]


def test_the_mixin_is_that_of_the_known_pair() -> None:
    assert mixin_key(IMG, SUB) == MIXIN


@pytest.mark.parametrize(("params", "wts", "w_rid"), VECTORS)
def test_signatures_are_those_published(params: dict[str, object], wts: int, w_rid: str) -> None:
    signed = sign(params, MIXIN, wts)
    assert signed["w_rid"] == w_rid
    assert signed["wts"] == str(wts)


def test_the_order_of_parameters_does_not_matter() -> None:
    backwards = dict(reversed(VIDEO.items()))
    assert sign(backwards, MIXIN, 1717922933)["w_rid"] == sign(VIDEO, MIXIN, 1717922933)["w_rid"]


@pytest.mark.parametrize("dropped", "!'()*")
def test_characters_that_the_page_drops_are_neither_signed_nor_sent(dropped: str) -> None:
    plain = sign({"keyword": "ab"}, MIXIN, 1702204169)
    assert sign({"keyword": f"a{dropped}b{dropped}"}, MIXIN, 1702204169) == plain


@pytest.mark.parametrize(
    ("text", "spelt"),
    [
        ("a b", "a%20b"),
        ("a+b", "a%2Bb"),
        ("a/b?c&d=e", "a%2Fb%3Fc%26d%3De"),
        ("é", "%C3%A9"),
        ("周", "%E5%91%A8"),
        ("😀", "%F0%9F%98%80"),
        ("-_.~", "-_.~"),
    ],
)
def test_text_is_encoded_as_a_browser_does(text: str, spelt: str) -> None:
    assert encode({"keyword": text}) == f"keyword={spelt}"


@given(
    st.dictionaries(
        st.text("abcxyz_", min_size=1), st.text(st.characters(exclude_categories=["Cs"]))
    )
)
def test_an_encoded_query_reads_back_the_same(params: dict[str, str]) -> None:
    pairs = [part.split("=") for part in encode(params).split("&")] if params else []
    assert {unquote(name): unquote(value) for name, value in pairs} == params


@pytest.mark.parametrize(("img", "sub"), [("", ""), (IMG, ""), (IMG[:-1], SUB)])
def test_short_keys_are_refused(img: str, sub: str) -> None:
    with pytest.raises(ValueError, match="too short"):
        mixin_key(img, sub)
