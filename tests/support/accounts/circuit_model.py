"""A model of a pool under refusals: the real circuits and accounts on a clock that jumps.

Everything runs in one thread: workers are generators that yield for how long they wait. A request,
its answer and the platform's mood are the model's; whether a request may leave, whom a refusal
concerns, which accounts rest and what is taken back is decided by the product, in its database.
"""

from __future__ import annotations

import heapq
import itertools
import random
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from accounts.account_lease import AccountLease, Purpose
from accounts.attribution.shared_circuits import MAX_QUARANTINE_WAIT_SECS, SharedCircuits
from accounts.manager import PROBATION_ANSWERS, Cooldown
from app.container import App
from core.attribution import CircuitCause, CircuitUnit, Scope
from core.errors import CircuitOpenError
from core.messages import Message
from core.settings import Pace
from crawler.ingestion.worker import MAX_JITTER_SECS
from sources.circuits import Asker, FailedRequest, Permit, question_hash
from storage.crawling import source_states
from storage.crawling.source_states import CircuitState
from storage.engines.datetimes import from_sql
from storage.engines.transactions import Database
from tests.support.apps import add_account

PLATFORM, ENDPOINT = "bilibili", "search"
NEVER = threading.Event()
FASTEST_SECS, SLOWEST_SECS = 0.1, 0.4  # of an answer
LOOK_AGAIN_SECS = 5.0  # a worker whose account rests looks whether another one is fit meanwhile
SAMPLE_SECS = 1.0
FIRST_SECS = 60.0  # of a block: until then everybody has been told
Work = Iterator[float]


class _WaitSignal(BaseException):
    """`SharedCircuits.admit` would wait: the model lets time pass and asks again."""


class ModelClock:
    """A clock that the model moves."""

    def __init__(self) -> None:
        self.secs = 0.0
        self._start = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.secs)

    def monotonic(self) -> float:
        return self.secs

    def wait(self, event: threading.Event, secs: float) -> bool:
        raise _WaitSignal

    def secs_until(self, moment: datetime) -> float:
        return (moment - self.now()).total_seconds()


