"""Random lives of tasks: two processes, an operator and time, against a model."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.container import App
from core.cancellation import TaskHaltedSignal
from core.errors import InvalidInputError, LeaseLostError
from core.messages import Message
from crawler.tasks.control import TaskControl
from crawler.tasks.leases import TaskLease
from crawler.tasks.options import CrawlOptions
from storage.engines.datetimes import from_sql_or_none
from storage.engines.mysql import MySQLEngine
from storage.models.tasks import TaskType, WaitingFor
from tests.support.crawler.workbench import ONE_ENGINE, advance, change, rows
from tests.support.fuzz.fuzz_effort import effort
from tests.support.fuzz.task_model import ATTEMPTS, OPEN, Leaf, TaskModel
from tests.support.moving_clock import MovingClock

KINDS = st.sampled_from(TaskType)
DOMAINS = st.sampled_from(["美妆", "游戏"])
WHO = st.integers(0, 1)
NUMBER = st.integers(0, 10**6)
DELAYS = st.sampled_from([None, 1, 40])
RESTLESS = ("updated_at",)  # of a parent that was looked at


BAD_GATEWAY = Message.text("HTTP 502")


class TaskMachine(RuleBasedStateMachine):
    """Every rule does one thing to the database and the same to the model."""

    leases = Bundle("leases")

    def __init__(self, apps: list[App], clock: MovingClock) -> None:
        super().__init__()
        self.apps, self.clock = apps, clock
        change(apps[0], "DELETE FROM tasks")
        self.model = TaskModel()

    @property
    def now(self) -> datetime:
        return self.apps[0].clock.now()

    def pick(self, number: int) -> int | None:
        """Some task that is there, top-level or piece."""
        ids = sorted({*self.model.leaves, *self.model.keys})
        return ids[number % len(ids)] if ids else None

    @initialize(size=st.sampled_from([None, 5, 15]))
    def start(self, size: int | None) -> None:
        for kind in TaskType:
            self.file(kind, "美妆", size, 0)

    @rule(kind=KINDS, domain=DOMAINS, size=st.sampled_from([None, 5, 25]), who=WHO)
    def file(self, kind: TaskType, domain: str, size: int | None, who: int) -> None:
        submitter = self.apps[who].crawling.submitter
        if kind is TaskType.INGESTION:
            filed = submitter.submit_crawl("bilibili", domain, size, CrawlOptions())
        else:
            filed = submitter.submit_export("bilibili", domain, {}, 1 if size is None else 2)
        known = self.model.open_top((kind.value, domain))
        assert filed.is_new == (known is None)
        assert known in (None, filed.task.id)
        if filed.is_new:
            pieces = [row["id"] for row in self.table() if row["parent_id"] == filed.task.id]
            self.model.file(filed.task.id, (kind.value, domain), pieces)

    @rule(target=leases, kind=KINDS, who=WHO)
    def claim_any(self, kind: TaskType, who: int) -> Any:
        return self.claim(kind, who, None)

    @rule(target=leases, number=NUMBER, who=WHO)
    def claim_one(self, number: int, who: int) -> Any:
        only = self.pick(number)
        kind = TaskType(self.model.of(only)[0].key[0]) if only else TaskType.EXPORT
        return self.claim(kind, who, only)

    def claim(self, kind: TaskType, who: int, only: int | None) -> Any:
        wanted = self.model.next(kind.value, self.now, only)
        lease = self.apps[who].crawling.scheduler.claim(kind, only)
        assert (lease and lease.id) == (wanted and wanted.id)
        if lease is None or wanted is None:
            return multiple()
        assert wanted.unleased(self.now)  # one holder at a time
        wanted.taken(self.apps[who].owner, self.now)
        assert lease.lease.token == wanted.token
        return who, lease

    @rule(held=consumes(leases), secs=DELAYS, paused=st.booleans())
    def requeue(self, held: tuple[int, TaskLease], secs: int | None, paused: bool) -> None:
        moment = None if secs is None else self.now + timedelta(seconds=secs)
        leaf = self.end(
            held,
            lambda one, lease: one.crawling.scheduler.requeue(
                lease, not_before=moment, waiting_for=WaitingFor.ACCOUNT, paused=paused
            ),
        )
        if leaf is not None:
            leaf.given_back("paused" if paused else "pending", moment)

    @rule(held=consumes(leases))
    def back_off(self, held: tuple[int, TaskLease]) -> None:
        leaf = self.end(
            held,
            lambda one, lease: one.crawling.scheduler.back_off(lease, Message.text("HTTP 502")),
        )
        if leaf is None:
            return
        if leaf.attempts + 1 >= ATTEMPTS:
            leaf.ended("failed")
        else:
            moment = self.now + timedelta(seconds=2 * 2**leaf.attempts)
            leaf.given_back("pending", moment, failures=1)

    @rule(held=consumes(leases), error=st.sampled_from([None, Message.text("no such domain")]))
    def finish(self, held: tuple[int, TaskLease], error: Message | None) -> None:
        said: list[bool] = []
        leaf = self.end(
            held, lambda one, lease: said.append(one.crawling.scheduler.finish(lease, error))
        )
        status = "completed" if error is None else "failed"
        assert said == [leaf is not None and leaf.ended(status)]

    def end(
        self, held: tuple[int, TaskLease], act: Callable[[App, TaskLease], object]
    ) -> Leaf | None:
        """Give a lease back; the leaf when that is to change it, else nothing may have changed."""
        who, lease = held
        leaf = self.model.leaves[lease.id]
        before = self.settled_table()
        act(self.apps[who], lease)
        if leaf.token == lease.lease.token:
            return leaf
        assert self.settled_table() == before
        return None

    @rule(held=leases, what=st.sampled_from(["advance", "assign", "show"]))
    def write(self, held: tuple[int, TaskLease], what: str) -> None:
        who, lease = held
        one, leaf = self.apps[who], self.model.leaves[lease.id]
        before = self.table()
        changed = False
        with suppress(LeaseLostError, TaskHaltedSignal):
            if what == "advance":
                advance(one, lease)
            elif what == "assign":
                one.crawling.scheduler.assign(lease, 1)
            else:
                one.crawling.scheduler.set_waiting_for(lease, WaitingFor.ACCOUNT)
            changed = True
        holds = leaf.token == lease.lease.token
        assert changed == (holds and (what != "advance" or leaf.status == "in_progress"))
        if not changed:
            assert self.table() == before
        elif what == "advance":
            leaf.attempts = 0

    @rule(word=st.sampled_from(["pause", "cancel", "resume"]), number=NUMBER, who=WHO)
    def operator_says(self, word: str, number: int, who: int) -> None:
        control = self.apps[who].crawling.control
        if word == "resume":
            self.resume(number, control)
        else:
            act = control.pause if word == "pause" else control.cancel
            self.operate(number, act, "paused" if word == "pause" else "failed")

    def operate(self, number: int, act: Callable[[int], None], status: str) -> None:
        task = self.pick(number)
        if task is not None:
            self.operate_on(task, act, status)

    def operate_on(self, task: int, act: Callable[[int], None], status: str) -> None:
        if self.model.status(task) not in OPEN:
            with pytest.raises(InvalidInputError):
                act(task)
            return
        act(task)
        for leaf in self.model.of(task):
            if leaf.status in OPEN:
                leaf.told(status)

    def resume(self, number: int, control: TaskControl) -> None:
        task = self.pick(number)
        if task is not None:
            self.resume_one(task, control)

    def resume_one(self, task: int, control: TaskControl) -> None:
        top = self.model.top(task)
        other = self.model.open_top(self.model.keys[top])
        if self.model.status(task) == "completed" or other not in (None, top):
            with pytest.raises(InvalidInputError):
                control.resume(task)
            return
        control.resume(task)
        for leaf in self.model.of(task):
            if leaf.status in ("paused", "failed", "pending"):
                leaf.told("pending")
                leaf.attempts = 0

    @rule(secs=st.sampled_from([31, 1, 11, 100]))
    def time_goes(self, secs: int) -> None:
        self.clock.move(secs)

    @rule(target=leases, held=leases)
    def a_holder_freezes_and_the_other_takes_over(self, held: tuple[int, TaskLease]) -> Any:
        self.clock.move(31)
        who, lease = held
        return self.claim(lease.task.task_type, 1 - who, None)

    @rule(number=NUMBER)
    def a_cancelled_task_is_filed_again(self, number: int) -> None:
        tops = sorted(self.model.keys)
        top = tops[number % len(tops)]
        kind, domain = self.model.keys[top]
        if self.model.status(top) in OPEN:
            self.operate_on(top, self.apps[0].crawling.control.cancel, "failed")
            self.file(TaskType(kind), domain, None, 1)
            self.resume_one(top, self.apps[0].crawling.control)

    @rule(who=WHO, late=st.booleans())
    def keeper_comes_by(self, who: int, late: bool) -> None:
        """A process renews what it holds, and takes back what others let run out."""
        self.clock.move(31 if late else 0)
        one = self.apps[who]
        book = {(lease.row_id, lease.token) for lease in one.leases.held()}
        one.crawling.lease_renewer("fuzz").renew_once()
        for leaf in self.model.leaves.values():
            if leaf.owner == one.owner and (leaf.id, leaf.token) in book:
                leaf.until = self.now + timedelta(seconds=30)
            leaf.reaped(self.now)

    @precondition(lambda self: self.model.leaves)
    @invariant()
    def the_table_is_as_the_model_says(self) -> None:
        keys = []
        for row in self.table():
            if row["is_leaf"]:
                assert row_of(row) == self.model.leaves[row["id"]].row(), row
            else:
                assert row["status"] == self.model.status(row["id"]), row
            if row["parent_id"] is None:
                assert (row["open_key"] is not None) == (row["status"] in OPEN), row
                keys.append(row["open_key"])
        assert len(set(keys) - {None}) == len([key for key in keys if key])

    def table(self) -> list[dict[str, Any]]:
        return rows(self.apps[0], "SELECT * FROM tasks ORDER BY id")

    def settled_table(self) -> list[dict[str, Any]]:
        return [{k: v for k, v in row.items() if k not in RESTLESS} for row in self.table()]

    def teardown(self) -> None:
        for one in self.apps:
            for lease in one.leases.held():
                one.leases.remove(lease)


def row_of(row: dict[str, Any]) -> tuple[object, ...]:
    """As the model's leaf says it."""
    return (
        row["status"],
        row["lease_token"],
        row["lease_owner"],
        from_sql_or_none(row["lease_until"]),
        from_sql_or_none(row["not_before"]),
        row["attempts"],
    )


def live(make_app: Callable[..., App], clock: MovingClock, examples: int, steps: int) -> None:
    apps = [make_app(task_attempts=ATTEMPTS) for _ in range(2)]
    run_state_machine_as_test(
        lambda: TaskMachine(apps=apps, clock=clock), settings=effort(examples, steps)
    )


@ONE_ENGINE
def test_tasks_live_as_the_model_says(make_app: Callable[..., App], clock: MovingClock) -> None:
    live(make_app, clock, 80, 40)


@pytest.mark.parametrize("database_url", ["mariadb"], indirect=True)
def test_tasks_live_so_on_mariadb_too(
    make_app: Callable[..., App], clock: MovingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MySQLEngine, "read_clock", lambda *_: None)  # time is the test's alone
    live(make_app, clock, 6, 40)
