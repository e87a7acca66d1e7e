"""Values from platforms: how deep they are, and whether a database could store them."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from sources.text import is_deeper, may_be_unstorable

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
    refused = any(c == "\0" or "\ud800" <= c <= "\udfff" for c in text)
    for escaped in (True, False):
        body = json.dumps([text], ensure_ascii=escaped).encode("utf-8", "surrogatepass")
        assert may_be_unstorable(body) >= refused
    assert may_be_unstorable('{"name": "美妆"}'.encode()) is False
