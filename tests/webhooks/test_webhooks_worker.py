"""Sending: order, fairness, leases, retries, rests, and what follows for tasks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from storage.distribution import delivery_tasks
from storage.distribution.deliveries import DeliveryState
from storage.distribution.delivery_leases import due_endpoints
from storage.distribution.endpoints import Reopened
from tests.support.moving_clock import MovingClock
from tests.support.webhooks.post_office import PostOffice
from webhooks.outbox import Report, url_hash
from webhooks.retry_policy import DeliveryOutcome


def test_a_report_is_filed_once_and_with_what_it_reports(office: PostOffice) -> None:
    app = office.app
    report = Report(
        kind="daily",
        event_id="day-1",
        url=office.url("ok"),
        task_id=None,
        stats_date=None,
        body="{}",
    )
    assert app.database.write(app.webhooks.outbox.enqueue, report) is True
    assert app.database.write(app.webhooks.outbox.enqueue, report) is False

    def fails(tx: Any) -> None:
        app.webhooks.outbox.enqueue(
            tx,
            Report(
                kind="daily",
                event_id="day-2",
                url=office.url("ok"),
                task_id=None,
                stats_date=None,
                body="{}",
            ),
        )
        raise KeyError

    with pytest.raises(KeyError):
        app.database.write(fails)
    assert [one.event_id for one in office.deliveries()] == ["day-1"]
    assert office.send() == 1
    assert office.deliveries()[0].state is DeliveryState.DELIVERED
    assert office.send() == 0


def test_first_attempts_keep_the_order_of_their_task(office: PostOffice) -> None:
    for number in range(40):
        office.file(office.url("half", "all"), f"task-{number % 4}", event_id=f"{number:03}")
    office.send_side_by_side(4)
    order = office.inbox("all")["order"]
    assert len(order) == 40
    for task in range(4):
        ours = [one for one in order if int(one) % 4 == task]
        assert ours == sorted(ours)


def test_what_failed_comes_again_by_the_plan_and_then_is_given_up(
    make_office: Any, clock: MovingClock
) -> None:
    office = make_office(webhook_retry_secs=(5.0, 300.0))
    delivery = office.file(office.url("error"), "t")
    for attempts, delay in ((1, 5), (2, 300)):
        assert office.send() == 1
        seen = office.get(delivery)
        assert (seen.state, seen.attempts) == (DeliveryState.FAILED, attempts)
        assert seen.not_before is not None
        left = seen.not_before - office.app.clock.now()
        assert abs(left - timedelta(seconds=delay)) < timedelta(seconds=1)
        clock.move(delay - 1)
        assert office.send() == 0
        clock.move(2)
    assert office.send() == 1
    seen = office.get(delivery)
    assert (seen.state, seen.last_status) == (DeliveryState.DEAD, 500)
    clock.move(1e6)
    assert office.send() == 0
    assert office.inbox("error")["ids"] == 1


def test_a_receiver_that_asks_for_a_rest_gets_it(office: PostOffice, clock: MovingClock) -> None:
    url = office.url("throttle")
    office.order("throttle", "throttle", times=1, retry_after=900)
    office.file(url, "a"), office.file(url, "b")
    assert office.send() == 1  # the second one waits too
    clock.move(898)
    assert office.send() == 0
    clock.move(3)
    assert office.send() == 2
    assert office.inbox("throttle")["accepted"] == 2


def test_gone_disables_the_endpoint_until_it_is_enabled(office: PostOffice) -> None:
    url = office.url("gone")
    first, second = office.file(url, "a"), office.file(url, "b")
    office.order("gone", "gone", times=1)
    assert office.send() == 1
    third = office.file(url, "c")
    assert office.send() == 0
    assert office.get(first).state is DeliveryState.DEAD
    assert {office.get(one).attempts for one in (second, third)} == {0}
    assert office.app.webhooks.service.enable(url) == Reopened(waiting=2, resent=1, given_up=0)
    assert office.send() == 3
    assert sorted(office.inbox("gone")["order"]) == ["event-1", "event-2", "event-3"]
    assert office.get(first).state is DeliveryState.DELIVERED


def test_a_younger_report_does_not_wait_for_one_whose_endpoint_is_disabled(
    office: PostOffice,
) -> None:
    office.file(office.url("ok", "old"), "t")
    office.app.webhooks.service.disable(office.url("ok", "old"))
    office.file(office.url("ok", "new"), "t")
    assert office.send() == 1


def test_the_columns_of_the_tasks_follow_the_newest_delivery(
    office: PostOffice, clock: MovingClock
) -> None:
    office.add_task("t"), office.add_task("u")
    office.order("flaky", "error", times=2)
    body = '{"stats": [{"task_id": "t"}, {"task_id": "u"}]}'
    office.file(office.url("ok", "flaky"), "t", body=body, tasks=["t", "u"])
    office.send()
    assert office.task("t")[:2] == office.task("u")[:2] == ("failed", 0)
    office.file(office.url("ok", "flaky"), "t")
    office.send()
    clock.move(6)
    office.send()  # both; the older one must not speak for the task
    assert office.task("t")[0] == "delivered"
    assert office.task("t")[1] == 1
    assert office.task("u")[:2] == ("delivered", 1)
    assert office.task("t")[2] is not None


def test_an_older_delivery_does_not_overwrite_what_a_newer_one_noted(
    office: PostOffice, clock: MovingClock
) -> None:
    office.add_task("t")
    office.file(office.url("error"), "t"), office.file(office.url("ok"), "t")
    office.send()
    assert office.task("t")[0] == "delivered"
    clock.move(6)
    assert office.send() == 1
    assert office.task("t")[0] == "delivered"


def test_what_a_dead_process_was_sending_is_sent_again_before_its_younger_ones(
    office: PostOffice, clock: MovingClock
) -> None:
    url = office.url("ok")
    first, second = office.file(url, "t"), office.file(url, "t")
    lost = office.app.webhooks.queue.claim()
    assert lost is not None and lost.delivery.id == first
    assert office.send() == 0  # the second one waits for the first one's first attempt
    clock.move(office.app.settings.lease_secs + 1)
    assert office.send() == 2
    assert office.inbox("ok")["order"] == ["event-1", "event-2"]
    assert (office.get(first).attempts, office.get(second).attempts) == (2, 1)


def test_who_lost_the_lease_writes_nothing(
    office: PostOffice, make_office: Any, clock: MovingClock
) -> None:
    delivery = office.file(office.url("error"), "t")
    lost = office.app.webhooks.queue.claim()
    assert lost is not None
    clock.move(office.app.settings.lease_secs + 1)
    other = make_office()
    taken = other.app.webhooks.queue.claim()
    assert taken is not None
    assert not office.app.webhooks.queue.record_outcome(
        lost, DeliveryOutcome(DeliveryState.DELIVERED, 200)
    )
    assert office.get(delivery).state is DeliveryState.SENDING
    assert other.app.webhooks.queue.record_outcome(
        taken, DeliveryOutcome(DeliveryState.DELIVERED, 200)
    )


def test_few_requests_go_to_one_host_at_once(office: PostOffice) -> None:
    for _ in range(3):
        office.file("http://one.example/hook", None)
    office.file("http://other.example/hook", None)
    claims = [office.app.webhooks.queue.claim() for _ in range(4)]
    hosts = [claim.delivery.host for claim in claims if claim is not None]
    assert sorted(hosts) == ["one.example", "one.example", "other.example"]


def test_many_urls_are_all_looked_at_the_longest_due_first(
    office: PostOffice, clock: MovingClock
) -> None:
    urls = [f"http://receiver-{number}.example/" for number in range(230)]
    for url in urls:
        office.file(url, None)
        clock.move(1)
    now = office.app.clock.now()
    due = office.app.database.read(due_endpoints, now)
    assert [one.url_hash for one in due] == [url_hash(url) for url in urls]


def test_a_task_with_more_than_a_window_full_keeps_its_order(make_office: Any) -> None:
    office = make_office(webhook_per_host=8)
    for number in range(150):
        office.file(office.url("ok"), "t", event_id=f"{number:03}")
    office.file(office.url("ok"), "u", event_id="other")
    office.send_side_by_side(3)
    order = [one for one in office.inbox("ok")["order"] if one != "other"]
    while office.send():
        order = [one for one in office.inbox("ok")["order"] if one != "other"]
    assert order == sorted(order) and len(order) == 150
    assert office.inbox("ok")["accepted"] == 151


def test_a_report_is_filed_with_its_tasks(office: PostOffice) -> None:
    many = [f"task-{number:03}" for number in range(500)]
    filed = office.file(office.url("ok"), "signer", body='{"stats": []}', tasks=many)
    alone = office.file(office.url("ok"), "signer", body='{"stats": [{"task_id": "other"}]}')
    test = office.file(office.url("ok"), kind="test", body="{}")
    read = office.app.database.read
    assert read(delivery_tasks.of_delivery, filed) == sorted(["signer", *many])
    assert read(delivery_tasks.of_delivery, alone) == ["signer"], "what is filed, not the body"
    assert read(delivery_tasks.of_delivery, test) == []


def test_a_report_that_is_filed_already_keeps_its_tasks(office: PostOffice) -> None:
    filed = office.file(office.url("ok"), "t", event_id="same", tasks=["u"])
    again = Report(
        kind="daily",
        event_id="same",
        url=office.url("ok"),
        task_id="t",
        stats_date=None,
        body="{}",
        tasks=["v"],
    )
    app = office.app
    assert app.database.write(app.webhooks.outbox.enqueue, again) is False
    assert app.database.read(delivery_tasks.of_delivery, filed) == ["t", "u"]
