"""What a call of the API does not know is refused by its name, for every route described."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from app.container import App
from tests.support.web.busy_site import fill
from tests.support.web.web_site import Site, Visitor

Schema = dict[str, Any]
VALUES = {"{task_id}": "1", "{account_id}": "1", "{platform}": "bilibili"}
WRONG = {"integer": "x", "number": "x", "boolean": "x", "array": 7, "string": {"a": 1}}


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
    """Method, path with values in it, and description of every call of the API."""
    found = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if path.startswith("/api/"):
                parts = [VALUES.get(part, part.strip("{}")) for part in path.split("/")]
                address = "/".join("1" if part.endswith("_id") else part for part in parts)
                found.append((method.upper(), address, operation))
    assert len(found) > 40
    return found


def fields_of(document: Schema, operation: Schema) -> dict[str, Schema]:
    """The fields of a call's body by name; empty where it has none, or free ones."""
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema = body.get("schema", {})
    for one in (schema, *schema.get("anyOf", ())):
        if "$ref" in one:
            found = document["components"]["schemas"][one["$ref"].split("/")[-1]]
            assert found["additionalProperties"] is False
            properties: dict[str, Schema] = found["properties"]
            return properties
    return {}


def problems(visitor: Visitor, method: str, address: str, **options: Any) -> dict[str, Schema]:
    """The problem of each field that a call is refused for."""
    answer = visitor.ask(method, address, **options)
    assert answer.status_code == 422, (method, address, options, answer.text)
    return {one["field"]: one for one in answer.json()["errors"]}


def test_an_unknown_name_in_a_query_is_refused(filled: Site, described: Schema) -> None:
    for method, address, _ in operations(described):
        found = problems(filled.admin, method, address, params={"zzzz": "1"})
        assert found["zzzz"]["code"] == "name_unknown", address


def test_the_nearest_name_of_a_query_is_told(filled: Site, described: Schema) -> None:
    tried = 0
    for method, address, operation in operations(described):
        for one in operation.get("parameters", ()):
            if one["in"] == "query":
                tried += 1
                wrong = one["name"] + "x"
                found = problems(filled.admin, method, address, params={wrong: "1"})
                assert found[wrong]["params"] == {"nearest": one["name"]}, address
    assert tried > 40


def test_a_name_that_is_given_twice_is_refused(filled: Site, described: Schema) -> None:
    for method, address, operation in operations(described):
        for one in operation.get("parameters", ()):
            if one["in"] == "query" and "array" not in str(one["schema"]):
                name = one["name"]
                found = problems(filled.admin, method, address, params=[(name, "1"), (name, "2")])
                assert found[name]["code"] == "name_repeated", address


def test_a_list_of_values_may_repeat_its_name(filled: Site) -> None:
    params = [("state", "failed"), ("state", "dead")]
    assert filled.admin.get("/api/v1/webhooks", params=params).status_code == 200


def test_an_unknown_field_of_a_body_is_refused(filled: Site, described: Schema) -> None:
    tried = 0
    for method, address, operation in operations(described):
        fields = fields_of(described, operation)
        for name in fields:
            tried += 1
            wrong = name + "x"
            found = problems(filled.admin, method, address, json={wrong: 1, "zzzz": 1})
            nearest = {"nearest": name}
            assert found[wrong]["params"] == nearest, (address, found[wrong])
            assert found["zzzz"]["code"] == "name_unknown", (address, found["zzzz"])
    assert tried > 40


def test_a_wrong_type_is_told_with_field_and_reason(filled: Site, described: Schema) -> None:
    tried = 0
    for method, address, operation in operations(described):
        for name, schema in fields_of(described, operation).items():
            kinds = {one.get("type") for one in (schema, *schema.get("anyOf", ()))}
            for wrong in ({"a": 1}, "x" if not kinds & {"string"} else 7):
                if "$ref" in str(schema) or (wrong == 7 and "format" in str(schema)):
                    wrong = {"a": 1}
                tried += 1
                found = problems(filled.admin, method, address, json={name: wrong})
                place = next(field for field in found if field.split(".")[0] == name)
                assert found[place]["message"], (address, name)
    assert tried > 80


@pytest.mark.parametrize(
    "address, body, field, nearest",
    [
        ("/api/v1/daily_stats/scan", {"date": "2026-11-20"}, "date", "day"),
        ("/api/v1/tasks/crawl", {"domain": "美妆", "page": 5}, "page", "pages"),
        ("/api/v1/tasks/crawl", {"domain": "美妆", "Pages": 5}, "Pages", "pages"),
        ("/api/v1/accounts/1/disable", {"why": "tired"}, "why", None),
    ],
)
def test_a_slip_does_nothing(
    filled: Site, address: str, body: Schema, field: str, nearest: str | None
) -> None:
    before = filled.admin.get("/api/v1/actions").json()
    found = problems(filled.admin, "POST", address, json=body)
    assert list(found) == [field]
    assert found[field]["params"] == ({"nearest": nearest} if nearest else {})
    assert filled.admin.get("/api/v1/actions").json() == before


def test_strangers_are_told_no_names(filled: Site) -> None:
    assert filled.stranger.get("/api/v1/tasks", params={"zzzz": 1}).status_code == 401
    assert filled.reader.post("/api/v1/tasks/crawl", json={"zzzz": 1}).status_code == 403


def test_what_cannot_be_a_name_is_told_in_short(filled: Site) -> None:
    (name,) = problems(filled.admin, "GET", "/api/v1/tasks", params={"x" * 5000: 1})
    assert len(name) < 100
    answer = filled.admin.post(
        "/api/v1/tasks/crawl",
        data=b'{"\\ud83d": 1, "domain": "x"}',
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 422, answer.text
