"""The exchange against a plain model: random rounds of two processes, checked row by row.

BATON_SEED sets the seed; it is printed.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from core.messages import Message
from storage.distribution import endpoints
from storage.distribution.deliveries import Delivery, DeliveryState
from tests.support.moving_clock import MovingClock
from tests.support.webhooks.post_office import PostOffice
from webhooks.claims import Claim
from webhooks.outbox import url_hash
from webhooks.queue import Ask
from webhooks.retry_policy import DeliveryOutcome
from webhooks.settlement import Finished

SEED = int(os.environ.get("BATON_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
STEPS = 80
PER_HOST = 3
SECOND = timedelta(seconds=1)
HOSTS = ("one.example", "two.example", "three.example")
URLS = (*(f"http://{host}/" for host in HOSTS), "http://one.example/other")
TASKS = ("t", "u", None)


@dataclass
class Row:
    """What is known of a delivery; `due` is None while it is sent and when it is done."""

    url: str
    host: str
    task: str | None
    due: datetime | None
    state: str = "pending"
    attempts: int = 0
    token: int = 0
    is_tried: bool = False
    lease_ends: datetime | None = None


class Model:
    """What a queue that serves one worker after the other would store."""

    def __init__(self, lease_secs: float) -> None:
        self.rows: dict[int, Row] = {}
        self.disabled: set[str] = set()
        self.rests: dict[str, datetime] = {}
        self.notes: dict[str, tuple[int, str]] = {}
        self.lease = timedelta(seconds=lease_secs)

    def may_go(self, number: int, now: datetime) -> bool:
        """Whether a delivery may be tried, apart from the limit of its host."""
        row = self.rows[number]
        if row.due is None or row.due > now or row.url in self.disabled:
            return False
        if self.rests.get(row.url, now) > now:
            return False
        return row.is_tried or row.task is None or number == self._oldest(row)

    def _oldest(self, row: Row) -> int:
        """The report of a row's task and URL whose first attempt is next, or under way."""
        return min(
            number
            for number, other in self.rows.items()
            if (other.url, other.task) == (row.url, row.task)
            and not other.is_tried
            and (other.due is not None or other.state == "sending")
        )

    def under_way(self, now: datetime) -> Counter[str]:
        rows = self.rows.values()
        return Counter(r.host for r in rows if r.lease_ends is not None and r.lease_ends >= now)

    def take(self, claim: Claim, now: datetime) -> None:
        row = self.rows[claim.delivery.id]
        row.state, row.due = "sending", None
        row.attempts += 1
        row.token += 1
        row.lease_ends = now + self.lease

    def settle(self, finished: Finished, now: datetime) -> bool:
        claim, outcome = finished.claim, finished.outcome
        number = claim.delivery.id
        row = self.rows[number]
        if (row.state, row.token) != ("sending", claim.lease.token):
            return False
        row.state, row.due, row.lease_ends = outcome.state.value, outcome.not_before, None
        row.is_tried = True
        if outcome.disables is not None:
            self.disabled.add(row.url)
            self.rests.pop(row.url, None)
        if outcome.rest_until is not None:
            self.rests[row.url] = outcome.rest_until
        if row.task is not None and self.notes.get(row.task, (0, ""))[0] <= number:
            self.notes[row.task] = number, row.state
        return True

    def reap(self, number: int, filed: datetime) -> None:
        row = self.rows[number]
        row.state, row.due, row.lease_ends = "failed", filed, None
        row.token += 1


