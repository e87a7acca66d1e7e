"""Rounds of the queue: several outcomes and claims in one transaction, each as if it were alone."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import pytest

from core.errors import CommitUnknownError, DatabaseUnavailableError
from storage.distribution import delivery_leases
from storage.distribution.deliveries import DeliveryState
from storage.engines.transactions import Tx
from tests.support.moving_clock import MovingClock
from tests.support.webhooks.post_office import SECRET, PostOffice
from webhooks.claims import Claim
from webhooks.outbox import url_hash
from webhooks.queue import Ask, Exchange
from webhooks.retry_policy import DeliveryOutcome
from webhooks.settlement import Finished

DELIVERED = DeliveryOutcome(DeliveryState.DELIVERED, 200, "fine")
WANTED = Ask(None, wants_next=True)


@pytest.fixture
def office(make_office: Any) -> PostOffice:
    office: PostOffice = make_office(webhook_per_host=4)
    return office


def serve(office: PostOffice, *asks: Ask) -> list[Exchange]:
    return office.app.webhooks.queue.serve(asks)


def claims(office: PostOffice, count: int) -> list[Claim]:
    found = [one.claim for one in serve(office, *[WANTED] * count)]
    return [claim for claim in found if claim is not None]


def finished(claims: Sequence[Claim], outcome: DeliveryOutcome = DELIVERED) -> list[Ask]:
    return [Ask(Finished(claim, outcome), wants_next=False) for claim in claims]


def states(office: PostOffice) -> list[str]:
    return [one.state.value for one in reversed(office.deliveries())]


def ends(office: PostOffice, delivery_id: int) -> list[int | None]:
    """The status of each attempt at a delivery."""
    attempts = office.app.webhooks.service.show(delivery_id).attempts
    assert [attempt.number for attempt in attempts] == list(range(1, len(attempts) + 1))
    return [attempt.status for attempt in attempts]


def test_a_round_leases_with_secret_and_attempt(office: PostOffice) -> None:
    office.add_task("t", SECRET), office.add_task("u")
    for task in ("t", "u", None):
        office.file(office.url("ok"), task)
    found = claims(office, 5)
    assert [one.delivery.id for one in found] == [1, 2, 3]
    assert [office.app.vault.decrypt(one.secret) for one in found] == [SECRET, None, None]
    assert [one.attempt_number for one in found] == [1, 1, 1]
    for one in found:
        stored = office.get(one.delivery.id)
        assert (stored.state, stored.attempts, stored.lease_token, stored.not_before) == (
            DeliveryState.SENDING,
            1,
            1,
            None,
        )
        assert (one.delivery.state, one.delivery.attempts, one.delivery.lease_token) == (
            DeliveryState.SENDING,
            1,
            1,
        )
    assert "secret" not in repr(found[0])


def test_a_lost_lease_undoes_nothing_of_the_others(office: PostOffice) -> None:
    for task in ("a", "b", "c"):
        office.add_task(task)
        office.file(office.url("ok"), task)
    first, lost, last = claims(office, 3)
    office.app.database.write(
        lambda tx: tx.execute(
            "UPDATE webhook_deliveries SET lease_token=lease_token+1 WHERE id=:id",
            id=lost.delivery.id,
        )
    )
    told = serve(office, *finished([first, lost, last]))
    assert [one.is_recorded for one in told] == [True, False, True]
    assert states(office) == ["delivered", "sending", "delivered"]
    assert [ends(office, number) for number in (1, 2, 3)] == [[200], [None], [200]]
    assert [office.task(task)[0] for task in ("a", "b", "c")] == ["delivered", None, "delivered"]


def test_outcomes_of_all_kinds_are_stored_together(office: PostOffice, clock: MovingClock) -> None:
    for task in ("a", "b", "c"):
        office.add_task(task)
    old = office.file(office.url("ok"), "a", tasks=["b"])
    new = office.file(office.url("ok", "other"), "a")
    dead = office.file(office.url("ok"), "c")
    later = clock.now().replace(year=2027)
    asks = finished(claims(office, 3))
    outcomes = {
        old: DeliveryOutcome(DeliveryState.FAILED, 500, "no", not_before=later),
        new: DELIVERED,
        dead: DeliveryOutcome(DeliveryState.DEAD),
    }
    serve(
        office,
        *(
            Ask(Finished(ask.finished.claim, outcomes[ask.finished.claim.delivery.id]), False)
            for ask in asks
            if ask.finished is not None
        ),
    )
    assert states(office) == ["failed", "delivered", "dead"]
    assert [office.get(one).not_before for one in (old, new, dead)] == [later, None, None]
    assert [ends(office, one) for one in (old, new, dead)] == [[500], [200], [None]]
    assert [office.task(task)[0] for task in ("a", "b", "c")] == ["delivered", "failed", "dead"]
    shown = office.app.webhooks.service.show(old).attempts
    assert [attempt.response for attempt in shown] == ["no"]


def test_what_is_settled_in_a_round_makes_room_for_its_claims(office: PostOffice) -> None:
    for _ in range(9):
        office.file(office.url("ok"), None)
    held = claims(office, 6)
    assert len(held) == 4, "at most four at a time go to that host"
    assert claims(office, 2) == []
    told = serve(office, *finished(held[:3]), *[WANTED] * 4)
    assert [one.claim is not None for one in told[3:]] == [True, True, True, False]


def test_a_report_follows_its_tasks_older_one_in_the_round_that_settles_that(
    office: PostOffice,
) -> None:
    for _ in range(3):
        office.file(office.url("ok"), "t")
    [first] = claims(office, 3)
    told = serve(office, Ask(Finished(first, DELIVERED), wants_next=True), WANTED)
    assert [one.claim and one.claim.delivery.id for one in told] == [2, None]


@pytest.mark.parametrize("is_committed", [True, False])
def test_after_an_unanswered_commit_outcomes_are_settled_and_claims_run_out(
    office: PostOffice,
    clock: MovingClock,
    monkeypatch: pytest.MonkeyPatch,
    is_committed: bool,
) -> None:
    for task in ("t", "u"):
        office.file(office.url("ok"), task)
    sender, engine = office.app.webhooks.sender, office.app.database.engine
    [claim] = claims(office, 1)
    commit = engine.commit

    def unanswered(connection: Any) -> None:
        monkeypatch.undo()
        if is_committed:
            commit(connection)
        else:
            engine.rollback(connection)
        raise CommitUnknownError("commit_unanswered", where="here", detail="")

    monkeypatch.setattr(engine, "commit", unanswered)
    told = sender.hand_in(Finished(claim, DELIVERED), wants_next=True)
    assert told.claim is None
    assert states(office) == ["delivered", "sending" if is_committed else "pending"]
    assert ends(office, 1) == [200]
    assert office.app.foundation.leases.held() == [], "nobody renews what nobody knows of"
    clock.move(office.app.settings.lease_secs + 1)
    assert office.send() == 1
    assert ends(office, 2) == ([None, 200] if is_committed else [200])


def test_an_outcome_that_cannot_be_stored_is_its_own_failure(
    make_office: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    office: PostOffice = make_office(webhook_per_host=4)
    queue, sender = office.app.webhooks.queue, office.app.webhooks.sender
    for task in ("t", "u"):
        office.file(office.url("ok"), task)
    good, bad = claims(office, 2)

    def poisoned(_: Tx, attempt: Any) -> None:
        if attempt.delivery.id == bad.delivery.id and attempt.outcome.status is not None:
            raise ZeroDivisionError

    monkeypatch.setattr(queue, "_on_outcome", poisoned)
    with pytest.raises(ZeroDivisionError):
        serve(office, *finished([good, bad]))
    assert states(office) == ["sending", "sending"], "the round was undone as a whole"
    for claim in (good, bad):
        sender.hand_in(Finished(claim, DELIVERED), wants_next=False)
    assert states(office) == ["delivered", "failed"]


def test_an_outage_leaves_the_outcome_to_the_end_of_the_lease(
    office: PostOffice, clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.file(office.url("ok"), None)
    [claim] = claims(office, 1)

    def away(*_: Any) -> None:
        raise DatabaseUnavailableError("database_connection_lost", where="here", detail="")

    with monkeypatch.context() as broken:
        broken.setattr(office.app.database.engine, "begin", away)
        with pytest.raises(DatabaseUnavailableError):
            office.app.webhooks.sender.hand_in(Finished(claim, DELIVERED), wants_next=True)
    assert states(office) == ["sending"]
    clock.move(office.app.settings.lease_secs + 1)
    assert office.send() == 1 and states(office) == ["delivered"]


@pytest.mark.parametrize("database_url", ["mariadb"], indirect=True)
def test_two_processes_do_not_both_take_what_a_host_may_get(
    office: PostOffice, make_office: Any, clock: MovingClock
) -> None:
    other: PostOffice = make_office(webhook_per_host=4)
    for _ in range(8):
        office.file(office.url("ok"), None)
    clock.move(1)
    office.file("http://elsewhere.example/", None)
    clock.move(1)  # the clocks of two processes differ by a millisecond
    queue, held, go_on = office.app.webhooks.queue, threading.Event(), threading.Event()
    found: list[Claim] = []

    def slowly(tx: Tx) -> None:
        found.extend(queue._claimer.claim(tx, 1, queue._rotation).claims)
        held.set()
        assert go_on.wait(30)

    thread = threading.Thread(target=office.app.database.write, args=(slowly,))
    thread.start()
    assert held.wait(30)
    told = serve(other, *[WANTED] * 4)
    hosts = [one.claim.delivery.host for one in told if one.claim is not None]
    go_on.set()
    thread.join()
    assert hosts == ["elsewhere.example"], "no other host is concerned"
    assert told[-1].is_contended
    assert len(found) == 1 and len(claims(other, 4)) == 3


def test_senders_that_run_keep_the_order_and_end_with_everything_written_down(
    make_office: Any,
) -> None:
    office: PostOffice = make_office(webhook_per_host=4, webhook_retry_secs=(0.05,) * 40)
    for number in range(40):
        office.file(office.url("half", "all"), f"task-{number % 4}", event_id=f"{number:03}")
    stop = threading.Event()
    threads = [
        threading.Thread(target=office.app.webhooks.sender.run, args=(stop,)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    while office.inbox("all").get("accepted", 0) < 40:
        assert all(thread.is_alive() for thread in threads)
    stop.set()
    for thread in threads:
        thread.join()
    inbox = office.inbox("all")
    for task in range(4):
        ours = [one for one in inbox["order"] if int(one) % 4 == task]
        assert ours == sorted(ours) and len(ours) == 10
    assert states(office) == ["delivered"] * 40 and inbox["repeats"] == 0
    assert sum(len(ends(office, one.id)) for one in office.deliveries()) == inbox["requests"]


class SetBetweenLooks(threading.Event):
    """Says at the third question that it is set: when the first look is over."""

    asked = 0

    def is_set(self) -> bool:
        self.asked += 1
        return self.asked > 2


def test_a_sender_that_is_stopped_between_two_looks_hands_its_outcome_in(
    office: PostOffice,
) -> None:
    office.file(office.url("ok"), None), office.file(office.url("ok"), None)
    office.app.webhooks.sender.run(SetBetweenLooks())
    assert states(office) == ["delivered", "pending"]


def test_the_key_of_a_host_is_the_same_for_all_of_its_urls(office: PostOffice) -> None:
    for name in ("a", "b", "c"):
        office.file(f"http://one.example/{name}", None)
    office.file("http://other.example/", None)
    due = office.app.database.read(delivery_leases.due_endpoints, office.app.clock.now())
    keys = {one.host: one.host_key for one in due}
    assert {one.host_key for one in due} == set(keys.values()) and len(keys) == 2
    assert keys["one.example"] == min(url_hash(f"http://one.example/{name}") for name in "abc")
