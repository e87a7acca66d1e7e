"""The operator's interface: replay by filter, tests, endpoints, secrets."""

from __future__ import annotations

from datetime import timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from core.errors import CredentialsError, InvalidInputError
from storage.distribution import callback_secrets
from storage.distribution.deliveries import DeliveryKind, DeliveryState
from tests.support.moving_clock import MovingClock
from tests.support.webhooks.post_office import SECRET, PostOffice
from webhooks.outbox import Report, as_delivery
from webhooks.requests import ReplayRequest, TrialRequest
from webhooks.signing import headers, parse_secrets


def test_replay_takes_only_what_matches(office: PostOffice, clock: MovingClock) -> None:
    url, other = office.url("ok", "a"), office.url("ok", "b")
    first = office.file(url, "t")
    clock.move(3600)
    second = office.file(other, "t", kind="daily")
    middle = office.app.clock.now() - timedelta(seconds=1800)
    third = office.file(other, "u")
    office.send()
    delivered = (DeliveryState.DELIVERED,)
    cases = (
        (ReplayRequest(ids=(first, 99)), {first}),
        (ReplayRequest(task_id="t", states=delivered), {first, second}),
        (ReplayRequest(kinds=(DeliveryKind.DAILY,), states=delivered), {second}),
        (ReplayRequest(url=other, states=delivered), {second, third}),
        (ReplayRequest(since=middle, states=delivered), {second, third}),
        (ReplayRequest(until=middle, states=delivered), {first}),
        (ReplayRequest(task_id="u", until=middle, states=delivered), set()),
        (ReplayRequest(task_id="t"), set()),
        (ReplayRequest(states=(DeliveryState.DEAD,)), set()),
    )
    for wanted, expected in cases:
        assert office.app.webhooks.service.replay(wanted) == len(expected), wanted
        due = {one.id for one in office.deliveries(states=(DeliveryState.PENDING,))}
        assert due == expected, wanted
        assert office.send() == len(expected)
    assert office.inbox("a")["repeats"] + office.inbox("b")["repeats"] == sum(
        len(expected) for _, expected in cases
    )
    assert office.inbox("a")["second_ids"] == office.inbox("b")["second_ids"] == 0


def test_a_replay_begins_the_plan_anew_and_keeps_the_attempts(office: PostOffice) -> None:
    office.order("gone", "gone", times=1)
    delivery = office.file(office.url("gone"), "t")
    office.send()
    assert office.get(delivery).state is DeliveryState.DEAD
    assert office.app.webhooks.service.replay(ReplayRequest(ids=(delivery,))) == 1
    assert office.send() == 0  # its endpoint is still disabled
    office.app.webhooks.service.enable(office.url("gone"))
    assert office.send() == 1
    shown = office.app.webhooks.service.show(delivery)
    assert shown.delivery.state is DeliveryState.DELIVERED
    assert shown.delivery.attempts == 1
    assert [(one.number, one.status) for one in shown.attempts] == [(1, 410), (2, 200)]


def test_what_is_under_way_is_not_replayed(office: PostOffice) -> None:
    delivery = office.file(office.url("ok"), "t")
    assert office.app.webhooks.queue.claim() is not None
    assert office.app.webhooks.service.replay(ReplayRequest(ids=(delivery,))) == 0


def test_a_test_event_is_sent_once_and_signed(office: PostOffice, clock: MovingClock) -> None:
    delivery, outcome = office.app.webhooks.service.test(
        TrialRequest(url=office.url("signed"), secret=SECRET)
    )
    assert (outcome.state, outcome.status) == (DeliveryState.DELIVERED, 200)
    _, refused = office.app.webhooks.service.test(TrialRequest(url=office.url("signed")))
    assert (refused.state, refused.status) == (DeliveryState.DEAD, 401)
    clock.move(1e6)
    assert office.app.webhooks.service.replay(ReplayRequest(ids=(delivery.id,))) == 0
    assert office.send() == 0
    with pytest.raises(CredentialsError):
        office.app.webhooks.service.test(TrialRequest(url=office.url("ok"), secret="hunter2"))


def test_a_test_event_does_not_disable_its_endpoint(office: PostOffice) -> None:
    _, outcome = office.app.webhooks.service.test(TrialRequest(url=office.url("gone")))
    assert outcome.status == 410
    office.order("gone", "ok")
    office.file(office.url("gone"), "t")
    assert office.send() == 1


def test_a_test_whose_process_died_is_given_up(office: PostOffice, clock: MovingClock) -> None:
    report = Report(
        kind="test",
        event_id="test-1",
        url=office.url("ok"),
        task_id=None,
        stats_date=None,
        body="{}",
    )
    claim = office.app.webhooks.queue.enqueue_and_claim(as_delivery(report))
    clock.move(office.app.settings.lease_secs + 1)
    assert office.send() == 0
    assert office.get(claim.delivery.id).state is DeliveryState.DEAD
    assert office.inbox("ok")["requests"] == 0


def test_a_secret_is_rotated_with_two_signatures(office: PostOffice) -> None:
    office.add_task("t", SECRET)
    desk = office.app.webhooks.service
    fresh = desk.rotate_secret("t")
    stored = office.app.database.read(callback_secrets.secret_of, "t")
    assert stored is not None and fresh not in stored
    clear = office.app.vault.decrypt(stored)
    assert clear == f"{fresh} {SECRET}"
    signed = headers("e", office.app.clock.now(), b"{}", parse_secrets(clear))
    assert len(signed["webhook-signature"].split()) == 2
    desk.finish_rotation("t")
    last = office.app.database.read(callback_secrets.secret_of, "t")
    assert office.app.vault.decrypt(last) == fresh
    Webhook(fresh)


def test_a_task_without_a_secret_gets_its_first(office: PostOffice) -> None:
    office.add_task("t")
    fresh = office.app.webhooks.service.rotate_secret("t", SECRET)
    stored = office.app.database.read(callback_secrets.secret_of, "t")
    assert office.app.vault.decrypt(stored) == fresh == SECRET


def test_bad_input_is_refused_by_name(office: PostOffice) -> None:
    desk = office.app.webhooks.service
    office.add_task("t")
    with pytest.raises(InvalidInputError, match="distribution_task_not_found"):
        desk.rotate_secret("nobody")
    with pytest.raises(InvalidInputError, match="task_without_secret"):
        desk.finish_rotation("t")
    with pytest.raises(InvalidInputError, match="one_secret_expected"):
        desk.rotate_secret("t", f"{SECRET} {SECRET}")
    with pytest.raises(InvalidInputError, match="callback_url_unknown"):
        desk.disable("http://unknown.example/")
    for number in (0, -1, 2**63, 12345):
        with pytest.raises(InvalidInputError, match="delivery_not_found"):
            desk.show(number)