class Play:
    """Two processes, their claims that are open, and the model beside them."""

    def __init__(self, offices: list[PostOffice], clock: MovingClock, dice: random.Random) -> None:
        self.offices = offices
        self.clock = clock
        self.dice = dice
        self.model = Model(offices[0].app.settings.lease_secs)
        self.open: list[Claim] = []
        self.claimed = 0
        self.lost = 0

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def step(self) -> None:
        act = self.dice.choices((self.file, self.round, self.wait, self.enable), (3, 10, 2, 1))
        act[0]()
        self.compare()

    def file(self) -> None:
        for _ in range(self.dice.randint(1, 4)):
            url, task = self.dice.choice(URLS), self.dice.choice(TASKS)
            number = self.offices[0].file(url, task)
            host = url.split("/")[2]
            due = self.offices[0].get(number).not_before
            self.model.rows[number] = Row(url=url, host=host, task=task, due=due)
        self.clock.move(1)  # the clocks of two processes differ by a millisecond

    def wait(self) -> None:
        self.clock.move(self.dice.choice((1, 5, 20, 60)))

    def enable(self) -> None:
        if self.model.disabled:
            url = self.model.disabled.pop()
            # Without what the command does besides: send again what was refused by 410.
            self.offices[0].app.database.write(
                endpoints.set_enabled, url_hash(url), self.clock.now(), enabled=True
            )

    def round(self) -> None:
        self.dice.shuffle(self.open)
        settled = [self.open.pop() for _ in range(self.dice.randint(0, min(5, len(self.open))))]
        asks = [Ask(Finished(one, self.outcome()), self.dice.random() < 0.6) for one in settled]
        asks += [Ask(None, wants_next=True) for _ in range(self.dice.randint(0, 4))]
        self.dice.shuffle(asks)
        told = self.dice.choice(self.offices).app.webhooks.queue.serve(asks)
        recorded = [(ask.finished, one.is_recorded) for ask, one in zip(asks, told, strict=True)]
        for finished, is_recorded in recorded:
            if finished is not None:
                self.note_reaped_before(finished.claim, is_recorded)
                assert self.model.settle(finished, self.now) == is_recorded
                self.lost += not is_recorded
            else:
                assert not is_recorded
        claims = [one.claim for one in told if one.claim is not None]
        self.note_reaped(claims)
        self.check_claims(claims, sum(ask.wants_next for ask in asks))
        self.open += claims
        self.claimed += len(claims)

    def outcome(self) -> DeliveryOutcome:
        later = self.now.replace(microsecond=500_000) + timedelta(seconds=self.dice.randint(1, 60))
        return self.dice.choice(
            (
                DeliveryOutcome(DeliveryState.DELIVERED, 200, "fine"),
                DeliveryOutcome(DeliveryState.DELIVERED, 204),
                DeliveryOutcome(DeliveryState.FAILED, 500, "no", not_before=later),
                DeliveryOutcome(DeliveryState.FAILED, not_before=later),
                DeliveryOutcome(DeliveryState.FAILED, 503, not_before=later, rest_until=later),
                DeliveryOutcome(DeliveryState.DEAD, 410, disables=Message.of("receiver_gone")),
            )
        )

    def check_claims(self, claims: list[Claim], wanted: int) -> None:
        """Each was its turn, no host got too many, and none was left out that had room."""
        now, begun = self.now, {claim.delivery.id: claim for claim in claims}
        assert len(begun) == len(claims) <= wanted
        assert all(self.model.may_go(number, now) for number in begun)
        may_go = {number for number in self.model.rows if self.model.may_go(number, now)}
        busy_before = self.model.under_way(now)
        for claim in claims:
            self.model.take(claim, now)
        taken = Counter(self.model.rows[number].host for number in begun)
        busy = busy_before + taken
        assert all(busy[host] <= max(PER_HOST, busy_before[host]) for host in HOSTS)
        left = Counter(self.model.rows[number].host for number in may_go - begun.keys())
        open_hosts = {host for host in left if busy[host] < PER_HOST}
        if claims:  # otherwise it may have looked just before
            assert len(claims) == wanted or not open_hosts
        for host in open_hosts:  # in turn: none got two more than one that was left waiting
            assert all(taken[other] <= taken[host] + 1 for other in taken)

    def note_reaped_before(self, claim: Claim, is_recorded: bool) -> None:
        """Who lost the lease by this very round came late: what ran out was taken back before."""
        row = self.model.rows[claim.delivery.id]
        if not is_recorded and row.token == claim.lease.token and row.state == "sending":
            self.reap(claim.delivery.id)

    def note_reaped(self, claims: list[Claim]) -> None:
        """What was being sent and is not any more, or by another, was taken back."""
        again = {claim.delivery.id for claim in claims}
        for number, stored in self.stored().items():
            is_sent = stored.state is DeliveryState.SENDING and number not in again
            if self.model.rows[number].state == "sending" and not is_sent:
                self.reap(number)

    def reap(self, number: int) -> None:
        ends = self.model.rows[number].lease_ends
        assert ends is not None and ends < self.now + SECOND / 100
        self.model.reap(number, self.stored()[number].created_at)

    def stored(self) -> dict[int, Delivery]:
        return {one.id: one for one in self.offices[0].deliveries()}

    def compare(self) -> None:
        for number, one in self.stored().items():
            row = self.model.rows[number]
            if row.state == "sending" and one.state is DeliveryState.SENDING:
                assert one.not_before is None
            else:
                assert one.state.value == row.state and one.not_before == row.due
            assert (one.attempts, one.lease_token) == (row.attempts, row.token), number
            assert (one.first_tried_at is not None) == row.is_tried
        for task, (_, state) in self.model.notes.items():
            assert self.offices[0].task(task)[0] == state


def test_rounds_store_what_one_worker_after_the_other_would(
    make_office: Any, clock: MovingClock
) -> None:
    print(f"BATON_SEED={SEED}")
    # Half seconds, as the clocks of two processes differ by a millisecond.
    settings = {"webhook_per_host": PER_HOST, "poll_secs": 0.0001, "lease_secs": 30.5}
    offices = [make_office(**settings) for _ in range(2)]
    offices[0].add_task("t"), offices[0].add_task("u")
    play = Play(offices, clock, random.Random(SEED))
    for _ in range(STEPS):
        play.step()
    numbers = offices[0].app.database.read(
        lambda tx: tx.all("SELECT delivery_id, number FROM webhook_attempts ORDER BY id")
    )
    by_delivery: dict[int, list[int]] = {}
    for row in numbers:
        by_delivery.setdefault(row["delivery_id"], []).append(row["number"])
    assert all(found == list(range(1, len(found) + 1)) for found in by_delivery.values())
    assert len(numbers) == play.claimed
    print(f"{play.claimed} claims, {play.lost} leases lost")
