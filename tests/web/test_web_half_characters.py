"""Half an emoji in any text of any call is refused for what it is, and never breaks the call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from app.container import App
from tests.support.web.busy_site import fill
from tests.support.web.web_site import Site

HALF = "\ud83d"
JSON = {"Content-Type": "application/json"}
Schema = dict[str, Any]
# Bodies whose fields the description leaves open: an item of each.
ITEMS: dict[str, Schema] = {
    "/api/v1/dramas": {
        "task_id": "T1",
        "project_id": "P1",
        "title": "x",
        "duration": 1,
        "video_url": "https://youtu.be/dQw4w9WgXcQ",
        "callback_url": "https://receiver.example/hook",
        "callback_secret": "x",
        "status": "active",
        "platform": "youtube",
    },
    "/api/v1/users": {"user_id": "u", "name": "n", "agent_node": "a"},
    "/api/v1/completions": {
        "task_id": "T1",
        "user_id": "u1",
        "submission_link": "https://youtu.be/dQw4w9WgXcQ",
        "completed_at": "2026-11-22T00:00:00Z",
        "verification_details": {"note": "x"},
        "platform": "youtube",
    },
}


@pytest.fixture(scope="module")
def filled(module_app: App) -> Iterator[Site]:
    site = Site(module_app)
    yield fill(site)
    site.close()


def resolved(document: Schema, schema: Schema) -> Schema:
    if "$ref" in schema:
        return resolved(document, document["components"]["schemas"][schema["$ref"].split("/")[-1]])
    return schema


def halves(document: Schema, schema: Schema) -> Iterator[Any]:
    """Yield values of a schema with half a character in one text each; nothing without a text."""
    schema = resolved(document, schema)
    for one in schema.get("anyOf", ()):
        yield from halves(document, one)
    kind = schema.get("type")
    if kind == "string":
        yield f"a{HALF}"
    elif kind == "array":
        yield from ([one] for one in halves(document, schema.get("items", {})))
    elif kind == "object":
        known = schema.get("properties", {})
        needed = {name: usual(document, known[name]) for name in schema.get("required", ())}
        for name, one in known.items():
            yield from (needed | {name: value} for value in halves(document, one))
        yield needed | {HALF: 1}


def usual(document: Schema, schema: Schema) -> Any:
    """Return a value that a schema may mean."""
    schema = resolved(document, schema)
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return usual(document, schema["anyOf"][0])
    made = {"string": "x", "integer": 1, "number": 1, "boolean": False, "array": []}
    return made.get(schema.get("type", ""), {})


def with_half(value: Any) -> Any:
    return {"note": HALF} if isinstance(value, dict) else f"{value}{HALF}"


def calls(document: Schema) -> Iterator[tuple[str, str, Any]]:
    """Yield method, path and body of every call that can hold half a character in its body."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            body = operation.get("requestBody")
            if body is None:
                continue
            schema = body["content"]["application/json"]["schema"]
            address = path.replace("{platform}", "bilibili").replace("{name}", "quota_reset")
            for name in ("task_id", "account_id", "segment_id", "delivery_id", "work_id"):
                address = address.replace(f"{{{name}}}", "1")
            item = ITEMS.get(path)
            found = halves(document, schema)
            if item is not None:
                found = (item | {name: with_half(value)} for name, value in item.items())
            yield from ((method.upper(), address, one) for one in found)


def test_half_a_character_in_a_body_is_refused(filled: Site) -> None:
    document = filled.admin.get("/openapi.json").json()
    asked, taken = [], []
    for method, path, body in calls(document):
        answer = filled.admin.ask(method, path, data=json.dumps(body), headers=JSON)
        asked.append(path)
        if not 400 <= answer.status_code < 500 or not answer.json():
            taken.append((path, json.dumps(body), answer.status_code, answer.text[:300]))
    assert taken == []
    assert len(asked) > 60 and set(ITEMS) <= set(asked), len(asked)


def test_half_a_character_in_an_address_breaks_nothing(filled: Site) -> None:
    document = filled.admin.get("/openapi.json").json()
    half = "%ED%A0%BD"  # how an address would have it, which is no UTF-8
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for one in operation.get("parameters", ()):
                address, query = path, ""
                for other in operation["parameters"]:
                    text = half if other is one else "1"
                    address = address.replace(f"{{{other['name']}}}", text)
                if one["in"] == "query":
                    query = f"?{one['name']}={half}"
                answer = filled.admin.ask(method.upper(), address + query)
                assert answer.status_code < 500, (method, address + query, answer.text[:300])
