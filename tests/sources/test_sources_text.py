"""Values from platforms: how deep they are, and whether a database could store them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sources.text import dump_json, is_deeper, may_be_unstorable, parse_json

values = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3)
    ),
    max_leaves=12,
)


def depth(value: Any) -> int:
    """The number of containers around the innermost values; an empty container holds none."""
    if not isinstance(value, dict | list) or not value:
        return 0
    return 1 + max(map(depth, value.values() if isinstance(value, dict) else value))


@settings(max_examples=300, deadline=None)
@given(value=values, levels=st.integers(0, 6))
def test_depth_is_counted_in_containers(value: Any, levels: int) -> None:
    assert is_deeper(value, levels) is (depth(value) > levels)


@settings(max_examples=300, deadline=None)
@given(text=st.text(st.sampled_from('a\0\ud800\udfff美\ud7ff\ue000\\"u'), max_size=6))
def test_no_text_that_a_database_refuses_passes_the_quick_look(text: str) -> None:
    for escaped in (True, False):
        body = json.dumps([text], ensure_ascii=escaped).encode("utf-8", "surrogatepass")
        [read] = json.loads(body)  # two escaped surrogates may be one letter
        refused = any(c == "\0" or "\ud800" <= c <= "\udfff" for c in read)
        assert may_be_unstorable(body) >= refused


@pytest.mark.parametrize("text", ["美妆", "😀", "\\u", "\ud7ff"])
def test_usual_texts_pass_the_quick_look(text: str) -> None:
    for escaped in (True, False):
        assert may_be_unstorable(json.dumps([text], ensure_ascii=escaped).encode()) is False


numbers = st.integers() | st.integers(-(10**40), 10**40) | st.floats(allow_nan=False)
documents = st.recursive(
    st.none() | st.booleans() | numbers | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(value=documents, escaped=st.booleans(), encoding=st.sampled_from(["utf-8", "utf-16"]))
def test_json_is_read_as_python_reads_it(value: Any, escaped: bool, encoding: str) -> None:
    body = json.dumps(value, ensure_ascii=escaped).encode(encoding, "surrogatepass")
    expected = json.loads(body, parse_constant=lambda _word: None)
    assert repr(parse_json(body)) == repr(expected)


@settings(max_examples=300, deadline=None)
@given(value=documents.filter(lambda value: "inf" not in repr(value)))
def test_json_is_written_without_a_change_of_any_value(value: Any) -> None:
    assert repr(json.loads(dump_json(value))) == repr(value)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"[NaN, -Infinity, 1e999, -1e999]", [None, None, None, None]),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\\ud83d"', "\ud83d"),
        (b"\xef\xbb\xbf[1]", [1]),
        (b"20000000000000000001", 20_000_000_000_000_000_001),
        (b'{"a": 1, "a": 2}', {"a": 2}),
    ],
)
def test_what_platforms_send_beside_json_is_read(body: bytes, value: Any) -> None:
    assert parse_json(body) == value


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1,]", b"'a'", b'"\x01"', b"1" * 5000])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        parse_json(body)


def test_a_body_of_endless_lists_is_refused() -> None:
    with pytest.raises(RecursionError):
        parse_json(b"[" * 100_000)
