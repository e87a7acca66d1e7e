"""Finding a delivery: by any task that it reports on, by a task's title, by its event id."""

from __future__ import annotations

import pytest

from core.errors import InvalidInputError, WrongFieldsError
from storage.distribution import deliveries
from storage.distribution.deliveries import DeliveryState, Filter
from storage.operations import listings
from storage.operations.listings import Slice
from tests.support.distribution.distribution import take_tasks, task
from tests.support.messages import raises_saying
from tests.support.webhooks.post_office import PostOffice
from webhooks.requests import DeliveryQuery, ReplayRequest


def found(office: PostOffice, query: DeliveryQuery) -> list[int]:
    """Return the ids that the command line lists, which console and API list too."""
    wanted, database = query.as_filter(), office.app.database
    listed = [one.id for one in database.read(deliveries.newest, wanted, 50)]
    assert [
        one.id for one in database.read(lambda tx: listings.deliveries(tx, Slice(limit=50), wanted))
    ] == listed
    return listed


def test_a_shared_delivery_is_found_by_each_of_its_tasks(office: PostOffice) -> None:
    url = office.url("ok")
    take_tasks(
        office.app,
        task("1001", title="First 100% true"),
        task("1003", title="The Third_one"),
        task("1004", title="短剧 三"),
    )
    shared = office.file(url, "1001", tasks=["1001", "1003"], event_id="daily_20261121_aa")
    alone = office.file(url, "1004")
    assert found(office, DeliveryQuery(task_id="1001")) == [shared]
    assert found(office, DeliveryQuery(task_id="1003")) == [shared]
    assert found(office, DeliveryQuery(task_id="100")) == []
    assert found(office, DeliveryQuery(title="third_ONE")) == [shared]
    assert found(office, DeliveryQuery(title="三")) == [alone]
    assert found(office, DeliveryQuery(title="%")) == [shared]  # no wildcard
    assert found(office, DeliveryQuery(title="t", task_id="1004")) == []
    assert found(office, DeliveryQuery(event_id=" daily_20261121_aa ")) == [shared]
    assert found(office, DeliveryQuery(event_id="daily_20261121_bb")) == []
    details = office.app.webhooks.service.show_event("daily_20261121_aa")
    assert details.delivery.id == shared
    assert [(one.task_id, one.title) for one in details.tasks] == [
        ("1001", "First 100% true"),
        ("1003", "The Third_one"),
    ]


def test_a_replay_by_a_task_sends_what_it_shares(office: PostOffice) -> None:
    url, service = office.url("ok"), office.app.webhooks.service
    shared = office.file(url, "1001", tasks=["1001", "1003"])
    other = office.file(url, "1004", event_id="event-of-4")
    office.send()
    states = (DeliveryState.DELIVERED,)
    assert service.replay(ReplayRequest(task_id="1002", states=states)) == 0
    assert service.replay(ReplayRequest(task_id="1003", states=states)) == 1
    assert office.get(shared).state is DeliveryState.PENDING
    assert service.replay(ReplayRequest(event_id="event-of-4")) == 1
    assert {one.id for one in office.deliveries(states=(DeliveryState.PENDING,))} == {shared, other}


def test_an_unknown_event_and_half_a_letter_are_refused_clearly(office: PostOffice) -> None:
    service = office.app.webhooks.service
    with raises_saying(InvalidInputError, "no delivery has the event id 'daily_1'"):
        service.show_event("daily_1")
    for odd in ("\ud83d", "a b", "x" * 129, "日"):
        with pytest.raises(InvalidInputError):
            service.show_event(odd)
        with pytest.raises(WrongFieldsError):
            DeliveryQuery(event_id=odd)
    for field in ("task_id", "title", "url"):
        with pytest.raises(WrongFieldsError) as refused:
            DeliveryQuery(**{field: "\ud83d"})
        assert list(refused.value.problems) == [field]
    assert office.app.database.read(deliveries.newest, Filter(event_id=""), 5) == []
