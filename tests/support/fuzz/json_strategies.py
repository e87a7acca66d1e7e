"""Any JSON, and good answers with one spot damaged."""

from __future__ import annotations

import copy
import json
from typing import Any

from hypothesis import strategies as st

ODD_NUMBERS = st.sampled_from(
    [0, 1, -1, True, False, 2**63, 10**25, -0.0, 1e308, float("inf"), float("nan")]
)
ODD_TEXTS = st.sampled_from(
    [
        "",
        "\x00",
        "\ud83d",
        "\ufeff",
        "a\r\nb",
        "\u2028",
        "=1+1",
        '","',
        "<em>",
        "&#" + "9" * 5000,
        "&#xD800;",
        "&amp;lt;",
        "😀" * 300,
        "NaN",
        "null",
    ]
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
ANY_JSON = st.recursive(
    SCALARS | ODD_NUMBERS | ODD_TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@st.composite
def nested(draw: st.DrawFn) -> Any:
    """Draw lists within lists."""
    value: Any = draw(SCALARS | ODD_TEXTS)
    for _ in range(draw(st.sampled_from([5, 29, 35, 150, 600, 970]))):
        value = [value]
    return value


ODD = ODD_TEXTS | ODD_NUMBERS | ANY_JSON | nested()


@st.composite
def damaged(draw: st.DrawFn, good: Any) -> Any:
    """Draw `good` with up to three of its values replaced, removed or doubled."""
    value = {"whole": copy.deepcopy(good)}
    for _ in range(draw(st.integers(0, 3))):
        places = list(_places(value))
        holder, key = places[draw(st.integers(0, len(places) - 1))]
        act = draw(st.sampled_from(["replace", "replace", "remove", "wrap"]))
        if act == "replace" or holder is value:
            holder[key] = draw(ODD)
        elif act == "wrap":
            holder[key] = [holder[key], holder[key]]
        else:
            del holder[key]
    return value["whole"]


def _places(value: Any) -> Any:
    """Yield every spot of a JSON value, as its container and its key."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(items):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)


@st.composite
def body_of(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> bytes:
    """Draw a JSON text in one of the encodings that a JSON parser takes, whole or broken off."""
    text = json.dumps(draw(values), ensure_ascii=draw(st.booleans()))
    form = draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le"]))
    body = text.encode(form, "surrogatepass")
    whole = draw(st.integers(0, 9)) > 0
    return body if whole else body[: draw(st.integers(0, len(body)))]