class _CachedReads:
    """The database, which answers the same question once between two writes.

    An hour of a large pool has hundreds of thousands of requests, and few of them change anything.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._answers: dict[tuple[Any, ...], Any] = {}

    def read(self, query: Callable[..., Any], *args: Any) -> Any:
        key = (query, *args)
        if key not in self._answers:
            self._answers[key] = self._database.read(query, *args)
        return self._answers[key]

    def write(self, query: Callable[..., Any], *args: Any) -> Any:
        self.forget()
        return self._database.write(query, *args)

    def write_idempotent(self, query: Callable[..., Any], *args: Any) -> Any:
        self.forget()
        return self._database.write_idempotent(query, *args)

    def forget(self) -> None:
        self._answers.clear()


@dataclass(frozen=True, kw_only=True)
class ModelCase:
    """A pool and its platform.

    Args:
        pace: how often each account may ask.
        egresses: exits over which the accounts are spread.
        blocked_from: the second from which the platform refuses everybody; None: never.
        refusal_chance: with which the platform refuses a request otherwise.
    """

    processes: int
    workers: int
    accounts: int
    pace: Pace
    secs: float
    seed: int = 1
    egresses: int = 1
    blocked_from: float | None = None
    refusal_chance: float = 0.0


@dataclass
class ModelOutcome:
    """What happened.

    `in_flight`: requests under way as the first refusal was recorded. `departures`, `checks`: the
    moments, in seconds after that, of requests and session checks that left. `refused_at`: when
    each account was refused first, likewise. `resting`: accounts that rest or are not healthy at
    the end. `open_secs`: during which nobody could get through.
    """

    in_flight: int = 0
    refused_at: dict[int, float] = field(default_factory=dict)
    departures: list[float] = field(default_factory=list)
    checks: list[float] = field(default_factory=list)
    resting: int = 0
    answered: int = 0
    refused: int = 0
    open_secs: float = 0.0

    @property
    def departures_at_first(self) -> int:
        """Return how many requests left in the first minute after the first refusal."""
        return sum(moment <= FIRST_SECS for moment in self.departures)

    @property
    def refused_at_first(self) -> int:
        """Return how many accounts were refused until a minute after the first refusal."""
        return sum(moment <= FIRST_SECS for moment in self.refused_at.values())


@dataclass(eq=False)
class _Account:
    id: int
    egress: str
    ready_at: float
    left: deque[float]
    rests: bool = False
    good_since_rest: int = 0

    def leave(self, now: float, pace: Pace) -> None:
        self.left.append(now)
        if len(self.left) == pace.requests:
            self.ready_at = max(now, self.left.popleft() + pace.per_secs)
        else:
            self.ready_at = now


class CircuitModel:
    """One run of a case, on an App made with a ModelClock; `play` returns what happened."""

    def __init__(self, app: App, clock: ModelClock, case: ModelCase) -> None:
        self._app = app
        self._clock = clock
        self._case = case
        self._random = random.Random(case.seed)
        self._database = _CachedReads(app.database)
        self._events: list[tuple[float, int, Work]] = []
        self._numbers = itertools.count()
        self._in_flight = 0
        self._first_refusal: float | None = None
        self._outcome = ModelOutcome()
        self._free: list[tuple[float, int, _Account]] = []
        self._accounts = [self._added(number) for number in range(case.accounts)]
        for account in self._accounts:
            self._put_back(account)

    def play(self) -> ModelOutcome:
        """Let the pool work for as long as the case says."""
        shared = replace(self._app.pool.circuits, database=cast(Database, self._database))
        for process in range(self._case.processes):
            circuits = replace(shared, owner=f"process-{process}")
            for _ in range(self._case.workers):
                self._schedule(0.0, self._work(circuits))
        if self._case.refusal_chance:
            self._schedule(0.0, self._sample())
        while self._events and self._events[0][0] <= self._case.secs:
            self._clock.secs, _, work = heapq.heappop(self._events)
            self._schedule(next(work), work)
        self._clock.secs = self._case.secs
        self._outcome.resting = self._app.database.read(
            lambda tx: tx.number(
                "SELECT COUNT(*) FROM accounts WHERE cooldown_until IS NOT NULL"
                " OR health<>'healthy' OR failure_count>0"
            )
        )
        return self._outcome

    def _schedule(self, secs: float, work: Work) -> None:
        event = (self._clock.secs + max(0.0, secs), next(self._numbers), work)
        heapq.heappush(self._events, event)

    def _added(self, number: int) -> _Account:
        egress = "direct" if self._case.egresses == 1 else f"gate#{number % self._case.egresses}"
        account_id = add_account(self._app, f"a{number}")
        self._app.database.write(
            lambda tx: tx.execute(
                "UPDATE accounts SET egress=:egress WHERE id=:id", egress=egress, id=account_id
            )
        )
        pace = self._case.pace
        ready_at = self._random.uniform(0.0, pace.per_secs)
        return _Account(account_id, egress, ready_at, deque(maxlen=pace.requests))

    def _put_back(self, account: _Account) -> None:
        heapq.heappush(self._free, (account.ready_at, next(self._numbers), account))

    # What a worker does: an account, a permission, a request, and what its answer asks for.

    def _work(self, circuits: SharedCircuits) -> Work:
        while True:
            account = yield from self._fit_account()
            asker = Asker(
                platform=PLATFORM,
                egress=account.egress,
                endpoint=ENDPOINT,
                account_id=account.id,
                question=question_hash(self._random.random()),
            )
            try:
                permit = yield from self._admitted(circuits, asker)
            except CircuitOpenError as error:
                self._put_back(account)
                jitter = self._random.uniform(0.0, MAX_JITTER_SECS)
                yield self._clock.secs_until(error.until) + jitter
                continue
            yield from self._request(circuits, account, asker, permit)
            self._put_back(account)

    def _fit_account(self) -> Iterator[float]:
        """Take the account whose turn comes first, and wait for its turn."""
        while True:
            if not self._free:
                yield LOOK_AGAIN_SECS
                continue
            _, _, account = heapq.heappop(self._free)
            secs = account.ready_at - self._clock.secs
            if secs <= 0:
                return account
            yield min(secs, LOOK_AGAIN_SECS)
            if secs <= LOOK_AGAIN_SECS:
                return account
            self._put_back(account)

    def _admitted(self, circuits: SharedCircuits, asker: Asker) -> Iterator[float]:
        """Return the permission to ask, with the wait that `admit` would do itself."""
        give_up_at = self._clock.secs + MAX_QUARANTINE_WAIT_SECS
        while True:
            try:
                return circuits.admit(asker, NEVER)
            except _WaitSignal:
                if self._clock.secs >= give_up_at:
                    soon = self._clock.now() + timedelta(seconds=MAX_QUARANTINE_WAIT_SECS)
                    unit = CircuitUnit(asker.platform, endpoint=asker.endpoint)
                    raise CircuitOpenError(unit, soon) from None
                yield 0.1

    def _request(
        self, circuits: SharedCircuits, account: _Account, asker: Asker, permit: Permit
    ) -> Work:
        self._note(self._outcome.departures)
        account.leave(self._clock.secs, self._case.pace)
        self._in_flight += 1
        answer_secs = self._random.uniform(FASTEST_SECS, SLOWEST_SECS)
        is_refused = self._refuses(self._clock.secs + answer_secs / 2)
        yield answer_secs
        self._in_flight -= 1
        if not is_refused:
            self._outcome.answered += 1
            circuits.record_good(asker, permit)
            self._count_good(account)
            return
        leased = self._app.pool.manager.lease_by_id(account.id, Purpose.INGESTING)
        assert leased is not None, "an account that asks does not rest"
        self._count_refusal(account)
        failed = FailedRequest(cause=CircuitCause.RISK, scope=Scope.ACCOUNT)
        found = circuits.record_failure(asker, permit, failed)
        if found.needs_session_check:
            self._note(self._outcome.checks)
            yield self._random.uniform(FASTEST_SECS, SLOWEST_SECS)
            answers = not self._is_blocked(self._clock.secs)
            found = circuits.conclude(asker, failed, session_answered=answers)
        self._give_back(account, leased, found.scope, found.refusal_id)

    def _give_back(
        self, account: _Account, leased: AccountLease, scope: Scope, refusal_id: int | None
    ) -> None:
        manager = self._app.pool.manager
        if scope is Scope.ACCOUNT:
            base_secs = self._app.settings.risk_cooldown_secs
            reason = Message.of("risk_control", cause=Message("text", {"text": "no"}))
            manager.cool_down(
                leased,
                Cooldown(base_secs=base_secs, reason=reason, suspect=True, refusal_id=refusal_id),
            )
        else:
            manager.release(leased, worked=False)
        self._see_rests()

    def _see_rests(self) -> None:
        """Let accounts rest that the product lets rest, and those work whose rest it ended."""
        self._database.forget()
        rows = self._app.database.read(
            lambda tx: tx.all(
                "SELECT id, cooldown_until FROM accounts WHERE cooldown_until IS NOT NULL"
            )
        )
        until = {row["id"]: from_sql(str(row["cooldown_until"])) for row in rows}
        for account in self._accounts:
            if account.id in until:
                account.ready_at = self._clock.secs + self._clock.secs_until(until[account.id])
                account.rests, account.good_since_rest = True, 0
            elif account.rests and account.ready_at > self._clock.secs:
                account.ready_at, account.rests = self._clock.secs, False

    def _count_good(self, account: _Account) -> None:
        """Let an account be healthy again after as many good answers as the product wants."""
        if not account.rests:
            return
        account.good_since_rest += 1
        if account.good_since_rest < PROBATION_ANSWERS:
            return
        account.rests = False
        manager = self._app.pool.manager
        leased = manager.lease_by_id(account.id, Purpose.INGESTING)
        assert leased is not None
        manager.release(manager.record_probe(leased), successful_requests=PROBATION_ANSWERS)

    # The platform, and what is counted.

    def _is_blocked(self, moment: float) -> bool:
        return self._case.blocked_from is not None and moment >= self._case.blocked_from

    def _refuses(self, moment: float) -> bool:
        return self._is_blocked(moment) or self._random.random() < self._case.refusal_chance

    def _note(self, moments: list[float]) -> None:
        if self._first_refusal is not None and self._case.blocked_from is not None:
            moments.append(self._clock.secs - self._first_refusal)

    def _count_refusal(self, account: _Account) -> None:
        self._outcome.refused += 1
        if self._first_refusal is None:
            self._first_refusal = self._clock.secs
            self._outcome.in_flight = self._in_flight
        self._outcome.refused_at.setdefault(account.id, self._clock.secs - self._first_refusal)

    def _sample(self) -> Work:
        """Look every second whether anybody can get through."""
        while True:
            egresses = {account.egress for account in self._accounts}
            if all(self._is_open(egress) for egress in egresses):
                self._outcome.open_secs += SAMPLE_SECS
            yield SAMPLE_SECS

    def _is_open(self, egress: str) -> bool:
        now = self._clock.now()
        return any(
            circuit.state is CircuitState.OPEN and circuit.until_at > now
            for circuit in self._database.read(source_states.concerning, PLATFORM, egress, ENDPOINT)
        )
