"""The API keeps to its own description: made-up calls of every kind are answered, never by a bug,
with a status that is described."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.container import App
from tests.support.web.busy_site import fill
from tests.support.web.web_site import Site

CALLS = 450
AWAY = {502}  # of calls that ask a platform, which cannot be reached from here
Schema = dict[str, Any]
WILD: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.text(max_size=20),
    st.just([]),
    st.just({}),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.integers(), max_size=2),
)
BROKEN = st.binary(min_size=1, max_size=12) | st.just(b"[{}]")
KNOWN = st.sampled_from(["1", "2", "T1", "bilibili", "BV1xx411c7mD", "美妆", "quota_reset", ""])


@pytest.fixture(scope="module")
def filled(module_app: App) -> Iterator[Site]:
    site = Site(module_app)
    yield fill(site)
    site.close()


@pytest.fixture(scope="module")
def described(filled: Site) -> Schema:
    document: Schema = filled.admin.get("/openapi.json").json()
    return document


def operations(document: Schema) -> list[tuple[str, str, Schema]]:
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def values(document: Schema, schema: Schema) -> st.SearchStrategy[Any]:
    """Values that a schema means."""
    if "$ref" in schema:
        return values(document, document["components"]["schemas"][schema["$ref"].split("/")[-1]])
    if "anyOf" in schema:
        return st.one_of([values(document, one) for one in schema["anyOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    return _of_type(document, schema)


def _of_type(document: Schema, schema: Schema) -> st.SearchStrategy[Any]:
    kind = schema.get("type")
    if kind == "integer":
        least, most = schema.get("minimum", -(2**70)), schema.get("maximum", 2**70)
        return st.integers(min(1, least), most) | st.integers(0, 3)
    if kind == "array":
        return st.lists(values(document, schema.get("items", {})), max_size=3)
    if kind == "object" or "properties" in schema:
        known = {name: values(document, one) for name, one in schema.get("properties", {}).items()}
        needed = set(schema.get("required", ()))
        return st.fixed_dictionaries(
            {name: one for name, one in known.items() if name in needed},
            optional={name: one for name, one in known.items() if name not in needed},
        )
    if kind == "string":
        return _texts(schema)
    simple = {"boolean": st.booleans(), "null": st.none()}
    return simple.get(str(kind), WILD)


def _texts(schema: Schema) -> st.SearchStrategy[str]:
    if schema.get("format") in ("date", "date-time"):
        moments = st.dates() if schema["format"] == "date" else st.datetimes()
        return moments.map(lambda one: one.isoformat())
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True)
    least, most = schema.get("minLength", 0), min(schema.get("maxLength", 30), 30)
    return st.text(min_size=least, max_size=most) | KNOWN


@st.composite
def calls(draw: st.DrawFn, document: Schema) -> tuple[str, str, Schema, str, dict[str, Any]]:
    """A call: method, path of the description, operation, address, and what goes with it."""
    method, path, operation = draw(st.sampled_from(operations(document)))
    wild = draw(st.integers(0, 3)) == 0
    told = operation.get("parameters", [])
    address, query = path, []
    for one in told:
        value = draw(WILD if wild else values(document, one["schema"]) | KNOWN)
        if one["in"] == "path":
            address = address.replace(f"{{{one['name']}}}", quote(str(value), safe=""))
        elif one["in"] == "query" and draw(st.booleans()) and value is not None:
            several = value if isinstance(value, list) else [value]
            query += [(one["name"], str(each)) for each in several]
    options: dict[str, Any] = {"params": query}
    body = operation.get("requestBody")
    if body is not None:
        schema = body["content"]["application/json"]["schema"]
        given_body = draw(WILD if wild else values(document, schema))
        broken = wild and draw(st.booleans())
        options["data"] = draw(BROKEN) if broken else json.dumps(given_body).encode()
        options["headers"] = {"Content-Type": "application/json"}
    return method, path, operation, address, options


def test_made_up_calls_are_answered_as_described(filled: Site, described: Schema) -> None:
    seen: dict[str, set[int]] = {}

    @settings(
        max_examples=CALLS,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(calls(described))
    def ask(call: tuple[str, str, Schema, str, dict[str, Any]]) -> None:
        method, path, operation, address, options = call
        answer = filled.admin.ask(method, address, **options)
        seen.setdefault(f"{method} {path}", set()).add(answer.status_code)
        assert answer.status_code < 500 or answer.status_code in AWAY, (call, answer.text)
        if re.fullmatch(re.sub(r"\{\w+\}", r"[^/]+", path), address) is None:
            return  # an empty part leads to another call
        assert str(answer.status_code) in operation["responses"], (call, answer.text)
        kind = answer.headers["Content-Type"].partition(";")[0]
        contents = operation["responses"][str(answer.status_code)].get("content", {kind: None})
        assert kind in contents, (call, kind, answer.text)
        if answer.status_code >= 400 and answer.status_code != 422:
            assert kind == "application/problem+json", call
            assert answer.json()["status"] == answer.status_code

    ask()
    assert len(seen) > 0.7 * len(operations(described)), seen.keys()
    assert any(status < 400 for codes in seen.values() for status in codes)


def test_an_empty_filter_is_no_error_of_ours(filled: Site, described: Schema) -> None:
    for method, path, operation in operations(described):
        if method != "GET" or "{" in path:
            continue
        for one in operation.get("parameters", []):
            answer = filled.admin.ask(method, path, params=[(one["name"], "")])
            assert answer.status_code in (200, 422), (path, one["name"], answer.text)


def test_refusals_are_described_as_problems(described: Schema) -> None:
    for method, path, operation in operations(described):
        if not path.startswith("/api/"):
            continue
        wanted = {"401", "422"} | ({"403"} if method == "POST" else set())
        assert wanted <= set(operation["responses"]), (method, path)
        told = operation["responses"]["401"]["content"]
        assert list(told) == ["application/problem+json"]
