"""The values of an export's columns, read from raw data without building all of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crawler.export.columns import RowReader

FIELDS = {"followers": "fans", "videos": "videos", "signature": "usign", "likes": "uid"}
KEYS = st.sampled_from(["fans", "videos", "usign", "uid", "field_0", "other", "美", 'a"\\', ""])
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**40), 10**40)
    | st.floats()
    | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


def row(text: str) -> dict[str, Any]:
    return {"id": 7, "uid": "u7", "nickname": "甲", "raw_data": text}


@settings(max_examples=300, deadline=None)
@given(
    raw=st.dictionaries(KEYS, values, max_size=6),
    columns=st.lists(st.sampled_from(["id", "uid", *FIELDS]), min_size=1, unique=True),
    escaped=st.booleans(),
    whole=st.booleans(),
)
def test_fields_are_read_as_json_has_them(
    raw: dict[str, Any], columns: list[str], escaped: bool, whole: bool
) -> None:
    text = json.dumps(raw, ensure_ascii=escaped)  # with NaN and lone surrogates, too
    if whole:
        columns = [*columns, "raw_data.other"]
    read = json.loads(text)
    expected = [
        read.get(FIELDS.get(name, "other")) if name not in ("id", "uid") else row(text)[name]
        for name in columns
    ]
    found = RowReader(raw_fields=FIELDS, columns=columns).values(row(text))
    assert repr(list(found)) == repr(expected)


@pytest.mark.parametrize("text", ['{"fans": 1, "fans": 2}', '{"f\\u0061ns": 2}', ' {"fans":2} '])
def test_keys_are_read_as_json_reads_them(text: str) -> None:
    assert RowReader(raw_fields=FIELDS, columns=("followers",)).values(row(text)) == (2,)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"fans": 1, "x": NaN}', 1),
        ('{"fans": 1e999}', float("inf")),
        ('{"fans": "\\ud800"}', "\ud800"),
        ('{"fans": "\ud800"}', "\ud800"),
    ],
)
@pytest.mark.parametrize("columns", [("followers",), ("followers", "raw_data.x")])
def test_what_only_python_takes_for_json_is_read(
    text: str, value: object, columns: tuple[str, ...]
) -> None:
    assert RowReader(raw_fields=FIELDS, columns=columns).values(row(text))[0] == value


def test_two_columns_may_have_one_key() -> None:
    reader = RowReader(
        raw_fields={"followers": "n", "videos": "n"}, columns=("videos", "followers")
    )
    assert reader.values(row('{"n": 3}')) == (3, 3)
