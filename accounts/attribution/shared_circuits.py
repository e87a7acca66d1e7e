"""The circuits of all processes: rows that are read before each request and changed by answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from accounts.attribution.failures import Failures
from accounts.attribution.openings import Opening
from accounts.egress.routes import GOOD_NOTED_EVERY, EgressRoutes
from core.attribution import ALL, Attribution, CircuitCause, CircuitUnit
from core.cancellation import StoppedSignal
from core.clock import Clock
from core.errors import AccountTakenError, CircuitOpenError, Evidence
from core.leases import LeaseKind
from sources.circuits import Asker, FailedRequest, Permit, Probe
from storage.crawling import source_states, unknown_answers
from storage.crawling.source_states import BeforeRequest, Circuit, CircuitState
from storage.engines.transactions import Database, Tx

# A probe whose process died is given to the next one after this time; longer than any answer takes.
PROBE_SECS = 30.0
# A request waits so long for the answer to another's, which ends a quarantine most of the time.
MAX_QUARANTINE_WAIT_SECS = 2.0
POLL_SECS = 0.1
OUTAGES = frozenset({CircuitCause.NO_ANSWER, CircuitCause.SERVER_ERROR})
REFUSALS = frozenset({CircuitCause.RISK, CircuitCause.THROTTLE})
KEYS = frozenset({CircuitCause.KEY})
# A circuit closes after so many good answers, of more than one account where there are several.
TRIAL_ANSWERS = 3
MAX_TRIAL_ANSWERS = 6


@dataclass(frozen=True, kw_only=True)
class SharedCircuits:
    """Circuits in the database, which all processes share (`sources.circuits.Circuits`).

    Args:
        owner: id of this process.
    """

    database: Database
    clock: Clock
    failures: Failures
    routes: EgressRoutes
    owner: str

    def admit(self, asker: Asker, stop: threading.Event) -> Permit:
        """Return the permission to send one request now, after a short wait for another's answer.

        Raises:
            AccountTakenError: an operator or another process ended the account's lease.
            CircuitOpenError: a unit that the request goes through is left alone.
            StoppedSignal: `stop` was set while it waited.
        """
        give_up_at = self.clock.monotonic() + MAX_QUARANTINE_WAIT_SECS
        while True:
            now = self.clock.now()
            read = self._read(asker, now)
            circuits = _not_closed(read.circuits, now)
            if not circuits:
                return Permit(is_route_good=read.is_route_good)
            is_busy = any(c.probe_until is not None and c.probe_until > now for c in circuits)
            permit = None if is_busy else self.database.write(self._take_probes, circuits, now)
            if permit is not None:
                return permit
            lasting = [c for c in circuits if c.state is not CircuitState.QUARANTINED]
            if lasting or self.clock.monotonic() >= give_up_at:
                busy = (lasting or circuits)[0]
                raise CircuitOpenError(unit=busy.unit, until=self._until_free(busy, now))
            if self.clock.wait(stop, POLL_SECS):
                raise StoppedSignal

    def give_back(self, permit: Permit) -> None:
        """Let another request probe, as this one did not leave or its answer says nothing."""
        if permit.probes:
            self.database.write_idempotent(_give_back, permit.probes)

    def record_good(self, asker: Asker, permit: Permit) -> None:
        """Record that a request was answered, with what was asked for or why there is none."""
        if permit.probes:
            self.database.write(self._settle_probes, asker, permit)
        # A failure since then is left to the next answer, of which the same is read.
        if asker.has_route and not permit.is_route_good:
            self.routes.record_success(asker.egress)

    def record_egress_good(self, egress: str) -> None:
        """Record that a call by this egress route was answered."""
        self.routes.record_success(egress)

    def record_failure(self, asker: Asker, permit: Permit, failed: FailedRequest) -> Attribution:
        """Record a failed request, and return whom it concerns as far as is known now."""
        return self.database.write(self._record_failure, asker, permit, failed)

    def conclude(
        self, asker: Asker, failed: FailedRequest, *, session_answered: bool
    ) -> Attribution:
        """Return whom a failure concerns, now that the platform was asked who is signed in."""
        now = self.clock.now()
        return self.database.write(
            lambda tx: self.failures.conclude(
                tx, asker, failed, now, session_answered=session_answered
            )
        )

    def is_usable(self, platform: str, endpoint: str) -> bool:
        """Return whether an optional endpoint may be asked, which another one can replace."""
        now = self.clock.now()
        unit = CircuitUnit(platform, endpoint=endpoint)
        circuits = self.database.read(source_states.concerning, platform, ALL, endpoint)
        return not any(circuit.unit == unit and circuit.is_open(now) for circuit in circuits)

    def record_unknown(self, asker: Asker, evidence: Evidence) -> None:
        """Count an answer that no rule of the platform describes."""
        code = None if evidence.code is None else str(evidence.code)
        self.database.write(
            unknown_answers.record,
            asker.platform,
            asker.endpoint,
            http_status=evidence.http_status,
            code=code,
            evidence=json.dumps(asdict(evidence), ensure_ascii=False),
            now=self.clock.now(),
        )

    def leave_alone(self, platform: str, endpoint: str, evidence: Evidence | None) -> float:
        """Leave an optional endpoint alone, and return for how many seconds."""
        now = self.clock.now()
        unit = CircuitUnit(platform, endpoint=endpoint)
        code = None if evidence is None or evidence.code is None else str(evidence.code)
        opening = Opening(cause=CircuitCause.UNUSABLE, code=code, evidence=evidence)
        until = self.database.write(lambda tx: self.failures.openings.open(tx, unit, opening, now))
        return (until - now).total_seconds()

    def _read(self, asker: Asker, now: datetime) -> BeforeRequest:
        """Return what decides about a request.

        Raises:
            AccountTakenError: the account is not the asker's any more.
        """
        unit = asker.platform, asker.egress, asker.endpoint
        if asker.lease_token is None:
            circuits = self.database.read(source_states.concerning, *unit)
            return BeforeRequest(lease_token=None, is_route_good=False, circuits=circuits)
        read = self.database.read(
            source_states.before_request,
            *unit,
            account_id=asker.account_id,
            good_since=now - GOOD_NOTED_EVERY,
        )
        if read.lease_token != asker.lease_token:
            raise AccountTakenError("lease_lost", kind=LeaseKind.ACCOUNT, id=asker.account_id)
        return read

    def _take_probes(self, tx: Tx, circuits: Sequence[Circuit], now: datetime) -> Permit | None:
        """Lease the next request of all circuits; None, and none leased, when one is taken."""
        until = now + timedelta(seconds=PROBE_SECS)
        taken: list[Probe] = []
        for circuit in circuits:
            if not source_states.take_probe(tx, circuit, self.owner, now, until):
                _give_back(tx, taken)
                return None
            taken.append(Probe(circuit.unit, circuit.probe_token + 1))
        return Permit(tuple(taken))

    def _until_free(self, circuit: Circuit, now: datetime) -> datetime:
        """Return when to look again for a circuit that another request probes."""
        soon = now + timedelta(seconds=MAX_QUARANTINE_WAIT_SECS)
        return min(circuit.probe_until or soon, soon)

    def _settle_probes(self, tx: Tx, asker: Asker, permit: Permit) -> None:
        now = self.clock.now()
        for probe in permit.probes:
            circuit = source_states.locked(tx, probe.unit, now)
            if circuit.probe_token != probe.token:
                continue
            if circuit.state is CircuitState.QUARANTINED:
                self.failures.after_good(tx, asker, circuit, now)
            else:
                self._record_trial(tx, asker, circuit, now)

    def _record_trial(self, tx: Tx, asker: Asker, circuit: Circuit, now: datetime) -> None:
        """Count a good answer of a circuit that was open, and close it when there are enough."""
        good = circuit.good_in_row + 1
        is_first = circuit.good_in_row == 0
        by_one = is_first or circuit.good_account_id == asker.account_id
        if circuit.cause is not CircuitCause.RISK or self._is_proven(tx, asker, good, by_one):
            self.failures.openings.close(tx, circuit, now)
            return
        source_states.record_good_probe(
            tx,
            circuit.unit,
            circuit.probe_token,
            now,
            good_in_row=good,
            account_id=asker.account_id if by_one else None,
        )

    def _is_proven(self, tx: Tx, asker: Asker, good: int, by_one: bool) -> bool:
        if good < TRIAL_ANSWERS:
            return False
        if good >= MAX_TRIAL_ANSWERS or not by_one:
            return True
        return self.failures.pool(tx, asker.platform).size <= 1

    def _record_failure(
        self, tx: Tx, asker: Asker, permit: Permit, failed: FailedRequest
    ) -> Attribution:
        now = self.clock.now()
        self.failures.note_silence(tx, asker, failed, now)
        for probe in permit.probes:
            circuit = source_states.locked(tx, probe.unit, now)
            if circuit.probe_token != probe.token:
                continue
            if circuit.state is CircuitState.QUARANTINED:
                continue
            if circuit.cause in OUTAGES and failed.cause not in OUTAGES:
                # A refusal is an answer: the outage is over, and the refusal counts by itself.
                self.failures.openings.close(tx, circuit, now)
            elif _fails_alike(circuit, failed):
                _give_back(tx, [other for other in permit.probes if other != probe])
                return self.failures.reopen(tx, circuit, failed, now)
        failed = replace(failed, is_confirmation=bool(permit.probes))
        attribution = self.failures.record(tx, asker, failed, now)
        if not attribution.needs_session_check:
            # While the platform is asked who is signed in, nobody else asks there.
            _give_back(tx, permit.probes)
        return attribution


def _fails_alike(circuit: Circuit, failed: FailedRequest) -> bool:
    """Return whether a failed probe shows that what the circuit was opened for goes on."""
    if failed.fault is not None and failed.fault.is_certain:
        return False  # the proxy or this host failed, and the platform was not asked
    kinds = (OUTAGES, REFUSALS, KEYS)
    return any(circuit.cause in kind and failed.cause in kind for kind in kinds)


def _give_back(tx: Tx, probes: Sequence[Probe]) -> None:
    for probe in probes:
        source_states.give_back_probe(tx, probe.unit, probe.token)


def _not_closed(circuits: Sequence[Circuit], now: datetime) -> list[Circuit]:
    """Return the circuits that are neither closed nor open.

    Raises:
        CircuitOpenError: one is open.
    """
    found = []
    for circuit in circuits:
        if circuit.state is CircuitState.CLOSED:
            continue
        if circuit.state is CircuitState.QUARANTINED and circuit.until_at <= now:
            continue
        if circuit.is_open(now):
            raise CircuitOpenError(unit=circuit.unit, until=circuit.until_at)
        found.append(circuit)
    return found
