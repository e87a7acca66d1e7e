"""Random lives of accounts: two processes, an operator, refusals and time, against a model."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
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
    rule,
    run_state_machine_as_test,
)

from accounts.account_lease import AccountLease, Purpose
from app.container import App
from core.errors import InvalidInputError
from core.messages import Message
from storage.crawling import account_leases, accounts
from storage.crawling.account_leases import PaceState
from storage.models.accounts import Account
from tests.support.accounts.cooldowns import cooldown
from tests.support.apps import add_account
from tests.support.crawler.workbench import ONE_ENGINE, change, rows
from tests.support.fuzz.account_model import BUSY, AccountModel
from tests.support.fuzz.fuzz_effort import effort
from tests.support.moving_clock import MovingClock

PURPOSES = st.sampled_from(Purpose)
WHO = st.integers(0, 1)
WHICH = st.integers(0, 2)
TOLD = st.sampled_from([None, 0, 45])  # seconds until the account may ask again, if it is told
Held = tuple[int, AccountLease]
# The only ways from one health to another, whatever happens.
HEALTH_PATHS = {
    ("healthy", "suspect"),
    ("probation", "suspect"),
    ("suspect", "probation"),
    ("probation", "healthy"),
}


class AccountMachine(RuleBasedStateMachine):
    """Every rule does one thing to the database and the same to the model."""

    leases = Bundle("leases")

    def __init__(self, apps: list[App], clock: MovingClock) -> None:
        super().__init__()
        self.apps, self.clock = apps, clock
        change(apps[0], "DELETE FROM account_events")
        change(apps[0], "DELETE FROM accounts")
        self.models: list[AccountModel] = []
        self.health: dict[int, str] = {}
        self.operated = False

    @initialize()
    def add_accounts(self) -> None:
        for name, limit in (("a", 3), ("b", 5), ("c", 0)):
            self.models.append(AccountModel(add_account(self.apps[0], name, limit), limit))
        self.health = {model.id: "healthy" for model in self.models}

    @property
    def now(self) -> datetime:
        return self.apps[0].clock.now()

    @property
    def today(self) -> date:
        return self.apps[0].calendar.day(self.now)

    def model(self, lease: AccountLease) -> AccountModel | None:
        """The leased account, while the lease holds."""
        model = next(one for one in self.models if one.id == lease.id)
        return model if model.holds(lease.lease.token) else None

    @rule(target=leases, purpose=PURPOSES, who=WHO)
    def lease_any(self, purpose: Purpose, who: int) -> Any:
        return self.lease(purpose, who)

    def lease(self, purpose: Purpose, who: int) -> Any:
        leased = self.apps[who].pool.manager.lease(purpose, "bilibili")
        return self.leased(
            who, leased, purpose, lambda one: one.fit(purpose.value, self.now, self.today)
        )

    @rule(target=leases, who=WHO)
    def lease_unchecked(self, who: int) -> Any:
        leased = self.apps[who].pool.manager.lease_unchecked("bilibili")
        return self.leased(
            who,
            leased,
            Purpose.INGESTING,
            lambda one: one.fit("ingesting", self.now, self.today) and one.unchecked(self.now),
        )

    def leased(
        self,
        who: int,
        leased: AccountLease | None,
        purpose: Purpose,
        is_fit: Callable[[AccountModel], bool],
    ) -> Any:
        fit = [model for model in self.models if is_fit(model)]
        if not fit and sum(model.reaped(self.now) for model in self.models):
            fit = [model for model in self.models if is_fit(model)]
        wanted = min(fit, key=AccountModel.turn, default=None)
        assert (leased and leased.id) == (wanted and wanted.id)
        if leased is None or wanted is None:
            return multiple()
        wanted.taken(purpose.value, self.apps[who].owner, self.now)
        assert leased.lease.token == wanted.token
        assert leased.remaining_quota == wanted.left(self.today)
        assert wanted.health != "suspect" or self.apps[who].pool.manager.needs_probe(leased)
        return who, leased

    def end(self, held: Held, secs: int | None, act: Callable[..., object]) -> AccountModel | None:
        """Give an account back and say what was asked; the model when the lease held."""
        who, lease = held
        ready_at = self.now + timedelta(seconds=secs or 0)
        asked = None if secs is None else PaceState("{}", ready_at, answers=1, day=self.today)
        before = self.table()
        act(self.apps[who].pool.manager, lease, asked)
        model = self.model(lease)
        if model is None:
            assert self.table() == before
        elif asked is not None:
            model.ready_at = asked.ready_at
        return model

    @rule(held=consumes(leases), worked=st.booleans(), good=st.integers(0, 12), secs=TOLD)
    def release(self, held: Held, worked: bool, good: int, secs: int | None) -> None:
        model = self.end(
            held,
            secs,
            lambda pool, lease, asked: pool.release(
                lease, worked=worked, successful_requests=good, pace=asked
            ),
        )
        if model is not None:
            model.released(self.now, worked=worked, successful_requests=good)

    @rule(
        held=consumes(leases),
        base=st.sampled_from([60, 900, 86400]),
        suspect=st.booleans(),
        secs=TOLD,
    )
    def refuse(self, held: Held, base: int, suspect: bool, secs: int | None) -> None:
        self.cool_down(held, base, suspect, secs)

    def cool_down(self, held: Held, base: int, suspect: bool, secs: int | None) -> None:
        ends: list[datetime] = []
        model = self.end(
            held,
            secs,
            lambda pool, lease, asked: ends.append(
                pool.cool_down(
                    lease,
                    cooldown(base, "refused", suspect=suspect),
                    pace=asked,
                )
            ),
        )
        if model is not None:
            model.rested(self.now, base, suspect)
            assert ends == [model.rests_until]

    @rule(held=consumes(leases), secs=TOLD)
    def spare(self, held: Held, secs: int | None) -> None:
        model = self.end(
            held,
            secs,
            lambda pool, lease, pace: pool.release_unharmed(
                lease, Message.text("the proxy"), pace=pace
            ),
        )
        if model is not None:
            model.released(self.now, worked=False, successful_requests=0)

    @rule(held=consumes(leases))
    def disable(self, held: Held) -> None:
        model = self.end(
            held, None, lambda pool, lease, _: pool.disable(lease, Message.text("banned"))
        )
        if model is not None:
            model.given_back(self.now, "disabled")
            model.failures += 1

    @rule(held=consumes(leases))
    def abandon(self, held: Held) -> None:
        self.end(held, None, lambda pool, lease, _: pool.abandon(lease))

    @rule(target=leases, held=consumes(leases))
    def probe(self, held: Held) -> Held:
        who, lease = held
        model = self.model(lease)
        before = self.table()
        probed = self.apps[who].pool.manager.record_probe(lease)
        if model is None:
            assert self.table() == before
        else:
            model.checked_at = self.now
            model.health = "probation" if model.health == "suspect" else model.health
        return who, probed

    @rule(held=leases, count=st.integers(1, 4))
    def spend(self, held: Held, count: int) -> None:
        who, lease = held
        model, day, now = self.model(lease), self.today, self.now
        spent = self.apps[who].database.write(
            account_leases.spend_quota,
            lease.id,
            day=day,
            rows=count,
            token=lease.lease.token,
            now=now,
        )
        assert spent == (model is not None and model.spend(count, day))

    @rule(word=st.sampled_from(["idle", "idle", "disabled", *Purpose]), which=WHICH, who=WHO)
    def operator_says(self, word: str, which: int, who: int) -> None:
        if isinstance(word, Purpose):
            self.operator_turns(which, word, who)
        else:
            self.operator_sets(which, word, who)

    def operator_sets(self, which: int, status: str, who: int) -> None:
        model = self.models[which]
        self.apps[who].pool.manager.set_account_status(model.id, status)
        model.set_by_operator(status)
        self.operated = True

    def operator_turns(self, which: int, purpose: Purpose, who: int) -> None:
        model, one = self.models[which], self.apps[who]
        if model.status in BUSY and model.owner == one.owner:
            one.pool.manager.set_account_status(model.id, purpose.value)
            model.status = purpose.value
        else:
            with pytest.raises(InvalidInputError):
                one.pool.manager.set_account_status(model.id, purpose.value)

    @rule(secs=st.sampled_from([31, 1, 61, 1000, 40_000, 90_000]))
    def time_goes(self, secs: int) -> None:
        self.clock.move(secs)

    @rule(target=leases, held=leases)
    def a_holder_freezes_and_the_other_takes_over(self, held: Held) -> Any:
        self.clock.move(31)
        who, lease = held
        return self.lease(lease.purpose, 1 - who)

    @rule(times=st.integers(2, 7))
    def it_is_refused_again_and_again(self, times: int) -> None:
        for _ in range(times):
            held = self.lease(Purpose.INGESTING, 0)
            if not isinstance(held, tuple):
                return
            self.cool_down(held, 60, True, None)
            self.clock.move(1000)

    @rule(who=WHO)
    def keeper_comes_by(self, who: int) -> None:
        one = self.apps[who]
        book = {(lease.row_id, lease.token) for lease in one.leases.held()}
        one.crawling.lease_renewer("fuzz").renew_once()
        for model in self.models:
            if model.owner == one.owner and (model.id, model.token) in book:
                model.until = self.now + timedelta(seconds=30)
            model.reaped(self.now)

    @invariant()
    def the_table_is_as_the_model_says(self) -> None:
        for model in self.models:
            account = self.account(model.id)
            assert row_of(account) == model.row()
            path = (self.health[model.id], account.health.value)
            assert path[0] == path[1] or path in HEALTH_PATHS or self.operated
            self.health[model.id] = path[1]
        self.operated = False

    def account(self, account_id: int) -> Account:
        found = self.apps[0].database.read(accounts.get, account_id)
        assert found is not None
        return found

    def table(self) -> list[dict[str, Any]]:
        return rows(self.apps[0], "SELECT * FROM accounts ORDER BY id")

    def teardown(self) -> None:
        for one in self.apps:
            for lease in one.leases.held():
                one.leases.remove(lease)


def row_of(account: Account) -> tuple[object, ...]:
    """As the model says it."""
    return (
        account.status.value,
        account.lease_token,
        account.lease_owner,
        account.lease_until,
        account.cooldown_until,
        account.failure_count,
        account.health.value,
        account.good_answers,
        account.ready_at,
        account.session_checked_at,
        account.last_used_at,
        account.quota_day,
        account.today_export_count,
    )


@ONE_ENGINE
def test_accounts_live_as_the_model_says(make_app: Callable[..., App], clock: MovingClock) -> None:
    apps = [make_app() for _ in range(2)]
    run_state_machine_as_test(
        lambda: AccountMachine(apps=apps, clock=clock), settings=effort(25, 40)
    )
