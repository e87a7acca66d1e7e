"""Deliveries that were filed before version 6 of the schema: their tasks are in the body only."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from storage.distribution import delivery_tasks
from storage.distribution.deliveries import DeliveryState
from storage.engines.datetimes import to_sql
from storage.engines.transactions import Database, open_engine
from storage.schema import schema
from storage.schema.upgrade import upgrade
from tests.support.moving_clock import MovingClock
from tests.support.storage.old_schemas import load_old_schema
from tests.support.webhooks.office_fixtures import Office
from tests.support.webhooks.post_office import PostOffice
from webhooks.outbox import url_hash
from webhooks.requests import ReplayRequest

pytestmark = pytest.mark.empty_database
URL = "https://receiver.example/callback"
Filing = Callable[..., str]


@pytest.fixture
def filed(clock: MovingClock) -> Filing:
    """`filed(number, body, **columns)`: the statement that files a delivery in version 5."""

    def statement(number: int, body: str, **columns: object) -> str:
        now = to_sql(clock.now() - timedelta(minutes=1))
        values = {
            "id": number,
            "event_id": f"event-{number}",
            "kind": "daily",
            "url": URL,
            "url_hash": url_hash(URL),
            "host": "receiver.example",
            "body": body,
            "not_before": now,
            "created_at": now,
        } | columns
        texts = ("NULL" if value is None else f"'{value}'" for value in values.values())
        return f"INSERT INTO webhook_deliveries ({', '.join(values)}) VALUES ({', '.join(texts)})"

    return statement


@pytest.fixture
def upgraded(
    database_url: str, make_office: Office, clock: MovingClock, filed: Filing
) -> PostOffice:
    """An office on a database of version 5 with unfinished deliveries, after its upgrade."""
    dead_since = to_sql(clock.now() - timedelta(seconds=1))
    statements = (
        f"INSERT INTO webhook_endpoints (url_hash, url, host, is_enabled, changed_at)"
        f" VALUES ('{url_hash(URL)}', '{URL}', 'receiver.example', 1, '{dead_since}')",
        filed(1, json.dumps({"stats": [{"task_id": "t1"}, {"task_id": "u1"}]}), task_id="t1"),
        filed(2, json.dumps({"completions": [{"task_id": "t2"}, {"task_id": "u2"}]})),
        filed(3, "no JSON", task_id="t3"),
        filed(
            4,
            json.dumps({"stats": [{"task_id": "u4"}, {"task_id": 4}, None]}),
            state="sending",
            not_before=None,
            lease_owner="dead",
            lease_token=1,
            lease_until=dead_since,
        ),
        filed(
            5,
            json.dumps({"stats": [{"task_id": "t5"}]}),
            task_id="t5",
            state="delivered",
            not_before=None,
            first_tried_at=dead_since,
            finished_at=dead_since,
        ),
        filed(6, json.dumps({"stats": [{"task_id": "x" * 65}]}), task_id="t6"),
    )
    database = Database(engine=open_engine(database_url, 2), clock=clock)
    load_old_schema(database, 5, *statements)
    assert 6 in upgrade(database, "me")
    schema.require(database)
    database.close()
    office = make_office()
    for name in ("t1", "u1", "t2", "u2", "t3", "u4", "t5", "t6"):
        office.add_task(name)
    return office


def tasks_of(office: PostOffice) -> dict[int, list[str]]:
    """The stored tasks of each delivery."""
    read = office.app.database.read
    return {one.id: read(delivery_tasks.of_delivery, one.id) for one in office.deliveries()}


def test_their_tasks_are_read_out_of_the_body_once(
    upgraded: PostOffice, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tasks_of(upgraded) == {number: [] for number in range(1, 7)}
    assert upgraded.send() == 5  # nobody answers there
    stored = {1: ["t1", "u1"], 2: ["t2", "u2"], 3: ["t3"], 4: ["u4"], 5: [], 6: ["t6"]}
    assert tasks_of(upgraded) == stored
    for name in ("t1", "u1", "t2", "u2", "t3", "u4", "t6"):
        assert upgraded.task(name)[0] == "failed", name

    upgraded.app.webhooks.service.replay(ReplayRequest(ids=(5,)))
    assert upgraded.send() == 1
    assert tasks_of(upgraded) == stored | {5: ["t5"]}
    assert upgraded.task("t5")[0] == "failed"

    def read_again(body: str) -> frozenset[str]:
        raise AssertionError(f"read again: {body}")

    monkeypatch.setattr("webhooks.settlement.tasks_in_body", read_again)
    clock.move(3600)
    assert upgraded.send() >= 6
    assert {one.state for one in upgraded.deliveries()} == {DeliveryState.FAILED}
    assert tasks_of(upgraded) == stored | {5: ["t5"]}


def test_an_attempt_that_is_not_recorded_stores_no_tasks(upgraded: PostOffice) -> None:
    queue = upgraded.app.webhooks.queue
    claim = queue.claim()
    assert claim is not None
    queue.abandon(claim)
    assert tasks_of(upgraded)[claim.delivery.id] == []
