"""Decide whom a failed request concerns, and open its circuit, within one transaction."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.attribution.openings import Opening, Openings, stored_evidence
from accounts.attribution.reverting import revert
from accounts.attribution.rulings import AfterGood, Pool, Ruling, rule_on_good, rule_on_refusals
from accounts.egress.routes import note_silence_in, record_failure_in
from core.attribution import ALL, Attribution, CircuitCause, CircuitUnit, Scope
from core.errors import FaultUnit, TransportFault
from sources.circuits import Asker, FailedRequest
from storage.crawling import accounts, proxies, source_refusals, source_states
from storage.crawling.source_refusals import NewRefusal, Refusal
from storage.crawling.source_states import Circuit, CircuitState
from storage.engines.transactions import Tx

# After a failure of the server that may be about the question alone, it is asked again.
SERVER_RETRY_SECS = 5.0
# A question that failed twice within this time, with good answers to others between.
SAME_QUESTION = timedelta(hours=1)
# The longest cooldown after a refusal: an account does not rest longer for one.
MAX_BLOCK = timedelta(hours=4)
# What a proxy itself says concerns the proxy, whatever the platform does.
OF_PROXY = (FaultUnit.EGRESS, FaultUnit.GATEWAY, FaultUnit.EXIT)


@dataclass(frozen=True, kw_only=True)
class Failures:
    """Decides whom failed requests concern, and opens what has to be left alone.

    Args:
        max_askers: accounts that are refused alike before a platform is taken for blocked.
    """

    openings: Openings
    max_askers: int

    def record(self, tx: Tx, asker: Asker, failed: FailedRequest, now: datetime) -> Attribution:
        """Record a failed request that was no probe, and return whom it concerns."""
        if failed.fault is not None and failed.fault.is_of_this_host:
            return Attribution(scope=Scope.CLIENT)
        if failed.fault is not None and _is_of_proxy(failed.fault):
            until = record_failure_in(tx, asker.egress, failed.fault, now)
            return Attribution(scope=Scope.EGRESS, until=until)
        opened = self._opened_meanwhile(tx, asker, now)
        if opened is not None:
            return Attribution(scope=opened.unit.scope, until=opened.until_at)
        if failed.cause is CircuitCause.NO_ANSWER:
            return self._no_answer(tx, asker, failed, now)
        if asker.account_id <= 0:
            return self._without_account(tx, asker, failed, now)
        match failed.cause:
            case CircuitCause.RISK:
                return self._risk(tx, asker, failed, now)
            case CircuitCause.THROTTLE:
                return self._throttle(tx, asker, failed, now)
            case _:
                return self._server_error(tx, asker, failed, now)

    def note_silence(self, tx: Tx, asker: Asker, failed: FailedRequest, now: datetime) -> None:
        """Note at the route that no answer came by it, whoever turns out to be to blame."""
        fault = failed.fault
        if fault is None or fault.is_of_this_host or _is_of_proxy(fault) or not asker.has_route:
            return
        note_silence_in(tx, asker.egress, fault, now)

    def pool(self, tx: Tx, platform: str) -> Pool:
        """Return the accounts that can be asked for a second answer."""
        return Pool(accounts.enabled_by_egress(tx, platform), self.max_askers)

    def reopen(self, tx: Tx, circuit: Circuit, failed: FailedRequest, now: datetime) -> Attribution:
        """Open a circuit again, as its probe failed, for twice as long as before."""
        opening = _opening(failed)
        secs = self.openings.backoffs.of_unit(circuit.unit, failed.cause).secs(circuit.times)
        until = now + timedelta(seconds=failed.retry_after_secs or secs)
        source_states.set_state(
            tx,
            circuit.unit,
            CircuitState.OPEN,
            cause=failed.cause,
            now=now,
            until=until,
            times=circuit.times + 1,
            code=failed.code,
            evidence=opening.evidence_text,
        )
        return Attribution(scope=circuit.unit.scope, until=until)

    def conclude(
        self, tx: Tx, asker: Asker, failed: FailedRequest, now: datetime, *, session_answered: bool
    ) -> Attribution:
        """Return whom refusals of everybody concern, by whether the session check was answered."""
        hold = source_states.locked(tx, _endpoint_unit(asker), now)
        if hold.is_open(now):
            return Attribution(scope=hold.unit.scope, until=hold.until_at)
        pool = self.pool(tx, asker.platform)
        refusals = _since(tx, asker, CircuitCause.RISK, hold)
        # A good answer that came meanwhile has closed it: the refusals were each account's own.
        is_refuted = hold.state is not CircuitState.QUARANTINED
        if is_refuted or (not session_answered and pool.askers == 1):
            if not is_refuted:
                self.openings.close(tx, hold, now)
            own = [refusal.id for refusal in refusals if refusal.account_id == asker.account_id]
            return Attribution(scope=Scope.ACCOUNT, refusal_id=own[-1] if own else None)
        unit = hold.unit
        if not session_answered:
            is_only_egress = len({refusal.egress for refusal in refusals}) == 1
            egress = asker.egress if is_only_egress else ALL
            unit = CircuitUnit(asker.platform, egress)
            source_states.close(tx, hold.unit)
            self._end_quarantines(tx, asker, now)
        until = self.openings.open(tx, unit, _opening(failed), now)
        self._revert_block(tx, unit, now)
        self._forget_narrower(tx, asker, refusals)
        return Attribution(scope=unit.scope, until=until)

    def after_good(self, tx: Tx, asker: Asker, hold: Circuit, now: datetime) -> None:
        """End a quarantine, as a request was answered, and blame the egress that this shows."""
        self.openings.close(tx, hold, now)
        if hold.cause is not CircuitCause.RISK:
            return
        if hold.egress != ALL:
            own = _since(tx, asker, CircuitCause.RISK, hold)
            source_refusals.forget(tx, [one.id for one in own if one.egress == hold.egress])
            return
        refusals = [
            refusal
            for refusal in _since(tx, asker, CircuitCause.RISK, hold)
            if refusal.reverted_at is None  # otherwise it is known whom it concerns
        ]
        opinions = _opinions(refusals)
        prior = refusals[0].scope if refusals else Scope.ACCOUNT
        pool = self.pool(tx, asker.platform)
        shown = rule_on_good(opinions, asker.egress, pool, prior, refused=refusals)
        opening = _opening_of(shown.to_blame or shown.to_confirm, refusals, hold)
        if shown.to_confirm is not None:
            unit = CircuitUnit(asker.platform, shown.to_confirm, hold.endpoint)
            self.openings.quarantine(tx, unit, opening, now, since=hold.since_at)
        if shown.to_blame is not None:
            unit = CircuitUnit(asker.platform, shown.to_blame, hold.endpoint)
            self.openings.open(tx, unit, opening, now)
            self._revert_block(tx, unit, now)
        if shown == AfterGood():
            source_refusals.forget(tx, [refusal.id for refusal in refusals])

    def _opened_meanwhile(self, tx: Tx, asker: Asker, now: datetime) -> Circuit | None:
        """Return a circuit that was opened while the request was under way."""
        circuits = source_states.concerning(tx, asker.platform, asker.egress, asker.endpoint)
        return next((circuit for circuit in circuits if circuit.is_open(now)), None)

    def _without_account(
        self, tx: Tx, asker: Asker, failed: FailedRequest, now: datetime
    ) -> Attribution:
        """Return whom a failure concerns of a request that no second account can repeat."""
        if failed.cause is CircuitCause.SERVER_ERROR:
            return self._server_error(tx, asker, failed, now)
        paces_itself = failed.retry_after_secs is None and not asker.has_route
        if failed.cause is CircuitCause.THROTTLE and paces_itself:
            return Attribution(scope=Scope.KEY)
        is_whole_key = failed.cause is CircuitCause.KEY and failed.is_conclusive
        endpoint = ALL if is_whole_key else asker.endpoint
        unit = CircuitUnit(asker.platform, asker.egress, endpoint)
        until = self.openings.open(tx, unit, _opening(failed), now)
        return Attribution(scope=unit.scope, until=until)

    def _risk(self, tx: Tx, asker: Asker, failed: FailedRequest, now: datetime) -> Attribution:
        hold = self.openings.quarantine(tx, _endpoint_unit(asker), _opening(failed), now)
        narrow = self._narrow(tx, asker, now)
        refusal_id = self._add(tx, asker, failed, now)
        if narrow is not None:
            refusals = [
                refusal
                for refusal in _since(tx, asker, CircuitCause.RISK, narrow)
                if refusal.egress == asker.egress
            ]
            source_states.close(tx, hold.unit)
            if len({refusal.account_id for refusal in _opinions(refusals)}) < 2:
                return Attribution(scope=Scope.ACCOUNT, refusal_id=refusal_id)
            return self._blame_egress(tx, asker, failed, now)
        pool = self.pool(tx, asker.platform)
        refusals = _since(tx, asker, CircuitCause.RISK, hold)
        opinions = _opinions(refusals)
        if refusal_id not in {refusal.id for refusal in opinions}:
            return Attribution(scope=Scope.ACCOUNT, refusal_id=refusal_id)
        match rule_on_refusals(opinions, pool):
            case Ruling.EVERYBODY:
                return Attribution(
                    scope=Scope.PLATFORM, refusal_id=refusal_id, needs_session_check=True
                )
            case Ruling.EGRESS:
                return self._blame_egress(tx, asker, failed, now)
            case Ruling.ACCOUNT:
                return Attribution(scope=Scope.ACCOUNT, refusal_id=refusal_id)

    def _narrow(self, tx: Tx, asker: Asker, now: datetime) -> Circuit | None:
        """Return the quarantine of the asker's egress at its endpoint.

        None: the egress is not quarantined, or the quarantine ended by itself.
        """
        circuits = source_states.concerning(tx, asker.platform, asker.egress, asker.endpoint)
        quarantined = (
            circuit
            for circuit in circuits
            if circuit.state is CircuitState.QUARANTINED
            and circuit.until_at > now
            and circuit.unit == _egress_unit(asker)
        )
        return next(quarantined, None)

    def _blame_egress(
        self,
        tx: Tx,
        asker: Asker,
        failed: FailedRequest,
        now: datetime,
    ) -> Attribution:
        """Open the egress for the endpoint, or as a whole when it was for another one already."""
        unit = _egress_unit(asker)
        self._revert_block(tx, unit, now)
        return self._open_or_widen(
            tx,
            failed,
            now,
            unit=unit,
            wide=CircuitUnit(asker.platform, asker.egress),
            is_alike=lambda other: other.egress == asker.egress and other.endpoint != ALL,
        )

    def _throttle(self, tx: Tx, asker: Asker, failed: FailedRequest, now: datetime) -> Attribution:
        unit = _egress_unit(asker)
        hold = self.openings.quarantine(tx, unit, _opening(failed), now)
        refusal_id = self._add(tx, asker, failed, now)
        refusals = [
            refusal
            for refusal in _since(tx, asker, CircuitCause.THROTTLE, hold)
            if refusal.egress == asker.egress
        ]
        if len({refusal.account_id for refusal in _opinions(refusals)}) < 2:
            return Attribution(scope=Scope.ACCOUNT, refusal_id=refusal_id)
        revert(tx, refusals, unit, now)
        return self._open_or_widen(
            tx,
            failed,
            now,
            unit=unit,
            wide=_endpoint_unit(asker),
            is_alike=lambda other: other.endpoint == asker.endpoint and other.egress != ALL,
        )

    def _server_error(
        self, tx: Tx, asker: Asker, failed: FailedRequest, now: datetime
    ) -> Attribution:
        """Return whom a failure of the server concerns: the question, or who else asks as well.

        A question that fails again after others were answered is to blame itself.
        """
        unit = _endpoint_unit(asker)
        hold = self.openings.quarantine(tx, unit, _opening(failed), now)
        refusal = self._new(tx, asker, failed, now)
        failed_before = source_refusals.has_question(tx, refusal, now - SAME_QUESTION)
        source_refusals.add(tx, refusal)
        opinions = _opinions(_since(tx, asker, CircuitCause.SERVER_ERROR, hold))
        repeats_itself = asker.is_of_item and len({failure.question for failure in opinions}) < 2
        if len(opinions) < 2 or repeats_itself:
            if failed_before:
                return Attribution(scope=Scope.REQUEST)
            return Attribution(
                scope=Scope.ENDPOINT, until=now + timedelta(seconds=SERVER_RETRY_SECS)
            )
        return self._open_or_widen(
            tx,
            failed,
            now,
            unit=unit,
            wide=CircuitUnit(asker.platform),
            is_alike=lambda other: other.egress == ALL and other.endpoint != ALL,
        )

    def _open_or_widen(
        self,
        tx: Tx,
        failed: FailedRequest,
        now: datetime,
        *,
        unit: CircuitUnit,
        wide: CircuitUnit,
        is_alike: Callable[[Circuit], bool],
    ) -> Attribution:
        """Open the unit; or `wide` in its place, when another part of that is open alike."""
        until = self.openings.open(tx, unit, _opening(failed), now)
        others = source_states.others(tx, unit, failed.cause, now)
        alike = [other.unit for other in others if is_alike(other)]
        if not alike:
            return Attribution(scope=unit.scope, until=until)
        for narrow in (*alike, unit):
            source_states.close(tx, narrow)
        until = self.openings.open(tx, wide, _opening(failed), now)
        return Attribution(scope=wide.scope, until=until)

    def _no_answer(self, tx: Tx, asker: Asker, failed: FailedRequest, now: datetime) -> Attribution:
        """Return whom silence concerns: the egress, or the platform once no egress gets through."""
        platform = CircuitUnit(asker.platform)
        unit = CircuitUnit(asker.platform, asker.egress) if asker.has_route else platform
        until = self.openings.open(tx, unit, _opening(failed), now)
        if asker.account_id <= 0:
            return Attribution(scope=unit.scope, until=until)
        silent = [
            circuit
            for circuit in source_states.others(tx, unit, CircuitCause.NO_ANSWER, now)
            if circuit.egress != ALL
        ]
        known = {egress for egress in self.pool(tx, asker.platform).by_egress if egress is not None}
        out = {circuit.egress for circuit in silent} | {
            route.egress for route in proxies.cooling(tx, now)
        }
        if known - out - {asker.egress}:
            return Attribution(scope=Scope.EGRESS, until=until)
        for circuit in (*(circuit.unit for circuit in silent), unit):
            source_states.close(tx, circuit)
        until = self.openings.open(tx, platform, _opening(failed), now)
        return Attribution(scope=Scope.PLATFORM, until=until)

    def _revert_block(self, tx: Tx, unit: CircuitUnit, now: datetime) -> None:
        """Take back every refusal of a block: also those that were left with the account, as
        nobody asked there in time to confirm them."""
        since = now - MAX_BLOCK
        revert(tx, source_refusals.unsettled(tx, unit, CircuitCause.RISK, since), unit, now)

    def _end_quarantines(self, tx: Tx, asker: Asker, now: datetime) -> None:
        """End the quarantines of other endpoints, as the same block refused there."""
        for hold in source_states.all_of(tx, now, asker.platform):
            is_quarantined = hold.state is CircuitState.QUARANTINED and hold.egress == ALL
            if is_quarantined and hold.cause is CircuitCause.RISK:
                source_states.close(tx, hold.unit)

    def _forget_narrower(self, tx: Tx, asker: Asker, refusals: Iterable[Refusal]) -> None:
        for egress in {refusal.egress for refusal in refusals}:
            source_states.close(tx, CircuitUnit(asker.platform, egress, asker.endpoint))

    def _new(self, tx: Tx, asker: Asker, failed: FailedRequest, now: datetime) -> NewRefusal:
        account = accounts.get(tx, asker.account_id) if asker.account_id > 0 else None
        return NewRefusal(
            platform=asker.platform,
            endpoint=asker.endpoint,
            egress=asker.egress,
            account_id=asker.account_id,
            account_token=account.lease_token if account else 0,
            cause=failed.cause,
            code=failed.code,
            scope=failed.scope,
            question=asker.question,
            before_health=account.health if account else None,
            before_failures=account.failure_count if account else None,
            before_pace=account.pace if account else None,
            is_confirmation=failed.is_confirmation,
            created_at=now,
        )

    def _add(self, tx: Tx, asker: Asker, failed: FailedRequest, now: datetime) -> int:
        return source_refusals.add(tx, self._new(tx, asker, failed, now))


def _opening(failed: FailedRequest) -> Opening:
    return Opening(
        cause=failed.cause,
        code=failed.code,
        retry_after_secs=failed.retry_after_secs,
        evidence=failed.evidence,
    )


def _opening_of(egress: str | None, refusals: Sequence[Refusal], hold: Circuit) -> Opening:
    """Return why an egress is left alone: by its own refusals, and not by those of others."""
    codes = [refusal.code for refusal in refusals if refusal.egress == egress]
    is_first = bool(refusals) and refusals[0].egress == egress
    return Opening(
        cause=CircuitCause.RISK,
        code=codes[-1] if codes else None,
        # The quarantine keeps the evidence of the refusal that it began with.
        evidence=stored_evidence(hold.evidence) if is_first else None,
    )


def _endpoint_unit(asker: Asker) -> CircuitUnit:
    return CircuitUnit(asker.platform, ALL, asker.endpoint)


def _egress_unit(asker: Asker) -> CircuitUnit:
    return CircuitUnit(asker.platform, asker.egress, asker.endpoint)


def _since(tx: Tx, asker: Asker, cause: CircuitCause, hold: Circuit) -> list[Refusal]:
    return source_refusals.since(tx, asker.platform, asker.endpoint, cause, hold.since_at)


def _opinions(refusals: Sequence[Refusal]) -> list[Refusal]:
    """Return the refusals in a row: the first one, and those of the askers after it.

    A request that was under way already is no second opinion: a large pool has many at any time,
    and some of them are refused by chance. What its refusal costs is taken back like the others'.
    """
    return [*refusals[:1], *(refusal for refusal in refusals[1:] if refusal.is_confirmation)]


def _is_of_proxy(fault: TransportFault) -> bool:
    return fault.is_certain and fault.unit in OF_PROXY
