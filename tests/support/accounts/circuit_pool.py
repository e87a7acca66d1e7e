"""A pool of accounts whose requests are answered as a test says, through the shared circuits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from accounts.account_lease import AccountLease, Purpose
from accounts.manager import Cooldown
from app.container import App
from core.attribution import Attribution, CircuitCause, Scope
from core.errors import CircuitOpenError, TransportFault
from core.messages import Message
from sources.circuits import Asker, FailedRequest, Permit
from storage.crawling import accounts, source_states
from storage.crawling.source_states import Circuit
from storage.models.accounts import Account, AccountStatus, Health
from tests.support.apps import add_account

PLATFORM = "bilibili"
NEVER = threading.Event()


@dataclass(frozen=True)
class Sent:
    """A request that was let through, by a leased account."""

    leased: AccountLease
    asker: Asker
    permit: Permit


class CircuitPool:
    """Accounts `a`, `b`, … with their egresses, used by one process."""

    def __init__(self, app: App, egresses: str = "") -> None:
        self.app = app
        self.circuits = app.pool.circuits
        for number, egress in enumerate(egresses.split()):
            self.add(chr(ord("a") + number), egress)

    def add(self, name: str, egress: str) -> None:
        add_account(self.app, name, 4000)
        found = self.account(name)
        self.app.database.write(
            lambda tx: tx.execute(
                "UPDATE accounts SET egress=:egress WHERE id=:id", egress=egress, id=found.id
            )
        )

    def account(self, name: str) -> Account:
        found = self.app.database.read(accounts.find, PLATFORM, name)
        assert found is not None
        return found

    def send(self, name: str, endpoint: str = "search", question: str = "q") -> Sent:
        """Lease the account and let its request leave.

        Raises:
            CircuitOpenError: it may not; the account is idle again.
        """
        account = self.account(name)
        leased = self.app.pool.manager.lease_by_id(account.id, Purpose.INGESTING)
        assert leased is not None, f"{name} rests"
        row = self.app.database.read(
            lambda tx: tx.one("SELECT egress FROM accounts WHERE id=:id", id=account.id)
        )
        assert row is not None
        asker = Asker(
            platform=PLATFORM,
            egress=row["egress"],
            endpoint=endpoint,
            account_id=account.id,
            question=question,
        )
        try:
            return Sent(leased, asker, self.circuits.admit(asker, NEVER))
        except CircuitOpenError:
            self.app.pool.manager.release(leased, worked=False)
            raise

    def good(self, sent: Sent) -> None:
        self.circuits.record_good(sent.asker, sent.permit)
        self.app.pool.manager.release(sent.leased)

    def fail(
        self,
        sent: Sent,
        cause: CircuitCause = CircuitCause.RISK,
        *,
        scope: Scope = Scope.ACCOUNT,
        nav_answers: bool = True,
        retry_after_secs: float | None = None,
        fault: TransportFault | None = None,
        before_return: Callable[[], None] = lambda: None,
    ) -> Attribution:
        """Answer with a refusal, and give the account back as workers do."""
        failed = FailedRequest(
            cause=cause,
            scope=scope,
            code="-352",
            retry_after_secs=retry_after_secs,
            fault=fault,
        )
        found = self.circuits.record_failure(sent.asker, sent.permit, failed)
        if found.needs_session_check:
            found = self.circuits.conclude(sent.asker, failed, session_answered=nav_answers)
        before_return()
        if found.scope is Scope.ACCOUNT:
            cooldown = Cooldown(
                base_secs=900.0,
                reason=Message.of("account_throttled", cause=Message("text", {"text": "no"})),
                suspect=cause is CircuitCause.RISK,
                refusal_id=found.refusal_id,
            )
            self.app.pool.manager.cool_down(sent.leased, cooldown)
        else:
            self.app.pool.manager.release(sent.leased, worked=False)
        return found

    def refuse(self, name: str, endpoint: str = "search", **how: object) -> Attribution:
        return self.fail(self.send(name, endpoint), **how)  # type: ignore[arg-type]

    def answer(self, name: str, endpoint: str = "search") -> None:
        self.good(self.send(name, endpoint))

    def open_units(self) -> set[tuple[str, str]]:
        """Return the egress and endpoint of each circuit that is not closed."""
        return {(circuit.egress, circuit.endpoint) for circuit in self.states()}

    def states(self) -> list[Circuit]:
        return self.app.database.read(source_states.all_of, self.app.clock.now())

    def resting(self) -> str:
        """Return the names of the accounts that rest or are suspect."""
        found = self.app.database.read(accounts.every, PLATFORM)
        return "".join(
            account.username
            for account in found
            if account.status is AccountStatus.IDLE
            and (account.cooldown_until is not None or account.health is not Health.HEALTHY)
        )
